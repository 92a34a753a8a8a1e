"""`python -m spacy lstm-tagger report`: options reach it, errors are shown without a traceback."""

import errno
import json
import os
from functools import partial
from pathlib import Path

from commands import invoke_plugin

run = partial(invoke_plugin, "report")


def test_report(model, data, log, tmp_path):
    path = tmp_path / "report.html"
    options = ["--compare", model, "--train", data, "--log", log, "--tag", "upos", "--json"]
    code, output = run(model, data, path, *options)
    assert code == 0, output
    figures = json.loads(path.with_suffix(".json").read_text(encoding="utf8"))
    assert f"accuracy {100 * figures['model']['accuracy']['value']:.2f}%" in output
    assert "p = 1 (approximate randomization)" in output
    assert figures["known_words"].startswith("A word is known if it occurs in the training data")
    assert figures["training"]["scores"] == {"tag_acc": [0.1, 0.875]}
    assert path.read_text(encoding="utf8").startswith("<!DOCTYPE html>")


def test_the_column_and_the_component_are_those_asked_for(model, tmp_path):
    data = tmp_path / "data.conllu"
    data.write_text("1\tham\tham\tNOUN\tN\t_\t_\t_\t_\t_\n\n")
    code, _ = run(model, data, tmp_path / "report.html", "--json")
    figures = json.loads((tmp_path / "report.json").read_text())
    assert (code, figures["model"]["accuracy"]["value"]) == (0, 1)
    code, _ = run(model, data, tmp_path / "report.html", "--json", "--tag", "upos", "--component", "other")
    figures = json.loads((tmp_path / "report.json").read_text())
    assert (code, figures["model"]["accuracy"]["value"], figures["model"]["calibration"]) == (0, 0, None)


def test_a_full_disk_is_named(model, data, tmp_path, monkeypatch):
    def fill(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", fill)
    monkeypatch.setattr("srsly.write_json", fill)
    for command, arguments in (
        ("report", [model, data, tmp_path / "out.html"]),
        ("evaluate", [model, data, "--output", tmp_path / "out.json"]),
        ("check", [data, "--output", tmp_path / "out.json"]),
        ("init-config", [tmp_path / "out.cfg"]),
    ):
        code, output = invoke_plugin(command, *arguments)
        assert code == 1
        assert "[L435] Can't write" in output
        assert "No space left on device" in output


def test_errors_are_reported(model, data, log, tmp_path):
    (tmp_path / "bad.jsonl").write_text("no log")
    for arguments, message in (
        ([model, data, tmp_path / "report.pdf"], "[L506]"),
        ([model, data, tmp_path / "report.html", "--log", tmp_path / "bad.jsonl"], "[L504]"),
        ([tmp_path, data, tmp_path / "report.html"], "[E053]"),
        ([model, tmp_path / "bad.jsonl", tmp_path / "report.html"], "[L316]"),
    ):
        code, output = run(*arguments)
        assert code == 1
        assert message in output
        assert "Traceback" not in output
    assert not (tmp_path / "report.html").exists()
