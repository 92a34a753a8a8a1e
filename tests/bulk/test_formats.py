"""Every format in and out: row i of the output is what the pipeline gives for row i of the input."""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_lstm_tagger.bulk import Row, parquet, running, tag_files, tag_rows
from spacy_lstm_tagger.bulk.manifest import compute_fingerprint

TEXTS = [
    "I like green eggs",
    "",
    "Eat blue ham.",
    "She sees  old dogs\tnow",
    "über-grüne 🥚🥚!",
    "\u2028 x",
]


def write_txt(path, texts):
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf8", newline="")


def write_jsonl(path, texts):
    lines = [json.dumps({"key": f"k{i}", "text": text}) for i, text in enumerate(texts)]
    path.write_text("\n".join(lines))  # no newline at the end


def write_parquet(path, texts):
    table = pa.table({"key": [f"k{i}" for i in range(len(texts))], "text": pa.array(texts, pa.string())})
    pq.write_table(table, path, row_group_size=4)


def write_spacy(path, texts, nlp):
    docs = DocBin(store_user_data=True)
    for i, text in enumerate(texts):
        doc = nlp.make_doc(text)
        doc.user_data["key"] = f"k{i}"
        docs.add(doc)
    docs.to_disk(path)


def write_input(path, texts, nlp):
    writers = {".txt": write_txt, ".jsonl": write_jsonl, ".parquet": write_parquet}
    if path.suffix == ".spacy":
        write_spacy(path, texts, nlp)
    else:
        writers[path.suffix](path, texts)


def read_output(path):
    """Read a file or a folder of shards as a list of dicts."""
    path = Path(path)
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if not file.name.startswith("_"))
        return [row for file in files for row in read_output(file)]
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf8").split("\n") if line]
    if path.suffix == ".parquet":
        return pq.ParquetFile(path).read().to_pylist()
    docs = DocBin().from_disk(path).get_docs(Vocab())
    return [
        {"id": doc.user_data["id"], "words": [t.text for t in doc], "tags": [t.tag_ for t in doc]}
        for doc in docs
    ]


def expect(nlp, texts, name=None):
    """What one call of the pipeline for each text gives."""
    docs = [nlp(text) for text in texts]
    return [
        {
            "id": f"{name}:{i + 1}" if name else f"k{i}",
            "words": [token.text for token in doc],
            "tags": [token.tag_ for token in doc],
        }
        for i, doc in enumerate(docs)
    ]


@pytest.mark.parametrize("suffix", [".txt", ".jsonl", ".parquet", ".spacy"])
@pytest.mark.parametrize("output", ["out.jsonl", "out.parquet", "out.spacy", "folder"])
def test_formats_in_and_out(suffix, output, model, nlp, tmp_path):
    source = tmp_path / f"in{suffix}"
    texts = [*TEXTS, *reversed(TEXTS)]
    write_input(source, texts, nlp)
    id_column = None if suffix == ".txt" else "key"
    summary = tag_files(model, source, tmp_path / output, shard_size=5, batch_size=2, id_column=id_column)
    expected = expect(nlp, texts, None if id_column else source.name)
    assert read_output(tmp_path / output) == expected
    assert (summary.n_rows, summary.n_bad, summary.n_shards) == (len(texts), 0, 3)
    assert summary.n_words == sum(len(row["words"]) for row in expected)
    assert summary.bad_rows is None
    kept = {f"part-0000000{i}.jsonl" for i in range(3)} | {"_manifest.json"}
    left = {source.name, output} | ({f".{output}.manifest.json"} if "." in output else set())
    assert {path.name for path in tmp_path.iterdir()} == left
    assert output != "folder" or {path.name for path in (tmp_path / output).iterdir()} == kept


# What a text file can hold: the end of a line ends a text, and a BOM at the start is not part of one.
LINES = st.text(st.characters(exclude_characters="\r\n\ufeff", exclude_categories=["Cs"]), max_size=30)


