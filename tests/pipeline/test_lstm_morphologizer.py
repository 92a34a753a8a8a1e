"""Parts of speech and features: labels as spaCy writes them, what is kept and what is extended."""

from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam

from spacy_lstm_tagger.pipeline.lstm_morphologizer import join_label, split_label

WORDS = ["She", "likes", "green", "eggs", "_"]
POS = ["PRON", "VERB", "", "NOUN", ""]
MORPHS = ["Case=Nom|Number=Sing", "", "Degree=Pos", "Number=Plur", ""]


def make(**config: Any) -> Language:
    nlp = spacy.blank("en")
    encode = {"@architectures": "spacy-lstm-tagger.LSTM.v1", "width": 16}
    nlp.add_pipe("lstm_morphologizer", config={"model": {"tok2vec": {"encode": encode}}, **config})
    return nlp


def make_reference(nlp: Language) -> Doc:
    doc = Doc(nlp.vocab, WORDS)
    for token, pos, morph in zip(doc, POS, MORPHS, strict=True):
        token.pos_ = pos
        if pos or morph:
            token.set_morph(morph)
    return doc


@pytest.fixture(scope="module")
def trained() -> Language:
    nlp = make()
    examples = [Example(Doc(nlp.vocab, WORDS), make_reference(nlp))]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(60):
        nlp.update(examples, sgd=optimizer)
    return nlp


def read(doc: Doc) -> list[tuple[str, str]]:
    return [(token.pos_, str(token.morph)) for token in doc]


def test_labels_are_those_of_spacy(trained: Language) -> None:
    nlp = spacy.blank("en")
    theirs = nlp.add_pipe("morphologizer")
    nlp.initialize(lambda: [Example(Doc(nlp.vocab, WORDS), make_reference(nlp))])
    assert set(trained.get_pipe("lstm_morphologizer").labels) == set(theirs.labels)
    ours = make()
    ours.get_pipe("lstm_morphologizer").initialize(
        lambda: [Example(Doc(ours.vocab, WORDS), make_reference(ours))], labels=theirs.label_data
    )
    assert ours.get_pipe("lstm_morphologizer").labels == theirs.labels


@pytest.mark.parametrize(
    ("pos", "morph", "label"),
    [
        ("NOUN", "Number=Sing|Case=Nom", "Case=Nom|Number=Sing|POS=NOUN"),
        ("", "Number=Sing", "Number=Sing"),
        ("X", "", "POS=X"),
        ("", "", "_"),
        ("VERB", "Person=1,2", "POS=VERB|Person=1,2"),
    ],
)
def test_labels_are_joined_and_split(pos: str, morph: str, label: str) -> None:
    assert join_label(pos, morph) == label
    assert join_label(*split_label(label)) == label
    assert split_label(label)[0] == pos


def test_it_learns_words_with_only_one_of_both(trained: Language) -> None:
    expected = list(zip(POS[:4], MORPHS[:4], strict=True))
    assert read(trained(Doc(trained.vocab, WORDS)))[:4] == expected


def test_a_word_without_either_is_missing(trained: Language) -> None:
    component = trained.get_pipe("lstm_morphologizer")
    gold = component.get_gold(Example(Doc(trained.vocab, WORDS), make_reference(trained)))
    assert (gold == 0).tolist() == [False] * 4 + [True]


def test_a_word_that_is_set_to_have_no_features_is_a_label() -> None:
    nlp = make()
    doc = Doc(nlp.vocab, ["a"])
    doc[0].set_morph("")
    nlp.initialize(lambda: [Example(Doc(nlp.vocab, ["a"]), doc)])
    assert nlp.get_pipe("lstm_morphologizer").labels == ("_",)
    predicted = nlp(Doc(nlp.vocab, ["a"]))
    assert predicted[0].has_morph()
    assert read(predicted) == [("", "")]


@pytest.mark.parametrize(
    ("overwrite", "extend", "expected"),
    [
        (True, False, ("PRON", "Case=Nom|Number=Sing")),
        (False, False, ("X", "Number=Dual|Typo=Yes")),
        (True, True, ("PRON", "Case=Nom|Number=Sing|Typo=Yes")),
        (False, True, ("X", "Case=Nom|Number=Dual|Typo=Yes")),
    ],
)
def test_what_is_set_is_kept_replaced_or_extended(
    overwrite: bool, extend: bool, expected: tuple[str, str], trained: Language
) -> None:
    """As spaCy's morphologizer does it."""
    nlp = make(overwrite=overwrite, extend=extend)
    component = nlp.get_pipe("lstm_morphologizer")
    component.from_bytes(trained.get_pipe("lstm_morphologizer").to_bytes())
    component.cfg |= {"overwrite": overwrite, "extend": extend}
    doc = Doc(nlp.vocab, WORDS)
    doc[0].pos_ = "X"
    doc[0].set_morph("Typo=Yes|Number=Dual")
    assert read(nlp(doc))[0] == expected
    assert read(doc)[1:4] == list(zip(POS[1:4], MORPHS[1:4], strict=True))
    theirs = spacy.blank("en").add_pipe("morphologizer", config={"overwrite": overwrite, "extend": extend})
    for label in component.labels:
        theirs.add_label(label)
    other = Doc(theirs.vocab, WORDS)
    other[0].pos_ = "X"
    other[0].set_morph("Typo=Yes|Number=Dual")
    label_ids = [
        theirs.labels.index(component.labels[i]) for i in component.predict([Doc(nlp.vocab, WORDS)])[0]
    ]
    theirs.set_annotations([other], [np.array(label_ids)])
    assert read(other)[:4] == read(doc)[:4]


def test_unknown_labels_are_missing(trained: Language) -> None:
    component = trained.get_pipe("lstm_morphologizer")
    doc = Doc(trained.vocab, ["She"])
    doc[0].pos_ = "INTJ"
    before = component.model.to_bytes()
    losses = trained.update([Example(Doc(trained.vocab, ["She"]), doc)], sgd=Adam(0.01, L2=0.0))
    assert losses["lstm_morphologizer"] == 0.0
    assert component.model.to_bytes() == before


def test_added_labels_are_normalized() -> None:
    nlp = make()
    component = nlp.get_pipe("lstm_morphologizer")
    assert component.add_label("POS=NOUN|Number=Sing|Case=Nom") == 1
    assert component.add_label("Case=Nom|Number=Sing|POS=NOUN") == 0
    assert component.labels == ("Case=Nom|Number=Sing|POS=NOUN",)
    with pytest.raises(ValueError, match="E187"):
        component.add_label(1)


def test_scores_of_every_feature(trained: Language) -> None:
    scores = trained.evaluate(
        [Example(Doc(trained.vocab, WORDS[:4]), make_reference(trained)[:4].as_doc())]
    )
    assert (scores["pos_acc"], scores["morph_acc"]) == (1.0, 1.0)
    assert set(scores["morph_per_feat"]) == {"Case", "Number", "Degree"}
