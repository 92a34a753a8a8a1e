"""The code of the README and of docs/ runs and prints what the page says; its links lead somewhere."""

import doctest
import inspect
import json
import re
from dataclasses import asdict
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language
from spacy.util import registry

from spacy_lstm_tagger.models.settings import LSTMSettings, PredictionSettings
from spacy_lstm_tagger.pipeline import DEFAULT_MODEL

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


def find_settings() -> dict[str, dict[str, Any]]:
    """RETURNS (Dict[str, Dict[str, Any]]): Every registered name of this project, and its settings with
    their defaults.
    """
    settings = {}
    kinds = (registry.architectures, registry.batchers, registry.callbacks, registry.optimizers)
    for kind in (*kinds, registry.readers):
        for name in kind.get_all():
            parameters = inspect.signature(kind.get(name)).parameters.values()
            if name.startswith("spacy-lstm-tagger.") and parameters:
                settings[name] = {parameter.name: parameter.default for parameter in parameters}
    for entry_point in entry_points(group="spacy_factories"):
        if entry_point.value.startswith("spacy_lstm_tagger."):
            entry_point.load()
            settings[entry_point.name] = dict(Language.get_factory_meta(entry_point.name).default_config)
    return settings


SETTINGS = find_settings()


def read_section(name: str) -> str:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf8")
    sections = [
        part for part in re.split(r"^## ", page, flags=re.MULTILINE) if part.startswith(f"{name}\n")
    ]
    assert len(sections) == 1, f"settings.md needs one section for {name}"
    return sections[0]


def show(default: Any) -> str:
    """RETURNS (str): A default as the tables show it."""
    if default is inspect.Parameter.empty:
        return "required"
    if isinstance(default, dict):  # a registered function
        return next(f"`{value}`" for key, value in default.items() if key.startswith("@"))
    return f"`{json.dumps(default)}`"


def test_there_are_settings() -> None:
    assert {"lstm_tagger", "spacy-lstm-tagger.LSTM.v1", "spacy-lstm-tagger.Corpus.v1"} <= SETTINGS.keys()


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_tables_of_settings_have_every_setting_with_its_default(name: str) -> None:
    documented = []
    for row in re.findall(r"^\| (`.*?) \| .*? \| (.*?) \|", read_section(name), flags=re.MULTILINE):
        settings = re.findall(r"`(\w+)`", row[0])
        documented += zip(settings, row[1].split(", ", len(settings) - 1), strict=True)
    assert sorted(documented) == sorted((key, show(value)) for key, value in SETTINGS[name].items())


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_blocks_of_settings_show_the_defaults(name: str) -> None:
    block = re.search(r"```ini\n\[.*?\]\n(.*?)(?:\n\[|```)", read_section(name), flags=re.DOTALL)[1]
    shown = dict(re.findall(r"^(\w+) = (.*)$", block, flags=re.MULTILINE))
    assert shown.keys() <= SETTINGS[name].keys() | {"factory"}
    for setting, default in SETTINGS[name].items():
        value = shown.get(setting, "${paths}")
        if "${" not in value and default is not inspect.Parameter.empty:
            assert json.loads(value) == json.loads(json.dumps(default)), setting  # tuples are lists


def test_scorers_have_no_settings() -> None:
    scorers = {name: scorer for name, scorer in registry.scorers.get_all().items() if "lstm" in name}
    assert len(scorers) == 2
    assert [name for name, scorer in scorers.items() if inspect.signature(scorer).parameters] == []


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
