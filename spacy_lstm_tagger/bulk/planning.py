"""How the input is cut into shards."""

from collections.abc import Iterable

from ..errors import Errors
from .formats import FORMATS
from .inputs import InputFile
from .shards import Shard, Slice


def plan(files: Iterable[InputFile], size: int) -> list[Shard]:
    """Cut files into shards. Lines are counted by reading the files once.

    files (Iterable[InputFile]): The files.
    size (int): How many rows a shard has at most.
    RETURNS (List[Shard]): The shards, in the order of the input.
    RAISES (ValueError): If a file can't be read.
    """
    pieces = ((file, piece) for file in files for piece in _cut(file, size))
    return [Shard(number, *piece) for number, piece in enumerate(pieces)]


def _cut(file: InputFile, size: int) -> list[Slice]:
    try:
        return list(FORMATS[file.path.suffix].split(file, size))
    except ImportError:  # of what reads the format
        raise
    except Exception as error:  # spaCy and pyarrow raise many kinds
        raise ValueError(Errors.L413.format(path=file.path, reason=error)) from error
