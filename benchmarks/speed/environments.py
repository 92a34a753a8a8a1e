"""Python environments with and without the plugin, for `probes/startup.py`."""

import compileall
import shutil
import sysconfig
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

from benchmarks.common.paths import BENCHMARKS

DISTRIBUTION, PACKAGE = "spacy-lstm-tagger", "spacy_lstm_tagger"


def make_environments(folder: Path) -> dict[str, Path]:
    """Make two folders for PYTHONPATH, of links to the benchmarks and to all installed packages except the
    plugin. One also has a copy of the plugin as pip would install it from a wheel: with metadata, compiled.

    folder (Path): An empty folder.
    RETURNS (Dict[str, Path]): The folders "with" and "without" the plugin.
    """
    environments = {name: folder / name for name in ("with", "without")}
    for environment in environments.values():
        environment.mkdir()
        for installed in sorted({sysconfig.get_path(name) for name in ("purelib", "platlib")}):
            for item in Path(installed).iterdir():
                if PACKAGE not in item.name and item.name != BENCHMARKS.name:
                    (environment / item.name).symlink_to(item)
        (environment / BENCHMARKS.name).symlink_to(BENCHMARKS)
    install(environments["with"])
    return environments


def install(folder: Path) -> None:
    """Copy the plugin into a folder."""
    spec = find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(spec.origin).parent, folder / PACKAGE, ignore=ignore)
    plugin = distribution(DISTRIBUTION)
    metadata = folder / f"{PACKAGE}-{plugin.version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(str(plugin.metadata), encoding="utf-8")
    (metadata / "entry_points.txt").write_text(plugin.read_text("entry_points.txt") or "", encoding="utf-8")
    compileall.compile_dir(folder / PACKAGE, quiet=1)
