"""What users hit: options without effect, disks that are full, rows that are none, streams and logs."""

import errno
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import spacy
from commands import invoke_plugin
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_lstm_tagger import LSTMTaggerError
from spacy_lstm_tagger.bulk import BadRow, Row, load_pipeline, progress, tag_files, tag_rows
from spacy_lstm_tagger.corpora.files import explain_failure

TEXTS = "I like ham\nEat blue ham\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.txt"
    path.write_text(TEXTS)
    return path


# Rows


@pytest.mark.parametrize(
    "content", [None, math.nan, 3, 2.5, b"I like", ("I", "like"), ["I", ""], ["I", 3], {}]
)
def test_content_that_is_none_is_a_bad_row(nlp: Language, content: Any) -> None:
    rows = [Row("a", "I like"), Row("b", content, "x.csv", 7), Row("c", ["Eat", "ham"])]
    first, bad, last = tag_rows(nlp, rows, on_error="skip")
    assert isinstance(bad, BadRow)
    assert (bad.file, bad.row, bad.reason[:6], bad.raw) == ("x.csv", 7, "[L431]", str(content))
    assert [first.words, last.words] == [["I", "like"], ["Eat", "ham"]]
    with pytest.raises(ValueError, match=r"x.csv, row 7: \[L431\]"):
        list(tag_rows(nlp, rows))


@pytest.mark.parametrize("row", [("a", "I like"), "I like", None, {"id": 1}])
def test_what_is_no_row_is_refused_in_either_mode(nlp: Language, row: Any) -> None:
    with pytest.raises(ValueError, match=r"\[L430\] .* is not a row"):
        list(tag_rows(nlp, [row], on_error="skip"))


@Language.component("merge_first_two")
def merge_first_two(doc: Doc) -> Doc:
    if len(doc) > 2:
        with doc.retokenize() as retokenizer:
            retokenizer.merge(doc[:2])
    return doc


def test_rows_that_fail_when_they_are_written_are_skipped(model: Path, tmp_path: Path) -> None:
    merging = spacy.load(model)
    merging.add_pipe("merge_first_two")
    merging.get_pipe("lstm_tagger").cfg["store_scores"] = True
    rows = [Row("a", "I like ham"), Row("b", "Eat ham")]
    bad, good = tag_rows(merging, rows, scores=True, on_error="skip")
    assert isinstance(bad, BadRow)
    assert "L106" in bad.reason
    assert good.words == ["Eat", "ham"]
    merging.to_disk(tmp_path / "merging")
    (tmp_path / "in.txt").write_text("I like ham\nEat ham\n")
    arguments = (tmp_path / "merging", tmp_path / "in.txt", tmp_path / "out.jsonl")
    with pytest.raises(ValueError, match=r"in.txt, row 1: \[L106\]"):
        tag_files(*arguments, scores=True)
    summary = tag_files(*arguments, scores=True, on_error="skip")
    assert (summary.n_rows, summary.n_bad) == (1, 1)
    assert json.loads((tmp_path / "out.jsonl").read_text())["words"] == ["Eat", "ham"]
    assert json.loads((tmp_path / "out.errors.jsonl").read_text())["row"] == 1


def test_texts_of_any_length_unless_a_component_needs_a_limit(model: Path, tmp_path: Path) -> None:
    text = "ham " * 260_000
    assert len(text) > 1_000_000
    (row,) = tag_rows(load_pipeline(model), [Row("a", text)])
    assert len(row.words) == 260_000
    nlp = spacy.load(model)
    ner = nlp.add_pipe("ner")
    ner.add_label("X")
    ner.initialize(lambda: [Example.from_dict(nlp.make_doc("x"), {})])
    nlp.to_disk(tmp_path / "with_ner")
    (bad,) = tag_rows(load_pipeline(tmp_path / "with_ner"), [Row("a", text)], on_error="skip")
    assert bad.reason.startswith("[L433] The text has 1040000 characters, more than the 1000000 ")


