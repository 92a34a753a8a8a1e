"""Run a pipeline on a corpus: gold tags, predicted tags and confidences, sentence by sentence."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from time import perf_counter
from typing import NamedTuple

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..errors import Errors, LSTMTaggerValueError
from ..pipeline.predictions import Scores, get_scores, storing_scores
from .annotations import ANNOTATIONS, Annotation


class Sentence(NamedTuple):
    """A sentence of the data, and how a pipeline tagged it.

    words (List[str]): The words of the data.
    gold (List[str]): The gold tag of each word; "" if it has none.
    predicted (List[str]): The predicted tag of each word; "" if it has none.
    confidences (Optional[Scores]): The posterior probability of each predicted tag, `(words,)`.
    """

    words: list[str]
    gold: list[str]
    predicted: list[str]
    confidences: Scores | None


class Evaluation(NamedTuple):
    """A pipeline's predictions for a corpus.

    sentences (List[Sentence]): The sentences, in order.
    seconds (float): How long prediction took.
    """

    sentences: list[Sentence]
    seconds: float

    @property
    def n_words(self) -> int:
        """RETURNS (int): The number of words, with or without a gold tag."""
        return sum(len(sentence.words) for sentence in self.sentences)


def evaluate(
    nlp: Language,
    examples: Iterable[Example],
    component: str | None,
    data: object,
    annotation: Annotation = ANNOTATIONS["tag"],
) -> Evaluation:
    """Tag the words of a corpus, and align the tags with the gold ones.

    nlp (Language): The pipeline; any component may give the tags.
    examples (Iterable[Example]): The corpus.
    component (Optional[str]): The component that gives confidences. Without it, there are none.
    data (object): The name of the corpus, for errors.
    annotation (Annotation): What is evaluated: tags, or other labels in their place.
    RETURNS (Evaluation): The result.
    RAISES (LSTMTaggerValueError): If no word has a gold tag, no word is given a tag, or a component merges
        or splits words.
    """
    references = [example.reference for example in examples]
    words = [[token.text for token in doc] for doc in references]
    spaces = [[bool(token.whitespace_) for token in doc] for doc in references]
    # New documents with the same words: those of a reader may be tokenized differently.
    docs = [Doc(nlp.vocab, words=w, spaces=s) for w, s in zip(words, spaces, strict=True)]
    with storing_scores(nlp.get_pipe(component) if component in nlp.pipe_names else None):
        start = perf_counter()
        docs = list(nlp.pipe(docs))
        seconds = perf_counter() - start
    pairs = zip(docs, references, strict=True)
    sentences = [s for doc, reference in pairs for s in _cut(doc, reference, annotation)]
    if not any(tag for sentence in sentences for tag in sentence.gold):
        raise LSTMTaggerValueError(Errors.L502.format(data=data))
    if not any(tag for sentence in sentences for tag in sentence.predicted):
        raise LSTMTaggerValueError(Errors.L503.format(pipeline=", ".join(nlp.pipe_names)))
    return Evaluation(sentences, seconds)


def _cut(doc: Doc, reference: Doc, annotation: Annotation) -> Iterator[Sentence]:
    """YIELDS (Sentence): The sentences of the reference; the whole document if sentences are not set."""
    if len(doc) != len(reference):
        raise LSTMTaggerValueError(Errors.L507.format(text=reference.text[:60]))
    starts = [token.i for token in reference if token.is_sent_start] if len(reference) else []
    borders = sorted({0, *starts, len(reference)})
    confidences = get_scores(doc, annotation.labeler)
    for start, end in pairwise(borders):
        yield Sentence(
            [token.text for token in reference[start:end]],
            [annotation.read(token) for token in reference[start:end]],
            [annotation.read(token) for token in doc[start:end]],
            None if confidences is None else confidences[start:end],
        )
