"""Bad rows of every kind: an error that names the place, or a line in a file of their own."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from spacy.tokens import DocBin

from spacy_lstm_tagger.bulk import BadRow, Row, TaggedRow, tag_files, tag_rows

GOOD = b'{"id": "good", "text": "I like eggs"}'
BAD_LINES = {
    b'{"id": "a", "text": "I like': "L316",  # truncated
    b"I like eggs": "L316",
    b'{"id": "a"}': "L421",
    b'{"id": "a", "text": null}': "L421",
    b'{"id": "a", "text": 3}': "L422",
    b'{"text": "x"}': "L423",
    b'{"id": true, "text": "x"}': "L423",
    b'{"id": 1.5, "text": "x"}': "L423",
    b'{"id": "a", "words": "I like"}': "L424",
    b'{"id": "a", "words": ["I", ""]}': "L424",
    b'{"id": "a", "words": ["I", 3]}': "L424",
    b'{"id": "a", "text": "half \\ud83e"}': "L425",
    b'{"id": "\\ud83e", "text": "x"}': "L425",
    b'{"id": "a", "words": ["\\ud83e"]}': "L425",
    b'{"id": "a", "text": "caf\xe9"}': "L307",
    b'["I like eggs"]': "L317",
    b"[" * 100_000: "L316",
    b'{"id": ' + b"9" * 5000 + b', "text": "x"}': "L316",  # more digits than Python reads
}


def read_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]


def fail_on(nlp, word):
    """RETURNS (Callable): A component that fails for documents with this word."""

    def fail(doc):
        if word in [token.text for token in doc]:
            raise ArithmeticError(f"no {word}")
        return doc

    return fail


def test_bad_lines_are_skipped(model, tmp_path):
    lines = [line for bad in BAD_LINES for line in (bad, GOOD)]
    (tmp_path / "in.jsonl").write_bytes(b"\n".join(lines))
    summary = tag_files(
        model, tmp_path / "in.jsonl", tmp_path / "out", id_column="id", on_error="skip", shard_size=7
    )
    assert summary.n_bad == len(BAD_LINES)
    assert summary.bad_rows == tmp_path / "out" / "_errors.jsonl"
    bad = read_lines(summary.bad_rows)
    assert [(row["file"], row["row"]) for row in bad] == [
        ("in.jsonl", 2 * i + 1) for i in range(len(BAD_LINES))
    ]
    for row, (line, reason) in zip(bad, BAD_LINES.items(), strict=True):
        assert reason in row["reason"]
        assert row["raw"] == line.decode(errors="backslashreplace")
    parts = sorted((tmp_path / "out").glob("part-*"))
    good = [row for part in parts for row in read_lines(part)]
    assert [row["id"] for row in good] == ["good"] * len(BAD_LINES)


@pytest.mark.parametrize("line", BAD_LINES, ids=lambda line: line[:30].decode(errors="replace"))
def test_a_bad_line_stops(line, model, tmp_path):
    (tmp_path / "in.jsonl").write_bytes(GOOD + b"\n" + line + b"\n" + GOOD)
    with pytest.raises(ValueError, match=r"\[L416\] in.jsonl, row 2: ") as error:
        tag_files(model, tmp_path / "in.jsonl", tmp_path / "out.jsonl", id_column="id")
    assert BAD_LINES[line] in str(error.value)
    assert not (tmp_path / "out.jsonl").exists()


def test_a_line_that_is_not_utf8(model, tmp_path):
    (tmp_path / "in.txt").write_bytes(b"I like\ncaf\xe9\neggs")
    with pytest.raises(ValueError, match=r"in.txt, row 2: \[L307\] byte 3, "):
        tag_files(model, tmp_path / "in.txt", tmp_path / "out.jsonl")
    # The same run is resumed with another `on_error`.
    summary = tag_files(model, tmp_path / "in.txt", tmp_path / "out.jsonl", on_error="skip")
    assert summary.bad_rows == tmp_path / "out.errors.jsonl"
    (bad,) = read_lines(summary.bad_rows)
    assert (bad["row"], bad["raw"]) == (2, "caf\\xe9")
    assert [row["id"] for row in read_lines(tmp_path / "out.jsonl")] == ["in.txt:1", "in.txt:3"]


def test_bad_rows_of_parquet(model, tmp_path):
    not_utf8 = pa.Array.from_buffers(pa.string(), 3, pa.array([b"a", b"\xe9", b"c"], pa.binary()).buffers())
    pq.write_table(pa.table({"text": not_utf8, "id": [1, 2, None]}), tmp_path / "in.parquet")
    summary = tag_files(
        model, tmp_path / "in.parquet", tmp_path / "out.jsonl", on_error="skip", id_column="id"
    )
    bad = read_lines(summary.bad_rows)
    assert [(row["row"], row["reason"][:6]) for row in bad] == [(2, "[L307]"), (3, "[L423]")]
    assert "\\xe9" in bad[0]["raw"]
    assert "'c'" in bad[1]["raw"]
    assert [row["id"] for row in read_lines(tmp_path / "out.jsonl")] == [1]


@pytest.mark.parametrize(
    ("column", "reason"), [(["a", None], "L421"), ([3, 4], "L422"), ([["a"], ["b"]], "L422")]
)
def test_columns_of_another_type(column, reason, model, tmp_path):
    pq.write_table(pa.table({"text": column}), tmp_path / "in.parquet")
    with pytest.raises(ValueError, match=reason):
        tag_files(model, tmp_path / "in.parquet", tmp_path / "out.jsonl")


def test_bad_documents(model, nlp, tmp_path):
    docs = DocBin(docs=[nlp.make_doc("I like"), nlp.make_doc("bad eggs"), nlp.make_doc("ham")])
    docs.tokens[1] = docs.tokens[1] + 1  # refers to strings that are not in the file
    docs.to_disk(tmp_path / "in.spacy")
    summary = tag_files(model, tmp_path / "in.spacy", tmp_path / "out.jsonl", on_error="skip")
    assert [row["row"] for row in read_lines(summary.bad_rows)] == [2]
    assert [row["words"] for row in read_lines(tmp_path / "out.jsonl")] == [["I", "like"], ["ham"]]


@pytest.mark.parametrize("content", ["bad ham", ["bad", "ham"], "doc"])
def test_an_exception_of_the_pipeline_is_of_one_row(content, nlp, monkeypatch):
    monkeypatch.setattr(nlp, "_components", [*nlp._components, ("fail", fail_on(nlp, "bad"))])
    monkeypatch.setitem(nlp._pipe_configs, "fail", {})
    content = nlp.make_doc("bad ham") if content == "doc" else content
    rows = [Row("a", "I like"), Row("b", content, "x.txt", 7), Row("c", "eggs"), Row("d", "")]
    found = list(tag_rows(nlp, rows, on_error="skip", batch_size=3))
    assert [type(row) for row in found] == [TaggedRow, BadRow, TaggedRow, TaggedRow]
    assert found[1] == BadRow("x.txt", 7, "ArithmeticError: no bad", str(content))
    assert found[0].tags == [token.tag_ for token in nlp("I like")]
    with pytest.raises(ValueError, match=r"x.txt, row 7: ArithmeticError: no bad\."):
        list(tag_rows(nlp, rows))
    assert not nlp.vocab.in_memory_zone


def test_a_document_that_is_too_long_for_the_pipeline(nlp, monkeypatch):
    nlp.max_length, before = 10, nlp.max_length
    try:
        found = list(tag_rows(nlp, [Row(1, "I like"), Row(2, "x" * 11)], on_error="skip"))
    finally:
        nlp.max_length = before
    assert found[0].words == ["I", "like"]
    assert found[1].reason.startswith("[L433] The text has 11 characters, more than the 10 ")


def test_rows_that_are_all_bad_make_empty_files(model, tmp_path):
    (tmp_path / "in.jsonl").write_text("x\ny\n")
    for name, n_bytes in (("out.jsonl", 0), ("out.parquet", None), ("out.spacy", None)):
        summary = tag_files(model, tmp_path / "in.jsonl", tmp_path / name, on_error="skip", shard_size=1)
        assert (summary.n_rows, summary.n_bad) == (0, 2)
        assert n_bytes is None or (tmp_path / name).stat().st_size == n_bytes
        summary.bad_rows.unlink()
    assert pq.ParquetFile(tmp_path / "out.parquet").read().column_names == ["id", "words", "tags"]
    assert len(DocBin().from_disk(tmp_path / "out.spacy")) == 0


def test_scores_that_are_not_stored_are_not_bad_rows(nlp):
    """The call is wrong, not the rows: none of them would be left."""
    nlp.get_pipe("lstm_tagger").cfg["store_scores"] = False
    try:
        with pytest.raises(ValueError, match="L104"):
            list(tag_rows(nlp, [Row(1, "I like")], scores=True, on_error="skip"))
    finally:
        nlp.get_pipe("lstm_tagger").cfg["store_scores"] = True


def test_a_bad_row_of_no_file_has_no_number(nlp, monkeypatch):
    monkeypatch.setattr(nlp, "_components", [*nlp._components, ("fail", fail_on(nlp, "bad"))])
    monkeypatch.setitem(nlp._pipe_configs, "fail", {})
    (found,) = tag_rows(nlp, [Row("a", "bad ham")], on_error="skip")
    assert found == BadRow("", 0, "ArithmeticError: no bad", "bad ham")


def test_a_pipeline_that_drops_documents_of_a_batch(nlp, monkeypatch):
    """Every row gets the words and tags of its own document."""
    texts = ["I like", "Eat blue ham", "eggs"]
    monkeypatch.setattr(nlp, "pipe", lambda docs, **_: [nlp(doc) for doc in list(docs)[1:]])
    found = list(tag_rows(nlp, [Row(i, text) for i, text in enumerate(texts)]))
    docs = [nlp(text) for text in texts]
    assert [row.words for row in found] == [[token.text for token in doc] for doc in docs]
    assert [row.tags for row in found] == [[token.tag_ for token in doc] for doc in docs]