@settings(max_examples=25)
@given(
    texts=st.lists(st.one_of(st.sampled_from(TEXTS), LINES), min_size=1, max_size=12),
    shard_size=st.integers(1, 13),
    batch_size=st.integers(1, 13),
    suffix=st.sampled_from([".txt", ".jsonl", ".parquet", ".spacy"]),
)
def test_rows_do_not_depend_on_shards_and_batches(
    texts, shard_size, batch_size, suffix, model, nlp, tmp_path_factory
):
    folder = tmp_path_factory.mktemp("any")
    source = folder / f"in{suffix}"
    write_input(source, texts, nlp)
    tag_files(model, source, folder / "out.jsonl", shard_size=shard_size, batch_size=batch_size)
    assert read_output(folder / "out.jsonl") == expect(nlp, texts, source.name)


@settings(max_examples=25)
@given(
    groups=st.integers(1, 9), start=st.integers(0, 20), n_rows=st.integers(1, 20), at_once=st.integers(1, 9)
)
def test_any_slice_of_a_parquet_file(groups, start, n_rows, at_once, tmp_path_factory):
    path = tmp_path_factory.mktemp("slices") / "in.parquet"
    pq.write_table(pa.table({"n": range(20)}), path, row_group_size=groups)
    with pq.ParquetFile(path) as table, pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "_READ_AT_ONCE", at_once)
        batches = parquet._read_batches(table, parquet.Slice(start, n_rows), ["n"])
        found = [value for batch in batches for value in batch.column("n").to_pylist()]
    assert found == list(range(20))[start : start + n_rows]


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_words_are_taken_as_they_are(suffix, model, nlp, tmp_path):
    records = [
        {"key": 7, "words": ["don't", "like eggs"], "text": "not read"},
        {"key": 8, "words": None, "text": "I like ham"},
        {"key": 9, "words": [], "text": "not read"},
    ]
    source = tmp_path / f"in{suffix}"
    if suffix == ".jsonl":
        source.write_text("".join(json.dumps(record) + "\n\n" for record in records))
    else:
        pq.write_table(pa.Table.from_pylist(records), source)
    tag_files(model, source, tmp_path / "out.jsonl", id_column="key")
    rows = read_output(tmp_path / "out.jsonl")
    doc = nlp(Doc(nlp.vocab, words=["don't", "like eggs"]))
    assert [(row["id"], row["words"]) for row in rows] == [
        (7, ["don't", "like eggs"]),
        (8, ["I", "like", "ham"]),
        (9, []),
    ]
    assert rows[0]["tags"] == [token.tag_ for token in doc]


@pytest.mark.parametrize("output", ["out.jsonl", "out.parquet"])
def test_scores_are_those_of_the_component(output, model, nlp, tmp_path):
    write_txt(tmp_path / "in.txt", TEXTS)
    tag_files(model, tmp_path / "in.txt", tmp_path / output, scores=True)
    for row, text in zip(read_output(tmp_path / output), TEXTS, strict=True):
        assert row["scores"] == pytest.approx([token._.tag_score for token in nlp(text)], abs=1e-5)


def test_spacy_output_keeps_annotation_and_scores(model, nlp, tmp_path):
    doc = nlp.make_doc("Eat blue ham")
    doc.ents = [doc.char_span(4, 12, label="FOOD")]
    DocBin(docs=[doc]).to_disk(tmp_path / "in.spacy")
    tag_files(model, tmp_path / "in.spacy", tmp_path / "out.spacy", scores=True)
    (found,) = DocBin().from_disk(tmp_path / "out.spacy").get_docs(Vocab())
    assert [(ent.text, ent.label_) for ent in found.ents] == [("blue ham", "FOOD")]
    assert [token.tag_ for token in found] == [token.tag_ for token in nlp("Eat blue ham")]
    assert len(found._.tag_scores) == 3


