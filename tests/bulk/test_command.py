"""`python -m spacy lstm-tagger apply`: options reach the run, errors are reported without a traceback."""

import json
from functools import partial

from commands import invoke_plugin

run = partial(invoke_plugin, "apply")


def test_apply(model, tmp_path):
    (tmp_path / "in.jsonl").write_text('{"t": "I like eggs", "n": 5}\n{"n": 6}\n{"w": ["a b"], "n": 7}\n')
    options = ["--text-column", "t", "--words-column", "w", "--id-column", "n", "--scores"]
    options += ["--on-error", "skip", "--shard-size", 2, "--batch-size", 1]
    code, output = run(model, tmp_path / "in.jsonl", tmp_path / "out", *options)
    assert code == 0
    assert "2 rows, 4 words" in output
    assert "_errors.jsonl" in output
    parts = sorted((tmp_path / "out").glob("part-*"))
    assert len(parts) == 2
    rows = [json.loads(line) for part in parts for line in part.read_text().splitlines()]
    assert [(row["id"], row["words"]) for row in rows] == [(5, ["I", "like", "eggs"]), (7, ["a b"])]
    assert [len(row["scores"]) for row in rows] == [3, 1]
    code, output = run(model, tmp_path / "in.jsonl", tmp_path / "out", *options)
    assert code == 0
    assert "2 shards were already finished" in output


def test_errors_are_reported(model, tmp_path):
    (tmp_path / "in.txt").write_bytes(b"\xff")
    code, output = run(model, tmp_path / "in.txt", tmp_path / "out.jsonl")
    assert code == 1
    assert "[L416] in.txt, row 1: [L307]" in output
    assert "Traceback" not in output


def test_an_interruption_is_reported(model, tmp_path, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("spacy_lstm_tagger.cli.apply.tag_streams", interrupt)
    code, output = run(model, tmp_path / "in.txt", tmp_path / "out.jsonl")
    assert code == 130
    assert "Run the same command to resume" in output
