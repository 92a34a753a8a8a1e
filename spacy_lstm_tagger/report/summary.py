"""The figures of the report as plain data: what the page shows and the JSON file has."""

import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
from spacy.language import Language

from ..metrics import accuracy
from ..metrics.accuracy import Bools, Ints, Share
from ..metrics.calibration import compute_bins, compute_calibration_error, compute_risks
from ..metrics.significance import compute_mcnemar, compute_randomization
from ..pipeline.predictions import Scores
from .annotations import Details
from .details import summarize_features, summarize_spans
from .evaluation import Evaluation, Sentence
from .known_words import KnownWords

PACKAGES = ("spacy-lstm-tagger", "spacy", "torch", "numpy", "plotly")
N_HARD_WORDS = 50
N_COVERAGES = 50


class GoldWords(NamedTuple):
    """The words that have a gold tag, in arrays `(words,)`.

    forms (List[str]): The words themselves.
    sentence_ids (Ints): The index of their sentence.
    gold (Ints): The index of their gold tag.
    predicted (Ints): The index of their predicted tag.
    confidences (Optional[Scores]): The posterior probability of the predicted tag.
    """

    forms: list[str]
    sentence_ids: Ints
    gold: Ints
    predicted: Ints
    confidences: Scores | None

    @property
    def is_right(self) -> Bools:
        """RETURNS (Bools): Whether the predicted tag is the gold one."""
        return np.equal(self.gold, self.predicted)


def collect_tags(evaluations: Iterable[Evaluation]) -> list[str]:
    """RETURNS (List[str]): All tags, gold and predicted, in alphabetical order; "" stands for none."""
    tags: set[str] = {""}
    for evaluation in evaluations:
        for sentence in evaluation.sentences:
            tags.update(sentence.gold, sentence.predicted)
    return sorted(tags)


def collect_words(sentences: Sequence[Sentence], tags: Sequence[str]) -> GoldWords:
    """RETURNS (GoldWords): The words that have a gold tag; tags by their index in `tags`."""
    numbers = {tag: number for number, tag in enumerate(tags)}
    rows = [
        (word, i, numbers[gold], numbers[tag])
        for i, sentence in enumerate(sentences)
        for word, gold, tag in zip(sentence.words, sentence.gold, sentence.predicted, strict=True)
    ]
    forms, *columns = zip(*rows, strict=True)
    sentence_ids, gold, predicted = (np.array(column, dtype=np.int64) for column in columns)
    kept = gold != numbers[""]
    confidences = [sentence.confidences for sentence in sentences if sentence.confidences is not None]
    has_all = len(confidences) == len(sentences)
    return GoldWords(
        [form for form, is_kept in zip(forms, kept, strict=True) if is_kept],
        sentence_ids[kept],
        gold[kept],
        predicted[kept],
        np.concatenate(confidences)[kept] if has_all else None,
    )


def summarize(
    evaluation: Evaluation, tags: Sequence[str], known: KnownWords | None, details: Details = None
) -> dict[str, Any]:
    """Compute the figures of one model.

    evaluation (Evaluation): Its predictions.
    tags (Sequence[str]): All tags, see `collect_tags`.
    known (Optional[KnownWords]): Which words are known.
    details (Optional["features" | "spans"]): What tags say in parts, which is then scored as well.
    RETURNS (Dict[str, Any]): Plain data. Shares are from 0 to 1, tags are given by name.
    """
    words = collect_words(evaluation.sentences, tags)
    lengths = np.array([len(sentence.words) for sentence in evaluation.sentences])
    hard_words = accuracy.find_hard_words(words.forms, words.gold, words.predicted)[:N_HARD_WORDS]
    confusions = accuracy.find_confusions(words.gold, words.predicted)
    return {
        "accuracy": to_dict(accuracy.compute_share(words.is_right, words.sentence_ids)),
        **_summarize_known(words, known),
        "tags": [
            score._asdict() | {"tag": tags[score.tag]}
            for score in accuracy.compute_tag_scores(words.gold, words.predicted, len(tags))
        ],
        "features": summarize_features(evaluation.sentences) if details == "features" else None,
        "spans": summarize_spans(evaluation.sentences) if details == "spans" else None,
        "confusions": [{"gold": tags[g], "predicted": tags[p], "words": n} for g, p, n in confusions],
        "hard_words": [
            word._asdict() | {"gold": tags[word.gold], "predicted": tags[word.predicted]}
            for word in hard_words
        ],
        "calibration": _summarize_calibration(words),
        "lengths": [
            length._asdict() | {"accuracy": to_dict(length.accuracy)}
            for length in accuracy.compute_by_length(words.is_right, words.sentence_ids, lengths)
        ],
        "speed": {
            "words": evaluation.n_words,
            "seconds": evaluation.seconds,
            "words_per_second": evaluation.n_words / evaluation.seconds,
        },
    }


