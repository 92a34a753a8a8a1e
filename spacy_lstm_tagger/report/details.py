"""What a label says in parts: the features of a morphological analysis, the spans of entities."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..metrics.parts import SPAN_OUTCOMES, Part, Span, SpanOutcome, count_span_errors, score_parts
from ..schemes import find_spans
from .evaluation import Sentence


def summarize_features(sentences: Sequence[Sentence]) -> list[dict[str, Any]]:
    """RETURNS (List[Dict[str, Any]]): Precision, recall and F1 of each feature, such as "Case". A feature
    is right if its value is.
    """
    pairs = [
        (_split(gold), _split(predicted))
        for sentence in sentences
        for gold, predicted in zip(sentence.gold, sentence.predicted, strict=True)
        if gold
    ]
    _, scores = score_parts([gold for gold, _ in pairs], [predicted for _, predicted in pairs])
    return [score._asdict() for score in scores]


def _split(features: str) -> list[Part]:
    """RETURNS (List[Part]): The features of "Case=Nom|Number=Sing" by name."""
    parts = (feature.partition("=") for feature in features.split("|") if "=" in feature)
    return [(name, value) for name, _, value in parts]


def summarize_spans(sentences: Sequence[Sentence]) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Precision, recall and F1 of spans, of all and of each type; and how many
    are right, or wrong in which way.
    """
    pairs = [_find_spans(sentence) for sentence in sentences]
    total, types = score_parts(
        [list(map(_to_part, gold)) for gold, _ in pairs],
        [list(map(_to_part, predicted)) for _, predicted in pairs],
    )
    counts: Counter[SpanOutcome] = Counter()
    for gold, predicted in pairs:
        counts += count_span_errors(gold, predicted)
    return {
        "total": total._asdict(),
        "types": [score._asdict() for score in types],
        "errors": {outcome: counts[outcome] for outcome in SPAN_OUTCOMES},
    }


def _to_part(span: Span) -> Part:
    return span[0], span[1:]


def _find_spans(sentence: Sentence) -> tuple[list[Span], list[Span]]:
    """RETURNS (Tuple[List[Span], List[Span]]): Gold and predicted spans. Where a word has no annotation,
    what is predicted counts neither way.
    """
    gold, predicted = find_spans(sentence.gold), find_spans(sentence.predicted)
    return [*gold], [span for span in predicted if all(sentence.gold[span.start : span.end])]
