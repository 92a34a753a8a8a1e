"""Whether one of two models is better by more than chance, from arrays alone."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

N_SHUFFLES = 10_000
SEED = 0


def compute_mcnemar(n_only_first: int, n_only_second: int) -> float:
    """McNemar's test (1947), exact: how likely it is that the words that only one of two models gets right
    are divided so unevenly, or more so, if each is as likely the first one's as the second one's. It takes
    words for independent.

    n_only_first (int): Words that only the first model gets right.
    n_only_second (int): Words that only the second model gets right.
    RETURNS (float): The two-sided p-value.
    """
    n, fewer = n_only_first + n_only_second, min(n_only_first, n_only_second)
    # In logarithms: 2 ** -n is 0.0 where n is above some thousand.
    steps = np.arange(fewer, dtype=np.float64)
    log_binomials = np.concatenate([[0.0], np.cumsum(np.log((n - steps) / (steps + 1)))])
    return float(min(1.0, 2 * np.exp(log_binomials - n * np.log(2)).sum()))


def compute_randomisation(gains: Ints, n_shuffles: int = N_SHUFFLES, seed: int = SEED) -> float:
    """Approximate randomisation (Noreen 1989, ch. 2; Yeh 2000 for language): how often accuracies differ as
    much, or more, if for each sentence the answers of two models are exchanged or not at random. Sentences
    are taken for independent, words within one are not.

    gains (Ints): For each sentence how many words more the second model gets right, `(sentences,)`.
    n_shuffles (int): How many exchanges.
    seed (int): Of the generator: the same data give the same value.
    RETURNS (float): The two-sided p-value, at least 1 / (n_shuffles + 1).
    """
    # Of the sentences with the same gain, how many are not exchanged is binomial.
    sizes, counts = np.unique(np.abs(gains[gains != 0]), return_counts=True)
    kept = np.random.default_rng(seed).binomial(counts, 0.5, size=(n_shuffles, len(counts)))
    differences = (2 * kept - counts) @ sizes
    n_extreme = int((np.abs(differences) >= abs(int(gains.sum()))).sum())
    return (n_extreme + 1) / (n_shuffles + 1)
