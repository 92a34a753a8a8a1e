"""Files: what their endings say, which of them a folder has, how they are opened, why writing failed."""

import errno
import gzip
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from ..errors import Errors, LSTMTaggerOSError, LSTMTaggerValueError

COMPRESSED = ".gz"
_HEAD = 2**16  # bytes that show what a file is

# What the first bytes of a file say that is not the text one expects, and what to do about it.
_MAGIC = {
    b"\x1f\x8b": ("compressed with gzip", "Rename it, so that it ends in .gz"),
    b"PK\x03\x04": ("a ZIP archive", "Unpack it"),
    b"BZh": ("compressed with bzip2", "Decompress it"),
    b"\xfd7zXZ\0": ("compressed with xz", "Decompress it"),
    b"\x28\xb5\x2f\xfd": ("compressed with Zstandard", "Decompress it"),
    b"version https://git-lfs": ("a Git LFS pointer, not the file itself", "Run `git lfs pull`"),
    b"\xff\xfe": ("UTF-16 or UTF-32", "Save it as UTF-8"),
    b"\xfe\xff": ("UTF-16", "Save it as UTF-8"),
}


def get_suffix(path: Path) -> str:
    """RETURNS (str): The extension that says the format, in lower case: ".conllu" for "A.CoNLLU.gz"."""
    name = Path(path.name.lower())
    return name.with_suffix("").suffix if is_compressed(path) else name.suffix


def is_compressed(path: Path) -> bool:
    """RETURNS (bool): Whether the name says that a file is compressed with gzip."""
    return path.suffix.lower() == COMPRESSED


def find_files(path: Path, suffixes: Iterable[str]) -> list[Path]:
    """Find the files of a corpus.

    path (Path): A file, whatever its extension, or a folder that is searched recursively. Hidden files are
        skipped: they are leftovers of systems and editors, such as `._train.conllu`.
    suffixes (Iterable[str]): The extensions to look for in a folder.
    RETURNS (List[Path]): The files, sorted by name.
    RAISES (LSTMTaggerValueError): If there are none.
    """
    if not path.exists():
        raise LSTMTaggerValueError(Errors.L304.format(path=path))
    if not path.is_dir():
        return [path]
    suffixes = list(suffixes)
    files = [
        file
        for file in sorted(path.rglob("*"))
        if get_suffix(file) in suffixes and file.is_file() and not _is_hidden(file.relative_to(path))
    ]
    if not files:
        raise LSTMTaggerValueError(Errors.L305.format(path=path, suffixes=", ".join(suffixes)))
    return files


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """Open a text file, decompressed if it ends in .gz.

    YIELDS (BinaryIO): Its bytes.
    RAISES (LSTMTaggerValueError): If it is something else than its name says, or can't be decompressed.
    """
    with gzip.open(path) if is_compressed(path) else path.open("rb") as file:
        try:
            _check_content(path, file.peek(_HEAD)[:_HEAD])
            yield cast(BinaryIO, file)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise LSTMTaggerValueError(Errors.L327.format(path=path, reason=error)) from error


def _check_content(path: Path, head: bytes) -> None:
    for magic, (kind, advice) in _MAGIC.items():
        if head.startswith(magic):
            raise LSTMTaggerValueError(Errors.L326.format(path=path, kind=kind, advice=advice))
    if get_suffix(path) == ".txt":  # any text is a text
        return
    if head.lstrip()[:9].lower().startswith((b"<!doctype", b"<html")):
        advice = "Download the file itself"
        raise LSTMTaggerValueError(Errors.L326.format(path=path, kind="an HTML page", advice=advice))
    if head.count(b"\r") > 1 and b"\n" not in head:
        kind, advice = "text whose lines end with CR alone", "Save it with LF or CR LF"
        raise LSTMTaggerValueError(Errors.L326.format(path=path, kind=kind, advice=advice))


_ADVICE = {
    errno.ENOSPC: "Free space, or write somewhere else, and run the same command again.",
    errno.EDQUOT: "Free space, or write somewhere else, and run the same command again.",
    errno.EROFS: "The file system is read-only: write somewhere else.",
    errno.EACCES: "Check the permissions, or write somewhere else.",
    errno.EPERM: "Check the permissions, or write somewhere else.",
}


@contextmanager
def explain_failure(path: Path) -> Iterator[None]:
    """Say which file can't be written, and what to do: the system's errors often name none.

    RAISES (LSTMTaggerOSError): If the operating system refuses.
    """
    try:
        yield
    except (InterruptedError, LSTMTaggerOSError):
        raise
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, "Check the path, and run the same command again.")
        message = Errors.L435.format(
            path=error.filename or path, reason=error.strerror or error, advice=advice
        )
        raise LSTMTaggerOSError(message) from error
