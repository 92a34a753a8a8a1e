"""Text files, a document on each line; and JSONL, an object on each line."""

import json
import shutil
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..errors import Errors
from .inputs import InputFile
from .rows import BadRow, Columns, Id, Row, attempt, extract, make_row
from .shards import Slice

MAX_BYTES = 2**22  # of a shard, so that long documents make no long shard
_BOM = b"\xef\xbb\xbf"


def split(file: InputFile, size: int) -> Iterator[Slice]:
    """YIELDS (Slice): Slices of at most so many lines, and of `MAX_BYTES` if they have several."""
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


def read_text(file: InputFile, rows: Slice, columns: Columns, vocab: Vocab) -> Iterator[Row | BadRow]:
    """YIELDS (Row | BadRow): A row for each line; an empty line is an empty text."""
    for number, line in _read_lines(file.path, rows):
        yield attempt(partial(_make_text_row, file.name, number), line, _show, file.name, number)


def _make_text_row(file: str, number: int, line: bytes) -> Row:
    return Row(f"{file}:{number}", _decode(line), file, number)


def read_jsonl(file: InputFile, rows: Slice, columns: Columns, vocab: Vocab) -> Iterator[Row | BadRow]:
    """YIELDS (Row | BadRow): A row for each line that is not blank."""
    for number, line in _read_lines(file.path, rows):
        if line.strip():
            yield attempt(partial(_make_row, file.name, number, columns), line, _show, file.name, number)


def _make_row(file: str, number: int, columns: Columns, line: bytes) -> Row:
    return make_row(_parse(line), columns, file, number)


def _read_lines(path: Path, rows: Slice) -> Iterator[tuple[int, bytes]]:
    # Bytes break at newlines only; text would break at other characters as well.
    with path.open("rb") as file:
        file.seek(rows.offset)
        for number, line in enumerate(islice(file, rows.n_rows), start=rows.start + 1):
            content = line.removesuffix(b"\n").removesuffix(b"\r")
            yield number, content.removeprefix(_BOM) if number == 1 else content


def _decode(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise ValueError(Errors.L426.format(offset=error.start)) from error


def _parse(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(_decode(line))
    except json.JSONDecodeError as error:
        raise ValueError(Errors.L427.format(reason=error)) from error
    except RecursionError as error:
        raise ValueError(Errors.L427.format(reason="it is nested too deeply")) from error
    if not isinstance(record, dict):
        raise ValueError(Errors.L428.format(found=repr(record)[:60]))  # noqa: TRY004
    return record


def _show(line: bytes) -> str:
    return line.decode(errors="backslashreplace")


class JsonlWriter:
    """Writes a shard as JSONL: an object with id, words, tags and perhaps scores on each line."""

    def __init__(self, path: Path, *, scores: bool) -> None:
        self.scores = scores
        self._file = path.open("w", encoding="utf8", newline="\n")

    def write(self, row_id: Id, doc: Doc) -> None:
        """Write a document."""
        tagged = extract(row_id, doc, scores=self.scores)
        record = {name: value for name, value in tagged._asdict().items() if value is not None}
        self._file.write(json.dumps(record, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Write all that is left."""
        self._file.close()


def join(parts: Iterable[Path], path: Path) -> None:
    """Write files one after the other into one."""
    with path.open("wb") as whole:
        for part in parts:
            with part.open("rb") as file:
                shutil.copyfileobj(file, whole)
