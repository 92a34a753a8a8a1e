"""Parts against sums written out; errors of spans by hand, and against what must hold of any pairing."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_lstm_tagger.metrics.parts import SPAN_OUTCOMES, Span, count_span_errors, score_parts

parts = st.lists(st.sets(st.tuples(st.sampled_from("AB"), st.integers(0, 2))), min_size=1, max_size=6)


@st.composite
def disjoint_spans(draw: st.DrawFn) -> list[Span]:
    borders = sorted(draw(st.sets(st.integers(0, 12), max_size=9)))
    labels = st.sampled_from(["X", "Y", ""])
    spans = [(draw(labels), *pair) for pair in pairwise(borders)]
    return [span for span in spans if span[0]]


@given(st.data())
def test_scores_by_counting(data: st.DataObject) -> None:
    gold = data.draw(parts)
    predicted = data.draw(
        st.lists(
            st.sets(st.tuples(st.sampled_from("AB"), st.integers(0, 2))),
            min_size=len(gold),
            max_size=len(gold),
        )
    )
    total, scores = score_parts(gold, predicted)
    for score, kinds in [(total, "AB"), *((score, score.name) for score in scores)]:
        own_gold = {(i, *part) for i, unit in enumerate(gold) for part in unit if part[0] in kinds}
        own_predicted = {
            (i, *part) for i, unit in enumerate(predicted) for part in unit if part[0] in kinds
        }
        right = len(own_gold & own_predicted)
        assert (score.support, score.predicted, score.right) == (len(own_gold), len(own_predicted), right)
        assert score.precision == (pytest.approx(right / len(own_predicted)) if own_predicted else None)
        assert score.recall == (pytest.approx(right / len(own_gold)) if own_gold else None)
    assert [score.support for score in scores] == sorted((s.support for s in scores), reverse=True)


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ([("X", 0, 2)], [("X", 0, 2)], {"right": 1}),
        ([("X", 0, 2)], [("Y", 0, 2)], {"type": 1}),
        ([("X", 0, 2)], [("X", 1, 3)], {"boundaries": 1}),
        ([("X", 0, 2)], [("Y", 1, 3)], {"both": 1}),
        ([("X", 0, 2)], [("X", 2, 3)], {"missed": 1, "spurious": 1}),
        # One is paired, the other is left over; the one of the same type is preferred.
        ([("X", 0, 4)], [("Y", 0, 1), ("X", 2, 3)], {"boundaries": 1, "spurious": 1}),
        ([("X", 0, 2), ("X", 2, 4)], [("X", 0, 4)], {"boundaries": 1, "missed": 1}),
        ([("X", 0, 2), ("Y", 3, 4)], [], {"missed": 2}),
        ([], [("X", 0, 1)], {"spurious": 1}),
    ],
)
def test_errors_by_hand(gold: list[Span], predicted: list[Span], expected: dict[str, int]) -> None:
    counts = count_span_errors(gold, predicted)
    assert {outcome: n for outcome, n in counts.items() if n} == expected


@given(disjoint_spans(), disjoint_spans())
def test_every_span_counts_once(gold: list[Span], predicted: list[Span]) -> None:
    counts = count_span_errors(gold, predicted)
    pairs = sum(counts[outcome] for outcome in SPAN_OUTCOMES[:4])
    assert pairs + counts["missed"] == len(gold)
    assert pairs + counts["spurious"] == len(predicted)
    assert counts["right"] == len({*gold} & {*predicted})
    mirrored = count_span_errors(predicted, gold)
    assert mirrored["right"] == counts["right"]
    assert mirrored["type"] == counts["type"]
