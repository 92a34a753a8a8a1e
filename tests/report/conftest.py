"""A small corpus with errors, known words and markup in it, and the report on it."""

import json
from pathlib import Path
from typing import Any

import pytest


def pytest_itemcollected(item: pytest.Item) -> None:
    """The small corpus has tags that no model knows, and others have none: readers say so."""
    if Path(__file__).parent in item.path.parents:
        item.add_marker(pytest.mark.filterwarnings("ignore:.*W03[02]"))


SCRIPT = "</script><script>document.title='planted'</script>"
MARKUP = '<img src=x onerror="document.title=1">&amp;'
ROWS = [
    {"words": ["I", "like", "green", "eggs"], "tags": ["N", "V", "J", "N"]},
    {"words": ["Eat", "blue", "ham"], "tags": ["N", "J", "N"]},
    {"words": ["She", "sees", SCRIPT, "dogs", "now"], "tags": ["N", "V", MARKUP, None, "R"]},
    {"words": ["old", "\u2028", "Ham"], "tags": ["J", "</script>", "J"]},
]


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RETURNS (Path): The corpus."""
    path = tmp_path_factory.mktemp("data") / "<b>&data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf8")
    return path


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RETURNS (Path): A log as spaCy writes it."""
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    rows = [
        {"epoch": 0, "step": 0, "losses": {"lstm_tagger": 9.5}, "scores": {"tag_acc": 10.0}, "score": 0.1},
        {
            "epoch": 1,
            "step": 20,
            "losses": {"lstm_tagger": 2.5},
            "scores": {"tag_acc": 87.5},
            "score": 0.875,
        },
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    return path


@pytest.fixture(scope="session")
def report(
    model: Path, data: Path, log: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], Path]:
    """RETURNS (Tuple[Dict[str, Any], Path]): The figures and the page, of the pipeline and itself."""
    from spacy_lstm_tagger.report import write_report

    path = tmp_path_factory.mktemp("report") / "new" / "report.html"
    return write_report(model, data, path, other_model=model, log=log, as_json=True), path