def to_dict(share: Share | None) -> dict[str, Any] | None:
    """RETURNS (Optional[Dict[str, Any]]): The fields of a share by name."""
    return share and share._asdict()


def _summarize_known(words: GoldWords, known: KnownWords | None) -> dict[str, Any]:
    if known is None:
        return {"known": None, "unknown": None}
    forms = {form: known.contains(form) for form in set(words.forms)}
    is_known = np.array([forms[form] for form in words.forms], dtype=np.bool_)
    shares = [
        accuracy.compute_share(words.is_right[kept], words.sentence_ids[kept])
        for kept in (is_known, ~is_known)
    ]
    return {"known": to_dict(shares[0]), "unknown": to_dict(shares[1])}


def _summarize_calibration(words: GoldWords) -> dict[str, Any] | None:
    if words.confidences is None:
        return None
    n_words, confidence, accuracy = compute_bins(words.confidences, words.is_right)
    coverages = [n / N_COVERAGES for n in range(1, N_COVERAGES + 1)]
    return {
        "error": compute_calibration_error(words.confidences, words.is_right),
        "bins": [
            {"words": int(n), "confidence": float(mean), "accuracy": float(share)}
            for n, mean, share in zip(n_words, confidence, accuracy, strict=True)
            if n
        ],
        "risks": [
            {"coverage": coverage, "risk": risk}
            for coverage, risk in compute_risks(words.confidences, words.is_right, coverages).items()
        ],
    }


def compare(evaluations: Sequence[Evaluation], tags: Sequence[str]) -> dict[str, Any]:
    """Compute whether the second of two models is better than the first, on the same words.

    RETURNS (Dict[str, Any]): The difference of their accuracies, the number of words that only one of them
        gets right, and two p-values.
    """
    one, other = (collect_words(evaluation.sentences, tags) for evaluation in evaluations)
    only_first = int((one.is_right & ~other.is_right).sum())
    only_second = int((~one.is_right & other.is_right).sum())
    gains = np.bincount(one.sentence_ids, weights=other.is_right.astype(np.int64) - one.is_right)
    return {
        "difference": to_dict(accuracy.compute_difference(one.is_right, other.is_right, one.sentence_ids)),
        "only_first_right": only_first,
        "only_second_right": only_second,
        "differing_words": int((one.predicted != other.predicted).sum()),
        "p_mcnemar": compute_mcnemar(only_first, only_second),
        "p_randomization": compute_randomization(gains.astype(np.int64)),
    }


def describe_model(nlp: Language, model: object, component: str | None) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): A pipeline's name, components and config."""
    name = "_".join(str(nlp.meta[key]) for key in ("lang", "name"))
    return {
        "path": str(model),
        "name": f"{name} {nlp.meta['version']}",
        "pipeline": list(nlp.pipe_names),
        "component": component,
        "config": nlp.config.to_str(),
    }


def describe_machine() -> dict[str, str]:
    """RETURNS (Dict[str, str]): The versions that the report was made with, and the machine."""
    return {
        "Python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
        "system": platform.platform(),
        "cores": str(os.cpu_count()),
    }
