"""What the shards of a folder belong to: a run can only resume with the same."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import srsly
from spacy.util import get_package_path, is_package

from ..errors import Errors, LSTMTaggerValueError
from .inputs import InputFile
from .layout import Layout, write_whole

VERSION = 1  # of the content of shards, and of how the input is cut


def compute_fingerprint(model: str | Path) -> str:
    """RETURNS (str): The SHA-256 of a pipeline's files and their names, in hexadecimal digits.
    RAISES (LSTMTaggerValueError): If there is no such folder or package.
    """
    folder = Path(model)
    if not folder.is_dir():
        if not is_package(str(model)):
            raise LSTMTaggerValueError(Errors.L407.format(model=model))
        folder = get_package_path(str(model))
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        with path.open("rb") as file:
            content = hashlib.sha256()
            while block := file.read(2**20):
                content.update(block)
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content.hexdigest()}\0".encode())
    return digest.hexdigest()


def keep_manifest(layout: Layout, settings: dict[str, Any], files: Iterable[InputFile]) -> None:
    """Write the manifest, or compare with the existing one, which binds nothing before a shard is finished.

    layout (Layout): Where it is.
    settings (Dict[str, Any]): What the output depends on, besides the input.
    files (Iterable[InputFile]): The input.
    RAISES (LSTMTaggerValueError): If existing shards belong to something else.
    """
    inputs = {file.name: [file.size, file.mtime] for file in files}
    new = {"version": VERSION, **settings, "input": inputs}
    if not (layout.manifest.exists() and layout.has_parts()):
        with write_whole(layout.manifest, layout) as path:
            srsly.write_json(path, new)
        return
    try:
        old = dict(srsly.read_json(layout.manifest))
    except (TypeError, ValueError) as error:
        raise LSTMTaggerValueError(Errors.L408.format(path=layout.manifest)) from error
    for name in new:
        if old.get(name) != new[name]:
            before, now = _name_difference(old.get(name), new[name])
            raise LSTMTaggerValueError(
                Errors.L409.format(folder=layout.folder, name=name, before=before, now=now)
            )


def _name_difference(before: Any, now: Any) -> tuple[Any, Any]:
    """RETURNS (Tuple[Any, Any]): Two values that differ; of two inputs, the first file that differs."""
    if not isinstance(before, dict) or not isinstance(now, dict):
        return before, now
    name = next(name for name in sorted({*before, *now}) if before.get(name) != now.get(name))
    return tuple(_describe_file(name, files.get(name)) for files in (before, now))  # type: ignore[return-value]


def _describe_file(name: str, found: Any) -> str:
    return f"no {name}" if found is None else f"{name} of {found[0]} bytes, modified at {found[1]} ns"