def test_a_folder_and_a_glob_keep_the_order_of_names(model, nlp, tmp_path):
    data = tmp_path / "data"
    (data / "b").mkdir(parents=True)
    for name in ("b/2.txt", "a.jsonl", "c.parquet", "b/1.txt", ".hidden.txt", "_notes.txt"):
        write_input(data / name, [f"text of {name}"], nlp)
    (data / "read.me").write_text("of no format")
    names = ["a.jsonl", "b/1.txt", "b/2.txt", "c.parquet"]
    tag_files(model, data, tmp_path / "of_folder.jsonl")
    rows = read_output(tmp_path / "of_folder.jsonl")
    assert [row["id"] for row in rows] == [f"{name}:1" for name in names]
    assert ["".join(row["words"]) for row in rows] == [f"textof{name}" for name in names]
    tag_files(model, str(data / "**" / "[12].txt"), tmp_path / "of_glob.jsonl")
    assert [row["id"] for row in read_output(tmp_path / "of_glob.jsonl")] == ["1.txt:1", "2.txt:1"]


def test_windows_line_ends_and_a_byte_order_mark(model, tmp_path):
    (tmp_path / "in.txt").write_bytes("\ufeffI like\r\n\r\neggs".encode())
    tag_files(model, tmp_path / "in.txt", tmp_path / "out.jsonl", shard_size=1)
    assert [row["words"] for row in read_output(tmp_path / "out.jsonl")] == [["I", "like"], [], ["eggs"]]


def test_long_lines_make_short_shards(model, tmp_path, monkeypatch):
    monkeypatch.setattr("spacy_lstm_tagger.bulk.shards.MAX_BYTES", 10)
    write_txt(tmp_path / "in.txt", ["123456", "12", "1234567890123", "", "123"])
    tag_files(model, tmp_path / "in.txt", tmp_path / "out")
    found = [
        [row["id"] for row in read_output(file)] for file in sorted((tmp_path / "out").glob("*.jsonl"))
    ]
    assert found == [["in.txt:1", "in.txt:2"], ["in.txt:3"], ["in.txt:4", "in.txt:5"]]


def test_long_documents_make_short_batches(nlp, monkeypatch):
    monkeypatch.setattr("spacy_lstm_tagger.bulk.tagging.MAX_CHARACTERS", 10)
    sizes = []
    monkeypatch.setattr(nlp, "pipe", lambda docs, **_: sizes.append(len(docs)) or map(nlp, docs))
    rows = [Row(i, text) for i, text in enumerate(["I like", ["Eat"], "blue ham and eggs", "x"])]
    assert [row.id for row in tag_rows(nlp, rows)] == [0, 1, 2, 3]
    assert sizes == [2, 1, 1]


@pytest.mark.parametrize("suffix", [".txt", ".parquet", ".spacy"])
def test_the_vocab_forgets_the_words(suffix, model, nlp, tmp_path):
    """And what the component caches by their ids stays right."""
    texts = [f"I like {'x' * (i % 7)}q{i} eggs" for i in range(60)]
    write_input(tmp_path / f"in{suffix}", texts, nlp)
    tag_files(model, tmp_path / f"in{suffix}", tmp_path / "first.jsonl", shard_size=10)
    loaded = running._load(str(model), compute_fingerprint(model), None, False, -1)
    n_strings, n_lexemes = len(loaded.vocab.strings), len(list(loaded.vocab))
    assert "q7" not in loaded.vocab.strings
    tag_files(model, tmp_path / f"in{suffix}", tmp_path / "second.jsonl", shard_size=10)
    assert (len(loaded.vocab.strings), len(list(loaded.vocab))) == (n_strings, n_lexemes)
    assert read_output(tmp_path / "second.jsonl") == expect(nlp, texts, f"in{suffix}")


def test_tag_rows_leaves_documents_as_they_were(nlp):
    doc = nlp.make_doc("I like eggs")
    (row,) = tag_rows(nlp, [Row("a", doc)])
    assert row == ("a", ["I", "like", "eggs"], [token.tag_ for token in nlp("I like eggs")], None)
    assert [token.tag_ for token in doc] == ["", "", ""]


