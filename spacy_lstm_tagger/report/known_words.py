"""Which words of the data were seen in training."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.training import Example

# Attributes of which one value stands for a word; of PREFIX or SHAPE, many words share one.
ATTRIBUTES = {"ORTH": "orth_", "NORM": "norm_", "LOWER": "lower_"}


class KnownWords(NamedTuple):
    """Which words are known.

    source (str): By what, as a sentence for readers.
    contains (Callable[[str], bool]): Whether a word is known.
    """

    source: str
    contains: Callable[[str], bool]


def from_training_data(examples: Iterable[Example], data: object) -> KnownWords:
    """RETURNS (KnownWords): The words that are in the training data in exactly this form."""
    words = {token.text for example in examples for token in example.reference}
    return KnownWords(
        f"A word is known if the training data {data} holds it in exactly this form.", words.__contains__
    )


def from_vocabulary(nlp: Language, component: str) -> KnownWords | None:
    """RETURNS (Optional[KnownWords]): The words in the vocabulary that a component learned, by the first
    attribute that stands for a word. None if it has no such vocabulary, as with hashed tables.
    """
    tagger: Any = nlp.get_pipe(component) if component in nlp.pipe_names else None
    label_data = getattr(tagger, "label_data", None)
    vocabulary = label_data.get("vocabulary", {}) if isinstance(label_data, dict) else {}
    name = next((name for name in vocabulary if name in ATTRIBUTES and vocabulary[name]), None)
    if name is None:
        return None
    known, attribute = set(vocabulary[name]), ATTRIBUTES[name]
    return KnownWords(
        f"A word is known if its {name} is in the vocabulary that the model learned.",
        lambda word: getattr(nlp.vocab[word], attribute) in known,
    )
