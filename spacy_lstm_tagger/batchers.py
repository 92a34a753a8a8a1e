"""`spacy-lstm-tagger.join_docs.v1`: joins some examples into documents of several sentences.

A tagger that is trained on single sentences learns that sentences start and end where the text does, and
makes errors at sentence boundaries in longer documents.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeAlias

from spacy.tokens import Doc
from spacy.training import Example

from .errors import check_setting

Batcher: TypeAlias = Callable[[Iterable[Example]], Iterable[list[Example]]]

MAX_JOINED = 4  # batches of longer documents have few sequences, and are slow to train on


def create_joining_batcher(batcher: Batcher, joined: float = 0.5) -> Batcher:
    """Create a batcher that joins some examples, different ones in each epoch, into documents of two to
    four, and leaves batching to another one.

    batcher (Callable[[Iterable[Example]], Iterable[List[Example]]]): Makes the batches.
    joined (float): The share of examples that are joined.
    RETURNS (Callable[[Iterable[Example]], Iterable[List[Example]]]): The batcher.
    RAISES (LSTMTaggerValueError): If `joined` is not in [0, 1].
    """
    is_share = 0 <= joined <= 1
    check_setting("spacy-lstm-tagger.join_docs.v1", "joined", joined, is_share, "from 0 to 1")

    def batch(examples: Iterable[Example]) -> Iterable[list[Example]]:
        return batcher(_join_some(examples, joined))

    return batch


def draw_sizes(joined: float) -> Iterator[int]:
    """YIELDS (int): How many texts the next document has, so that this share of them is joined: one, or two
    to four.
    """
    mean = (2 + MAX_JOINED) / 2
    # The probability of starting a joined document, rather than a single text, that gives this share.
    probability = joined / (joined + (1 - joined) * mean)
    while True:
        yield random.randint(2, MAX_JOINED) if random.random() < probability else 1


def _join_some(examples: Iterable[Example], joined: float) -> Iterator[Example]:
    rest = iter(examples)
    for size in draw_sizes(joined):
        part = list(islice(rest, size))
        if not part:
            return
        if len(part) == 1 or any(_has_user_data(example) for example in part):
            yield from part
        else:
            yield join(part)


def _has_user_data(example: Example) -> bool:
    """RETURNS (bool): Whether its documents have user data, which joining would lose."""
    return bool(example.predicted.user_data or example.reference.user_data)


def join(examples: Sequence[Example]) -> Example:
    """RETURNS (Example): Several examples that share a vocab as one, with a space between their texts."""
    predicted = Doc.from_docs([example.predicted for example in examples])
    reference = Doc.from_docs([example.reference for example in examples])
    return Example(predicted, reference)
