"""Scores of edit trees → scores of the lemmas that they make of words."""

from collections.abc import Sequence
from math import exp, inf, log1p

import numpy as np

from .lemma_trees import LemmaTrees
from .predictions import Scores

NEGLIGIBLE = 2.0  # what is e to this power times less probable than another candidate


def score_lemmas(
    trees: LemmaTrees, words: Sequence[str], scores: Scores, top_k: int, bonus: float
) -> list[dict[int, float]]:
    """Score the possible lemmas of words.

    trees (LemmaTrees): The edit trees.
    words (Sequence[str]): The words.
    scores (Scores): Of every edit tree, `(words, labels)`.
    top_k (int): How many edit trees are tried on a word that the training data does not have.
    bonus (float): What is added to the score of one that makes a lemma of the training data of it.
    RETURNS (List[Dict[int, float]]): For each word the labels that stand for its possible lemmas, with
        their scores: those of all edit trees that make the lemma, added up. If none applies, that of the
        best edit tree.
    """
    top = scores.max(1, initial=-inf)  # (words,)
    # Usually the edit trees that are nearly as probable as the best one decide.
    is_near = scores >= top[:, None] - (NEGLIGIBLE + max(bonus, 0.0))
    columns = np.flatnonzero(is_near) % scores.shape[1]
    ends = np.count_nonzero(is_near, axis=1).cumsum().tolist()
    scored: list[dict[int, float]] = []
    for i, (word, start, end) in enumerate(zip(words, [0, *ends], ends, strict=False)):
        known = trees.lexicon.get(word)
        if known:
            found, _ = _group(trees, word, known, scores[i], 0.0)
        else:
            are_few = end - start <= top_k
            labels = columns[start:end].tolist() if are_few else _find_best(scores[i], top_k)
            found, highest = _group(trees, word, labels, scores[i], bonus)
            if are_few and highest < top[i]:  # the best edit tree does not apply
                found, _ = _group(trees, word, _find_best(scores[i], top_k), scores[i], bonus)
        scored.append(found)
    return scored


def _find_best(scores: Scores, top_k: int) -> list[int]:
    """RETURNS (List[int]): The `top_k` most probable edit trees, by the scores of all, `(labels,)`."""
    top_k = min(top_k, len(scores))
    best: list[int] = np.argpartition(scores, -top_k)[-top_k:].tolist()
    return best


def _group(
    trees: LemmaTrees, word: str, labels: Sequence[int], all_scores: Scores, bonus: float
) -> tuple[dict[int, float], float]:
    """Group edit trees by the lemmas that they make of a word.

    labels (Sequence[int]): Those edit trees.
    all_scores (Scores): Of every edit tree, `(labels,)`.
    bonus (float): See `score_lemmas`.
    RETURNS (Tuple[Dict[int, float], float]): The score of each possible lemma, by the label that stands for
        it; if no edit tree applies, that of the best one. And the highest score.
    """
    grouped, highest, floor = dict[int, float](), -inf, -inf
    ranked = sorted(zip(all_scores[labels].tolist(), labels, strict=True), reverse=True)
    for score, label in ranked:
        if score < floor:
            break
        outcome = trees.find_outcome(word, label)
        if outcome is None:
            continue
        own, is_known = outcome
        total = score + bonus if is_known else score
        grouped[own] = _add_logs(grouped[own], total) if own in grouped else total
        if total > highest:
            highest, floor = total, total - NEGLIGIBLE - max(bonus, 0.0)
    if not grouped:
        score, label = ranked[0]
        grouped[label] = score
    return grouped, highest


def _add_logs(first: float, second: float) -> float:
    """RETURNS (float): The logarithm of the sum of two numbers, of their logarithms."""
    low, high = sorted((first, second))
    return high + log1p(exp(low - high))
