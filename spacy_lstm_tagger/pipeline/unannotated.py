"""Leave components out of a pipeline if the training data has nothing for them to learn."""

import warnings
from collections.abc import Callable, Iterable

from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training import Example
from spacy.util import registry, resolve_dot_names

from ..errors import LSTMTaggerValueError, Warnings
from .labeler import SequenceLabeler


def create_leave_out_unannotated() -> Callable[[Language], None]:
    """RETURNS (Callable[[Language], None]): `leave_out_unannotated`, for `[initialize] before_init`."""
    return leave_out_unannotated


def leave_out_unannotated(nlp: Language) -> None:
    """Remove the components of this package whose annotation the training corpus lacks, with a warning:
    the tagger for a treebank without XPOS. If it lacks that of all, they stay, and say what is wrong.
    """
    labelers = {name: pipe for name, pipe in nlp.pipeline if isinstance(pipe, SequenceLabeler)}
    unannotated = _find_unannotated(labelers, _read_training_corpus(nlp))
    if len(unannotated) == len(labelers):
        return
    for name in unannotated:
        warnings.warn(Warnings.W033.format(name=name), stacklevel=2)
        nlp.remove_pipe(name)


def _read_training_corpus(nlp: Language) -> Iterable[Example]:
    """RETURNS (Iterable[Example]): Nothing if the config has no path, and examples are given in code."""
    config = nlp.config.interpolate()
    training = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    try:
        (corpus,) = resolve_dot_names(config, [training["train_corpus"]])
    except LSTMTaggerValueError:
        return []
    examples: Iterable[Example] = corpus(nlp)
    return examples


def _find_unannotated(labelers: dict[str, SequenceLabeler], examples: Iterable[Example]) -> list[str]:
    """RETURNS (List[str]): The labelers whose annotation no example has."""
    left = dict(labelers)
    for example in examples:
        left = {
            name: pipe for name, pipe in left.items() if not pipe.read_annotation(example.reference).any()
        }
        if not left:
            break
    return list(left)
