"""A component's folder, written as a whole and checked when it is read.

Files are written beside their places first. The checksums take their place before the files that they are
of, so that whatever interrupts the rest leaves a folder that is refused, and none that loads wrongly.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import srsly

from ..errors import Errors

CHECKSUMS = "checksums.json"
PARTS = ("cfg", "model")  # the vocab is spaCy's own


def compute_checksums(parts: Mapping[str, str | bytes]) -> dict[str, str]:
    """RETURNS (Dict[str, str]): The SHA-256 of the parts that have one, in hexadecimal digits."""
    return {name: _hash(parts[name]) for name in PARTS if name in parts}


def _hash(part: str | bytes) -> str:
    return hashlib.sha256(part.encode("utf8") if isinstance(part, str) else part).hexdigest()


def check(expected: Any, parts: Mapping[str, str | bytes], exclude: Container[str]) -> None:
    """Compare parts with their checksums.

    expected (Any): What was saved as checksums; may be damaged itself. None where an earlier version saved
        none.
    parts (Mapping[str, str | bytes]): What was read.
    exclude (Container[str]): Parts that are not loaded.
    RAISES (ValueError): If they differ, or a part is missing.
    """
    if expected is None:
        return
    if not isinstance(expected, dict):
        raise ValueError(Errors.L206.format(part=CHECKSUMS))  # noqa: TRY004
    for name in PARTS:
        differs = name not in parts or _hash(parts[name]) != expected.get(name)
        if name not in exclude and (name in expected or name in parts) and differs:
            raise ValueError(Errors.L206.format(part=name))


def check_folder(path: Path, exclude: Container[str]) -> None:
    """Compare the files of a folder with their checksums.

    RAISES (ValueError): If they differ, or one of them is missing.
    """
    if not (path / CHECKSUMS).exists():
        return
    try:
        expected = srsly.read_json(path / CHECKSUMS) or {}
    except ValueError as error:
        raise ValueError(Errors.L206.format(part=CHECKSUMS)) from error
    check(expected, _read_parts(path), exclude)


def _read_parts(path: Path) -> dict[str, bytes]:
    return {name: (path / name).read_bytes() for name in PARTS if (path / name).is_file()}


@contextmanager
def write_folder(path: Path) -> Iterator[Path]:
    """Write a component's folder: nothing is changed in it until all that takes its place is written.

    path (Path): The folder; what else is in it stays.
    YIELDS (Path): A new folder to write to.
    """
    path.mkdir(parents=True, exist_ok=True)
    for leftover in path.glob(".saving-*"):  # of a process that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix=".saving-", dir=path))
    try:
        yield new
        srsly.write_json(new / CHECKSUMS, compute_checksums(_read_parts(new)))
        files = [file for file in new.rglob("*") if file.is_file()]
        for file in sorted(files, key=lambda file: file.name != CHECKSUMS):  # that one first
            place = path / file.relative_to(new)
            place.parent.mkdir(parents=True, exist_ok=True)
            file.replace(place)
    finally:
        shutil.rmtree(new, ignore_errors=True)
