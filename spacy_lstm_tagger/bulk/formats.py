"""The formats, by the extension of a file."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..errors import Errors, LSTMTaggerValueError
from . import docbin, lines, parquet
from .inputs import InputFile
from .rows import BadRow, ColumnNames, Id, Row
from .shards import Shard, Slice


class Writer(Protocol):
    """Writes the documents of a shard."""

    def write(self, row_id: Id, doc: Doc) -> None:
        """Write a document. It must not be used afterwards."""

    def close(self) -> None:
        """Finish the file."""


class MakeWriter(Protocol):
    """Opens a file to be written."""

    def __call__(self, path: Path, *, scores: bool) -> Writer:
        """RETURNS (Writer): The writer of a new file."""


class InputFormat(NamedTuple):
    """A format that can be read.

    split (Callable[[InputFile, int], Iterator[Slice]]): Cuts a file into slices of at most that
        many rows.
    read (Callable[[InputFile, Slice, ColumnNames, Vocab], Iterator[Row | BadRow]]): Reads a slice.
    """

    split: Callable[[InputFile, int], Iterator[Slice]]
    read: Callable[[InputFile, Slice, ColumnNames, Vocab], Iterator[Row | BadRow]]


class OutputFormat(NamedTuple):
    """A format that can be written.

    open (MakeWriter): Opens a file to be written.
    join (Callable[[Iterable[Path], Path], None]): Joins files.
    """

    open: MakeWriter
    join: Callable[[Iterable[Path], Path], None]


INPUT_FORMATS = {
    ".txt": InputFormat(lines.split, lines.read_text),
    ".jsonl": InputFormat(lines.split, lines.read_jsonl),
    ".parquet": InputFormat(parquet.split, parquet.read),
    ".spacy": InputFormat(docbin.split, docbin.read),
}
OUTPUT_FORMATS = {
    ".jsonl": OutputFormat(lines.JsonlWriter, lines.join),
    ".parquet": OutputFormat(parquet.ParquetWriter, parquet.join),
    ".spacy": OutputFormat(docbin.DocBinWriter, docbin.join),
}


def plan(files: Iterable[InputFile], size: int) -> list[Shard]:
    """Cut files into shards. Counting lines reads each text file once.

    files (Iterable[InputFile]): The files.
    size (int): The maximum number of rows of a shard.
    RETURNS (List[Shard]): The shards, in the order of the input.
    RAISES (LSTMTaggerValueError): If a file can't be read.
    """
    pieces = ((file, piece) for file in files for piece in _cut(file, size))
    return [Shard(number, *piece) for number, piece in enumerate(pieces)]


def _cut(file: InputFile, size: int) -> list[Slice]:
    try:
        return list(INPUT_FORMATS[file.path.suffix].split(file, size))
    except ImportError:  # an optional dependency
        raise
    except Exception as error:  # spaCy and pyarrow can raise anything
        raise LSTMTaggerValueError(Errors.L413.format(path=file.path, reason=error)) from error
