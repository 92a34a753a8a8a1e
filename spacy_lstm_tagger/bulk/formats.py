"""The formats, by the extension of a file."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from spacy.vocab import Vocab

from ..corpora.files import COMPRESSED, open_file
from ..errors import Errors, LSTMTaggerError, LSTMTaggerValueError
from . import conllu, conllu_output, docbin, lines, parquet, tables
from .columns import Selection
from .inputs import InputFile, get_ending
from .rows import BadRow, ColumnNames, Row
from .shards import Shard, Slice
from .writing import Writer

_Format = TypeVar("_Format")


class MakeWriter(Protocol):
    """Opens a file to be written."""

    def __call__(self, path: Path, selection: Selection) -> Writer:
        """Open a new file.

        path (Path): The file.
        selection (Selection): What is written of each document.
        RETURNS (Writer): Its writer.
        """


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
    is_whole (bool): Whether documents are written as a whole, so that no columns can be chosen.
    """

    open: MakeWriter
    join: Callable[[Iterable[Path], Path], None]
    is_whole: bool = False


def _with_compressed(formats: dict[str, _Format]) -> dict[str, _Format]:
    """RETURNS (Dict[str, Format]): Formats that can be compressed with gzip."""
    return formats | {suffix + COMPRESSED: found for suffix, found in formats.items()}


INPUT_FORMATS = _with_compressed(
    {
        ".txt": InputFormat(lines.split, lines.read_text),
        ".jsonl": InputFormat(lines.split, lines.read_jsonl),
        ".csv": InputFormat(tables.split, tables.read),
        ".conllu": InputFormat(conllu.split, conllu.read),
    }
) | {
    ".parquet": InputFormat(parquet.split, parquet.read),
    ".spacy": InputFormat(docbin.split, docbin.read),
}
OUTPUT_FORMATS = _with_compressed(
    {
        ".jsonl": OutputFormat(lines.JsonlWriter, lines.join),
        ".csv": OutputFormat(tables.CsvWriter, tables.join),
        ".conllu": OutputFormat(conllu_output.ConlluWriter, conllu_output.join),
    }
) | {
    ".parquet": OutputFormat(parquet.ParquetWriter, parquet.join),
    ".spacy": OutputFormat(docbin.DocBinWriter, docbin.join, is_whole=True),
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
        return list(INPUT_FORMATS[get_ending(file.path)].split(file, size))
    except LSTMTaggerError:
        raise
    except Exception as error:  # spaCy and pyarrow can raise anything
        with suppress(OSError), open_file(file.path):
            pass  # says more about a file that is something else
        raise LSTMTaggerValueError(Errors.L413.format(path=file.path, reason=error)) from error
