"""How every part of the benchmark reads CoNLL-U: one sentence a doc, the words as they are tagged."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from spacy.language import Language
from spacy.training import Example
from spacy.util import registry

READER = "spacy-lstm-tagger.ConlluCorpus.v1"


def read_examples(path: Path, nlp: Language) -> Iterator[Example]:
    """Read a file as `spacy train` does in this benchmark.

    path (Path): A CoNLL-U file.
    nlp (Language): The pipeline, whose vocab the docs share.
    YIELDS (Example): A doc with words only, and the same with tags.
    """
    examples: Iterable[Example] = registry.readers.get(READER)(path)(nlp)
    yield from examples
