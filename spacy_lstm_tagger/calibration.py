"""Whether confidences are honest: of the words tagged with a confidence of 0.9, nine in ten are right."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from spacy.pipeline.tagger import tagger_score
from spacy.training import Example

from .errors import Errors
from .pipeline.confidence import get_tag_score, set_extensions

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]
N_BINS = 15
COVERAGES = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)


def create_confidence_scorer() -> Callable[..., dict[str, Any]]:
    """RETURNS (Callable): `score_confidence`."""
    return score_confidence


def score_confidence(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Score tags, and the confidence in them. Words without a gold tag do not count.

    examples (Iterable[Example]): The examples. Their predictions need the component's `store_scores`.
    **kwargs (Any): For spaCy's `tagger_score`.
    RETURNS (Dict[str, Any]): `tag_acc`; `tag_ece`, the expected calibration error; and `tag_risk`, for each
        coverage, such as "0.90", the share of errors among so many of the words, the most confident ones.
        As in spaCy, scores of nothing are None.
    RAISES (ValueError): If a prediction has no scores.
    """
    examples = list(examples)
    scores: dict[str, Any] = tagger_score(examples, **kwargs)
    confidences, is_right = read_confidences(examples)
    has_words = len(confidences) > 0
    scores["tag_ece"] = compute_calibration_error(confidences, is_right) if has_words else None
    risks = compute_risks(confidences, is_right) if has_words else {}
    scores["tag_risk"] = {f"{coverage:.2f}": risk for coverage, risk in risks.items()} or None
    return scores


def read_confidences(examples: Iterable[Example]) -> tuple[Floats, Bools]:
    """RETURNS (Tuple[Floats, Bools]): For every predicted word with a gold tag the posterior probability of
    its predicted tag, `(words,)`, and whether this tag is right.
    RAISES (ValueError): If a prediction has no scores.
    """
    set_extensions()
    confidences: list[float] = []
    is_right: list[bool] = []
    for example in examples:
        for token, gold in zip(example.predicted, example.get_aligned("TAG", as_string=True), strict=True):
            if not gold:
                continue
            confidence = get_tag_score(token)
            if confidence is None:
                raise ValueError(Errors.L104.format(text=example.predicted.text[:60]))
            confidences.append(confidence)
            is_right.append(token.tag_ == gold)
    return np.array(confidences), np.array(is_right, dtype=np.bool_)


def compute_calibration_error(confidences: Floats, is_right: Bools, n_bins: int = N_BINS) -> float:
    """The expected calibration error (Guo et al. 2017, §2): by how much mean confidence and accuracy
    differ, in bins of equal width, weighted by their words.

    confidences (Floats): From 0 to 1, `(words,)`.
    is_right (Bools): `(words,)`.
    n_bins (int): Bins; a confidence on the border of two is in the lower one.
    RETURNS (float): From 0, which is best, to 1.
    """
    n_words, confidence, accuracy = compute_bins(confidences, is_right, n_bins)
    return float((n_words * np.abs(confidence - accuracy)).sum() / len(confidences))


def compute_bins(
    confidences: Floats, is_right: Bools, n_bins: int = N_BINS
) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
    """The bars of a reliability diagram (Guo et al. 2017, §2).

    confidences (Floats): From 0 to 1, `(words,)`.
    is_right (Bools): `(words,)`.
    n_bins (int): Bins of equal width; a confidence on the border of two is in the lower one.
    RETURNS (Tuple[Ints, Floats, Floats]): For every bin, `(bins,)`: how many words it has, their mean
        confidence and their accuracy, which are 0 where there are none.
    """
    bins = np.clip(np.ceil(confidences * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
    n_words = np.bincount(bins, minlength=n_bins)
    totals = [np.bincount(bins, weights=values, minlength=n_bins) for values in (confidences, is_right)]
    confidence, accuracy = (total / np.maximum(n_words, 1) for total in totals)
    return n_words, confidence, accuracy


def compute_risks(
    confidences: Floats, is_right: Bools, coverages: Iterable[float] = COVERAGES
) -> dict[float, float]:
    """Points of the risk-coverage curve (El-Yaniv & Wiener 2010, §2): how many of the tags are wrong, if
    only the most confident ones are taken.

    confidences (Floats): `(words,)`.
    is_right (Bools): `(words,)`.
    coverages (Iterable[float]): Shares of the words that are taken, above 0.
    RETURNS (Dict[float, float]): The share of errors among these, by coverage.
    """
    order = np.argsort(-confidences, kind="stable")
    errors = np.cumsum(~is_right[order])
    taken = {coverage: max(1, round(coverage * len(order))) for coverage in coverages}
    return {coverage: float(errors[n - 1] / n) for coverage, n in taken.items()}
