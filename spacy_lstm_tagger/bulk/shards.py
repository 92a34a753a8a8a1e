"""Shards: parts of the input that are small enough to be tagged, written and repeated as a whole.

How the input is cut follows from the files and the size of a shard alone, and so a second run finds the
shards of the first.
"""

from collections.abc import Iterator
from typing import NamedTuple

from .inputs import InputFile


class Slice(NamedTuple):
    """Rows of a file, one after the other.

    start (int): How many rows are before them.
    n_rows (int): How many they are.
    offset (int): Where they start in the file, in bytes, if it is one of lines.
    """

    start: int
    n_rows: int
    offset: int = 0


class Shard(NamedTuple):
    """A slice of a file.

    number (int): Its place among all shards, from 0.
    file (InputFile): The file.
    slice (Slice): The rows.
    """

    number: int
    file: InputFile
    slice: Slice

    @property
    def name(self) -> str:
        """RETURNS (str): A name, by which shards are sorted in the order of the input."""
        return f"part-{self.number:08}"


def cut_evenly(n_rows: int, size: int) -> Iterator[Slice]:
    """YIELDS (Slice): Slices of so many rows, of which the last may be shorter."""
    return (Slice(start, min(size, n_rows - start)) for start in range(0, n_rows, size))
