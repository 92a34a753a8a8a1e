"""What is published: the package, its license and its metadata, and nothing else."""

import shutil
import sys
import tarfile
from collections.abc import Iterator
from configparser import ConfigParser
from email.message import Message
from email.parser import Parser
from pathlib import Path
from subprocess import run
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parent.parent
PACKAGE = "spacy_lstm_tagger"
METADATA = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt", "licenses/LICENSE"}
LEFT_OVER = [".*", "*.egg-info", "__pycache__", "build", "dist", "training", "packages", "assets"]
PYTHON = "Programming Language :: Python :: 3."


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RETURNS (Path): The folder with a source distribution, and a wheel that was built from it."""
    folder = tmp_path_factory.mktemp("build")
    project = shutil.copytree(ROOT, folder / "project", ignore=shutil.ignore_patterns(*LEFT_OVER))
    for name in ("fuzz/crash.bin", "data/treebank.conllu", f"{PACKAGE}/weights.bin", "notes.md"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("must not be published")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    done = run(build, check=False, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Iterator[ZipFile]:
    [path] = built.glob("*.whl")
    with ZipFile(path) as file:
        yield file


@pytest.fixture(scope="module")
def metadata(wheel: ZipFile) -> Message:
    [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return Parser().parsestr(wheel.read(name).decode())


@pytest.fixture(scope="module")
def setup() -> ConfigParser:
    parser = ConfigParser(delimiters="=")
    parser.read(ROOT / "setup.cfg")
    return parser


def test_wheel_holds_only_the_package(wheel: ZipFile) -> None:
    modules = [path.relative_to(ROOT).as_posix() for path in (ROOT / PACKAGE).rglob("*.py")]
    data = {f"{PACKAGE}/report/template/{name}" for name in ("page.html.j2", "script.js", "style.css")}
    data |= {f"{PACKAGE}/quickstart/{name}.cfg" for name in ("accuracy", "distill", "speed", "treebank")}
    found = {name for name in wheel.namelist() if ".dist-info/" not in name}
    compiled = {name for name in found if Path(name).stem.startswith("_kernel.")}
    assert found - compiled == {*modules, *data, f"{PACKAGE}/py.typed"}
    assert len(compiled) == (1 if shutil.which("c++") else 0)
    assert {name.split(".dist-info/")[1] for name in wheel.namelist() if ".dist-info/" in name} == METADATA
    [license_] = [name for name in wheel.namelist() if name.endswith("LICENSE")]
    assert wheel.read(license_) == (ROOT / "LICENSE").read_bytes()


def test_source_distribution_holds_what_the_tests_need(built: Path) -> None:
    [path] = built.glob("*.tar.gz")
    with tarfile.open(path) as file:
        names = [name.partition("/")[2] for name in file.getnames()]
    assert not [name for name in names if name.startswith(("data", "notes"))]
    assert not {"fuzz/crash.bin", f"{PACKAGE}/weights.bin"} & {*names}
    expected = [path for folder in ("tests", "docs", "configs") for path in (ROOT / folder).rglob("*.*")]
    expected += [
        ROOT / name for name in ("LICENSE", "README.md", "SECURITY.md", "setup.cfg", "pyproject.toml")
    ]
    missing = {path.relative_to(ROOT).as_posix() for path in expected if path.suffix != ".pyc"} - {*names}
    assert missing == set()


def test_pythons_are_those_that_the_classifiers_name(metadata: Message) -> None:
    admitted = SpecifierSet(metadata["Requires-Python"])
    named = {line[len(PYTHON) :] for line in metadata.get_all("Classifier", []) if line.startswith(PYTHON)}
    assert named == {str(minor) for minor in range(30) if f"3.{minor}" in admitted}


def test_requirements_are_those_of_the_project(metadata: Message, setup: ConfigParser) -> None:
    stated = setup["options"]["install_requires"].split()
    found = [Requirement(line) for line in metadata.get_all("Requires-Dist", []) if "extra" not in line]
    assert {str(requirement) for requirement in found} == {str(Requirement(line)) for line in stated}
    assert metadata["Version"] == setup["metadata"]["version"]


def test_extras_for_gpus_leave_numpy_alone(metadata: Message) -> None:
    """spaCy's extras admit only CuPys below 13, which need NumPy 1, and have no wheels for Python 3.13."""
    found = [Requirement(line) for line in metadata.get_all("Requires-Dist", []) if "cuda" in line]
    assert {str(requirement.marker) for requirement in found} == {
        f'extra == "cuda{version}x"' for version in (11, 12, 13)
    }
    for requirement in found:
        assert requirement.name.startswith("cupy-cuda")
        assert "12.3.0" not in requirement.specifier  # the last without NumPy 2
        assert "14.0.0" in requirement.specifier


def test_description_and_license_are_stated(metadata: Message) -> None:
    assert metadata["License"] == "MIT"
    assert metadata["License-File"] == "LICENSE"
    assert str(metadata.get_payload()).strip() == (ROOT / "README.md").read_text(encoding="utf8").strip()
