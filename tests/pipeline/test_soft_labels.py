"""Soft labels: kept, joined and brought to a student's labels without changing what they say."""

from typing import Any

import numpy as np
import pytest
import spacy
from helpers import CRF, make_docs, make_trained
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from spacy.training import Example

from spacy_lstm_tagger.errors import LSTMTaggerValueError
from spacy_lstm_tagger.pipeline.soft_labels import (
    SoftLabels,
    find_annotation,
    join_soft_labels,
    keep_most_probable,
    make_hard,
    make_targets,
    name_best,
    predict_soft_labels,
)

LABELS = ("A", "B", "C", "D", "E")
PROBS = st.integers(1, 6).flatmap(
    lambda n: arrays(np.float32, (n, 5), elements=st.floats(0.015625, 1, width=32))
)


def to_dense(soft: SoftLabels, labels: tuple[str, ...] = LABELS) -> Any:
    """RETURNS (np.ndarray): The probability of every label, `(tokens, labels)`."""
    dense = np.zeros((len(soft.ids), len(labels)))
    for row, (ids, probs) in enumerate(zip(soft.ids.tolist(), soft.probs.tolist(), strict=True)):
        for label, prob in zip(ids, probs, strict=True):
            dense[row, labels.index(soft.labels[label])] += prob
    return dense


@given(PROBS, st.integers(1, 6))
def test_the_most_probable_are_kept_in_order(probs: Any, k: int) -> None:
    soft = keep_most_probable(probs, LABELS, k)
    assert soft.probs.tolist() == [sorted(row, reverse=True)[:k] for row in probs.tolist()]
    rows = np.arange(len(probs))[:, None]
    assert probs[rows, soft.ids].tolist() == soft.probs.tolist()
    assert name_best(soft) == [LABELS[ids[0]] for ids in soft.ids.tolist()]


@given(PROBS)
def test_all_labels_of_one_teacher_are_the_target(probs: Any) -> None:
    probs = probs / probs.sum(1, keepdims=True)
    targets = make_targets([keep_most_probable(probs, LABELS, 5)], LABELS)
    np.testing.assert_allclose(targets, probs, rtol=1e-5)


@given(PROBS, st.permutations(LABELS), st.integers(1, 5))
def test_the_order_of_labels_does_not_matter(probs: Any, order: list[str], k: int) -> None:
    soft = keep_most_probable(probs, LABELS, k)
    targets = make_targets([soft], LABELS)
    other = make_targets([soft], order)
    np.testing.assert_allclose(other, targets[:, [LABELS.index(label) for label in order]], rtol=1e-5)
    np.testing.assert_allclose(targets.sum(1), 1.0, rtol=1e-5)


def test_several_teachers_are_averaged() -> None:
    first = SoftLabels(("A", "B"), np.array([[0, 1]]), np.array([[0.75, 0.25]], dtype=np.float32))
    second = SoftLabels(("B", "C"), np.array([[1, 0]]), np.array([[0.5, 0.5]], dtype=np.float32))
    np.testing.assert_allclose(make_targets([first, second], LABELS), [[0.375, 0.375, 0.25, 0, 0]])


def test_labels_that_the_student_lacks_are_left_out_unless_most_of_the_token() -> None:
    probs = np.array([[0.75, 0.25], [0.25, 0.75], [0.0, 0.0]], dtype=np.float32)
    soft = SoftLabels(("A", "X"), np.array([[0, 1]] * 3), probs)
    np.testing.assert_allclose(make_targets([soft], LABELS), [[1, 0, 0, 0, 0], [0] * 5, [0] * 5])


def test_hard_labels_are_certain_or_unknown() -> None:
    soft = make_hard(["B", "", "A"])
    np.testing.assert_array_equal(to_dense(soft, ("", "A", "B")), [[0, 0, 1], [0, 0, 0], [0, 1, 0]])
    assert name_best(soft) == ["B", "", "A"]


@given(st.lists(st.tuples(PROBS, st.permutations(LABELS), st.integers(1, 5)), min_size=1, max_size=4))
def test_joining_changes_no_probability(parts: Any) -> None:
    soft = [keep_most_probable(probs, labels, k) for probs, labels, k in parts]
    joined = join_soft_labels(soft)
    expected = np.concatenate([to_dense(part) for part in soft])
    np.testing.assert_allclose(to_dense(joined), expected)
    assert name_best(joined) == [label for part in soft for label in name_best(part)]


@pytest.mark.parametrize("decoder", [{"@architectures": "spacy-lstm-tagger.Softmax.v1"}, CRF])
def test_those_of_a_labeler_are_its_posteriors(decoder: dict[str, str]) -> None:
    nlp = make_trained(decoder, store_scores=True)
    tagger = nlp.get_pipe("lstm_tagger")
    docs = [nlp.make_doc(text) for text in ("She likes ham", "dogs eat now")]
    soft = predict_soft_labels(tagger, docs)
    found = to_dense(soft, tuple(tagger.labels))
    expected = np.concatenate([doc._.tag_scores for doc in nlp.pipe(docs)])
    assert len(tagger.labels) == 4
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("factory", ["tagger", "morphologizer"])
def test_spacys_own_components_are_teachers(factory: str) -> None:
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe(factory)
    examples = [
        Example.from_dict(nlp.make_doc(text), {"tags": tags, "pos": tags})
        for text, tags in (("I like ham", ["PRON", "VERB", "NOUN"]), ("eggs", ["NOUN"]))
    ]
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(5):
        nlp.update(examples, sgd=optimizer)
    docs = [nlp.make_doc("I like eggs"), nlp.make_doc("ham")]
    soft = predict_soft_labels(pipe, docs)
    np.testing.assert_allclose(soft.probs.sum(1), 1.0, rtol=1e-5)
    assert soft.probs.max() < 0.999, "not the scores, and not certain"
    best = [token.tag_ or f"POS={token.pos_}" for doc in nlp.pipe(docs) for token in doc]
    assert name_best(soft) == best
    assert find_annotation(pipe) == {"tagger": "tag", "morphologizer": "morph"}[factory]


def test_no_tokens_have_no_probabilities() -> None:
    nlp = make_trained(steps=1)
    soft = predict_soft_labels(nlp.get_pipe("lstm_tagger"), make_docs([[]], nlp.vocab))
    assert soft.probs.shape[0] == 0


def test_other_components_are_refused() -> None:
    nlp = spacy.blank("en")
    with pytest.raises(LSTMTaggerValueError, match=r"L114.*Sentencizer"):
        predict_soft_labels(nlp.add_pipe("sentencizer"), [nlp("I like ham")])
