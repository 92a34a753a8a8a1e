"""Lemmas: edit trees, the lexicon, known lemmas, what becomes of words that no tree applies to."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.strings import StringStore
from spacy.tokens import Doc
from spacy.training import Example

from spacy_lstm_tagger.pipeline.lemma_trees import LemmaTrees, make_tree_data

TRAIN = [
    (["She", "likes", "green", "eggs"], ["she", "like", "green", "egg"]),
    (["They", "eat", "blue", "hams"], ["they", "eat", "blue", "ham"]),
    (["He", "saw", "the", "saw"], ["he", "see", "the", "saw"]),
    (["Dogs", "like", "walks"], ["dog", "like", "walk"]),
]
words = st.text("abcä", min_size=1, max_size=6)


def make(**config: Any) -> Language:
    nlp = spacy.blank("en")
    encode = {"@architectures": "spacy-lstm-tagger.LSTM.v1", "width": 16}
    nlp.add_pipe("lstm_lemmatizer", config={"model": {"tok2vec": {"encode": encode}}, **config})
    return nlp


def make_examples(nlp: Language) -> list[Example]:
    return [
        Example.from_dict(Doc(nlp.vocab, words), {"words": words, "lemmas": lemmas})
        for words, lemmas in TRAIN
    ]


def learn(nlp: Language, steps: int = 80) -> Language:
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(steps):
        nlp.update(examples, sgd=optimizer)
    return nlp


def lemmatize(nlp: Language, words: list[str]) -> list[str]:
    return [token.lemma_ for token in nlp(Doc(nlp.vocab, words))]


@pytest.fixture(scope="module")
def trained() -> Language:
    return learn(make())


@given(st.lists(st.tuples(words, words), min_size=1, max_size=8))
def test_trees_make_the_lemmas_that_they_are_made_from(pairs: list[tuple[str, str]]) -> None:
    trees = LemmaTrees(StringStore(), make_tree_data(Counter(pairs), 1, True))
    for word, lemma in pairs:
        label = trees.find(word, lemma)
        assert trees.apply(word, label) == lemma
        assert lemma in {trees.apply(word, known) for known in trees.lexicon[word]}
        assert lemma in trees.known_lemmas


def test_rare_trees_are_no_labels() -> None:
    pairs = Counter({("eggs", "egg"): 2, ("hams", "ham"): 1, ("mice", "mouse"): 1})
    data = make_tree_data(pairs, 2, True)
    trees = LemmaTrees(StringStore(), data)
    assert len(data["labels"]) == 1  # "eggs" and "hams" have the same tree
    assert (trees.find("hams", "ham"), trees.find("mice", "mouse")) == (0, -1)
    assert trees.lexicon == {"eggs": [0], "hams": [0]}


def test_a_lemma_stands_for_every_tree_that_makes_it() -> None:
    """ "aba" → "ab" removes the last letter, where "ba" → "b" has the same tree; "aab" has another one."""
    pairs = Counter({("ba", "b"): 1, ("ab", "b"): 1})
    trees = LemmaTrees(StringStore(), make_tree_data(pairs, 1, True))
    assert trees.find("aba", "ab") == 0
    assert trees.find("aaa", "aa") in (0, 1)  # by either
    assert trees.find("cdc", "cd") == -1


def test_words_that_were_seen_get_a_lemma_that_they_had(trained: Language) -> None:
    """Whatever their context; of several, the context decides."""
    assert lemmatize(trained, ["eggs", "Dogs", "walks", "saw"])[:3] == ["egg", "dog", "walk"]
    assert lemmatize(trained, ["saw"])[0] in ("see", "saw")
    assert lemmatize(trained, TRAIN[2][0]) == TRAIN[2][1]


def test_without_a_lexicon_nothing_is_remembered() -> None:
    nlp = learn(make(lexicon=False), steps=0)
    assert nlp.get_pipe("lstm_lemmatizer").cfg["lexicon"] == {}
    assert lemmatize(nlp, ["saw"]) == lemmatize(nlp, ["saw", "eggs"])[:1]  # no lemma is known
    remembering = learn(make(), steps=0)
    assert lemmatize(remembering, ["eggs", "Dogs"]) == ["egg", "dog"]


@pytest.mark.parametrize(("bonus", "expected"), [(4.0, "green"), (-4.0, "greens")])
def test_known_lemmas_are_preferred(bonus: float, expected: str) -> None:
    """An untrained network gives all trees the same score, so that only the bonus decides."""
    nlp = learn(make(known_lemma_bonus=bonus), steps=0)
    assert lemmatize(nlp, ["greens"]) == [expected]


@pytest.mark.parametrize(("backoff", "expected"), [("orth", "XQ"), ("lower", "xq"), (None, "")])
def test_backoff(backoff: str | None, expected: str) -> None:
    nlp = make(backoff=backoff, lexicon=False)
    doc = Doc(nlp.vocab, ["cats", "dogs"])
    example = Example.from_dict(doc, {"words": ["cats", "dogs"], "lemmas": ["cat", "dog"]})
    nlp.initialize(lambda: [example])  # the only tree removes "s"
    assert lemmatize(nlp, ["XQ", "cats"]) == [expected, "cat"]


def test_as_many_trees_as_asked_for_are_tried() -> None:
    component = make(known_lemma_bonus=0.0).get_pipe("lstm_lemmatizer")
    data = make_tree_data(Counter({("abz", "ab"): 1, ("cde", "CDE"): 1, ("q", "q"): 1}), 1, False)
    component.cfg |= data | {"labels": list(map(str, data["labels"]))}
    component._load_trees()
    scores = np.array([[1.0, 3.0, 0.0]])  # the best does not apply
    for top_k, expected in ((1, {1: 3.0}), (2, {0: 1.0}), (20, {0: 1.0, 2: 0.0})):
        component.top_k = top_k
        assert component._score_lemmas(["xyz"], scores) == [expected]


def test_scores_do_not_change_predictions(trained: Language) -> None:
    component = trained.get_pipe("lstm_lemmatizer")
    sentences = [[*words, "unseen", "Cats", "walking"] for words, _ in TRAIN]
    plain = [lemmatize(trained, words) for words in sentences]
    component.cfg["store_scores"] = True
    try:
        docs = [trained(Doc(trained.vocab, words)) for words in sentences]
    finally:
        component.cfg["store_scores"] = False
    assert [[token.lemma_ for token in doc] for doc in docs] == plain
    for doc in docs[:2]:
        assert all(0.0 < token._.lemma_score <= 1.0 for token in doc)
        assert doc[1]._.lemma_score == pytest.approx(1.0)  # the only lemma that the word had


def test_the_score_of_another_lemma_is_its_own(trained: Language) -> None:
    component = trained.get_pipe("lstm_lemmatizer")
    component.cfg["store_scores"] = True
    try:
        doc = trained(Doc(trained.vocab, TRAIN[2][0]))
    finally:
        component.cfg["store_scores"] = False
    before = doc[1]._.lemma_score
    doc[1].lemma_ = "saw"
    assert before + doc[1]._.lemma_score == pytest.approx(1.0, abs=1e-5)
    doc[1].lemma_ = "somethingelse"
    assert doc[1]._.lemma_score == 0.0


def test_label_data_of_spacys_lemmatizer(trained: Language) -> None:
    nlp = spacy.blank("en")
    theirs = nlp.add_pipe("trainable_lemmatizer", config={"min_tree_freq": 1})
    nlp.initialize(lambda: make_examples(nlp))
    ours = make()
    ours.get_pipe("lstm_lemmatizer").initialize(lambda: make_examples(ours), labels=theirs.label_data)
    assert len(ours.get_pipe("lstm_lemmatizer").labels) == len(theirs.labels)
    for words, lemmas in TRAIN:
        for word, lemma in zip(words, lemmas, strict=True):
            assert ours.get_pipe("lstm_lemmatizer")._trees.find(word, lemma) >= 0


@pytest.mark.parametrize(
    "labels", [["a"], {"labels": [1]}, {"trees": []}, {"labels": [0], "trees": [{"x": 1}]}]
)
def test_labels_that_are_not_edit_trees(labels: Any) -> None:
    nlp = make()
    with pytest.raises(ValueError, match=r"E857|E1026"):
        nlp.get_pipe("lstm_lemmatizer").initialize(lambda: make_examples(nlp), labels=labels)


def test_add_label_is_refused(trained: Language) -> None:
    with pytest.raises(NotImplementedError, match="add_label"):
        trained.get_pipe("lstm_lemmatizer").add_label("1")


def test_trees_are_those_of_spacy(trained: Language) -> None:
    component = trained.get_pipe("lstm_lemmatizer")
    label = component._trees.find("eggs", "egg")
    tree = component.labels[label]
    assert component.tree2label[tree] == label
    assert component.trees.tree_to_str(tree) == "(m 0 1 () (s 's' ''))"


def test_words_of_raw_text_are_no_label_data() -> None:
    """Tables get rows for them; labels are those of the examples."""
    nlp = spacy.blank("en")
    lemmatizer = nlp.add_pipe("lstm_lemmatizer")
    examples = [Example.from_dict(nlp.make_doc("cats"), {"lemmas": ["cat"]})]
    lemmatizer.initialize(lambda: examples, nlp=nlp, labels={"words": {"dogs": 10}})  # type: ignore[attr-defined]
    data = lemmatizer.label_data  # type: ignore[attr-defined]
    assert data["vocabulary"]["LOWER"] == {"dogs": 10, "cats": 1}
    assert len(data["labels"]) == 1
