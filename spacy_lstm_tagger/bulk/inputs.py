"""The files that are read: which, in what order, and whether they are still the same."""

import glob
import os
from pathlib import Path
from typing import NamedTuple

from ..errors import Errors


class InputFile(NamedTuple):
    """A file of the input.

    path (Path): Where it is.
    name (str): Its name within the input; what its rows are called by.
    size (int): In bytes.
    mtime (int): When it was modified last, in nanoseconds.
    """

    path: Path
    name: str
    size: int
    mtime: int

    def check(self) -> None:
        """RAISES (ValueError): If the file is not what it was."""
        if not self.path.is_file() or _stat(self.path) != (self.size, self.mtime):
            raise ValueError(Errors.L410.format(path=self.path))


def find_files(source: str | Path, suffixes: tuple[str, ...]) -> list[InputFile]:
    """Find the files of the input, in an order that never varies: by name.

    source (str | Path): A file, a folder that is searched with those in it, or a glob such as
        `data/**/*.jsonl`. Hidden files, and those that begin with "_", are passed over in folders.
    suffixes (Tuple[str, ...]): The endings that can be read.
    RETURNS (List[InputFile]): The files.
    RAISES (ValueError): If there are none, or a file that was named has another ending.
    """
    path = Path(source)
    if path.is_dir():
        found, root = [file for file in path.rglob("*") if _is_data(file.relative_to(path), suffixes)], path
    elif path.exists():
        found, root = [path], path.parent
    else:
        found = [Path(file) for file in glob.glob(str(source), recursive=True)]  # noqa: PTH207
        root = Path(os.path.commonpath([file.parent for file in found])) if found else path
    found = [file for file in found if file.is_file()]
    if not found:
        raise ValueError(Errors.L411.format(path=source, suffixes=", ".join(suffixes)))
    unknown = [file for file in found if file.suffix not in suffixes]
    if unknown:
        raise ValueError(Errors.L412.format(path=unknown[0], suffixes=", ".join(suffixes)))
    files = [InputFile(file, file.relative_to(root).as_posix(), *_stat(file)) for file in found]
    return sorted(files, key=lambda file: Path(file.name).parts)


def _is_data(path: Path, suffixes: tuple[str, ...]) -> bool:
    return path.suffix in suffixes and not any(part.startswith((".", "_")) for part in path.parts)


def _stat(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns
