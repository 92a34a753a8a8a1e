"""Text files, with a document on every line; and JSONL, with an object on every line."""

import json
import shutil
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpora.lines import Line, read_lines
from .inputs import InputFile
from .rows import BadRow, ColumnNames, Id, Row, attempt, extract, make_row
from .shards import Slice

MAX_BYTES = 2**22  # per shard, so that long documents do not make a long shard


def split(file: InputFile, size: int) -> Iterator[Slice]:
    """YIELDS (Slice): Slices of at most this many lines, and at most `MAX_BYTES` if they have several."""
    start = n_rows = offset = n_bytes = 0
    with file.path.open("rb") as lines:
        for line in lines:
            if n_rows == size or (n_rows and n_bytes + len(line) > MAX_BYTES):
                yield Slice(start, n_rows, offset)
                start, offset = start + n_rows, offset + n_bytes
                n_rows = n_bytes = 0
            n_rows += 1
            n_bytes += len(line)
    if n_rows:
        yield Slice(start, n_rows, offset)


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
    # The file of a bad row is named where it is reported.
    return read_lines(file.path, offset=rows.offset, start=rows.start, n_lines=rows.n_rows, is_named=False)


def _show(line: Line) -> str:
    return line.content.decode(errors="backslashreplace")


class JsonlWriter:
    """Writes a shard as JSONL: an object with id, words, tags and optionally scores on every line."""

    def __init__(self, path: Path, *, scores: bool) -> None:
        self.scores = scores
        self._file = path.open("w", encoding="utf8", newline="\n")

    def write(self, row_id: Id, doc: Doc) -> None:
        """Write a document."""
        tagged = extract(row_id, doc, scores=self.scores)
        record = {name: value for name, value in tagged._asdict().items() if value is not None}
        self._file.write(json.dumps(record, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


def join(parts: Iterable[Path], path: Path) -> None:
    """Concatenate files."""
    with path.open("wb") as whole:
        for part in parts:
            with part.open("rb") as file:
                shutil.copyfileobj(file, whole)
