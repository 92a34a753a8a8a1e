"""Accuracy, confusions and their confidence intervals, from arrays of labels."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

N_RESAMPLES = 1000
LEVEL = 0.95
SEED = 0
# The longest sentence of each class; the last one is open.
LENGTHS = (5, 10, 20, 30, 40)


class Share(NamedTuple):
    """The share of words that are right.

    right (int): How many are right.
    words (int): How many there are.
    value (float): The share.
    low (float): The lower end of its confidence interval.
    high (float): The upper end.
    """

    right: int
    words: int
    value: float
    low: float
    high: float


class TagScore(NamedTuple):
    """Precision, recall and F1 of a tag. None if they are undefined.

    tag (int): The tag's number.
    support (int): Words with this gold tag.
    predicted (int): Words with this predicted tag.
    """

    tag: int
    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    predicted: int


class WordErrors(NamedTuple):
    """How often a word is wrong, and its most frequent confusion: gold, predicted."""

    word: str
    errors: int
    words: int
    gold: int
    predicted: int


class LengthClass(NamedTuple):
    """Accuracy in sentences of `first` to `last` words; `last` is None in the open class."""

    first: int
    last: int | None
    sentences: int
    accuracy: Share


def compute_share(is_right: Bools, sentence_ids: Ints) -> Share | None:
    """The share of words that are right, with a bootstrap percentile interval (Efron & Tibshirani 1993,
    ch. 13). Sentences are resampled, not words: errors of one sentence are not independent.

    is_right (Bools): `(words,)`.
    sentence_ids (Ints): The sentence of each word, `(words,)`.
    RETURNS (Optional[Share]): None if there are no words.
    """
    if not len(is_right):
        return None
    right, words = _count_by_sentence(is_right, sentence_ids)
    low, high = bootstrap_ratio(right, words)
    return Share(int(right.sum()), len(is_right), float(is_right.mean()), low, high)


def _count_by_sentence(values: npt.NDArray[Any], sentence_ids: Ints) -> tuple[Ints, Ints]:
    """RETURNS (Tuple[Ints, Ints]): The sum and the number of the values of each sentence with values."""
    _, places, words = np.unique(sentence_ids, return_inverse=True, return_counts=True)
    return np.bincount(places, weights=values).round().astype(np.int64), words


def bootstrap_ratio(
    parts: Ints, wholes: Ints, n_resamples: int = N_RESAMPLES, level: float = LEVEL, seed: int = SEED
) -> tuple[float, float]:
    """The bootstrap percentile interval of a ratio of two sums.

    parts (Ints): `(sentences,)`.
    wholes (Ints): Above 0, `(sentences,)`.
    n_resamples (int): How many resamples.
    level (float): The share of the resamples that the interval holds.
    seed (int): Of the random generator: the same data give the same interval.
    RETURNS (Tuple[float, float]): Its ends.
    """
    # The number of draws of each kind of sentence is multinomial, and there are far fewer kinds than
    # sentences.
    kinds, counts = np.unique(np.stack([parts, wholes]), axis=1, return_counts=True)
    draws = np.random.default_rng(seed).multinomial(len(parts), counts / len(parts), size=n_resamples)
    ratios = draws @ kinds[0] / (draws @ kinds[1])
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def compute_difference(is_right: Bools, other_is_right: Bools, sentence_ids: Ints) -> Share:
    """The difference of two accuracies on the same words, with its bootstrap interval: both models get the
    same resamples.

    RETURNS (Share): `value` above 0 if the other is better; `right` is the difference in words.
    """
    gain, words = _count_by_sentence(other_is_right.astype(np.int64) - is_right, sentence_ids)
    low, high = bootstrap_ratio(gain, words)
    return Share(int(gain.sum()), len(is_right), float(gain.sum() / words.sum()), low, high)


def compute_tag_scores(gold: Ints, predicted: Ints, n_tags: int) -> list[TagScore]:
    """RETURNS (List[TagScore]): For every gold or predicted tag, most frequent first.

    gold (Ints): The number of each word's gold tag, `(words,)`.
    predicted (Ints): That of its predicted tag, `(words,)`.
    n_tags (int): How many tags there are.
    """
    supports, found, right = (
        np.bincount(tags, minlength=n_tags) for tags in (gold, predicted, gold[gold == predicted])
    )
    scores = [
        TagScore(
            tag,
            precision=_divide(right[tag], found[tag]),
            recall=_divide(right[tag], supports[tag]),
            f1=_divide(2 * right[tag], supports[tag] + found[tag]),
            support=int(supports[tag]),
            predicted=int(found[tag]),
        )
        for tag in np.argsort(-supports, kind="stable").tolist()
    ]
    return [score for score in scores if score.support or score.predicted]


def _divide(part: np.int64, whole: np.int64) -> float | None:
    return float(part / whole) if whole else None


def find_confusions(gold: Ints, predicted: Ints) -> list[tuple[int, int, int]]:
    """RETURNS (List[Tuple[int, int, int]]): Gold tag, predicted tag and number of words of every confusion,
    most frequent first. The arguments are those of `compute_tag_scores`.
    """
    is_wrong = gold != predicted
    errors = Counter(zip(gold[is_wrong].tolist(), predicted[is_wrong].tolist(), strict=True))
    return sorted(((*pair, n) for pair, n in errors.items()), key=lambda error: (-error[2], error))


def find_hard_words(words: Sequence[str], gold: Ints, predicted: Ints) -> list[WordErrors]:
    """RETURNS (List[WordErrors]): The words that are wrong at least once, most errors first; of equals, the
    rarer word first.
    """
    counts = Counter(words)
    errors: defaultdict[str, Counter[tuple[int, int]]] = defaultdict(Counter)
    for i in (gold != predicted).nonzero()[0].tolist():
        errors[words[i]][int(gold[i]), int(predicted[i])] += 1
    found = [
        WordErrors(word, confusions.total(), counts[word], *confusions.most_common(1)[0][0])
        for word, confusions in errors.items()
    ]
    return sorted(found, key=lambda word: (-word.errors, word.words, word.word))


def compute_by_length(is_right: Bools, sentence_ids: Ints, lengths: Ints) -> list[LengthClass]:
    """Accuracy by the length of the sentence.

    is_right (Bools): `(words,)`.
    sentence_ids (Ints): The sentence of each word, `(words,)`.
    lengths (Ints): The number of words of each sentence, including those without a gold tag,
        `(sentences,)`.
    RETURNS (List[LengthClass]): The classes that have words, shortest first.
    """
    classes = np.searchsorted(LENGTHS, lengths)
    found = []
    for number, (last, first) in enumerate(
        zip((*LENGTHS, None), (1, *(n + 1 for n in LENGTHS)), strict=True)
    ):
        inside = classes[sentence_ids] == number
        share = compute_share(is_right[inside], sentence_ids[inside])
        if share:
            found.append(LengthClass(first, last, len(np.unique(sentence_ids[inside])), share))
    return found
