"""Figures against sums written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_lstm_tagger.metrics import accuracy as metrics
from spacy_lstm_tagger.metrics.accuracy import bootstrap_ratio, compute_share

N_TAGS = 3
tags = st.integers(0, N_TAGS - 1)
pairs = st.lists(st.tuples(tags, tags), min_size=1, max_size=40)


def split(words: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([gold for gold, _ in words]), np.array([tag for _, tag in words])


@given(pairs)
def test_tag_scores_by_counting(words: list[tuple[int, int]]) -> None:
    scores = metrics.compute_tag_scores(*split(words), N_TAGS)
    assert {score.tag for score in scores} == {tag for pair in words for tag in pair}
    assert [score.support for score in scores] == sorted((s.support for s in scores), reverse=True)
    for tag, precision, recall, f1, support, predicted in scores:
        right = sum(gold == found == tag for gold, found in words)
        assert support == sum(gold == tag for gold, _ in words)
        assert predicted == sum(found == tag for _, found in words)
        assert precision == (pytest.approx(right / predicted) if predicted else None)
        assert recall == (pytest.approx(right / support) if support else None)
        if precision and recall:
            assert f1 == pytest.approx(2 * precision * recall / (precision + recall))
        else:
            assert f1 == 0


@given(pairs)
def test_confusions_are_the_errors(words: list[tuple[int, int]]) -> None:
    found = metrics.find_confusions(*split(words))
    expected = {pair: words.count(pair) for pair in words if pair[0] != pair[1]}
    assert {(gold, tag): n for gold, tag, n in found} == expected
    assert [n for *_, n in found] == sorted(expected.values(), reverse=True)


def test_hard_words_by_hand() -> None:
    words = ["a", "b", "a", "c", "b", "a", "c", "a"]
    gold = np.array([0, 0, 0, 1, 2, 0, 1, 0])
    predicted = np.array([1, 0, 1, 1, 1, 2, 0, 0])
    found = metrics.find_hard_words(words, gold, predicted)
    assert found == [("a", 3, 4, 0, 1), ("b", 1, 2, 2, 1), ("c", 1, 2, 1, 0)]


def test_lengths_by_hand() -> None:
    lengths = np.array([5, 6, 41, 3])  # the first one has a word without a gold tag, the last has no other
    sentence_ids = np.repeat([0, 1, 2], [4, 6, 41])
    is_right = np.ones(51, dtype=bool)
    is_right[[0, 4, 5]] = False
    found = metrics.compute_by_length(is_right, sentence_ids, lengths)
    assert [(c.first, c.last, c.sentences) for c in found] == [(1, 5, 1), (6, 10, 1), (41, None, 1)]
    assert [(c.accuracy.right, c.accuracy.words) for c in found] == [(3, 4), (4, 6), (41, 41)]


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=5), min_size=1, max_size=12))
def test_share_is_within_what_its_sentences_have(sentences: list[list[bool]]) -> None:
    is_right = np.array([value for sentence in sentences for value in sentence])
    ids = np.repeat(np.arange(len(sentences)), [len(sentence) for sentence in sentences])
    share = compute_share(is_right, ids)
    assert share is not None
    assert share.value == pytest.approx(is_right.sum() / len(is_right))
    accuracies = [sum(sentence) / len(sentence) for sentence in sentences]
    assert min(accuracies) - 1e-9 <= share.low <= share.high <= max(accuracies) + 1e-9
    assert share == compute_share(is_right, ids)


def test_share_of_nothing_is_none() -> None:
    assert compute_share(np.array([], dtype=bool), np.array([], dtype=np.int64)) is None


def test_bootstrap_interval_is_that_of_a_binomial() -> None:
    """Of 1,000 sentences of one word, 800 right: the standard error is sqrt(0.8 × 0.2 / 1000), 0.01265."""
    low, high = bootstrap_ratio(np.repeat([1, 0], [800, 200]), np.ones(1000, dtype=np.int64), 4000)
    assert low == pytest.approx(0.8 - 1.96 * 0.01265, abs=0.002)
    assert high == pytest.approx(0.8 + 1.96 * 0.01265, abs=0.002)


def test_sentences_that_are_all_right_or_all_wrong_widen_the_interval() -> None:
    alone = bootstrap_ratio(np.repeat([1, 0], [80, 20]), np.ones(100, dtype=np.int64))
    tens = bootstrap_ratio(np.repeat([10, 0], [8, 2]), np.full(10, 10))
    assert tens[1] - tens[0] > 2 * (alone[1] - alone[0])


def test_difference_of_two_accuracies() -> None:
    one, other = np.array([True, False, True, False]), np.array([True, True, True, False])
    found = metrics.compute_difference(one, other, np.array([0, 0, 1, 2]))
    assert (found.right, found.words, found.value) == (1, 4, 0.25)
    assert found.low <= 0.25 <= found.high
    same = metrics.compute_difference(one, one, np.array([0, 0, 1, 2]))
    assert (same.value, same.low, same.high) == (0, 0, 0)
