"""Calibration: of the words labeled with a confidence of 0.9, nine in ten should be right."""

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
Bools: TypeAlias = npt.NDArray[np.bool_]

N_BINS = 15
COVERAGES = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)


def compute_calibration_error(confidences: Floats, is_right: Bools, n_bins: int = N_BINS) -> float:
    """The expected calibration error (Guo et al. 2017, §2): the difference of mean confidence and
    accuracy in bins of equal width, weighted by their number of words.

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
    RETURNS (Tuple[Ints, Floats, Floats]): For every bin, `(bins,)`: its number of words, their mean
        confidence and their accuracy, which are 0 for an empty bin.
    """
    bins = np.clip(np.ceil(confidences * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
    n_words = np.bincount(bins, minlength=n_bins)
    totals = [np.bincount(bins, weights=values, minlength=n_bins) for values in (confidences, is_right)]
    confidence, accuracy = (total / np.maximum(n_words, 1) for total in totals)
    return n_words, confidence, accuracy


def compute_risks(
    confidences: Floats, is_right: Bools, coverages: Iterable[float] = COVERAGES
) -> dict[float, float]:
    """Points of the risk–coverage curve (El-Yaniv & Wiener 2010, §2): the share of errors among the most
    confident labels.

    confidences (Floats): `(words,)`.
    is_right (Bools): `(words,)`.
    coverages (Iterable[float]): Shares of the words that are covered, above 0.
    RETURNS (Dict[float, float]): The share of errors among the covered words, by coverage.
    """
    order = np.argsort(-confidences, kind="stable")
    errors = np.cumsum(~is_right[order])
    taken = {coverage: max(1, round(coverage * len(order))) for coverage in coverages}
    return {coverage: float(errors[n - 1] / n) for coverage, n in taken.items()}
