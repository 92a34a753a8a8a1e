"""Parquet files, with pyarrow."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..errors import Errors, LSTMTaggerImportError, LSTMTaggerValueError
from .columns import Selection, make_fields, read_fields
from .inputs import InputFile
from .rows import BadRow, ColumnNames, Row, attempt, find_columns, make_row
from .shards import Slice, cut_evenly
from .writing import Writer

MAX_WORDS = 2**20  # kept before they are written
_READ_AT_ONCE = 1000  # rows


def _import() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise LSTMTaggerImportError(Errors.L414) from error
    return pyarrow, pyarrow.parquet


def split(file: InputFile, size: int) -> Iterator[Slice]:
    """YIELDS (Slice): Slices of at most this many rows."""
    _, parquet = _import()
    with parquet.ParquetFile(file.path) as table:
        yield from cut_evenly(table.metadata.num_rows, size)


def read(file: InputFile, rows: Slice, columns: ColumnNames, vocab: Vocab) -> Iterator[Row | BadRow]:
    """YIELDS (Row | BadRow): The rows.
    RAISES (LSTMTaggerValueError): If the file has no column of texts or words, or should have one of ids
        and has none.
    """
    _, parquet = _import()
    with parquet.ParquetFile(file.path) as table:
        names = find_columns(table.schema_arrow.names, columns, file.path)
        batches = _read_batches(table, rows, names)
        records = (batch.slice(i, 1) for batch in batches for i in range(batch.num_rows))
        for number, record in enumerate(records, start=rows.start + 1):
            make = partial(_make_row, file.name, number, columns)
            yield attempt(make, record, _show, file.name, number)


def _make_row(file: str, number: int, columns: ColumnNames, record: Any) -> Row:
    try:
        values = {name: _get_value(record, name) for name in record.schema.names}
    except UnicodeDecodeError as error:
        raise LSTMTaggerValueError(Errors.L307.format(place="", offset=error.start)) from error
    return make_row(values, columns, file, number)


def _get_value(record: Any, name: str) -> Any:
    """RETURNS (Any): The value of a column in a batch of one row."""
    return record.column(name)[0].as_py()


def _read_batches(table: Any, rows: Slice, names: list[str]) -> Iterator[Any]:
    """YIELDS (RecordBatch): The rows of a slice. Row groups without any of them are not read."""
    end = rows.start + rows.n_rows
    groups, place, skipped = [], 0, 0
    for group in range(table.num_row_groups):
        after = place + table.metadata.row_group(group).num_rows
        if place < end and after > rows.start:
            groups.append(group)
        elif not groups:
            skipped = after
        place = after
    place = skipped
    for batch in table.iter_batches(_READ_AT_ONCE, row_groups=groups, columns=names):
        first, last = max(rows.start - place, 0), min(end - place, batch.num_rows)
        if first < last:
            yield batch.slice(first, last - first)
        place += batch.num_rows
        if place >= end:
            return


def _show(record: Any) -> str:
    """RETURNS (str): A row as text, whatever is in it."""
    return str({name: _show_value(record, name) for name in record.schema.names})


def _show_value(record: Any, name: str) -> Any:
    try:
        return _get_value(record, name)
    except UnicodeDecodeError as error:
        return bytes(error.object).decode(errors="backslashreplace")


def _choose_type(pyarrow: Any, field: str, selection: Selection) -> Any:
    """RETURNS (DataType): That of a column."""
    if field.endswith("scores"):
        return pyarrow.list_(pyarrow.float32())
    if field != "ents":
        return pyarrow.list_(pyarrow.string())
    entity = {"start": pyarrow.int32(), "end": pyarrow.int32(), "label": pyarrow.string()}
    if "ent" in selection.scored:
        entity["score"] = pyarrow.float32()
    return pyarrow.list_(pyarrow.struct(list(entity.items())))


class ParquetWriter(Writer):
    """Writes a shard as Parquet: columns id (string), words and the selected annotation."""

    def __init__(self, path: Path, selection: Selection) -> None:
        pyarrow, parquet = _import()
        self._fields = make_fields(selection)
        self._make_batch = pyarrow.RecordBatch.from_pylist
        types = {name: _choose_type(pyarrow, name, selection) for name in self._fields}
        self._schema = pyarrow.schema([("id", pyarrow.string()), *types.items()])
        self._file = parquet.ParquetWriter(path, self._schema)
        self._waiting: list[dict[str, Any]] = []
        self._n_words = 0

    def write(self, row: Row, doc: Doc) -> None:
        """Write a document."""
        self._waiting.append(read_fields(str(row.id), doc, self._fields))
        self._n_words += len(doc)
        if self._n_words >= MAX_WORDS:
            self._flush()

    def _flush(self) -> None:
        self._file.write_batch(self._make_batch(self._waiting, schema=self._schema))
        self._waiting.clear()
        self._n_words = 0

    def close(self) -> None:
        """Finish the file."""
        if self._waiting:
            self._flush()
        self._file.close()


def join(parts: Iterable[Path], path: Path) -> None:
    """Join files, row group by row group."""
    _, parquet = _import()
    writer = None
    for part in parts:
        with parquet.ParquetFile(part) as table:
            writer = writer or parquet.ParquetWriter(path, table.schema_arrow)
            for group in range(table.num_row_groups):
                writer.write_table(table.read_row_group(group))
    if writer is not None:
        writer.close()
