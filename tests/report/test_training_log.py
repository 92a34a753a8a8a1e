"""The log of a training: what spaCy's logger writes is read, and anything else is refused."""

import json

import pytest
import spacy
from spacy.training.loggers import console_logger_v3

from spacy_lstm_tagger.report.plots import plot_training
from spacy_lstm_tagger.report.training_log import read_log


def test_log_of_spacys_logger_is_read(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("lstm_tagger")
    nlp.config["training"]["score_weights"] = {"tag_acc": 1.0}
    path = tmp_path / "log.jsonl"
    log_step, finish = console_logger_v3(console_output=False, output_file=path)(nlp)
    for step, score in ((0, 0.25), (100, 0.5)):
        losses = {"lstm_tagger": 10.0 - step / 20}
        log_step(
            {"epoch": 0, "step": step, "score": score, "other_scores": {"tag_acc": score}, "losses": losses}
        )
    finish()
    expected = {
        "steps": [0, 100],
        "scores": {"tag_acc": [0.25, 0.5]},
        "losses": {"lstm_tagger": [10.0, 5.0]},
    }
    assert read_log(path) == expected


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_spacys_logger_prints_is_read(newline, tmp_path):
    nlp = spacy.blank("en")
    for name in ("lstm_tagger", "lstm_tagger_2", "morph"):
        nlp.add_pipe("lstm_tagger", name=name)
    nlp.config["training"]["score_weights"] = {"tag_acc": 1.0, "speed": 0.0}
    path = tmp_path / "train.log"
    with path.open("w", newline=newline) as file:
        file.write("\x1b[38;5;4mℹ Using CPU\x1b[0m\nE    #  ---\n")
        for first in (0, 300):  # the second one is from a training that was resumed
            log_step, finish = console_logger_v3()(nlp, stdout=file)
            for step, loss in ((first, 10.25), (first + 100, float("nan"))):
                scores = {"tag_acc": step / 1000, "speed": 5000.0}
                losses = {"lstm_tagger": loss, "lstm_tagger_2": 2.0, "morph": 3.0}
                log_step({"epoch": 0, "step": step, "score": 0.5, "other_scores": scores, "losses": losses})
                file.write("  5%|#    | 5/100\rUserWarning: a warning in between\n1 2 3\n")
                file.write("nan " * 8 + "\n")
            finish()
        file.write("✔ Saved pipeline to output directory\n")
    assert read_log(path) == {
        "steps": [300, 400],
        "scores": {"tag_acc": [0.3, 0.4]},
        "losses": {"lstm_...": [10.25, None], "lstm_... (2)": [2.0, 2.0], "morph": [3.0, 3.0]},
    }


def test_shares_outside_of_scores_are_read_and_gaps_are_none(tmp_path):
    rows = [{"step": 1, "tag_acc": 0.5, "words": 9}, {"step": 2, "losses": {"a": float("nan"), "b": 1}}]
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join([*map(json.dumps, rows), ""]))
    expected = {"steps": [1, 2], "scores": {"tag_acc": [0.5, None]}, "losses": {"b": [None, 1]}}
    assert read_log(path) == expected


@pytest.mark.parametrize(
    "line", ["{", "3", "{}", '{"step": "1"}', '{"step": 1, "scores": [2]}', "E   #   LOSS"]
)
def test_other_lines_are_refused_by_number(line, tmp_path):
    path = tmp_path / "train.log"
    path.write_text(f'{{"step": 0}}\n\n{line}\n')
    with pytest.raises(ValueError, match=r"L504.*train\.log, line 3"):
        read_log(path)


def test_empty_log_is_refused(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text("\n")
    with pytest.raises(ValueError, match="L505"):
        read_log(path)


@pytest.mark.parametrize(("n_evaluations", "first"), [(1, 0), (2, 0), (3, 1)])
def test_curves_leave_out_what_was_before_training_and_tables_do_not(n_evaluations, first):
    steps = [0, 100, 200][:n_evaluations]
    scores = [0.0, 0.9, 0.95][:n_evaluations]
    log = {"steps": steps, "scores": {"tag_acc": scores}, "losses": {"lstm_tagger": scores}}
    for plot in plot_training(log):
        (trace,) = plot.figure["data"]
        assert (trace["x"], trace["y"]) == (steps[first:], scores[first:])
        assert [row[0] for row in plot.rows] == list(map(str, steps))
