"""A pipeline on a corpus: gold tags, predicted tags and confidences, sentence by sentence."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..errors import Errors
from ..pipeline.confidence import set_extensions

Scores = npt.NDArray[np.float32]


class Sentence(NamedTuple):
    """One sentence of the data, as a pipeline tagged it.

    words (List[str]): The words of the data.
    gold (List[str]): The gold tag of each; "" if it has none.
    predicted (List[str]): The tag that each was given; "" if none.
    confidences (Optional[Scores]): The posterior probability of each predicted tag, `(words,)`.
    """

    words: list[str]
    gold: list[str]
    predicted: list[str]
    confidences: Scores | None


class Evaluation(NamedTuple):
    """What a pipeline made of a corpus.

    sentences (List[Sentence]): In the order of the data.
    seconds (float): How long the pipeline took, from documents to tags.
    """

    sentences: list[Sentence]
    seconds: float

    @property
    def n_words(self) -> int:
        """RETURNS (int): How many words were tagged, with a gold tag or without."""
        return sum(len(sentence.words) for sentence in self.sentences)


def evaluate(nlp: Language, examples: Iterable[Example], component: str, data: object) -> Evaluation:
    """Tag the words of a corpus, and put the tags beside the gold ones.

    nlp (Language): The pipeline; any component may give the tags.
    examples (Iterable[Example]): The corpus. Of the references' annotation, words and sentences are used.
    component (str): The one to ask for confidences. Without it, there are none.
    data (object): The name of the corpus, for messages.
    RETURNS (Evaluation): The result.
    RAISES (ValueError): If no word has a gold tag, no word is given a tag, or a component merges or splits
        words.
    """
    references = [example.reference for example in examples]
    words = [[token.text for token in doc] for doc in references]
    spaces = [[bool(token.whitespace_) for token in doc] for doc in references]
    # New documents with the same words: a reader's own may be tokenized in another way.
    docs = [Doc(nlp.vocab, words=w, spaces=s) for w, s in zip(words, spaces, strict=True)]
    set_extensions()
    _store_scores(nlp, component)
    start = perf_counter()
    docs = list(nlp.pipe(docs))
    seconds = perf_counter() - start
    sentences = [s for doc, reference in zip(docs, references, strict=True) for s in _cut(doc, reference)]
    if not any(tag for sentence in sentences for tag in sentence.gold):
        raise ValueError(Errors.L502.format(data=data))
    if not any(tag for sentence in sentences for tag in sentence.predicted):
        raise ValueError(Errors.L503.format(pipeline=", ".join(nlp.pipe_names)))
    return Evaluation(sentences, seconds)


def _store_scores(nlp: Language, component: str) -> None:
    tagger: Any = nlp.get_pipe(component) if component in nlp.pipe_names else None
    if "store_scores" in getattr(tagger, "cfg", {}):
        tagger.cfg["store_scores"] = True


def _cut(doc: Doc, reference: Doc) -> Iterator[Sentence]:
    """YIELDS (Sentence): The sentences of the reference; the whole document if it has none marked."""
    if len(doc) != len(reference):
        raise ValueError(Errors.L507.format(text=reference.text[:60]))
    starts = [token.i for token in reference if token.is_sent_start] if len(reference) else []
    borders = sorted({0, *starts, len(reference)})
    confidences = doc._.predicted_tag_scores
    for start, end in pairwise(borders):
        yield Sentence(
            [token.text for token in reference[start:end]],
            [token.tag_ for token in reference[start:end]],
            [token.tag_ for token in doc[start:end]],
            None if confidences is None else confidences[start:end],
        )
