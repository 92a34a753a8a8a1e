"""Calibration error and risks against sums written out, and the scorer over documents."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy import registry
from spacy.lang.en import English
from spacy.tokens import Doc
from spacy.training import Example

from spacy_lstm_tagger.metrics import compute_calibration_error, compute_risks
from spacy_lstm_tagger.pipeline.lstm_tagger import read_tags
from spacy_lstm_tagger.pipeline.predictions import Predictions, set_extensions, store
from spacy_lstm_tagger.scorers import score_confidence

NLP = English()
set_extensions("tag", read_tags)
words_of_data = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30)


def to_arrays(words: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([c for c, _ in words]), np.array([r for _, r in words])


@given(words_of_data, st.integers(1, 6))
def test_calibration_error_is_the_weighted_gap_of_bins(
    words: list[tuple[float, bool]], n_bins: int
) -> None:
    expected = 0.0
    for i in range(n_bins):
        low, high = i / n_bins, (i + 1) / n_bins
        inside = [(c, r) for c, r in words if low < c <= high or (i == 0 and c == 0)]
        if inside:
            confidence = sum(c for c, _ in inside) / len(inside)
            accuracy = sum(r for _, r in inside) / len(inside)
            expected += len(inside) / len(words) * abs(confidence - accuracy)
    found = compute_calibration_error(*to_arrays(words), n_bins)
    # A confidence on the border of two bins may fall to either side by rounding.
    if all(abs(c * n_bins - round(c * n_bins)) > 1e-9 or c in (0.0, 1.0) for c, _ in words):
        assert found == pytest.approx(expected, abs=1e-9)
    assert 0 <= found <= 1


def test_calibrated_confidences_have_no_error() -> None:
    confidences = np.repeat([0.75, 1.0], 4)
    is_right = np.array([True, True, True, False] + [True] * 4)
    assert compute_calibration_error(confidences, is_right) == pytest.approx(0)
    assert compute_calibration_error(confidences, ~is_right) == pytest.approx((0.5 + 1) / 2)


def test_risks_by_hand() -> None:
    confidences = np.array([0.5, 0.9, 0.8, 0.99])
    is_right = np.array([False, False, True, True])
    risks = compute_risks(confidences, is_right, [0.01, 0.25, 0.5, 0.75, 1.0])
    assert risks == {0.01: 0.0, 0.25: 0.0, 0.5: 0.5, 0.75: pytest.approx(1 / 3), 1.0: 0.5}


def make_example(gold: list[str], predicted: list[str], confidences: list[float] | None) -> Example:
    words = [f"w{i}" for i in range(len(gold))]
    doc = Doc(NLP.vocab, words=words, tags=predicted)
    if confidences is not None:
        labels = sorted({*predicted, "other"})
        scores = np.zeros((len(words), len(labels)), dtype=np.float32)
        scores[range(len(words)), [labels.index(tag) for tag in predicted]] = confidences
        predictions = Predictions([np.zeros(len(words), dtype=np.int64)], [scores], None)
        store([doc], predictions, "tag", labels, read_tags)
    return Example(doc, Doc(NLP.vocab, words=words, tags=gold))


def test_scorer_counts_words_with_a_gold_tag() -> None:
    scorer = registry.scorers.get("spacy-lstm-tagger.confidence_scorer.v1")()
    examples = [
        make_example(["N", "", "V"], ["N", "N", "N"], [0.9, 0.1, 0.6]),
        make_example(["V"], ["V"], [0.7]),
        make_example([], [], []),
    ]
    scores = scorer(examples)
    assert scores["tag_acc"] == pytest.approx(2 / 3)
    assert scores["tag_ece"] == pytest.approx((0.1 + 0.6 + 0.3) / 3, abs=1e-6)
    assert scores["tag_risk"] == {
        "0.50": 0.0,
        "0.80": 0.0,
        **{f"{coverage:.2f}": pytest.approx(1 / 3) for coverage in (0.9, 0.95, 0.98, 0.99, 1.0)},
    }


def test_scores_of_nothing_are_none() -> None:
    scores = score_confidence([make_example(["", ""], ["N", "N"], [0.5, 0.5])])
    assert scores["tag_ece"] is None
    assert scores["tag_risk"] is None


def test_missing_confidences_are_an_error_that_says_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"L104.*'w0 w1.*store_scores"):
        score_confidence([make_example(["N", "N"], ["N", "N"], None)])
