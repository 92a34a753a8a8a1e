"""Where the output is written, and how: a file that has its final name is complete."""

import os
import platform
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ..corpora.files import explain_failure
from ..errors import Errors, LSTMTaggerValueError
from .formats import OUTPUT_FORMATS
from .inputs import InputFile, get_ending
from .shards import PART, Shard

MANIFEST = "_manifest.json"  # readers of folders skip names that begin with "_"
ERRORS = "_errors"
TEMPORARY = ".writing-"
_EXTENSION = re.compile(r"\.[A-Za-z]{2,5}")  # as of a file; not the ".2" of "run.v1.2"


class Layout(NamedTuple):
    """The paths of a run's output.

    folder (Path): The folder of the shards.
    suffix (str): The extension of the output's format, in lower case.
    target (Optional[Path]): The file that the shards are joined to, if the output is a file.
    """

    folder: Path
    suffix: str
    target: Path | None

    @property
    def manifest(self) -> Path:
        """RETURNS (Path): What the output belongs to. It stays beside a finished file."""
        return self.folder / MANIFEST if self.target is None else hide(self.target, ".manifest.json")

    @property
    def bad_rows(self) -> Path:
        """RETURNS (Path): The file of all bad rows."""
        if self.target is None:
            return self.folder / f"{ERRORS}.jsonl"
        return self.target.with_name(f"{self.target.name[: -len(self.suffix)]}.errors.jsonl")

    def get_files(self) -> list[Path]:
        """RETURNS (List[Path]): All that is written apart from the shards."""
        return [path for path in (self.target, self.bad_rows, self.manifest) if path is not None]

    def has_parts(self) -> bool:
        """RETURNS (bool): Whether anything is finished."""
        is_joined = self.target is not None and self.target.exists()
        return is_joined or any(self.folder.glob(f"{PART}*"))

    def get_part(self, shard: Shard) -> Path:
        """RETURNS (Path): The file of a finished shard."""
        return self.folder / f"{shard.name}{self.suffix}"

    def get_bad_rows(self, shard: Shard) -> Path:
        """RETURNS (Path): The file of a shard's bad rows, if it has any."""
        return self.folder / ERRORS / f"{shard.name}.jsonl"


def hide(path: Path, ending: str) -> Path:
    """RETURNS (Path): A hidden file beside another one, named after it."""
    return path.with_name(f".{path.name}{ending}")


def lay_out(output: str | Path, output_format: str | None) -> Layout:
    """Decide by the output's name whether it is a file or a folder.

    output (str | Path): A file with the extension of a format, or a folder: one that exists, or whose name
        ends in a slash or in nothing that looks like an extension.
    output_format (Optional[str]): The format of the files in a folder, JSONL by default.
    RETURNS (Layout): The paths.
    RAISES (LSTMTaggerValueError): If there is no such format, or the file has another extension.
    """
    path, is_folder = Path(output), Path(output).is_dir() or str(output).endswith(("/", os.sep))
    names = ", ".join(suffix[1:] for suffix in OUTPUT_FORMATS)
    suffix = f".{output_format}" if output_format else None
    if suffix and suffix not in OUTPUT_FORMATS:
        raise LSTMTaggerValueError(Errors.L403.format(format=output_format, formats=names))
    if get_ending(path) not in OUTPUT_FORMATS or is_folder:
        if not (is_folder or suffix) and _EXTENSION.fullmatch(path.suffix):
            raise LSTMTaggerValueError(Errors.L434.format(path=path, suffix=path.suffix, formats=names))
        return Layout(path, suffix or ".jsonl", None)
    if suffix and suffix != get_ending(path):
        raise LSTMTaggerValueError(Errors.L404.format(path=path, format=output_format))
    return Layout(path.with_name(f"{path.name}.parts"), get_ending(path), path)


def check_apart(layout: Layout, source: str | Path, files: Iterable[InputFile]) -> None:
    """RAISES (LSTMTaggerValueError): If the output is inside the input, or a file of the input is where the
    run writes or removes files.
    """
    folder, places = layout.folder.resolve(), {path.resolve() for path in layout.get_files()}
    is_inside = Path(source).is_dir() and Path(source).resolve() in [folder, *folder.parents]
    read = {file.path.resolve() for file in files}
    if is_inside or read & places or any(folder in path.parents for path in read):
        output = layout.target or layout.folder
        raise LSTMTaggerValueError(Errors.L405.format(output=output, source=source))


def check_free(layout: Layout) -> None:
    """RAISES (LSTMTaggerValueError): If the output would overwrite something."""
    if layout.manifest.is_file():
        return
    for path in (layout.target, layout.target and layout.bad_rows):
        if path and path.exists():
            raise LSTMTaggerValueError(Errors.L406.format(path=path))
    folder = layout.folder
    is_foreign = folder.is_dir() and any(not file.name.startswith(TEMPORARY) for file in folder.iterdir())
    if folder.is_file() or is_foreign:
        raise LSTMTaggerValueError(Errors.L406.format(path=folder))


@contextmanager
def write_whole(path: Path, layout: Layout) -> Iterator[Path]:
    """Write a file under a temporary name, and rename it when it is complete and on the disk.

    path (Path): The file; its folder is created.
    layout (Layout): Its folder gets the temporary file.
    YIELDS (Path): The temporary file. If nothing is written to it, there will be no file.
    """
    name = f"{TEMPORARY}{platform.node()}-{os.getpid()}-{path.parent.name}-{path.name}"
    temporary = layout.folder / name
    with explain_failure(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        layout.folder.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            if temporary.exists():
                with temporary.open("rb+") as file:
                    os.fsync(file.fileno())
                temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def start_over(layout: Layout) -> None:
    """Remove what an earlier run wrote. Anything else in the folder stays, and is refused afterwards."""
    for path in layout.get_files():
        path.unlink(missing_ok=True)
    for part in layout.folder.glob(f"{PART}*"):
        part.unlink()
    shutil.rmtree(layout.folder / ERRORS, ignore_errors=True)


def remove_leftovers(layout: Layout) -> None:
    """Remove temporary files of a run that was killed."""
    for file in layout.folder.glob(f"{TEMPORARY}*"):
        file.unlink(missing_ok=True)


def is_finished(layout: Layout, shard: Shard) -> bool:
    """RETURNS (bool): Whether a shard is finished."""
    return layout.get_part(shard).exists() or (layout.target is not None and layout.target.exists())


def finish(layout: Layout, shards: Iterable[Shard]) -> None:
    """Join the shards, when all are finished. After an interruption, this can be repeated: a file that
    exists is complete, and parts are removed only after that.
    """
    shards = list(shards)
    errors = [path for path in map(layout.get_bad_rows, shards) if path.exists()]
    if errors and not layout.bad_rows.exists():
        with write_whole(layout.bad_rows, layout) as path:
            OUTPUT_FORMATS[".jsonl"].join(errors, path)
    if layout.target is not None and not layout.target.exists():
        with write_whole(layout.target, layout) as path:
            OUTPUT_FORMATS[layout.suffix].join(map(layout.get_part, shards), path)
    shutil.rmtree(layout.folder / ERRORS, ignore_errors=True)
    remove_leftovers(layout)  # of workers that died and were replaced
    if layout.target is not None:
        for shard in shards:
            layout.get_part(shard).unlink(missing_ok=True)
        if layout.folder.is_dir():
            layout.folder.rmdir()
