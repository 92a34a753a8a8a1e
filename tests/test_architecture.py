"""The layers of the package: what a module may import, and what spaCy finds by its registered name."""

import ast
import builtins
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

# The layers, from the lowest: what each module or subpackage may import besides the standard library.
ALLOWED = {
    "errors": ".errors",
    "schemes": ".errors",
    "vocabulary": "numpy spacy .errors",
    "ragged": "numpy thinc .vocabulary",
    "features": "numpy spacy .errors .vocabulary",
    "metrics": "numpy .metrics",
    "networks": "numpy torch .schemes .networks",
    "optimizers": "numpy thinc",
    "models": "numpy spacy srsly thinc torch .errors .features .networks .optimizers .ragged .schemes "
    ".vocabulary .models",
    "pipeline": "numpy spacy srsly thinc .errors .metrics .models .ragged .schemes .vocabulary .pipeline",
    "batchers": "spacy .errors",
    "corpora": "numpy spacy .errors .schemes .corpora",
    "scorers": "spacy .metrics .pipeline .schemes .scorers",
    "distillation": "numpy spacy srsly thinc .batchers .bulk .distillation .errors .pipeline .schemes "
    ".vocabulary",
    "bulk": "pyarrow ray spacy srsly thinc torch tqdm .bulk .corpora .errors .pipeline",
    "report": "IPython jinja2 markupsafe numpy plotly spacy .corpora .errors .metrics .pipeline .schemes "
    ".report",
    "quickstart": "spacy thinc .errors",
    "cli": "spacy srsly thinc typer wasabi .bulk .cli .corpora .distillation .errors .quickstart .pipeline "
    ".report",
    "__init__": ".corpora .errors .pipeline",
}
# What only some modules of a subpackage may import.
NARROWER = {
    "bulk/cluster.py": "ray",
    "bulk/parquet.py": "pyarrow",
    "report/page.py": "jinja2 plotly",
    "report/plots.py": "plotly",
    "report/rendering.py": "IPython",
    "pipeline/constraints.py": f"{PACKAGE}.models",
    "pipeline/devices.py": f"{PACKAGE}.models",
    "pipeline/labeler.py": f"{PACKAGE}.models",
    "pipeline/imitation.py": f"{PACKAGE}.models",
    "pipeline/lstm_ner.py": f"{PACKAGE}.models",
    "pipeline/lstm_tok2vec.py": f"{PACKAGE}.models",
    "pipeline/predictions.py": f"{PACKAGE}.models",
    "report/writing.py": "plotly",
}
# Imported by every spaCy process: these import torch and the like only inside functions.
LIGHT = tuple(name for name in ALLOWED if name not in ("networks", "models", "optimizers"))
MAX_LINES = 400
HEAVY = ("torch", "pyarrow", "ray", "plotly", "jinja2", f"{PACKAGE}.networks", f"{PACKAGE}.models")


def get_part(path: Path) -> str:
    return path.parts[1].removesuffix(".py")


def in_parts(*parts: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", [path for path in MODULES if get_part(path) in parts], ids=str)


class Import(NamedTuple):
    """An import statement: the module's full name, the line, and whether it runs on import."""

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
        is_later = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        is_later |= isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.iter_child_nodes(node):
            yield from visit(child, at_once and not is_later)

    yield from visit(ast.parse((ROOT.parent / path).read_text()), True)


def test_imports_are_found() -> None:
    """The other tests see nothing that this one does not find."""
    found = {(name, at_once) for name, _, at_once in find_imports(Path(PACKAGE, "pipeline/lstm_ner.py"))}
    assert {("numpy", True), (f"{PACKAGE}.pipeline.labels.read_attrs", True)} <= found
    assert (f"{PACKAGE}.models.labeling.Path", False) in found
    assert {get_part(path) for path in MODULES} == {*ALLOWED}


@in_parts(*ALLOWED)
def test_modules_import_from_their_own_layer_or_a_lower_one(path: Path) -> None:
    allowed = [PACKAGE * name.startswith(".") + name for name in ALLOWED[get_part(path)].split()]
    above = [
        found
        for found in find_imports(path)
        if found.name.split(".")[0] not in sys.stdlib_module_names
        and not any(is_in(found.name, name) for name in allowed)
    ]
    assert above == []


@in_parts(*ALLOWED)
def test_optional_and_heavy_packages_have_their_modules(path: Path) -> None:
    narrow = {name for names in NARROWER.values() for name in names.split()}
    if get_part(path) != "pipeline":
        narrow.remove(f"{PACKAGE}.models")
    narrow -= set(NARROWER.get(Path(*path.parts[1:]).as_posix(), "").split())
    imports = list(find_imports(path))
    assert [found for found in imports if any(is_in(found.name, name) for name in narrow)] == []


def test_modules_are_short() -> None:
    lengths = {str(path): len((ROOT.parent / path).read_text().splitlines()) for path in MODULES}
    assert {path: n for path, n in lengths.items() if n > MAX_LINES} == {}


def test_threads_are_torchs_and_pythons_alone() -> None:
    found = {name.split(".")[0] for name, *_ in find_imports(Path(PACKAGE, "models/threads.py"))}
    assert found - sys.stdlib_module_names == {"torch"}


@in_parts(*LIGHT)
def test_what_every_process_imports_is_light(path: Path) -> None:
    heavy = [
        found
        for found in find_imports(path)
        if found.at_once and any(is_in(found.name, module) for module in HEAVY)
    ]
    assert heavy == []


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


# What is public


@pytest.mark.parametrize(
    "name",
    ["", ".bulk", ".corpora", ".metrics", ".networks", ".pipeline", ".report", ".schemes", ".scorers"],
)
def test_public_names_exist_and_are_documented(name: str) -> None:
    module = import_module(f"{PACKAGE}{name}")
    assert len(set(module.__all__)) == len(module.__all__)
    for public in module.__all__:
        value = getattr(module, public)
        assert not callable(value) or value.__doc__, public


def test_every_exception_has_one_base() -> None:
    """Also those that libraries expect: no bare exception is raised by the package."""
    builtin = {name for name, value in vars(builtins).items() if isinstance(value, type)}
    raised = [
        f"{path}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(ast.parse((ROOT.parent / path).read_text()))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
        and node.exc.func.id in builtin
    ]
    assert raised == []
    for base, builtin_base in (
        (spacy_lstm_tagger.LSTMTaggerValueError, ValueError),
        (spacy_lstm_tagger.LSTMTaggerImportError, ImportError),
        (spacy_lstm_tagger.LSTMTaggerRuntimeError, RuntimeError),
    ):
        assert issubclass(base, spacy_lstm_tagger.LSTMTaggerError)
        assert issubclass(base, builtin_base)
