"""Significance tests: whether one of two models is better by more than chance."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

N_SHUFFLES = 10_000
SEED = 0


def compute_mcnemar(n_only_first: int, n_only_second: int) -> float:
    """McNemar's exact test (1947): the probability that the words that only one of two models gets right
    are divided at least this unevenly, if each is equally likely to be either model's. It treats words as
    independent.

    n_only_first (int): Words that only the first model gets right.
    n_only_second (int): Words that only the second model gets right.
    RETURNS (float): The two-sided p-value.
    """
    n, fewer = n_only_first + n_only_second, min(n_only_first, n_only_second)
    # In logarithms, because 2 ** -n underflows for n above a thousand.
    steps = np.arange(fewer, dtype=np.float64)
    log_binomials = np.concatenate([[0.0], np.cumsum(np.log((n - steps) / (steps + 1)))])
    return float(min(1.0, 2 * np.exp(log_binomials - n * np.log(2)).sum()))


def compute_randomization(gains: Ints, n_shuffles: int = N_SHUFFLES, seed: int = SEED) -> float:
    """Approximate randomization (Noreen 1989, ch. 2; Yeh 2000 for language): how often accuracies differ at
    least this much if the predictions of two models are swapped at random for each sentence. Sentences are
    treated as independent, words of a sentence are not.

    gains (Ints): For each sentence, how many more words the second model gets right, `(sentences,)`.
    n_shuffles (int): How many random assignments.
    seed (int): Of the random generator: the same data give the same value.
    RETURNS (float): The two-sided p-value, at least 1 / (n_shuffles + 1).
    """
    # Of sentences with the same gain, the number that is not swapped is binomial.
    sizes, counts = np.unique(np.abs(gains[gains != 0]), return_counts=True)
    kept = np.random.default_rng(seed).binomial(counts, 0.5, size=(n_shuffles, len(counts)))
    differences = (2 * kept - counts) @ sizes
    n_extreme = int((np.abs(differences) >= abs(int(gains.sum()))).sum())
    return (n_extreme + 1) / (n_shuffles + 1)
