"""Text files, with a document on every line; and JSONL, with an object on every line."""

import json
import shutil
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpora.lines import Line, number_lines
from .columns import Selection, make_fields, read_fields
from .inputs import InputFile
from .rows import BadRow, ColumnNames, Row, attempt, make_row
from .shards import Extent, Slice, cut_text
from .streams import open_at
from .writing import TextWriter, create_file


def split(file: InputFile, size: int) -> Iterator[Slice]:
    """YIELDS (Slice): Slices of at most this many lines."""
    with open_at(file) as lines:
        yield from cut_text((Extent(len(line), 1) for line in lines), size)


def read_text(file: InputFile, rows: Slice, columns: ColumnNames, vocab: Vocab) -> Iterator[Row | BadRow]:
    """YIELDS (Row | BadRow): A row for each line; an empty line is an empty text."""
    for line in _read_slice(file, rows):
        yield attempt(partial(_make_text_row, file.name), line, _show, file.name, line.number)


def _make_text_row(file: str, line: Line) -> Row:
    return Row(f"{file}:{line.number}", line.decode(), file, line.number)


def read_jsonl(file: InputFile, rows: Slice, columns: ColumnNames, vocab: Vocab) -> Iterator[Row | BadRow]:
    """YIELDS (Row | BadRow): A row for each line that is not blank."""
    for line in _read_slice(file, rows):
        if line.content.strip():
            yield attempt(partial(_make_json_row, file.name, columns), line, _show, file.name, line.number)


def _make_json_row(file: str, columns: ColumnNames, line: Line) -> Row:
    return make_row(line.parse_object(), columns, file, line.number)


def _read_slice(file: InputFile, rows: Slice) -> Iterator[Line]:
    with open_at(file, rows.offset) as lines:
        yield from number_lines(islice(lines, rows.n_rows), start=rows.start)


def _show(line: Line) -> str:
    return line.content.decode(errors="backslashreplace")


class JsonlWriter(TextWriter):
    """Writes a shard as JSONL: an object with id, words and the selected annotation on every line."""

    def __init__(self, path: Path, selection: Selection) -> None:
        self._fields = make_fields(selection)
        super().__init__(path, selection)

    def write(self, row: Row, doc: Doc) -> None:
        """Write a document."""
        record = read_fields(row.id, doc, self._fields)
        self._file.write((json.dumps(record, ensure_ascii=False) + "\n").encode())


def join(parts: Iterable[Path], path: Path) -> None:
    """Concatenate files. What is compressed stays so: gzip allows it."""
    with create_file(path):
        pass  # so that it is valid even without any part
    with path.open("ab") as whole:
        for part in parts:
            with part.open("rb") as file:
                shutil.copyfileobj(file, whole)
