"""A score is that of the label that a token has, whoever wrote it, wherever the document went."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import spacy
from helpers import TRAIN_TEXTS, make_examples, make_trained
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_lstm_tagger.bulk import Row, tag_rows
from spacy_lstm_tagger.scorers import score_confidence

TEXT = "I like old dogs"


@pytest.fixture
def nlp() -> Language:
    return make_trained(store_scores=True, steps=3)  # so few that no tag is certain


def expected_scores(doc: Doc) -> list[float]:
    """RETURNS (List[float]): By name, one token after the other."""
    rows = [dict(zip(doc._.tag_score_labels, row, strict=True)) for row in doc._.tag_scores]
    return [row.get(token.tag_, 0.0) for row, token in zip(rows, doc, strict=True)]


def scores_of(doc: Doc) -> list[float]:
    return [token._.tag_score for token in doc]


def with_tags(nlp: Language, *tags: str) -> Doc:
    return Doc(nlp.vocab, words=TEXT.split(), tags=list(tags))


@pytest.mark.parametrize("tags", [("V", "", "", ""), ("N", "N", "R", "V"), ("XX", "", "N", "YY")])
def test_preset_tags_that_are_kept(nlp: Language, tags: tuple[str, ...]) -> None:
    doc = nlp(with_tags(nlp, *tags))
    kept = [token.tag_ for token in doc]
    assert [tag for tag, preset in zip(kept, tags, strict=True) if preset] == [*filter(None, tags)]
    assert scores_of(doc) == expected_scores(doc)
    assert [score == 0 for score in scores_of(doc)] == [tag in ("XX", "YY") for tag in kept]


def test_in_bulk(nlp: Language) -> None:
    doc = with_tags(nlp, "V", "", "XX", "")
    [row] = tag_rows(nlp, [Row("1", doc)], scores=True)
    assert row.tags[0] == "V"
    assert row.scores == pytest.approx(expected_scores(nlp(doc.copy())), abs=1e-6)


def test_in_the_scorer(nlp: Language) -> None:
    """The confidence in a preset tag that is wrong is low, so the calibration error is, too."""
    preset = nlp(with_tags(nlp, "V", "N", "R", "V"))
    gold = with_tags(nlp, "N", "V", "J", "N")
    scores = score_confidence([Example(preset, gold)])
    assert scores["tag_acc"] == 0.0
    assert scores["tag_ece"] == pytest.approx(np.mean(scores_of(preset)), abs=1e-6)


def test_tags_that_a_later_component_changes(nlp: Language) -> None:
    ruler = nlp.add_pipe("attribute_ruler")
    ruler.add([[{"LOWER": "old"}]], {"TAG": "N"})
    ruler.add([[{"LOWER": "dogs"}]], {"TAG": "new"})
    doc = nlp(TEXT)
    assert [token.tag_ for token in doc][2:] == ["N", "new"]
    assert scores_of(doc) == expected_scores(doc)
    doc[0].tag_ = "R"
    assert doc[0]._.tag_score == expected_scores(doc)[0]


# Where documents go


def through_json(doc: Doc) -> Doc:
    data = doc.to_json(underscore=["tag_scores", "tag_score_labels", "tag_n_best"])
    return Doc(Vocab()).from_json(json.loads(json.dumps(data)))


def through_bytes(doc: Doc) -> Doc:
    return Doc(Vocab()).from_bytes(doc.to_bytes())


def through_docbin(doc: Doc) -> Doc:
    [found] = DocBin(docs=[doc], store_user_data=True).get_docs(Vocab())
    return found


@pytest.mark.parametrize("send", [through_json, through_bytes, through_docbin, Doc.copy])
def test_scores_travel_with_the_document(nlp: Language, send: Callable[[Doc], Doc]) -> None:
    nlp.get_pipe("lstm_tagger").cfg["n_best"] = 2
    doc = nlp(TEXT)
    found = send(doc)
    assert scores_of(found) == scores_of(doc) == expected_scores(doc)
    assert found._.tag_scores == doc._.tag_scores
    best = [(list(tags), log_prob) for tags, log_prob in doc._.tag_n_best]
    assert [(list(tags), log_prob) for tags, log_prob in found._.tag_n_best] == best


def test_documents_without_scores_in_json(nlp: Language) -> None:
    data = nlp.make_doc(TEXT).to_json(underscore=["tag_scores"])
    assert data["_"]["tag_scores"] is None
    data = nlp("").to_json(underscore=["tag_scores", "tag_score_labels"])
    assert Doc(Vocab()).from_json(data)._.tag_scores == []


def test_scores_of_which_labels_are_unknown(nlp: Language) -> None:
    data = nlp(TEXT).to_json(underscore=["tag_scores"])
    found = Doc(Vocab()).from_json(data)
    assert len(found._.tag_scores) == 4
    assert scores_of(found) == [None] * 4


# Data that most of which is not labeled


def make_partly_labeled(nlp: Language, n: int) -> list[Any]:
    """RETURNS (List[Example]): 12 words, of which the last n have no tag."""
    docs = [nlp.make_doc(text) for text in TRAIN_TEXTS]
    tags = [["N"] * len(doc) for doc in docs]
    for i in range(n):
        words = sum(map(len, docs)) - 1 - i
        for row in tags:
            if words < len(row):
                row[words] = ""
                break
            words -= len(row)
    return make_examples(nlp, [(doc.text, row) for doc, row in zip(docs, tags, strict=True)])


@pytest.mark.parametrize("n", [0, 6, 7, 11])
def test_most_words_without_a_tag_are_worth_a_warning(n: int) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("lstm_tagger")
    examples = make_partly_labeled(nlp, n)
    if n <= 6:
        nlp.initialize(lambda: examples)
        return
    with pytest.warns(UserWarning, match=rf"\[W013\] {n} of the 12 words .*'lstm_tagger'"):
        nlp.initialize(lambda: examples)
