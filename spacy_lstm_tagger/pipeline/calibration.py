"""Calibrate a component of a pipeline, and measure its confidence before and after."""

import warnings
from collections.abc import Callable, Iterable
from typing import NamedTuple

from spacy.language import Language
from spacy.training import Example

from ..errors import Errors, LSTMTaggerValueError, Warnings
from ..metrics.calibration import compute_calibration_error
from .labeler import SequenceLabeler
from .labels import find_unknown_labels
from .lookup import get_labeler
from .predictions import read_confidences, storing_scores


class Calibration(NamedTuple):
    """What a calibration did.

    temperature (float): The temperature: above 1 if the component was overconfident.
    error_before (float): The expected calibration error before, from 0 to 1.
    error_after (float): The same after.
    """

    temperature: float
    error_before: float
    error_after: float


def calibrate_pipeline(
    nlp: Language, name: str, get_examples: Callable[[], Iterable[Example]]
) -> Calibration:
    """Fit the temperature of a component's confidences. Predicted labels stay the same.

    nlp (Language): The trained pipeline.
    name (str): The component's name.
    get_examples (Callable[[], Iterable[Example]]): Gives new examples that the component was not trained
        on.
    RETURNS (Calibration): The temperature, and the errors before and after.
    RAISES (LSTMTaggerValueError): If there is no such component, no word has a gold label, or most gold
        labels are not among the component's.
    """
    labeler = get_labeler(nlp, name)
    _check_gold(labeler, get_examples())
    before = _measure(nlp, labeler, list(get_examples()))
    temperature = labeler.calibrate(_run_components_before(nlp, name, list(get_examples())))
    return Calibration(temperature, before, _measure(nlp, labeler, list(get_examples())))


def _check_gold(labeler: SequenceLabeler, examples: Iterable[Example]) -> None:
    """Warn of gold labels that the component does not know.

    RAISES (LSTMTaggerValueError): If most are unknown: they are other labels than it was trained on.
    """
    references = (example.reference for example in examples)
    found = find_unknown_labels(references, labeler.read_labels, labeler.labels, labeler.cfg["neg_prefix"])
    name, words, unknown, labels = labeler.name, found.words, found.unknown, found.list_labels()
    if not found.words:
        raise LSTMTaggerValueError(Errors.L105.format(name=labeler.name))
    if 2 * found.unknown > found.words:
        known = ", ".join(labeler.labels[:5])
        raise LSTMTaggerValueError(
            Errors.L112.format(name=name, words=words, unknown=unknown, labels=labels, known=known)
        )
    if found.unknown:
        message = Warnings.W014.format(name=name, words=words, unknown=unknown, labels=labels)
        warnings.warn(message, stacklevel=3)


def _measure(nlp: Language, labeler: SequenceLabeler, examples: list[Example]) -> float:
    """RETURNS (float): The expected calibration error. The examples get their predictions."""
    with storing_scores(labeler):
        docs = nlp.pipe(example.predicted for example in examples)
        for example, doc in zip(examples, docs, strict=True):
            example.predicted = doc
    confidences, is_right = read_confidences(
        examples, labeler.annotation, labeler.get_gold, labeler.read_labels
    )
    if not len(confidences):
        raise LSTMTaggerValueError(Errors.L105.format(name=labeler.name))
    return compute_calibration_error(confidences, is_right)


def _run_components_before(nlp: Language, name: str, examples: list[Example]) -> list[Example]:
    """RETURNS (List[Example]): Examples whose predictions went through the components before one."""
    for _, pipe in nlp.pipeline[: nlp.pipe_names.index(name)]:
        for example in examples:
            example.predicted = pipe(example.predicted)
    return examples
