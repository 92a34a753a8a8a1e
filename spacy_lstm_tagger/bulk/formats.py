"""The formats, by the ending of a file."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from spacy.tokens import Doc
from spacy.vocab import Vocab

from . import docbin, lines, parquet
from .inputs import InputFile
from .rows import BadRow, Columns, Id, Row
from .shards import Slice


class Writer(Protocol):
    """Writes the documents of a shard."""

    def write(self, row_id: Id, doc: Doc) -> None:
        """Take what is written of a document, which is of no use afterwards."""

    def close(self) -> None:
        """Write all that is left."""


class MakeWriter(Protocol):
    """Opens a file to be written."""

    def __call__(self, path: Path, *, scores: bool) -> Writer:
        """RETURNS (Writer): The writer of a new file."""


class Format(NamedTuple):
    """A format that can be read.

    split (Callable[[InputFile, int], Iterator[Slice]]): Cuts a file into slices of so many rows at most.
    read (Callable[[InputFile, Slice, Columns, Vocab], Iterator[Row | BadRow]]): Reads a slice.
    """

    split: Callable[[InputFile, int], Iterator[Slice]]
    read: Callable[[InputFile, Slice, Columns, Vocab], Iterator[Row | BadRow]]


class OutputFormat(NamedTuple):
    """A format that can be written.

    open (MakeWriter): Opens a file to be written.
    join (Callable[[Iterable[Path], Path], None]): Makes one file of many.
    """

    open: MakeWriter
    join: Callable[[Iterable[Path], Path], None]


FORMATS = {
    ".txt": Format(lines.split, lines.read_text),
    ".jsonl": Format(lines.split, lines.read_jsonl),
    ".parquet": Format(parquet.split, parquet.read),
    ".spacy": Format(docbin.split, docbin.read),
}
OUTPUT_FORMATS = {
    ".jsonl": OutputFormat(lines.JsonlWriter, lines.join),
    ".parquet": OutputFormat(parquet.ParquetWriter, parquet.join),
    ".spacy": OutputFormat(docbin.DocBinWriter, docbin.join),
}
