"""Components that are saved and loaded as a whole, with checksums.

Files are written to a temporary folder first. The checksums are moved into place before the files that they
are of, so that an interruption leaves a folder that is refused, never one that loads wrongly.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import srsly
from spacy.pipeline import TrainablePipe

from ..errors import Errors, LSTMTaggerValueError, summarize_error
from .rollback import unchanged_on_error

CHECKSUMS = "checksums.json"
PARTS = ("cfg", "model")  # the vocab is spaCy's own


class SavedComponent(TrainablePipe):  # type: ignore[misc]
    """A trainable component that is saved with checksums, and loaded completely or not at all.

    kept_settings (Tuple[str, ...]): Settings that come from the config a pipeline is loaded with, not from
        the saved component.
    """

    kept_settings: ClassVar[tuple[str, ...]] = ()
    cfg: dict[str, Any]
    model: Any
    name: str

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """RETURNS (bytes): The component, with checksums. See `TrainablePipe.to_bytes`."""
        parts = srsly.msgpack_loads(super().to_bytes(exclude=exclude))
        data: bytes = srsly.msgpack_dumps(parts | {"checksums": compute_checksums(parts)})
        return data

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> Any:
        """Load the component from a bytestring. See `TrainablePipe.from_bytes`.

        RAISES (LSTMTaggerValueError): If the data is damaged, or belongs to another component or config.
            The component stays unchanged.
        """
        with self._loading("bytes"):
            parts = srsly.msgpack_loads(bytes_data)
            check_parts(parts.get("checksums"), parts, list(exclude))
            super().from_bytes(bytes_data, exclude=exclude)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save the component to a folder. See `TrainablePipe.to_disk`. If this is interrupted, the folder
        is unchanged, or refused by `from_disk`.
        """
        with write_folder(Path(path)) as folder:
            super().to_disk(folder, exclude=exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> Any:
        """Load the component from a folder. See `TrainablePipe.from_disk`.

        RAISES (LSTMTaggerValueError): If the folder is damaged, or belongs to another component or config.
            The component stays unchanged.
        """
        with self._loading(path):
            check_folder(Path(path), list(exclude))
            super().from_disk(path, exclude=exclude)
        return self

    @contextmanager
    def _loading(self, source: str | Path) -> Iterator[None]:
        """Load all or nothing. Any error is raised as one that names the component and the source."""
        kept = {name: self.cfg[name] for name in self.kept_settings}
        try:
            with unchanged_on_error(self.model, self.cfg):
                yield
        except Exception as error:  # damaged data can raise anything
            problem = summarize_error(error).rstrip(".")
            message = Errors.L205.format(name=self.name, source=source, problem=problem)
            raise LSTMTaggerValueError(message) from error
        self.cfg.update(kept)


def compute_checksums(parts: Mapping[str, str | bytes]) -> dict[str, str]:
    """RETURNS (Dict[str, str]): The SHA-256 of each part, in hexadecimal digits."""
    return {name: _hash(parts[name]) for name in PARTS if name in parts}


def _hash(part: str | bytes) -> str:
    return hashlib.sha256(part.encode("utf8") if isinstance(part, str) else part).hexdigest()


def check_parts(expected: Any, parts: Mapping[str, str | bytes], exclude: Container[str]) -> None:
    """Compare parts with their checksums.

    expected (Any): What was saved as checksums; may itself be damaged. None for models of early
        versions, which have none.
    parts (Mapping[str, str | bytes]): What was read.
    exclude (Container[str]): Parts that are not loaded.
    RAISES (LSTMTaggerValueError): If they differ, or a part is missing.
    """
    if expected is None:
        return
    if not isinstance(expected, dict):
        raise LSTMTaggerValueError(Errors.L206.format(part=CHECKSUMS))
    for name in PARTS:
        differs = name not in parts or _hash(parts[name]) != expected.get(name)
        if name not in exclude and (name in expected or name in parts) and differs:
            raise LSTMTaggerValueError(Errors.L206.format(part=name))


def check_folder(path: Path, exclude: Container[str]) -> None:
    """Compare the files of a folder with their checksums.

    RAISES (LSTMTaggerValueError): If they differ, or one of them is missing.
    """
    if not (path / CHECKSUMS).exists():
        return
    try:
        expected = srsly.read_json(path / CHECKSUMS) or {}
    except ValueError as error:
        raise LSTMTaggerValueError(Errors.L206.format(part=CHECKSUMS)) from error
    check_parts(expected, _read_parts(path), exclude)


def _read_parts(path: Path) -> dict[str, bytes]:
    return {name: (path / name).read_bytes() for name in PARTS if (path / name).is_file()}


@contextmanager
def write_folder(path: Path) -> Iterator[Path]:
    """Replace the files of a component's folder, once all new ones are written.

    path (Path): The folder; other files in it stay.
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
