"""Reports of parts of speech and features, by hand-computed figures."""

import json
from pathlib import Path

import pytest
import spacy
from helpers import save
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from spacy_lstm_tagger.report import write_report
from spacy_lstm_tagger.report.writing import AnnotationName

# The ruler tags "saw" as a noun, and gives features to nouns only.
DATA = """\
1\tAnna\t_\tPROPN\tNNP\tNumber=Sing\t_\t_\t_\t_
2\tsaw\t_\tVERB\tVBD\tTense=Past\t_\t_\t_\t_
3\tmice\t_\tNOUN\tNNS\tNumber=Plur\t_\t_\t_\t_
4\tin\t_\tADP\tIN\t_\t_\t_\t_\t_

"""


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("attribute_ruler")
    for word, pos, morph in (("Anna", "PROPN", ""), ("saw", "NOUN", "Number=Sing"), ("in", "ADP", "")):
        ruler.add([[{"TEXT": word}]], {"POS": pos, "MORPH": morph})
    ruler.add([[{"TEXT": "mice"}]], {"POS": "NOUN", "MORPH": "Number=Plur"})
    path = tmp_path_factory.mktemp("ruled") / "model"
    nlp.to_disk(path)
    return path


@pytest.mark.parametrize(
    ("annotation", "right", "title"),
    [("pos", 3, "parts of speech"), ("morph", 2, "morphological features")],
)
def test_figures_of_other_annotations(
    annotation: AnnotationName, right: int, title: str, ruled: Path, tmp_path: Path
) -> None:
    """Right are all parts of speech but that of "saw"; and the features of "mice" and "in"."""
    data = save(tmp_path, DATA, "data.conllu")
    report = write_report(ruled, data, tmp_path / "out.html", annotation=annotation, as_json=True)
    accuracy = report["model"]["accuracy"]
    assert (accuracy["right"], accuracy["words"]) == (right, 4)
    assert title in (tmp_path / "out.html").read_text()
    assert report["model"]["calibration"] is None
    assert json.loads((tmp_path / "out.json").read_text())["annotation"]["name"] == annotation
    confused = {(c["gold"], c["predicted"]) for c in report["model"]["confusions"]}
    expected = (
        {("VERB", "NOUN")} if annotation == "pos" else {("Tense=Past", "Number=Sing"), ("Number=Sing", "_")}
    )
    assert confused == expected


def test_confidences_are_those_of_the_component_that_has_them(tmp_path: Path) -> None:
    nlp = make_morphologizer()
    nlp.to_disk(tmp_path / "model")
    data = save(tmp_path, DATA, "data.conllu")
    for annotation in ("pos", "morph"):
        report = write_report(tmp_path / "model", data, tmp_path / "out.html", annotation=annotation)
        assert report["model"]["component"] == "lstm_morphologizer"
        assert report["model"]["calibration"]["error"] >= 0.0
        assert report["known_words"] is not None  # by the vocabulary of the tok2vec that it listens to
    with pytest.raises(ValueError, match="L503"):
        write_report(tmp_path / "model", data, tmp_path / "out.html")


def make_morphologizer() -> Language:
    nlp = spacy.blank("en")
    encode = {"@architectures": "spacy-lstm-tagger.LSTM.v1", "width": 16}
    nlp.add_pipe("lstm_tok2vec", config={"model": {"encode": encode}})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32, "upstream": "*"}
    nlp.add_pipe("lstm_morphologizer", config={"model": {"tok2vec": listener}})
    words = ["Anna", "saw", "mice", "in"]
    gold = {"words": words, "pos": ["PROPN", "VERB", "NOUN", "ADP"], "morphs": ["Number=Sing"] * 4}
    nlp.initialize(lambda: [Example.from_dict(Doc(nlp.vocab, words), gold)])
    return nlp


def test_each_feature_is_scored_by_itself(ruled: Path, tmp_path: Path) -> None:
    data = save(tmp_path, DATA, "data.conllu")
    report = write_report(ruled, data, tmp_path / "out.html", annotation="morph")
    found = {f["name"]: (f["support"], f["predicted"], f["right"]) for f in report["model"]["features"]}
    # Number: of Anna and mice, predicted of saw and mice. Tense: of saw alone, never predicted.
    assert found == {"Number": (2, 2, 1), "Tense": (1, 0, 0)}
    page = (tmp_path / "out.html").read_text()
    assert '<tr data-part="Number"><th scope="row">Number</th><td>50.00%</td><td>50.00%</td>' in page
    assert report["model"]["spans"] is None


def test_lemmas_are_reported_without_a_table_of_all_pairs(tmp_path: Path) -> None:
    """With a square table of all lemmas, this would take gigabytes."""
    words = [f"w{i}" for i in range(30_000)]
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("attribute_ruler")
    ruler.add([[{"TEXT": "w7"}]], {"LEMMA": "wrong"})
    ruler.add([[{"TEXT": {"NOT_IN": ["w7"]}}]], {"LEMMA": "w"})
    nlp.to_disk(tmp_path / "model")
    lemmas = ["w"] * 10 + words[10:]
    docs = [Doc(nlp.vocab, words[i : i + 10], lemmas=lemmas[i : i + 10]) for i in range(0, 30_000, 10)]
    DocBin(docs=docs).to_disk(tmp_path / "data.spacy")
    report = write_report(
        tmp_path / "model", tmp_path / "data.spacy", tmp_path / "out.html", annotation="lemma"
    )
    assert report["model"]["accuracy"]["right"] == 9
    assert {"gold": "w", "predicted": "wrong", "words": 1} in report["model"]["confusions"]
    assert "most frequent of" in (tmp_path / "out.html").read_text()


# In the first document, "Ada" is right, "New York" lacks a word, "Acme" has another type, "Bob" is none.
# Of the second, nothing is known about the first word; of the third, about none.
ENTITIES = [
    (
        ["Ada", "left", "New", "York", "for", "Acme", "Bob"],
        ["B-PER", "O", "B-LOC", "I-LOC", "O", "B-ORG", "O"],
    ),
    (["Bob", "met", "Eve"], ["", "O", "B-PER"]),
    (["Bob"], [""]),
]


def test_entities_are_scored_as_spans(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    patterns = {"Ada": "PER", "York": "LOC", "Acme": "PER", "Bob": "PER"}
    ruler.add_patterns([{"label": label, "pattern": word} for word, label in patterns.items()])
    nlp.to_disk(tmp_path / "model")
    docs = [Doc(nlp.vocab, words, ents=labels) for words, labels in ENTITIES]
    DocBin(docs=docs).to_disk(tmp_path / "data.spacy")
    report = write_report(
        tmp_path / "model",
        tmp_path / "data.spacy",
        tmp_path / "out.html",
        other_model=tmp_path / "model",
        annotation="ents",
    )
    for model in (report["model"], report["other_model"]):
        errors = {"right": 1, "type": 1, "boundaries": 1, "both": 0, "missed": 1, "spurious": 1}
        assert model["spans"]["errors"] == errors
        total = model["spans"]["total"]
        assert (total["support"], total["predicted"], total["right"]) == (4, 4, 1)
        types = {t["name"]: (t["support"], t["predicted"], t["right"]) for t in model["spans"]["types"]}
        assert types == {"PER": (2, 3, 1), "LOC": (1, 1, 0), "ORG": (1, 0, 0)}
        assert model["accuracy"]["words"] == 9  # those that are annotated
    page = (tmp_path / "out.html").read_text()
    assert page.count("data-errors") == 2
    assert '<a href="#entities">' in page
