"""`spacy-lstm-tagger.confidence_scorer.v1`: scores tags, and the confidence in them."""

from collections.abc import Callable, Iterable
from typing import Any

from spacy.pipeline.tagger import tagger_score
from spacy.training import Example

from ..metrics.calibration import compute_calibration_error, compute_risks
from ..pipeline.labels import align
from ..pipeline.lstm_tagger import read_tags
from ..pipeline.predictions import read_confidences


def create_confidence_scorer() -> Callable[..., dict[str, Any]]:
    """RETURNS (Callable): `score_confidence`."""
    return score_confidence


def score_confidence(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Score tags, and the confidence in them. Words without a gold tag do not count.

    examples (Iterable[Example]): The examples. Their predictions need the component's `store_scores`.
    **kwargs (Any): For spaCy's `tagger_score`.
    RETURNS (Dict[str, Any]): `tag_acc`; `tag_ece`, the expected calibration error; and `tag_risk`, for each
        coverage, such as "0.90", the share of errors among that share of the words, the most confident
        ones. As in spaCy, scores of nothing are None.
    RAISES (LSTMTaggerValueError): If a prediction has no scores.
    """
    examples = list(examples)
    scores: dict[str, Any] = tagger_score(examples, **kwargs)
    confidences, is_right = read_confidences(
        examples, "tag", lambda example: align(example, read_tags(example.reference)), read_tags
    )
    has_words = len(confidences) > 0
    scores["tag_ece"] = compute_calibration_error(confidences, is_right) if has_words else None
    risks = compute_risks(confidences, is_right) if has_words else {}
    scores["tag_risk"] = {f"{coverage:.2f}": risk for coverage, risk in risks.items()} or None
    return scores
