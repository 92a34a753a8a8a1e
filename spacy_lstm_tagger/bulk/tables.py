"""CSV files, with a header. Records can span lines."""

import codecs
import csv
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpora.lines import Line
from ..errors import Errors, LSTMTaggerValueError
from .columns import Selection, make_fields, read_fields
from .inputs import InputFile
from .rows import BadRow, ColumnNames, Row, attempt, find_columns, make_row
from .shards import Extent, Slice, cut_text
from .streams import open_at
from .writing import TextWriter, create_file, open_part

DELIMITERS = ",;\t"
_NO_LIMIT = 2**31 - 1  # the most that every system allows


class Record(NamedTuple):
    """A record.

    fields (List[str]): Its fields, in which bytes that are not UTF-8 are surrogates.
    lines (List[bytes]): Its lines.
    error (Optional[Exception]): Why it has no fields, if it is not CSV.
    """

    fields: list[str]
    lines: list[bytes]
    error: csv.Error | None = None

    @property
    def source(self) -> bytes:
        """RETURNS (bytes): Its content."""
        return b"".join(self.lines)

    @property
    def extent(self) -> Extent:
        """RETURNS (Extent): How much of the file it takes."""
        return Extent(len(self.source), len(self.lines))


class Header(NamedTuple):
    """The first record of a file."""

    names: list[str]
    delimiter: str
    extent: Extent


def split(file: InputFile, size: int) -> Iterator[Slice]:
    """YIELDS (Slice): Slices of at most this many records."""
    header = _read_header(file)
    with open_at(file, header.extent.n_bytes) as lines:
        records = _read_records(lines, header.delimiter)
        yield from cut_text((record.extent for record in records), size, header.extent)


def read(file: InputFile, rows: Slice, columns: ColumnNames, vocab: Vocab) -> Iterator[Row | BadRow]:
    """YIELDS (Row | BadRow): A row for each record that is not blank.
    RAISES (LSTMTaggerValueError): If the file has no column of texts or words, or should have one of ids
        and has none.
    """
    header = _read_header(file)
    find_columns(header.names, columns, file.path)
    line = rows.line + 1
    with open_at(file, rows.offset) as lines:
        records = islice(_read_records(lines, header.delimiter), rows.n_rows)
        for number, record in enumerate(records, start=rows.start + 1):
            if record.fields or record.error:
                make = partial(_make_row, file.name, number, line, header.names, columns)
                yield attempt(make, record, _show, file.name, number)
            line += len(record.lines)


@lru_cache(maxsize=1)
def _read_header(file: InputFile) -> Header:
    """The delimiter is the one that the header has most of."""
    found = []
    with open_at(file) as lines:
        for delimiter in DELIMITERS:
            lines.seek(0)
            found.append((next(_read_records(lines, delimiter), Record([], [])), delimiter))
    record, delimiter = max(found, key=lambda pair: len(pair[0].fields))
    if record.error:
        raise record.error
    Line(record.source, 1, file.path).decode()
    return Header(record.fields, delimiter, record.extent)


def _read_records(lines: Iterable[bytes], delimiter: str) -> Iterator[Record]:
    """YIELDS (Record): The records. Whatever is wrong with one, the next begins on the line after it."""
    read: list[bytes] = []

    def decode() -> Iterator[str]:
        for line in lines:
            read.append(line)
            yield line.decode("utf-8-sig", errors="surrogateescape")

    # "strict" finds a quotation mark that is not closed, which could take in the rest of the file.
    reader = csv.reader(decode(), delimiter=delimiter, strict=True)
    while True:
        read.clear()
        try:
            with _allow_long_fields():
                record = Record(next(reader), read.copy())
        except StopIteration:
            return
        except csv.Error as error:
            record = Record([], read.copy(), error)
        yield record


@contextmanager
def _allow_long_fields() -> Iterator[None]:
    """The limit belongs to the whole process, which may want another one."""
    before = csv.field_size_limit(_NO_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _make_row(
    file: str, number: int, line: int, names: list[str], columns: ColumnNames, record: Record
) -> Row:
    if record.error:
        raise LSTMTaggerValueError(Errors.L461.format(line=line, reason=record.error))
    Line(record.source, line).decode()
    if len(record.fields) != len(names):
        raise LSTMTaggerValueError(
            Errors.L462.format(line=line, count=len(record.fields), expected=len(names))
        )
    values: dict[str, object] = dict(zip(names, record.fields, strict=True))
    if columns.words in values:
        values[columns.words] = _parse_words(str(values[columns.words]))
    if columns.id is not None:
        values[columns.id] = values[columns.id] or None  # an empty cell
    return make_row(values, columns, file, number)


def _parse_words(cell: str) -> object:
    """RETURNS (object): The JSON in a cell; None if it is empty. What is not JSON stays as it is."""
    try:
        return json.loads(cell) if cell else None
    except (RecursionError, ValueError):
        return cell


def _show(record: Record) -> str:
    return record.source.decode(errors="backslashreplace")


class CsvWriter(TextWriter):
    """Writes a shard as CSV: columns id, words and the selected annotation. All but the id are JSON,
    because a word may contain any separator.
    """

    def __init__(self, path: Path, selection: Selection) -> None:
        self._fields = make_fields(selection)
        super().__init__(path, selection)
        self._csv = csv.writer(codecs.getwriter("utf8")(self._file), lineterminator="\n")
        self._csv.writerow(["id", *self._fields])

    def write(self, row: Row, doc: Doc) -> None:
        """Write a document."""
        row_id, *lists = read_fields(row.id, doc, self._fields).values()
        self._csv.writerow([row_id, *(json.dumps(values, ensure_ascii=False) for values in lists)])


def join(parts: Iterable[Path], path: Path) -> None:
    """Concatenate files, with the header of the first."""
    with create_file(path) as whole:
        for index, part in enumerate(parts):
            with open_part(part) as file:
                if index:
                    file.readline()
                shutil.copyfileobj(file, whole)
