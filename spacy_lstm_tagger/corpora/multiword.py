"""Multiword tokens: syntactic words such as "de" and "le" that are written as one token, "du"."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from .annotations import MISSING_HEAD, Sentence

Multiword: TypeAlias = Literal["split", "join", "first", "last", "head"]

TAG_SEPARATOR = "_"  # that of `spacy convert --merge-subtokens`


class MultiwordToken(NamedTuple):
    """Consecutive words that are written as one token.

    start (int): The index of the first word.
    end (int): The index after the last one.
    form (str): The token.
    """

    start: int
    end: int
    form: str


def merge_words(sentence: Sentence, tokens: Sequence[MultiwordToken], how: Multiword) -> Sentence:
    """Make tokens of the words of a sentence, as a tokenizer meets them.

    sentence (Sentence): The sentence, with an entry for each word.
    tokens (Sequence[MultiwordToken]): Its multiword tokens, in order.
    how ("split" | "join" | "first" | "last" | "head"): Where a token's tag, part of speech, lemma and
        features come from: its first or last word, or the one that the others depend on. "join" joins tags
        by "_" and lemmas by a space, and takes the others from the word that the others depend on. "split"
        leaves the words as they are. A relation is always that of the word that the others depend on.
    RETURNS (Sentence): The sentence, with an entry for each token.
    """
    if how == "split" or not tokens:
        return sentence
    groups = _group(len(sentence.words), tokens)
    owners = [index for index, group in enumerate(groups) for _ in range(group.start, group.end)]
    tops = [_find_top(sentence.heads, group) for group in groups]
    chosen = [_choose(group, top, how) for group, top in zip(groups, tops, strict=True)]

    def pick(
        values: list[str] | None, places: list[int] = chosen, join: str | None = None
    ) -> list[str] | None:
        if values is None:
            return None
        if join is None or how != "join":
            return [values[place] for place in places]
        return [_join(values[group.start : group.end], join) for group in groups]

    return Sentence(
        words=[group.form or sentence.words[group.start] for group in groups],
        spaces=sentence.spaces and [sentence.spaces[group.end - 1] for group in groups],
        tags=pick(sentence.tags, join=TAG_SEPARATOR),
        pos=pick(sentence.pos),
        lemmas=pick(sentence.lemmas, join=" "),
        morphs=pick(sentence.morphs),
        heads=sentence.heads
        and [
            MISSING_HEAD if (head := sentence.heads[top]) == MISSING_HEAD else owners[head] for top in tops
        ],
        deps=pick(sentence.deps, tops),
        ents=pick(sentence.ents, [group.start for group in groups]),
    )


def _group(n_words: int, tokens: Sequence[MultiwordToken]) -> list[MultiwordToken]:
    """RETURNS (List[MultiwordToken]): All tokens; one of a single word has no form of its own."""
    inside = {index for token in tokens for index in range(token.start, token.end)}
    single = [MultiwordToken(index, index + 1, "") for index in range(n_words) if index not in inside]
    return sorted([*single, *tokens])


def _find_top(heads: list[int] | None, group: MultiwordToken) -> int:
    """RETURNS (int): The first word of a token whose head is not in it, or that is the root."""
    for index in range(group.start, group.end):
        if heads and (heads[index] == index or not group.start <= heads[index] < group.end):
            return index
    return group.start


def _choose(group: MultiwordToken, top: int, how: Multiword) -> int:
    return {"first": group.start, "last": group.end - 1}.get(how, top)


def _join(values: list[str], separator: str) -> str:
    return separator.join(values) if all(values) else ""
