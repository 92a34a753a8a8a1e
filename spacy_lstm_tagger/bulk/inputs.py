"""The input files: which, in what order, and whether they are unchanged."""

import glob
import os
from pathlib import Path
from typing import NamedTuple

from ..corpora.files import COMPRESSED, get_suffix, is_compressed
from ..errors import Errors, LSTMTaggerValueError


class InputFile(NamedTuple):
    """A file of the input.

    path (Path): Where it is.
    name (str): Its path within the input, which the ids of its rows begin with.
    size (int): In bytes.
    mtime (int): The time of its last modification, in nanoseconds.
    """

    path: Path
    name: str
    size: int
    mtime: int

    def check(self) -> None:
        """RAISES (LSTMTaggerValueError): If the file has changed."""
        if not self.path.is_file() or _stat(self.path) != (self.size, self.mtime):
            raise LSTMTaggerValueError(Errors.L410.format(path=self.path))


def get_ending(path: Path) -> str:
    """RETURNS (str): The extension in lower case, with .gz if the file is compressed: ".jsonl.gz" for
    "A.JSONL.gz".
    """
    return get_suffix(path) + COMPRESSED * is_compressed(path)


def find_files(source: str | Path, suffixes: tuple[str, ...]) -> list[InputFile]:
    """Find the files of the input, sorted by name.

    source (str | Path): A file, a folder that is searched recursively, or a glob such as
        `data/**/*.jsonl`. In folders, hidden files and those that begin with "_" are skipped.
    suffixes (Tuple[str, ...]): The extensions that can be read, in lower case.
    RETURNS (List[InputFile]): The files.
    RAISES (LSTMTaggerValueError): If there are none, or a named file has another extension.
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
        raise LSTMTaggerValueError(Errors.L411.format(path=source, suffixes=", ".join(suffixes)))
    unknown = [file for file in found if get_ending(file) not in suffixes]
    if unknown:
        raise LSTMTaggerValueError(Errors.L412.format(path=unknown[0], suffixes=", ".join(suffixes)))
    files = [InputFile(file, file.relative_to(root).as_posix(), *_stat(file)) for file in found]
    return sorted(files, key=lambda file: Path(file.name).parts)


def _is_data(path: Path, suffixes: tuple[str, ...]) -> bool:
    return get_ending(path) in suffixes and not any(part.startswith((".", "_")) for part in path.parts)


def _stat(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns
