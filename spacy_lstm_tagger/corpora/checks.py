"""Readers that warn, once, of content that nothing can be learned from."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from spacy.attrs import DEP, ENT_IOB, LEMMA, POS, TAG
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..errors import Errors, LSTMTaggerValueError, Warnings
from .reading import find_assigned

Reader: TypeAlias = Callable[[Language], Iterable[Example]]

# What components assign, and how it is told that a token has it. FEATS may be empty for good reason.
ATTRIBUTES = {
    "token.tag": TAG,
    "token.pos": POS,
    "token.lemma": LEMMA,
    "token.dep": DEP,
    "doc.ents": ENT_IOB,
}
NO_FORM = "_"  # of treebanks that are published without their text
MAX_UNKNOWN = 0.01  # the share of words whose tags a component does not know


class CheckedCorpus:
    """A corpus that is checked when it is read, for what the pipeline learns from it.

    reader (Callable[[Language], Iterable[Example]]): Reads the corpus.
    path (Path): Where it is, for messages.
    """

    def __init__(self, reader: Reader, path: Path) -> None:
        self.reader = reader
        self.path = path
        self._warned: set[str] = set()

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Read the examples of the corpus.

        nlp (Language): The pipeline.
        YIELDS (Example): What the reader yields.
        RAISES (LSTMTaggerValueError): As the reader; if a component learns from a corpus without words.
        """
        check = _Check(nlp)
        for example in self.reader(nlp):
            check.add(example.reference)
            yield example
        check.require_words(self.path)
        for code, message in check.find_problems(self.path):
            if code not in self._warned:
                self._warned.add(code)
                warnings.warn(message, stacklevel=2)


class _Check:
    """What was seen of a corpus."""

    def __init__(self, nlp: Language) -> None:
        assigned = find_assigned(nlp)
        self.attributes = {name: attr for name, attr in ATTRIBUTES.items() if name in assigned}
        # The labels of components that are initialized; of others, nothing is unknown yet.
        pipeline: Any = nlp.pipeline
        self.known = {
            name: ({*pipe.labels}, getattr(pipe, "cfg", {}).get("neg_prefix") or "")
            for name, pipe in pipeline
            if "token.tag" in nlp.get_pipe_meta(name).assigns and pipe.labels
        }
        self.n_words = self.n_without_form = 0
        self.present: Counter[str] = Counter()
        self.tags: Counter[str] = Counter()

    def add(self, doc: Doc) -> None:
        """Count a document."""
        if not self.attributes:
            return
        self.n_words += len(doc)
        self.n_without_form += sum(token.text == NO_FORM for token in doc)
        for name, attr in self.attributes.items():
            values = doc.to_array([attr]).reshape(-1)
            self.present[name] += int(np.count_nonzero(values))
            if attr == TAG and self.known:
                found, counts = np.unique(values, return_counts=True)
                for tag, count in zip(found.tolist(), counts.tolist(), strict=True):
                    self.tags[doc.vocab.strings[tag]] += count

    def require_words(self, path: Path) -> None:
        """RAISES (LSTMTaggerValueError): If the words of a treebank were taken out."""
        if self.n_words > 1 and self.n_without_form == self.n_words:
            raise LSTMTaggerValueError(Errors.L360.format(path=path, words=self.n_words))

    def find_problems(self, path: Path) -> Iterator[tuple[str, str]]:
        """YIELDS (Tuple[str, str]): For each problem a name, and a message."""
        for name in self.attributes:
            present = self.present[name]
            annotation = name.partition(".")[2]
            if not self.n_words:
                continue
            if not present:
                yield name, Warnings.W030.format(annotation=annotation, path=path, words=self.n_words)
            elif 2 * present < self.n_words:
                missing = self.n_words - present
                yield (
                    name,
                    Warnings.W031.format(
                        annotation=annotation, missing=missing, path=path, words=self.n_words
                    ),
                )
        for name, (labels, neg_prefix) in self.known.items():
            unknown = self._find_unknown(labels, neg_prefix)
            n = unknown.total()
            if n > MAX_UNKNOWN * self.n_words:
                shown = ", ".join(tag for tag, _ in unknown.most_common(5))
                yield (
                    f"labels of {name}",
                    Warnings.W032.format(path=path, unknown=n, words=self.n_words, name=name, labels=shown),
                )

    def _find_unknown(self, labels: set[str], neg_prefix: str) -> Counter[str]:
        negative = {neg_prefix + label for label in labels} if neg_prefix else set()
        return Counter(
            {tag: n for tag, n in self.tags.items() if tag and tag not in labels and tag not in negative}
        )
