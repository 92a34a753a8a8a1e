"""The code of the README and of docs/ runs and prints what the page says; its links lead somewhere."""

import doctest
import inspect
import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest
from spacy.util import registry

from spacy_lstm_tagger.models.settings import LSTMSettings, PredictionSettings
from spacy_lstm_tagger.pipeline import DEFAULT_MODEL, lstm_tagger

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "benchmarks" / "README.md"]
WITH_CODE = [page for page in PAGES if ">>> " in page.read_text(encoding="utf8")]


def test_the_promised_pages_are_there():
    promised = {"README.md", "usage.md", "settings.md", "architecture.md", "development.md", "lstm.md"}
    assert promised <= {page.name for page in PAGES}
    assert {"README.md", "lstm.md", "usage.md"} <= {page.name for page in WITH_CODE}


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.name)
def test_code_runs_and_prints_what_the_page_says(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    result = doctest.testfile(str(page), module_relative=False, encoding="utf8")
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def registered_settings():
    """Every registered name of this project with the parameters that a config can set."""
    functions = {}
    for functions_of_kind in (
        registry.architectures,
        registry.batchers,
        registry.optimizers,
        registry.readers,
    ):
        names = [name for name in functions_of_kind.get_all() if name.startswith("spacy-lstm-tagger.")]
        functions |= {name: functions_of_kind.get(name) for name in names}
    functions["lstm_tagger"] = lstm_tagger.make_lstm_tagger
    for name, function in sorted(functions.items()):
        for parameter in inspect.signature(function).parameters.values():
            if parameter.name not in ("nlp", "name"):
                yield pytest.param(name, parameter, id=f"{name}-{parameter.name}")


@pytest.mark.parametrize(("name", "parameter"), list(registered_settings()))
def test_every_setting_is_documented_with_its_default(name, parameter):
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf8")
    sections = [part for part in re.split(r"\n(?=#+ )", page) if name in part.split("\n")[0]]
    assert len(sections) == 1, f"settings.md needs one section for {name}"
    cell = re.compile(rf"\|[^|]*`{parameter.name}`[^|]*\|")  # a row's first
    rows = [line for line in sections[0].splitlines() if cell.match(line)]
    assert len(rows) == 1, f"{name}: one row for {parameter.name}"
    default = parameter.default
    if isinstance(default, (bool, int, float, str)) and default is not inspect.Parameter.empty:
        text = str(default).lower() if isinstance(default, bool) else str(default)
        assert re.search(rf'`"?{re.escape(text)}"?`', rows[0]), f"{name}: {parameter.name} = {default!r}"


@pytest.mark.parametrize("name", sorted({parameter.values[0] for parameter in registered_settings()}))
def test_blocks_of_settings_show_the_defaults(name):
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf8")
    [section] = [part for part in re.split(r"\n(?=#+ )", page) if name in part.split("\n")[0]]
    block = re.search(r"```ini\n\[.*?\]\n(.*?)(?:\n\[|```)", section, flags=re.DOTALL)[1]
    shown = dict(re.findall(r"^(\w+) = (.*)$", block, flags=re.MULTILINE))
    parameters = [parameter.values[1] for parameter in registered_settings() if parameter.values[0] == name]
    for parameter in parameters:
        value = shown.get(parameter.name, "${paths}")
        if "${" not in value and parameter.default is not inspect.Parameter.empty:
            default = json.loads(json.dumps(parameter.default))  # tuples are lists in a config
            assert json.loads(value) == default, parameter.name


def test_defaults_of_the_parts_are_those_of_the_factory():
    """A setting that is left out means the same in the factory's network and anywhere else. The factory
    adds an encoder of characters, which is a part of its own.
    """
    assert DEFAULT_MODEL["tok2vec"]["embed"].keys() == {"@architectures", "characters"}
    for settings, of_factory in (
        (LSTMSettings(), DEFAULT_MODEL["tok2vec"]["encode"]),
        (PredictionSettings(), DEFAULT_MODEL["tok2vec"]),
    ):
        for name, value in asdict(settings).items():
            assert of_factory.get(name, value) == value, name


RELIABILITY = (ROOT / "docs" / "reliability.md").read_text(encoding="utf8")


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`pytest (.*?)`", RELIABILITY))))
def test_commands_of_the_reliability_page_select_tests(command):
    path, _, expression = command.partition(" -k ")
    files = [ROOT / path] if path.endswith(".py") else list((ROOT / path).glob("test_*.py"))
    names = [name for file in files for name in re.findall(r"def (test_\w+)", file.read_text("utf8"))]
    assert names
    for part in expression.strip('"').split(" or "):
        assert any(part in name for name in names)
