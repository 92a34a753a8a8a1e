"""Shards: parts of the input that are tagged, written and repeated as a unit.

Shards depend only on the files and the shard size, so that a second run finds those of the first.
"""

from collections.abc import Iterator
from typing import NamedTuple

from .inputs import InputFile


class Slice(NamedTuple):
    """Consecutive rows of a file.

    start (int): The number of rows before them.
    n_rows (int): Number of rows.
    offset (int): Where they start in a text file, in bytes.
    """

    start: int
    n_rows: int
    offset: int = 0


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
        return f"part-{self.number:08}"


def cut_evenly(n_rows: int, size: int) -> Iterator[Slice]:
    """YIELDS (Slice): Slices of this many rows; the last may be shorter."""
    return (Slice(start, min(size, n_rows - start)) for start in range(0, n_rows, size))
