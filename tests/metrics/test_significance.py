"""p-values against those worked out by hand, and against all exchanges enumerated."""

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_lstm_tagger.metrics.significance import compute_mcnemar, compute_randomization


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (0, 0, 1.0),
        (3, 3, 1.0),
        (0, 5, 2 / 32),
        (5, 0, 2 / 32),
        (1, 9, 2 * (1 + 10) / 1024),
        (2, 6, 2 * (1 + 8 + 28) / 256),
    ],
)
def test_mcnemar_by_hand(first: int, second: int, expected: float) -> None:
    assert compute_mcnemar(first, second) == pytest.approx(expected)


@given(st.integers(0, 1200), st.integers(0, 1200))
def test_mcnemar_is_the_binomial_tail(first: int, second: int) -> None:
    n = first + second
    tail = sum(comb(n, i) for i in range(min(first, second) + 1))
    expected = min(1.0, (2 * tail * 10**320 // 2**n) / 10**320) if tail * 2 < 2**n else 1.0
    assert compute_mcnemar(first, second) == pytest.approx(expected, rel=1e-6, abs=1e-300)


@pytest.mark.parametrize("gains", [[3, -1, 2], [1, 1, 1, 1, 1], [4, -4, 1, 0, 0], [2, 2, -1, 3, 1, -2]])
def test_randomization_approximates_all_exchanges(gains: list[int]) -> None:
    sums = [
        abs(sum(s * g for s, g in zip(signs, gains, strict=True)))
        for signs in product((1, -1), repeat=len(gains))
    ]
    expected = sum(value >= abs(sum(gains)) for value in sums) / len(sums)
    assert compute_randomization(np.array(gains)) == pytest.approx(expected, abs=0.02)


@given(st.lists(st.integers(-5, 5), max_size=30))
def test_randomization_is_a_probability_and_knows_no_first_model(gains: list[int]) -> None:
    value = compute_randomization(np.array(gains, dtype=np.int64), n_shuffles=100)
    assert 1 / 101 <= value <= 1
    assert value == compute_randomization(-np.array(gains, dtype=np.int64), n_shuffles=100)


def test_the_same_answers_give_one() -> None:
    assert compute_randomization(np.zeros(20, dtype=np.int64)) == 1
    assert compute_mcnemar(0, 0) == 1


def test_a_gain_in_every_sentence_is_significant() -> None:
    assert compute_randomization(np.ones(100, dtype=np.int64)) == pytest.approx(1 / 10_001)
