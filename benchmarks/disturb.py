"""Text that differs from what a tagger was trained on, with the tags that it should still have."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from random import Random
from typing import TypeAlias

from corpora import TaggedSentence

Disturbance: TypeAlias = Callable[[Sequence[TaggedSentence]], Iterable[TaggedSentence]]

INSERTED_SHARE = 0.1  # so many words get something in front of them


def change(sentences: Iterable[TaggedSentence], spell: Callable[[str], str]) -> Iterable[TaggedSentence]:
    """YIELDS (TaggedSentence): Sentences with their words spelled in another way."""
    for words, spaces, tags in sentences:
        yield TaggedSentence(list(map(spell, words)), spaces, tags)


def insert(sentences: Iterable[TaggedSentence], inserted: Sequence[str]) -> Iterable[TaggedSentence]:
    """YIELDS (TaggedSentence): Sentences with words between theirs, which have no gold tag and do not
    count.
    """
    random = Random(0)
    for sentence in sentences:
        tokens: list[tuple[str, bool, str]] = []
        for token in zip(*sentence, strict=True):
            if random.random() < INSERTED_SHARE:
                tokens.append((random.choice(inserted), True, ""))
            tokens.append(token)
        yield TaggedSentence(*map(list, zip(*tokens, strict=True)))


def append(sentences: Iterable[TaggedSentence], appended: Sequence[str]) -> Iterable[TaggedSentence]:
    """YIELDS (TaggedSentence): Sentences with a word after each that has no gold tag: it does not count."""
    random = Random(0)
    for words, spaces, tags in sentences:
        yield TaggedSentence([*words, random.choice(appended)], [*spaces, True], [*tags, ""])


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
