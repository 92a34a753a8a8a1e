"""What writes a shard: the interface of writers, and text files that may be compressed."""

import gzip
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from spacy.tokens import Doc

from ..corpora.files import is_compressed
from .columns import Selection
from .rows import BadRow, Row

_LEVEL = 6  # that of the gzip command; a higher one is slower, and hardly smaller


class Writer(Protocol):
    """Writes the rows of a shard."""

    def write(self, row: Row, doc: Doc) -> None:
        """Write a document. It must not be used afterwards."""

    def skip(self, row: BadRow) -> None:
        """Take note of a row that could not be tagged. Only a writer that completes the input writes it."""

    def close(self) -> None:
        """Finish the file."""


class TextWriter(Writer):
    """Writes a text file, compressed if its name ends in .gz.

    path (Path): The file.
    selection (Selection): What is written of each document.
    """

    def __init__(self, path: Path, selection: Selection) -> None:
        self.selection = selection
        self._opened = ExitStack()
        self._file = self._opened.enter_context(create_file(path))

    def close(self) -> None:
        """Finish the file."""
        self._opened.close()


@contextmanager
def create_file(path: Path) -> Iterator[BinaryIO]:
    """YIELDS (BinaryIO): A new file, whose content is compressed if its name ends in .gz."""
    with path.open("wb") as file:
        if not is_compressed(path):
            yield file
            return
        # Without a name and a time, the same rows always make the same bytes.
        with gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as compressed:
            yield cast(BinaryIO, compressed)


def open_part(path: Path) -> BinaryIO:
    """RETURNS (BinaryIO): A file that a writer has written, decompressed."""
    return cast(BinaryIO, gzip.open(path) if is_compressed(path) else path.open("rb"))
