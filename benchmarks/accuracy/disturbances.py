"""Changes to text that should not change its tags."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from random import Random
from typing import TypeAlias

from benchmarks.common.corpora import Sentence

Disturbance: TypeAlias = Callable[[Sequence[Sentence]], Iterable[Sentence]]

INSERTED_SHARE = 0.1  # the share of words before which something is inserted


def change(sentences: Iterable[Sentence], spell: Callable[[str], str]) -> Iterable[Sentence]:
    """YIELDS (Sentence): The sentences, with their words respelled."""
    for words, spaces, tags in sentences:
        yield Sentence(list(map(spell, words)), spaces, tags)


def insert(sentences: Iterable[Sentence], inserted: Sequence[str]) -> Iterable[Sentence]:
    """YIELDS (Sentence): The sentences, with words inserted at random, which have no gold tag and so do not
    count.
    """
    random = Random(0)
    for sentence in sentences:
        tokens: list[tuple[str, bool, str]] = []
        for token in zip(*sentence, strict=True):
            if random.random() < INSERTED_SHARE:
                tokens.append((random.choice(inserted), True, ""))
            tokens.append(token)
        yield Sentence(*map(list, zip(*tokens, strict=True)))


def append(sentences: Iterable[Sentence], appended: Sequence[str]) -> Iterable[Sentence]:
    """YIELDS (Sentence): The sentences, with a word appended to each that does not count either."""
    random = Random(0)
    for words, spaces, tags in sentences:
        yield Sentence([*words, random.choice(appended)], [*spaces, True], [*tags, ""])


SPACES = ["\n", "\t", "  ", "\n\n"]
EMOJI = ["😀", "🎉", "👍🏽", "❤️"]
SCRIPTS = ["слово", "単語", "كلمة", "שלום", "शब्द"]
DISTURBANCES: dict[str, Disturbance] = {
    "lower": partial(change, spell=str.lower),
    "upper": partial(change, spell=str.upper),
    "white space": partial(insert, inserted=SPACES),
    "emoji at the end": partial(append, appended=EMOJI),
    "emoji within": partial(insert, inserted=EMOJI),
    "scripts at the end": partial(append, appended=SCRIPTS),
    "scripts within": partial(insert, inserted=SCRIPTS),
}
