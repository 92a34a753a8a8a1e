"""Sentences of CoNLL-U files, in every benchmark with gold words and one sentence per `Doc`."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab

READER = "spacy-lstm-tagger.ConlluCorpus.v1"


class Sentence(NamedTuple):
    """The words of a sentence, whether a space follows each, and their gold tags ("" for none)."""

    words: list[str]
    spaces: list[bool]
    tags: list[str]


def read_examples(path: Path, nlp: Language, sentences_per_doc: int = 1) -> Iterable[Example]:
    """Read a file, by default as `spacy train` does in the benchmarks.

    path (Path): A CoNLL-U file.
    nlp (Language): The pipeline, whose vocab the docs share.
    sentences_per_doc (int): See the reader.
    RETURNS (Iterable[Example]): Pairs of a doc with words only and one with tags.
    """
    corpus = registry.readers.get(READER)(path, sentences_per_doc=sentences_per_doc)
    examples: Iterable[Example] = corpus(nlp)
    return examples


def read_sentences(*paths: Path, sentences_per_doc: int = 1) -> list[Sentence]:
    """RETURNS (List[Sentence]): The sentences of files; with `sentences_per_doc = 0` their documents."""
    nlp = spacy.blank("xx")
    examples = [example for path in paths for example in read_examples(path, nlp, sentences_per_doc)]
    return [
        Sentence([t.text for t in doc], [bool(t.whitespace_) for t in doc], [t.tag_ for t in doc])
        for doc in (example.reference for example in examples)
    ]


def count_words(sentences: Iterable[Sentence]) -> int:
    """RETURNS (int): The number of words in all sentences."""
    return sum(len(sentence.words) for sentence in sentences)


def make_docs(sentences: Iterable[Sentence], vocab: Vocab) -> list[Doc]:
    """RETURNS (List[Doc]): A doc without tags for every sentence."""
    return [Doc(vocab, sentence.words, sentence.spaces) for sentence in sentences]


def cycle(sentences: Sequence[Sentence], random: Random) -> Iterator[Sentence]:
    """YIELDS (Sentence): The sentences over and over, reshuffled each time."""
    while True:
        yield from random.sample(sentences, len(sentences))


def repeat(sentences: Sequence[Sentence], n_words: int) -> list[Sentence]:
    """RETURNS (List[Sentence]): The sentences over and over, up to a number of words."""
    endless = cycle(sentences, Random(0))
    repeated: list[Sentence] = []
    while n_words > 0:
        words, spaces, tags = next(endless)
        repeated.append(Sentence(words[:n_words], spaces[:n_words], tags[:n_words]))
        n_words -= len(words)
    return repeated


def join(sentences: Sequence[Sentence], vocab: Vocab, *, sentence_starts: bool = False) -> Doc:
    """RETURNS (Doc): All sentences as one doc, with or without sentence starts."""
    words = [word for sentence in sentences for word in sentence.words]
    spaces = [space for sentence in sentences for space in sentence.spaces]
    starts: list[bool | int | None] = [i == 0 for sentence in sentences for i in range(len(sentence.words))]
    return Doc(vocab, words, spaces, sent_starts=starts if sentence_starts else None)
