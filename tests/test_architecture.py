"""The floors of the package: what a module may import, and what spaCy finds by its registered name."""

import ast
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from importlib import import_module
from importlib.metadata import distribution
from pathlib import Path
from subprocess import run
from typing import Any, NamedTuple

import pytest
import spacy
from spacy import registry

import spacy_lstm_tagger

PACKAGE = "spacy_lstm_tagger"
ROOT = Path(spacy_lstm_tagger.__file__).parent
MODULES = sorted(path.relative_to(ROOT.parent) for path in ROOT.rglob("*.py"))

# What each room may import beside the standard library: others' packages, and rooms of ours.
ALLOWED = {
    "batchers": "spacy .errors",
    "calibration": "numpy spacy .errors .pipeline.confidence",
    "bulk": "pyarrow ray spacy srsly thinc torch tqdm .bulk .errors",
    "cli": "spacy typer wasabi .bulk .calibration .errors .readers .report",
    "errors": "",
    "features": "numpy spacy .errors",
    "networks": "numpy torch .networks",
    "optimizers": "numpy thinc",
    "models": "numpy spacy srsly thinc torch .errors .features .networks .optimizers .models",
    "pipeline": "numpy spacy srsly thinc torch .errors .features .networks .models .pipeline",
    "readers": "spacy srsly .errors",
    "report": "IPython jinja2 markupsafe numpy plotly spacy .calibration .errors .readers "
    ".pipeline.confidence .report",
    "scorers": "spacy .errors",
}
# Rooms that every spaCy process imports: what brings torch's modules in waits until it is called.
LIGHT = (
    "batchers",
    "bulk",
    "calibration",
    "errors",
    "features",
    "pipeline",
    "readers",
    "report",
    "scorers",
    "cli",
    "__init__",
)
HEAVY = ("torch", "pyarrow", "ray", "plotly", "jinja2", f"{PACKAGE}.networks", f"{PACKAGE}.models")


def room_of(path: Path) -> str:
    return path.parts[1].removesuffix(".py")


def in_rooms(*rooms: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", [path for path in MODULES if room_of(path) in rooms], ids=str)


class Import(NamedTuple):
    """An import statement: the module's full name, the line, and whether it is run by importing."""

    name: str
    line: int
    at_once: bool


def is_in(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


def find_imports(path: Path) -> Iterator[Import]:
    """Find all imports of a module; the names of `from x import y` are `x.y`."""

    def visit(node: ast.AST, at_once: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, at_once) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = path.parts[: -node.level] if node.level else ()
            base = ".".join([*parents, *filter(None, [node.module])])
            yield from (Import(f"{base}.{alias.name}", node.lineno, at_once) for alias in node.names)
        is_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            yield from visit(child, at_once and not is_function)

    yield from visit(ast.parse((ROOT.parent / path).read_text()), True)


def test_imports_are_found() -> None:
    """The other tests see nothing that this one does not find."""
    found = {(name, at_once) for name, _, at_once in find_imports(Path(PACKAGE, "pipeline/lstm_tagger.py"))}
    assert {("numpy", True), (f"{PACKAGE}.pipeline.gold.get_gold_tags", True)} <= found
    assert {("torch", False), (f"{PACKAGE}.networks.Targets", False)} <= found
    assert {room_of(path) for path in MODULES} >= {*ALLOWED, "__init__"}


@in_rooms(*ALLOWED)
def test_modules_import_from_their_own_floor_or_a_lower_one(path: Path) -> None:
    allowed = [PACKAGE * name.startswith(".") + name for name in ALLOWED[room_of(path)].split()]
    above = [
        found
        for found in find_imports(path)
        if found.name.split(".")[0] not in sys.stdlib_module_names
        and not any(is_in(found.name, name) for name in allowed)
    ]
    assert above == []


@pytest.mark.parametrize("name", ["metrics", "significance"])
def test_statistics_know_arrays_alone(name: str) -> None:
    found = {found.name.split(".")[0] for found in find_imports(Path(PACKAGE, f"report/{name}.py"))}
    assert found - sys.stdlib_module_names == {"numpy"}


def test_threads_are_torchs_and_pythons_alone() -> None:
    found = {name.split(".")[0] for name, *_ in find_imports(Path(PACKAGE, "models/threads.py"))}
    assert found - sys.stdlib_module_names == {"torch"}


@in_rooms(*LIGHT)
def test_what_every_process_imports_is_light(path: Path) -> None:
    heavy = [
        found
        for found in find_imports(path)
        if found.at_once and any(is_in(found.name, module) for module in HEAVY)
    ]
    assert heavy == []


@in_rooms("readers", "report", "scorers", "cli")
def test_torch_is_not_for_readers_reports_scorers_and_commands(path: Path) -> None:
    assert [found for found in find_imports(path) if is_in(found.name, "torch")] == []


def test_importing_the_component_loads_no_network() -> None:
    code = f"""
import sys, spacy
print(spacy.blank("en").has_factory("lstm_tagger"))
import {PACKAGE}.pipeline.lstm_tagger
print(*(name for name in sys.modules if name.startswith("{PACKAGE}")))
"""
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    has_factory, *loaded = done.stdout.split()
    assert has_factory == "True"
    assert f"{PACKAGE}.pipeline.lstm_tagger" in loaded
    assert [name for name in loaded if any(is_in(name, module) for module in HEAVY)] == []


# What is registered


def read_entry_points() -> list[tuple[str, str, str]]:
    """RETURNS (List[Tuple[str, str, str]]): Group, registered name and "module:object" in setup.cfg."""
    parser = ConfigParser(delimiters="=")
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(Path(__file__).parent.parent / "setup.cfg")
    lines = [
        (group, line.partition("="))
        for group, value in parser["options.entry_points"].items()
        for line in value.strip().splitlines()
    ]
    return [(group, name.strip(), target.strip()) for group, (name, _, target) in lines]


def load(target: str) -> Any:
    module, _, name = target.partition(":")
    loaded = import_module(module)
    return getattr(loaded, name) if name else loaded


ENTRY_POINTS = read_entry_points()
REGISTERED = pytest.mark.parametrize(
    ("group", "name", "target"), ENTRY_POINTS, ids=[name for _, name, _ in ENTRY_POINTS]
)


@REGISTERED
def test_registered_name_resolves(group: str, name: str, target: str) -> None:
    expected = load(target)
    assert target.startswith(f"{PACKAGE}.")
    if group == "spacy_factories":
        nlp = spacy.blank("en")
        made = nlp.add_pipe(name)
        assert nlp.get_pipe_meta(name).factory == name
        assert type(made).__module__ == expected.__module__
    else:
        assert registry.get(group.partition("_")[2], name) is expected


@REGISTERED
def test_registered_name_has_a_version(group: str, name: str, target: str) -> None:
    assert group in ("spacy_factories", "spacy_cli") or (
        name.startswith("spacy-lstm-tagger.") and name.rpartition(".v")[2].isdigit()
    )


def test_installed_names_are_those_of_the_project() -> None:
    """Metadata that is older than setup.cfg is to be made again: `pip install -e .`"""
    installed = distribution("spacy-lstm-tagger").entry_points
    assert {(entry.group, entry.name, entry.value) for entry in installed} == set(ENTRY_POINTS)
