"""The lines of text files, and the JSON objects on them. Used by corpora and by bulk tagging."""

import json
import reprlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import Errors, LSTMTaggerValueError, summarize_error
from .files import open_file

_BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A line of a file.

    content (bytes): Its content, without the line break.
    number (int): Its number, from 1.
    path (Optional[Path]): The file, to be named in errors; None if the caller names it.
    """

    content: bytes
    number: int
    path: Path | None = None

    def error(self, template: str, **details: object) -> LSTMTaggerValueError:
        """RETURNS (LSTMTaggerValueError): An error that says where the line is."""
        place = f"{self.path}, line {self.number}: " if self.path else ""
        return LSTMTaggerValueError(template.format(place=place, **details))

    def decode(self) -> str:
        """RETURNS (str): The line as text.
        RAISES (LSTMTaggerValueError): If it is not UTF-8.
        """
        try:
            return self.content.decode()
        except UnicodeDecodeError as error:
            raise self.error(Errors.L307, offset=error.start) from error

    def parse_object(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The JSON object on the line.
        RAISES (LSTMTaggerValueError): If it is not UTF-8, not JSON, or not an object.
        """
        text = self.decode()
        try:
            record = json.loads(text)
        except RecursionError as error:
            raise self.error(Errors.L316, reason="it is nested too deeply") from error
        except ValueError as error:  # not JSON, or a number of too many digits
            raise self.error(Errors.L316, reason=summarize_error(error)) from error
        if not isinstance(record, dict):
            raise self.error(Errors.L317, value=shorten(record))
        return record


def read_lines(
    path: Path, *, offset: int = 0, start: int = 0, n_lines: int | None = None, is_named: bool = True
) -> Iterator[Line]:
    """Read lines of a file, which is decompressed if it ends in .gz.

    path (Path): The file.
    offset (int): Where to start, in decompressed bytes.
    start (int): How many lines are before that.
    n_lines (Optional[int]): How many lines to read; None for all.
    is_named (bool): Whether errors of the lines name the file.
    YIELDS (Line): The lines.
    """
    with open_file(path) as file:
        file.seek(offset)
        yield from number_lines(islice(file, n_lines), start=start, path=path if is_named else None)


def number_lines(lines: Iterable[bytes], *, start: int = 0, path: Path | None = None) -> Iterator[Line]:
    """Number lines, and remove their ends.

    lines (Iterable[bytes]): The lines, such as an open binary file: bytes break at newlines only, text
        would break at other characters as well.
    start (int): How many lines are before them.
    path (Optional[Path]): The file, to be named in errors.
    YIELDS (Line): The lines. A byte order mark is removed.
    """
    for number, line in enumerate(lines, start=start + 1):
        content = line.removesuffix(b"\n").removesuffix(b"\r")
        yield Line(content.removeprefix(_BOM), number, path)


def shorten(value: object) -> str:
    """RETURNS (str): A value for a message: short, however long or deeply nested the value is."""
    return reprlib.repr(value)
