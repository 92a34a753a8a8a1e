"""Every column: what is written of a document besides its tags."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_lstm_tagger import create_corpus
from spacy_lstm_tagger.bulk import Row, tag_files, tag_rows

WORDS = ["Anna", "saw", "mice", "in", "New", "York"]
EXPECTED = {
    "tags": ["NNP", "VBD", "NNS", "IN", "NNP", "NNP"],
    "pos": ["PROPN", "VERB", "NOUN", "ADP", "PROPN", "PROPN"],
    "morphs": ["Number=Sing", "Tense=Past", "Number=Plur", "", "Number=Sing", "Number=Sing"],
    "lemmas": ["Anna", "see", "mouse", "in", "New", "York"],
    "ents": [{"start": 0, "end": 1, "label": "PER"}, {"start": 4, "end": 6, "label": "LOC"}],
}
COLUMNS = ["tag", "pos", "morph", "lemma", "ents"]
FIELDS = dict(zip(COLUMNS, EXPECTED, strict=True))
LABELERS = ["lstm_tagger", "lstm_morphologizer", "lstm_lemmatizer", "lstm_ner"]


def make(*names: str) -> Language:
    nlp = spacy.blank("en")
    encode = {"@architectures": "spacy-lstm-tagger.LSTM.v1", "width": 16}
    for name in names:
        nlp.add_pipe(name, config={"model": {"tok2vec": {"encode": encode}}})
    gold = {"words": WORDS, "tags": EXPECTED["tags"], "pos": EXPECTED["pos"], "morphs": EXPECTED["morphs"]}
    gold |= {"lemmas": EXPECTED["lemmas"], "entities": ["U-PER", "O", "O", "O", "B-LOC", "L-LOC"]}
    examples = [Example.from_dict(Doc(nlp.vocab, WORDS), gold)]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(40):
        nlp.update(examples, sgd=optimizer)
    return nlp


@pytest.fixture(scope="module")
def trained() -> Language:
    return make(*LABELERS)


@pytest.fixture(scope="module")
def everything(trained: Language, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RETURNS (Path): A pipeline that annotates every column."""
    path = tmp_path_factory.mktemp("pipeline") / "model"
    trained.to_disk(path)
    return path


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("input") / "in.jsonl"
    path.write_text(json.dumps({"words": WORDS}) + "\n" + json.dumps({"words": ["Anna"]}) + "\n")
    return path


