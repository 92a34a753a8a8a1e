"""`spacy-lstm-tagger.join_docs.v1`: batches in which some examples are joined to documents of several.

A tagger that is trained on single sentences takes the start and the end of a text for those of a sentence.
In a document of many sentences it then errs at their borders.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeAlias

from spacy.tokens import Doc
from spacy.training import Example

from .errors import check_setting

Batcher: TypeAlias = Callable[[Iterable[Example]], Iterable[list[Example]]]

MAX_JOINED = 4  # longer documents make batches of few sequences, which are slow to train on


def create_joining_batcher(batcher: Batcher, joined: float = 0.5) -> Batcher:
    """Create a batcher that joins some examples to documents of two to four, others in each epoch, and
    leaves the batches to another one.

    batcher (Callable[[Iterable[Example]], Iterable[List[Example]]]): Makes the batches.
    joined (float): The share of the examples that are joined.
    RETURNS (Callable[[Iterable[Example]], Iterable[List[Example]]]): The batcher.
    RAISES (ValueError): If the share is no share.
    """
    is_share = 0 <= joined <= 1
    check_setting("spacy-lstm-tagger.join_docs.v1", "joined", joined, is_share, "from 0 to 1")

    def batch(examples: Iterable[Example]) -> Iterable[list[Example]]:
        return batcher(_join_some(examples, joined))

    return batch


def _join_some(examples: Iterable[Example], joined: float) -> Iterator[Example]:
    mean = (2 + MAX_JOINED) / 2
    # How often several are begun, rather than a single one, for this share of all examples.
    probability = joined / (joined + (1 - joined) * mean)
    rest = iter(examples)
    while True:
        size = random.randint(2, MAX_JOINED) if random.random() < probability else 1
        part = list(islice(rest, size))
        if not part:
            return
        if len(part) == 1 or any(_has_data_of_its_own(example) for example in part):
            yield from part
        else:
            yield join(part)


def _has_data_of_its_own(example: Example) -> bool:
    """Whether somebody stored data on the documents, of which none must get lost."""
    return bool(example.predicted.user_data or example.reference.user_data)


def join(examples: Sequence[Example]) -> Example:
    """RETURNS (Example): Several examples, of one vocab, as one, with a space between their texts."""
    predicted = Doc.from_docs([example.predicted for example in examples])
    reference = Doc.from_docs([example.reference for example in examples])
    return Example(predicted, reference)
