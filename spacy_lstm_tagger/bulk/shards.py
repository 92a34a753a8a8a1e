"""Shards: parts of the input that are tagged, written and repeated as a unit.

Shards depend only on the files and the shard size, so that a second run finds those of the first.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .inputs import InputFile

PART = "part-"
MAX_BYTES = 2**22  # per shard of a text file, so that long documents do not make a long shard


class Slice(NamedTuple):
    """Consecutive rows of a file.

    start (int): The number of rows before them.
    n_rows (int): Number of rows.
    offset (int): Where they start in a text file, in bytes.
    line (int): The number of lines before them, in a text file.
    """

    start: int
    n_rows: int
    offset: int = 0
    line: int = 0


class Extent(NamedTuple):
    """How much of a text file a row takes."""

    n_bytes: int
    n_lines: int


NOTHING = Extent(0, 0)


class Shard(NamedTuple):
    """A slice of a file.

    number (int): Its index among all shards.
    file (InputFile): The file.
    slice (Slice): The rows.
    """

    number: int
    file: InputFile
    slice: Slice

    @property
    def name(self) -> str:
        """RETURNS (str): A name that sorts shards in the order of the input."""
        return f"{PART}{self.number:08}"


def cut_evenly(n_rows: int, size: int) -> Iterator[Slice]:
    """YIELDS (Slice): Slices of this many rows; the last may be shorter."""
    return (Slice(start, min(size, n_rows - start)) for start in range(0, n_rows, size))


def cut_text(rows: Iterable[Extent], size: int, skipped: Extent = NOTHING) -> Iterator[Slice]:
    """Cut a text file into slices.

    rows (Iterable[Extent]): The extent of each row.
    size (int): The maximum number of rows of a slice.
    skipped (Extent): What is before the first row.
    YIELDS (Slice): Slices of at most this many rows, and at most `MAX_BYTES` if they have several.
    """
    offset, line = skipped
    start = n_rows = n_bytes = n_lines = 0
    for row in rows:
        if n_rows == size or (n_rows and n_bytes + row.n_bytes > MAX_BYTES):
            yield Slice(start, n_rows, offset, line)
            start, offset, line = start + n_rows, offset + n_bytes, line + n_lines
            n_rows = n_bytes = n_lines = 0
        n_rows, n_bytes, n_lines = n_rows + 1, n_bytes + row.n_bytes, n_lines + row.n_lines
    if n_rows:
        yield Slice(start, n_rows, offset, line)