# Options without effect


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"gpu": True}, "'gpu' has no effect without a cluster.*gpu_id"),
        ({"ray_address": "auto"}, "'ray_address' has no effect without a cluster"),
        ({"engine": "ray", "gpu_id": 0}, "'gpu_id' has no effect on a cluster"),
        ({"text_column": "content"}, "'text_column' has no effect on .txt files"),
        ({"words_column": "tokens"}, "'words_column' has no effect on .txt files"),
        ({"id_column": "id"}, "'id_column' has no effect on .txt files"),
    ],
)
def test_options_without_effect_are_refused(
    model: Path, source: Path, tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=rf"\[L432\] The option {message}"):
        tag_files(model, source, tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()


def test_a_gpu_that_is_not_there(model: Path, source: Path, tmp_path: Path) -> None:
    code, output = invoke_plugin("apply", model, source, tmp_path / "out", "--gpu-id", 99)
    assert code == 1
    assert "[L427] Can't use GPU 99" in output


# Files that can't be written


@pytest.mark.parametrize("output", ["out", "out.jsonl", "out.parquet"])
def test_a_full_disk_is_named_and_nothing_is_lost(
    model: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    """The disk is full when the second shard is to be written."""
    fsync, n_files = os.fsync, 0

    def fill(descriptor: int) -> None:
        nonlocal n_files
        n_files += 1
        if n_files == 3:  # after the manifest and a shard
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fill)
        with pytest.raises(
            OSError, match=r"\[L435\] Can't write .*part-00000001.*No space.*Free space"
        ) as error:
            tag_files(model, source, tmp_path / output, shard_size=1)
    assert isinstance(error.value, LSTMTaggerError)
    summary = tag_files(model, source, tmp_path / output, shard_size=1)
    assert (summary.n_finished_before, summary.n_shards) == (1, 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_that_is_full() -> None:
    path, message = Path("/dev/full"), r"\[L435\] Can't write /dev/full: No space left on device"
    with pytest.raises(OSError, match=message), explain_failure(path), path.open("w") as file:
        file.write("x")


def test_a_folder_that_can_not_be_made(model: Path, source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, output = invoke_plugin("apply", model, source, tmp_path / "file" / "out")
    assert code == 1
    assert "[L435] Can't write" in output


# Progress


def test_a_log_gets_a_line_now_and_then(
    model: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    tag_files(model, source, tmp_path / "out", shard_size=1, progress=True)
    first, last = capfd.readouterr().err.splitlines()
    assert first.startswith("1 of 2 rows, ")
    assert last.startswith("2 of 2 rows, ")
    assert last.endswith(" words/s, 0 min left")
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 99.0)
    tag_files(model, source, tmp_path / "again", shard_size=1, progress=True)
    assert len(capfd.readouterr().err.splitlines()) == 1, "the last line alone"


# Standard streams


def run(*arguments: object, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "spacy", "lstm-tagger", "apply", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False)


def test_from_standard_input_to_standard_output(model: Path, source: Path, tmp_path: Path) -> None:
    done = run(model, "-", "-", "--input-format", "txt", stdin=TEXTS.encode())
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    tag_files(model, source, tmp_path / "out.jsonl")
    expected = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(row["words"], row["tags"]) for row in rows] == [
        (row["words"], row["tags"]) for row in expected
    ]
    assert [row["id"] for row in rows] == ["stdin.txt:1", "stdin.txt:2"]


def test_conllu_through_a_pipe_and_bad_rows(model: Path) -> None:
    sentence = "# sent_id = 1\n1\tham\t_\t_\t_\t_\t_\t_\t_\tX=y\n\n"
    options = ("--input-format", "conllu", "--format", "conllu", "--on-error", "skip")
    done = run(model, "-", "-", *options, stdin=(sentence + "wrong\n\n").encode())
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode() == sentence.replace("ham\t_\t_\t_", "ham\t_\t_\tN") + "wrong\n\n"
    assert b"L308" in done.stderr


def test_the_format_of_standard_input_must_be_named(model: Path, tmp_path: Path) -> None:
    for arguments, message in (
        ([model, "-", tmp_path / "out.jsonl"], "[L436]"),
        ([model, "-", tmp_path / "out.jsonl", "--input-format", "docx"], "[L436]"),
        ([model, tmp_path, tmp_path / "out.jsonl", "--input-format", "txt"], "[L432]"),
    ):
        code, output = invoke_plugin("apply", *arguments)
        assert code == 1
        assert message in output
