"""What many tests share: a few sentences to learn, pipelines that learn them, and ways to compare."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Optimizer
from thinc.types import Floats2d

Data: TypeAlias = Sequence[tuple[str | list[str], list[str]]]

NLP = spacy.blank("en")
TRAIN = [
    ("I like green eggs", ["N", "V", "J", "N"]),
    ("Eat blue ham", ["V", "J", "N"]),
    ("She sees old dogs now", ["N", "V", "J", "N", "R"]),
]
TRAIN_TEXTS, TRAIN_TAGS = map(list, zip(*TRAIN, strict=True))
SOFTMAX = {"@architectures": "spacy-lstm-tagger.Softmax.v1"}
CRF = {"@architectures": "spacy-lstm-tagger.CRF.v1"}


def make_docs(sentences: Iterable[Iterable[str]], vocab: Vocab = NLP.vocab) -> list[Doc]:
    return [Doc(vocab, words=list(sentence)) for sentence in sentences]


def make_pipeline(
    decoder: dict[str, Any] = SOFTMAX,
    tok2vec: dict[str, Any] | None = None,
    nlp: Language | None = None,
    **config: Any,
) -> Language:
    """RETURNS (Language): A pipeline, English unless another is given, with a tagger to be trained.

    decoder, tok2vec (Dict[str, Any]): What differs from the defaults of the model.
    """
    nlp = nlp or spacy.blank("en")
    model = {"tok2vec": tok2vec or {}, "decoder": decoder}
    nlp.add_pipe("lstm_tagger", config={"model": model, **config})
    return nlp


def make_examples(nlp: Language, data: Data = TRAIN) -> list[Example]:
    """RETURNS (List[Example]): One for each text, or list of words, and its tags."""
    docs = [nlp.make_doc(text) if isinstance(text, str) else Doc(nlp.vocab, text) for text, _ in data]
    return [Example.from_dict(doc, {"tags": tags}) for doc, (_, tags) in zip(docs, data, strict=True)]


def train(
    nlp: Language, examples: Sequence[Example], steps: int = 40, optimizer: Optimizer | None = None
) -> dict[str, float]:
    """Initialize a pipeline and update it on all examples at once.

    optimizer (Optimizer): spaCy's default, unless another is given.
    RETURNS (Dict[str, float]): The losses of the last step.
    """
    default, losses = nlp.initialize(lambda: examples), {}
    for _ in range(steps):
        losses = nlp.update(examples, sgd=optimizer or default)
        assert np.isfinite(list(losses.values())).all()
    return losses


def make_trained(
    decoder: dict[str, Any] = SOFTMAX, data: Data = TRAIN, steps: int = 40, **config: Any
) -> Language:
    """RETURNS (Language): A pipeline with this config of `make_pipeline`, trained on the data."""
    nlp = make_pipeline(decoder, **config)
    train(nlp, make_examples(nlp, data), steps)
    return nlp


def tags_of(docs: Iterable[Doc | Span]) -> list[list[str]]:
    return [[token.tag_ for token in doc] for doc in docs]


def tag(nlp: Language, texts: Iterable[str]) -> list[list[str]]:
    """RETURNS (List[List[str]]): The tags of each text, read by itself."""
    return tags_of(map(nlp, texts))


def assert_close(found: Iterable[Floats2d], expected: Iterable[Floats2d], tolerance: float = 1e-5) -> None:
    """The arrays of one document after the other, within an absolute tolerance."""
    for array, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(array, other, atol=tolerance, rtol=0)


def read_files(folder: Path) -> dict[str, bytes]:
    """RETURNS (Dict[str, bytes]): All files under a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def save(folder: Path, content: str | bytes, name: str = "corpus") -> Path:
    """RETURNS (Path): The file of this name, in a folder that may be new."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
