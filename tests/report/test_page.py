"""The page without a browser: what it holds, that data stays text in it, and that it requests nothing."""

import json
import re
from html import unescape
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest
import spacy

from spacy_lstm_tagger.corpora import create_corpus
from spacy_lstm_tagger.report import write_report
from spacy_lstm_tagger.report.page import format_p_value, format_points

SCRIPT = "</script><script>document.title='planted'</script>"
MARKUP = '<img src=x onerror="document.title=1">&amp;'


@pytest.fixture(scope="module")
def page(report):
    return report[1].read_text(encoding="utf8")


@pytest.fixture(scope="module")
def visible(page):
    """RETURNS (str): The page without its scripts."""
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_planted_markup_is_text(page, visible):
    assert page.count("<script") == page.count("</script>") == 3
    assert "<img" not in visible
    assert "<b>&data" not in visible
    assert "&lt;b&gt;&amp;data.jsonl" in visible
    assert SCRIPT in unescape(visible)  # among the words that are wrong
    assert MARKUP in unescape(visible)  # among the tags


def test_data_is_embedded_whole(page):
    [block] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, flags=re.DOTALL)
    assert not set("<>&\u2028\u2029") & set(block)
    data = json.loads(block)
    assert data["sentences"][2]["w"] == ["She", "sees", SCRIPT, "dogs", "now"]
    assert [data["tags"][tag] for tag in data["sentences"][2]["g"]] == ["N", "V", MARKUP, "", "R"]
    assert data["sentences"][2]["k"] == "11011"
    assert all(0 <= value <= 1000 for value in data["sentences"][2]["c"])
    assert data["sentences"][2]["q"] == data["sentences"][2]["p"]


def test_markup_in_tags_is_escaped_in_plots(page):
    [block] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, flags=re.DOTALL)
    figure = json.loads(block)["figures"]["confusion"]
    assert "&lt;/script&gt;" in figure["layout"]["xaxis"]["ticktext"]
    assert not any("<" in text for row in figure["data"][0]["customdata"] for text in row)


def test_page_requests_nothing(visible):
    assert not re.findall(r"""(?:src|href)=["'](?!#)""", visible)
    assert "@import" not in visible
    assert "url(" not in visible
    assert "default-src 'none'" in visible


def test_page_is_made_for_screen_readers(visible):
    ids = re.findall(r' id="([^"]+)"', visible)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'aria-labelledby="([^"]+)"', visible)) <= set(ids)
    assert set(re.findall(r'href="#([^"]+)"', visible)) <= set(ids)
    assert visible.count("<table") == visible.count("<caption")
    assert all("scope=" in cell for cell in re.findall(r"<th\b[^>]*>", visible) if "data-" not in cell)
    plots = re.findall(r'<div class="plot"[^>]*>', visible)
    assert len(plots) == 6
    assert all('role="img"' in plot and 'aria-label="' in plot for plot in plots)
    levels = [int(level) for level in re.findall(r"<h(\d)", visible)]
    assert levels[0] == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))


def test_json_has_the_figures_of_the_page(report, visible):
    figures, path = report
    assert json.loads(path.with_suffix(".json").read_text(encoding="utf8")) == json.loads(
        json.dumps(figures)
    )
    for name in ("accuracy", "known", "unknown"):
        rows = re.findall(rf'<tr data-share="{name}">(.*?)</tr>', visible, flags=re.DOTALL)
        share = figures["model"][name]
        cells = [f"{100 * share['value']:.2f}%", f"{100 * share['low']:.2f}% – {100 * share['high']:.2f}%"]
        assert len(rows) == 2
        assert re.findall(r"<td>(.*?)</td>", rows[0]) == [*cells, str(share["words"])]
    error = figures["model"]["calibration"]["error"]
    assert f"<b data-calibration>{100 * error:.2f}%</b>" in visible
    for plot in ("confusion", "reliability", "risk", "lengths", "training-scores", "training-losses"):
        assert f'id="plot-{plot}"' in visible
    assert "87.50%" in visible  # of the log
    assert "spacy-lstm-tagger" in visible


def test_a_model_compared_with_itself(report, visible):
    comparison = report[0]["comparison"]
    assert comparison["p_mcnemar"] == comparison["p_randomization"] == 1
    assert comparison["difference"]["value"] == comparison["differing_words"] == 0
    assert '<td id="p-mcnemar">1</td>' in visible


@pytest.mark.parametrize("is_first", [True, False])
def test_spacys_tagger_is_compared_without_confidences(is_first, model, data, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("tagger")
    nlp.initialize(lambda: create_corpus(data)(nlp))
    nlp.to_disk(tmp_path / "spacy")
    models = [tmp_path / "spacy", model] if is_first else [model, tmp_path / "spacy"]
    figures = write_report(models[0], data, tmp_path / "report.html", other_model=models[1])
    calibrated = [bool(figures[name]["calibration"]) for name in ("model", "other_model")]
    assert calibrated == ([False, True] if is_first else [True, False])
    page = (tmp_path / "report.html").read_text(encoding="utf8")
    assert page.count("No confidences:") == page.count("<b data-calibration>") == 1
    assert ('name="confidence"' in page) != is_first


def test_one_model_without_log_or_vocabulary(model, data, tmp_path):
    path = tmp_path / "report.html"
    figures = write_report(model, data, path, train=data)
    assert figures["comparison"] is figures["other_model"] is figures["training"] is None
    visible = re.sub(r"<script.*?</script>", "", path.read_text(encoding="utf8"), flags=re.DOTALL)
    assert "in exactly this form" in visible
    assert 'value="differ"' not in visible
    assert not path.with_suffix(".json").exists()
    assert figures["model"]["unknown"] is None
    assert figures["model"]["known"] == figures["model"]["accuracy"]


def test_the_same_data_give_the_same_figures(model, data, report, tmp_path):
    again = write_report(model, data, tmp_path / "report.html")["model"]
    assert {**again, "speed": 0} == {**report[0]["model"], "speed": 0}


def test_bad_names_and_missing_plotly_are_reported(model, data, monkeypatch):
    with pytest.raises(ValueError, match="L506"):
        write_report(model, data, "report.pdf")
    monkeypatch.setattr(
        "spacy_lstm_tagger.report.writing.find_spec",
        lambda name: None if name == "plotly" else find_spec(name),
    )
    with pytest.raises(ImportError, match=r"L501.*\[report\]"):
        write_report(model, data, "report.html")


def test_differences_are_in_points_not_percent(visible):
    """The two models are the same, so everything is 0."""
    assert 'percentage points</th><td id="difference">+0.00</td>' in visible
    assert "percentage points</th><td>+0.00 to +0.00</td>" in visible
    assert format_points(0.0123) == "+1.23"
    assert format_points(-0.4) == "-40.00"


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1"), (0.0432, "0.043"), (1e-4, "0.0001"), (1e-9, "< 0.0001")]
)
def test_p_values_are_short(value: float, text: str) -> None:
    assert format_p_value(value) == text


def test_template_is_beside_the_code() -> None:
    import spacy_lstm_tagger.report

    folder = Path(spacy_lstm_tagger.report.__file__).parent / "template"
    assert {path.name for path in folder.iterdir()} == {"page.html.j2", "style.css", "script.js"}
