"""The environment with and without the plugin, for `startup.py`: folders of links to its packages."""

import compileall
import shutil
import sysconfig
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

DISTRIBUTION, PACKAGE = "spacy-lstm-tagger", "spacy_lstm_tagger"


def make_environments(folder: Path) -> dict[str, Path]:
    """Make two folders for PYTHONPATH. Both hold links to all that is installed but the plugin; one holds
    the plugin, copied there as pip installs it from a wheel: with its metadata and compiled.

    folder (Path): An empty folder.
    RETURNS (Dict[str, Path]): The folders "with" and "without" the plugin.
    """
    environments = {name: folder / name for name in ("with", "without")}
    for environment in environments.values():
        environment.mkdir()
        for installed in sorted({sysconfig.get_path(name) for name in ("purelib", "platlib")}):
            for item in Path(installed).iterdir():
                if PACKAGE not in item.name:
                    (environment / item.name).symlink_to(item)
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
    for name in ("METADATA", "entry_points.txt"):
        (metadata / name).write_text(plugin.read_text(name) or "", encoding="utf-8")
    compileall.compile_dir(folder / PACKAGE, quiet=1)
