"""How every part of the benchmark reads CoNLL-U: one sentence a doc, the words as they are tagged."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeAlias

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab

READER = "spacy-lstm-tagger.ConlluCorpus.v1"

Sentence: TypeAlias = tuple[list[str], list[bool]]  # the words, and whether a space follows each


class TaggedSentence(NamedTuple):
    """A sentence's words, whether a space follows each, and their gold tags ("" for none)."""

    words: list[str]
    spaces: list[bool]
    tags: list[str]


def read_tagged(path: Path, sentences_per_doc: int = 1) -> Iterator[TaggedSentence]:
    """YIELDS (TaggedSentence): Every sentence of a file; with `sentences_per_doc = 0` every document."""
    for example in read_examples(path, spacy.blank("xx"), sentences_per_doc):
        doc = example.reference
        yield TaggedSentence(
            [token.text for token in doc],
            [bool(token.whitespace_) for token in doc],
            [token.tag_ for token in doc],
        )


def read_examples(path: Path, nlp: Language, sentences_per_doc: int = 1) -> Iterator[Example]:
    """Read a file, by default as `spacy train` does in this benchmark.

    path (Path): A CoNLL-U file.
    nlp (Language): The pipeline, whose vocab the docs share.
    sentences_per_doc (int): See the reader.
    YIELDS (Example): A doc with words only, and the same with tags.
    """
    examples: Iterable[Example] = registry.readers.get(READER)(path, sentences_per_doc=sentences_per_doc)(
        nlp
    )
    yield from examples


def read_sentences(*paths: Path) -> list[Sentence]:
    """RETURNS (List[Sentence]): Every sentence of the files."""
    nlp = spacy.blank("xx")
    docs = [example.predicted for path in paths for example in read_examples(path, nlp)]
    return [([token.text for token in doc], [bool(token.whitespace_) for token in doc]) for doc in docs]


def count_words(sentences: Iterable[Sentence]) -> int:
    """RETURNS (int): How many words sentences have together."""
    return sum(len(words) for words, _ in sentences)


def make_docs(sentences: Iterable[Sentence], vocab: Vocab) -> list[Doc]:
    """RETURNS (List[Doc]): A doc without tags for every sentence."""
    return [Doc(vocab, words, spaces) for words, spaces in sentences]


def repeat(sentences: Sequence[Sentence], n_words: int) -> list[Sentence]:
    """RETURNS (List[Sentence]): Sentences again and again, each time in another order, until so many words
    are reached.
    """
    random = Random(0)
    repeated: list[Sentence] = []
    while n_words > 0:
        for words, spaces in random.sample(sentences, len(sentences)):
            if n_words > 0:
                repeated.append((words[:n_words], spaces[:n_words]))
                n_words -= len(words)
    return repeated


def join(sentences: Sequence[Sentence], vocab: Vocab, *, sentence_starts: bool = False) -> Doc:
    """RETURNS (Doc): All sentences as one doc, which says or does not say where each of them starts."""
    words = [word for sentence, _ in sentences for word in sentence]
    spaces = [space for _, sentence in sentences for space in sentence]
    starts: list[bool | int | None] = [i == 0 for sentence, _ in sentences for i in range(len(sentence))]
    return Doc(vocab, words, spaces, sent_starts=starts if sentence_starts else None)
