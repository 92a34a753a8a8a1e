"""Which words of the data were seen in training."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.training import Example

# Attributes whose value stands for a word; a value of PREFIX or SHAPE is shared by many words.
ATTRIBUTES = {"ORTH": "orth_", "NORM": "norm_", "LOWER": "lower_"}


class KnownWords(NamedTuple):
    """Which words are known.

    source (str): How that is decided, as a sentence for readers.
    contains (Callable[[str], bool]): Whether a word is known.
    """

    source: str
    contains: Callable[[str], bool]


def from_training_data(examples: Iterable[Example], data: object) -> KnownWords:
    """RETURNS (KnownWords): The words that occur in the training data in exactly this form."""
    words = {token.text for example in examples for token in example.reference}
    return KnownWords(
        f"A word is known if it occurs in the training data {data} in exactly this form.",
        words.__contains__,
    )


def from_vocabulary(nlp: Language, component: str | None) -> KnownWords | None:
    """RETURNS (Optional[KnownWords]): The words in the vocabulary of a component, or of the one that it
    listens to, by its first feature that stands for a word. None if there is no such vocabulary, as with
    hashed tables.
    """
    pipes: list[Any] = [nlp.get_pipe(component)] if component is not None else []
    pipes += [pipe for _, pipe in nlp.pipeline if component in getattr(pipe, "listening_components", [])]
    data = [pipe.label_data for pipe in pipes if isinstance(getattr(pipe, "label_data", None), dict)]
    vocabulary: dict[str, Any] = next(filter(None, (found.get("vocabulary", {}) for found in data)), {})
    name = next((name for name in vocabulary if name in ATTRIBUTES and vocabulary[name]), None)
    if name is None:
        return None
    known, attribute = set(vocabulary[name]), ATTRIBUTES[name]
    return KnownWords(
        f"A word is known if its {name} is in the vocabulary of the model.",
        lambda word: getattr(nlp.vocab[word], attribute) in known,
    )