def read(path: Path) -> list[dict[str, Any]]:
    """RETURNS (List[Dict[str, Any]]): The rows of an output of any format."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    if path.suffix == ".parquet":
        from pyarrow import parquet

        rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
        return rows
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as file:
        header, *lines = csv.reader(file)
    return [
        {name: cell if name == "id" else json.loads(cell) for name, cell in zip(header, line, strict=True)}
        for line in lines
    ]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".csv.gz", ".parquet"])
def test_every_column_in_every_format(suffix: str, everything: Path, source: Path, tmp_path: Path) -> None:
    output = tmp_path / f"out{suffix}"
    tag_files(everything, source, output, columns=COLUMNS)
    first, second = read(output)
    assert {name: first[name] for name in EXPECTED} == EXPECTED
    assert set(first) == {"id", "words", *EXPECTED}
    assert second["ents"] == [{"start": 0, "end": 1, "label": "PER"}]


@pytest.mark.parametrize("column", COLUMNS)
def test_only_what_is_asked_for(column: str, everything: Path, source: Path, tmp_path: Path) -> None:
    tag_files(everything, source, tmp_path / "out.jsonl", columns=[column])
    field = FIELDS[column]
    assert [set(row) for row in read(tmp_path / "out.jsonl")] == [{"id", "words", field}] * 2
    assert read(tmp_path / "out.jsonl")[0][field] == EXPECTED[field]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_scores_of_every_column(suffix: str, everything: Path, source: Path, tmp_path: Path) -> None:
    output = tmp_path / f"out{suffix}"
    tag_files(everything, source, output, columns=COLUMNS, scores=True)
    row = read(output)[0]
    nlp = spacy.load(everything)
    for name in LABELERS:
        nlp.get_pipe(name).cfg["store_scores"] = True
    doc = nlp(Doc(nlp.vocab, WORDS))
    for field, kind in (("scores", "tag"), ("morph_scores", "morph"), ("lemma_scores", "lemma")):
        assert row[field] == pytest.approx([token._.get(f"{kind}_score") for token in doc], abs=1e-5)
    assert [ent["score"] for ent in row["ents"]] == pytest.approx([e._.score for e in doc.ents], abs=1e-5)


def test_by_default_tags(everything: Path, source: Path, tmp_path: Path) -> None:
    tag_files(everything, source, tmp_path / "out.jsonl")
    assert [set(row) for row in read(tmp_path / "out.jsonl")] == [{"id", "words", "tags"}] * 2


def test_by_default_what_a_pipeline_without_tags_assigns(source: Path, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "CITY", "pattern": "New York"}])
    nlp.to_disk(tmp_path / "model")
    tag_files(tmp_path / "model", source, tmp_path / "out.jsonl")
    first, second = read(tmp_path / "out.jsonl")
    assert first["ents"] == [{"start": 4, "end": 6, "label": "CITY"}]
    assert second["ents"] == []
    assert set(first) == {"id", "words", "ents"}
    with pytest.raises(ValueError, match=r"L465.*'ents'"):
        tag_files(tmp_path / "model", source, tmp_path / "scored.jsonl", scores=True)
    with pytest.raises(ValueError, match=r"L464.*'lemma'.*assigns: ents"):
        tag_files(tmp_path / "model", source, tmp_path / "other.jsonl", columns=["lemma"])


def test_components_that_do_not_say_what_they_assign(source: Path, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("attribute_ruler")
    ruler.add([[{"TEXT": "mice"}]], {"LEMMA": "mouse"})
    nlp.to_disk(tmp_path / "model")
    tag_files(tmp_path / "model", source, tmp_path / "out.jsonl", columns=["lemma"])
    assert read(tmp_path / "out.jsonl")[0]["lemmas"] == ["", "", "mouse", "", "", ""]


def test_conllu_has_the_columns_that_are_asked_for(everything: Path, source: Path, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    tag_files(everything, source, tmp_path / "all.conllu", columns=COLUMNS)
    [doc, _] = [example.reference for example in create_corpus(tmp_path / "all.conllu")(nlp)]
    assert [token.tag_ for token in doc] == EXPECTED["tags"]
    assert [token.pos_ for token in doc] == EXPECTED["pos"]
    assert [str(token.morph) for token in doc] == EXPECTED["morphs"]
    assert [token.lemma_ for token in doc] == EXPECTED["lemmas"]
    assert [(e.start, e.end, e.label_) for e in doc.ents] == [(0, 1, "PER"), (4, 6, "LOC")]
    tag_files(everything, source, tmp_path / "some.conllu", columns=["pos"])
    [doc, _] = [example.reference for example in create_corpus(tmp_path / "some.conllu")(nlp)]
    assert [token.pos_ for token in doc] == EXPECTED["pos"]
    assert not any(token.tag or token.lemma or token.has_morph() or token.ent_iob for token in doc)


def test_entities_are_filled_into_conllu(everything: Path, tmp_path: Path) -> None:
    line = "{}\t{}\t_\t_\t_\t_\t_\t_\t_\t{}\n".format
    misc = ["NER=O|Old=1", *["_"] * 5]
    lines = [line(i + 1, word, misc[i]) for i, word in enumerate(WORDS)]
    (tmp_path / "in.conllu").write_text("".join(lines) + "\n")
    tag_files(everything, tmp_path / "in.conllu", tmp_path / "out.conllu", columns=["ents"])
    found = [row.split("\t")[9] for row in (tmp_path / "out.conllu").read_text().splitlines()[:6]]
    assert found == ["Old=1|NER=B-PER", "NER=O", "NER=O", "NER=O", "NER=B-LOC", "NER=I-LOC"]


def test_other_columns_do_not_resume_a_run(everything: Path, source: Path, tmp_path: Path) -> None:
    tag_files(everything, source, tmp_path / "out", columns=["lemma"])
    with pytest.raises(ValueError, match="L409"):
        tag_files(everything, source, tmp_path / "out", columns=["pos"])
    assert tag_files(everything, source, tmp_path / "out", columns=["lemma"]).n_shards == 0


@pytest.mark.parametrize(
    ("output", "columns", "message"),
    [
        ("out.jsonl", ["head"], r"L463.*'head'.*tag, pos, morph, lemma, ents"),
        ("out.spacy", ["tag"], "L432"),
    ],
)
def test_columns_that_are_refused(
    output: str, columns: list[str], message: str, everything: Path, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        tag_files(everything, source, tmp_path / output, columns=columns)
    assert list(tmp_path.iterdir()) == []


def test_rows_in_code(trained: Language) -> None:
    [found] = tag_rows(trained, [Row("a", WORDS)], columns=["lemma", "ents"])
    assert (found.lemmas, found.ents, found.tags) == (EXPECTED["lemmas"], EXPECTED["ents"], None)
    with pytest.raises(ValueError, match="L463"):
        list(tag_rows(trained, [Row("a", WORDS)], columns=["x"]))
