"""Text files that are read slice by slice."""

import atexit
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from typing import cast

from ..corpora.files import is_compressed, open_file
from .inputs import InputFile

_Opened = tuple[BufferedReader, ExitStack]

# Decompression can't start in the middle, so a compressed file stays open for its next slice.
_kept: dict[InputFile, _Opened] = {}


@contextmanager
def open_at(file: InputFile, offset: int = 0) -> Iterator[BufferedReader]:
    """Open a file where a slice starts. One that is compressed is kept open afterwards, until another file
    is opened, its end is reached, or `close_inputs` is called.

    file (InputFile): The file.
    offset (int): Where to start, in decompressed bytes.
    YIELDS (BufferedReader): Its bytes.
    RAISES (LSTMTaggerValueError): If it is something else than its name says, or can't be decompressed.
    """
    kept = _kept.pop(file, None)
    close_inputs()
    stream, opened = kept or _open(file)
    with opened:  # closes the file, unless it is kept
        stream.seek(offset)
        yield stream
        if is_compressed(file.path) and stream.peek(1):
            _kept[file] = stream, opened.pop_all()


def _open(file: InputFile) -> _Opened:
    opened = ExitStack()
    return cast(BufferedReader, opened.enter_context(open_file(file.path))), opened


@atexit.register
def close_inputs() -> None:
    """Close the file that this process keeps open, if any."""
    while _kept:
        _, (_, opened) = _kept.popitem()
        opened.close()