def test_parquet_without_pyarrow_says_what_to_install(model, tmp_path, monkeypatch):
    write_txt(tmp_path / "in.txt", TEXTS)
    write_parquet(tmp_path / "in.parquet", TEXTS)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for source, output in (("in.txt", "out.parquet"), ("in.parquet", "out.jsonl")):
        with pytest.raises(ImportError, match=r"spacy-lstm-tagger\[parquet\]"):
            tag_files(model, tmp_path / source, tmp_path / output)


def test_batches_have_at_most_the_maximum_of_characters(nlp, monkeypatch):
    monkeypatch.setattr("spacy_lstm_tagger.bulk.tagging.MAX_CHARACTERS", 10)
    sizes = []
    monkeypatch.setattr(nlp, "pipe", lambda docs, **_: sizes.append(len(docs)) or map(nlp, docs))
    texts = ["I like", "eggs", ["blue", "ham", "now"], "x", "I"]  # of 6, 4, 10, 1 and 1 characters
    assert len(list(tag_rows(nlp, [Row(i, text) for i, text in enumerate(texts)]))) == 5
    assert sizes == [2, 1, 2]
    sizes.clear()
    assert (
        len(list(tag_rows(nlp, [Row(i, text) for i, text in enumerate(["I like eggs", *texts[:2]])]))) == 3
    )
    assert sizes == [1, 2]


def test_rows_are_tagged_together(nlp, monkeypatch):
    """And not one by one, as those of a batch that fails."""
    expected = [(["I"], [token.tag_ for token in nlp("I")])] * 5
    sizes = []
    pipe = nlp.pipe
    monkeypatch.setattr(
        nlp, "pipe", lambda docs, **settings: sizes.append(len(docs)) or pipe(docs, **settings)
    )
    monkeypatch.setattr(type(nlp), "__call__", None)
    found = list(tag_rows(nlp, [Row(i, "I") for i in range(5)], batch_size=2))
    assert [(row.words, row.tags) for row in found] == expected
    assert sizes == [2, 2, 1]


def test_scores_have_the_digits_of_float32(model, nlp, tmp_path):
    write_txt(tmp_path / "in.txt", TEXTS)
    tag_files(model, tmp_path / "in.txt", tmp_path / "out.jsonl", scores=True)
    scores = [score for row in read_output(tmp_path / "out.jsonl") for score in row["scores"]]
    assert scores == [round(score, 6) for score in scores]
    assert scores != [round(score, 5) for score in scores]


def test_words_that_a_later_component_merges(model, nlp, tmp_path):
    merging = spacy.load(model)
    merging.add_pipe("entity_ruler").add_patterns([{"label": "FOOD", "pattern": "green eggs"}])
    merging.add_pipe("merge_entities")
    merging.to_disk(tmp_path / "model")
    write_txt(tmp_path / "in.txt", ["I like green eggs", "Eat ham"])
    tag_files(tmp_path / "model", tmp_path / "in.txt", tmp_path / "out.jsonl")
    found = read_output(tmp_path / "out.jsonl")
    assert [row["words"] for row in found] == [["I", "like", "green eggs"], ["Eat", "ham"]]
    tag_files(tmp_path / "model", tmp_path / "in.txt", tmp_path / "out.spacy", scores=True)
    with pytest.raises(ValueError, match=r"L106.*'I like green eggs'.*merge_entities"):
        tag_files(tmp_path / "model", tmp_path / "in.txt", tmp_path / "scores.jsonl", scores=True)
    merged, other = DocBin().from_disk(tmp_path / "out.spacy").get_docs(Vocab())
    assert [token._.tag_score for token in merged] == [None] * 3
    assert other[1]._.tag_score == pytest.approx(nlp("Eat ham")[1]._.tag_score, abs=1e-5)
