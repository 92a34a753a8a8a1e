"""Precision and recall of parts of a sentence: spans by their type, a word's features by their name."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias, get_args

Part: TypeAlias = tuple[str, Hashable]  # a kind, and what else must be the same
Span: TypeAlias = tuple[str, int, int]  # its type, start and end
SpanOutcome: TypeAlias = Literal["right", "type", "boundaries", "both", "missed", "spurious"]
SPAN_OUTCOMES: tuple[SpanOutcome, ...] = get_args(SpanOutcome)


class PartScore(NamedTuple):
    """Precision, recall and F1 of parts, from 0 to 1. None if they are undefined.

    name (str): Their kind.
    support (int): How many there are in the annotation.
    predicted (int): How many were predicted.
    right (int): How many are in both.
    """

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    predicted: int
    right: int


def score_parts(
    gold: Sequence[Iterable[Part]], predicted: Sequence[Iterable[Part]]
) -> tuple[PartScore, list[PartScore]]:
    """Compare parts.

    gold (Sequence[Iterable[Part]]): Those of every unit, such as a sentence.
    predicted (Sequence[Iterable[Part]]): The same, as predicted.
    RETURNS (Tuple[PartScore, List[PartScore]]): The score of all, and that of each kind, most frequent
        first.
    """
    supports, found, right = Counter[str](), Counter[str](), Counter[str]()
    for own_gold, own_predicted in zip(map(set, gold), map(set, predicted), strict=True):
        supports.update(kind for kind, _ in own_gold)
        found.update(kind for kind, _ in own_predicted)
        right.update(kind for kind, _ in own_gold & own_predicted)
    kinds = sorted({*supports, *found}, key=lambda kind: (-supports[kind], kind))
    total = _make_score("", supports.total(), found.total(), right.total())
    return total, [_make_score(kind, supports[kind], found[kind], right[kind]) for kind in kinds]


def _make_score(name: str, support: int, predicted: int, right: int) -> PartScore:
    return PartScore(
        name,
        precision=right / predicted if predicted else None,
        recall=right / support if support else None,
        f1=2 * right / (support + predicted) if support + predicted else None,
        support=support,
        predicted=predicted,
        right=right,
    )


def count_span_errors(gold: Sequence[Span], predicted: Sequence[Span]) -> Counter[SpanOutcome]:
    """Tell the errors in a sentence's spans apart. Each span is paired with at most one of the other side:
    with its equal; else with one of the same boundaries; else with one that it overlaps, of the same type
    if possible, in order.

    gold (Sequence[Span]): The spans of the annotation, which do not overlap each other.
    predicted (Sequence[Span]): The predicted ones, likewise.
    RETURNS (Counter[str]): How many pairs are right, or differ in their "type", their "boundaries" or
        "both"; how many gold spans have no partner ("missed"), and how many predicted ones ("spurious").
    """
    counts: Counter[SpanOutcome] = Counter()
    left, others = list(gold), list(predicted)
    for outcome in SPAN_OUTCOMES[:4]:
        for span in list(left):
            partner = next((other for other in others if _compare(span, other) == outcome), None)
            if partner is not None:
                left.remove(span)
                others.remove(partner)
                counts[outcome] += 1
    counts["missed"] += len(left)
    counts["spurious"] += len(others)
    return counts


def _compare(span: Span, other: Span) -> SpanOutcome | None:
    """RETURNS (Optional[str]): How two spans that overlap differ; None if they do not overlap."""
    if span[1] >= other[2] or other[1] >= span[2]:
        return None
    if span[1:] == other[1:]:
        return "right" if span[0] == other[0] else "type"
    return "boundaries" if span[0] == other[0] else "both"
