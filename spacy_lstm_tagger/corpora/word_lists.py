"""Words and lists of what is known about each, by spaCy's names."""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any, TypeAlias

from spacy.parts_of_speech import IDS as UPOS_TAGS

from ..errors import Errors
from ..schemes import OUTSIDE, PREFIXES, Span, split_label, write_spans
from .annotations import MISSING_HEAD, ROOT, Sentence, is_tree
from .lines import shorten
from .reading import Damage
from .records import ENTITY, FLAG, LABEL, NUMBER, TEXT, WORD, Record

_Lists: TypeAlias = dict[str, list[Any]]

_OPTIONAL = {
    "spaces": FLAG,
    "pos": TEXT,
    "lemmas": TEXT,
    "morphs": TEXT,
    "heads": NUMBER,
    "deps": TEXT,
    "ents": TEXT,
    "sent_starts": FLAG,
}
_FEATS = re.compile(r"[^=|]+=[^=|]+(?:\|[^=|]+=[^=|]+)*")


def _is_span_label(value: str) -> bool:
    prefix, span_type = split_label(value)
    return value == OUTSIDE or (prefix in PREFIXES and span_type != "")


# What spaCy would refuse: the annotation, what it must be, and whether it is.
_CHECKS: dict[str, tuple[str, str, Callable[[str], object]]] = {
    "pos": ("token.pos", "a universal part of speech or null", UPOS_TAGS.__contains__),
    "morphs": ("token.morph", "Name=Value pairs separated by |, or null", _FEATS.fullmatch),
    "ents": ("doc.ents", "'O', a label such as 'B-PER', or null", _is_span_label),
}


def parse_words(record: Record, damage: Damage, words_key: str, tags_key: str) -> list[Sentence]:
    """RETURNS (List[Sentence]): The sentences; one, unless the object says where others start."""
    words = record.get_list(words_key, WORD)
    entities = _read_entities(record, len(words))
    has_tags = entities is None or tags_key in record.values
    tags = record.get_list(tags_key, LABEL, len(words)) if has_tags else [None] * len(words)
    lists: _Lists = {
        key: record.get_list(key, entry, len(words))
        for key, entry in _OPTIONAL.items()
        if key not in (words_key, tags_key) and record.values.get(key) is not None
        if key != "ents" or entities is None
    }
    if entities is not None:
        lists["ents"] = entities
    starts, heads = lists.pop("sent_starts", []), lists.pop("heads", [])
    lists = {key: _clean(record, damage, key, values) for key, values in lists.items()}
    lists["words"] = words
    lists["tags"] = [
        tag if isinstance(tag, str) else record.name_label(tags_key, index, tag)
        for index, tag in enumerate(tags)
    ]
    bounds = [0, *(index for index, is_start in enumerate(starts) if is_start and index), len(words)]
    return [
        Sentence(
            **{key: values[start:end] for key, values in lists.items()},
            heads=_read_heads(record, damage, heads[start:end], start) if heads else None,
        )
        for start, end in pairwise(bounds)
    ]


def _read_entities(record: Record, n_words: int) -> list[str] | None:
    """RETURNS (Optional[List[str]]): The labels of words, in BIO, from entities that are objects, as
    `lstm-tagger apply` writes them; None if there are no such.
    """
    found = record.values.get("ents")
    if not isinstance(found, list) or not (found == [] or any(isinstance(entry, dict) for entry in found)):
        return None
    if found == [] and not n_words:
        return None
    is_taken = [False] * n_words
    spans = []
    for index, entry in enumerate(record.get_list("ents", ENTITY)):
        span = Span(entry["label"], entry["start"], entry["end"])
        if not 0 <= span.start < span.end <= n_words or any(is_taken[span.start : span.end]):
            expected = f"one or more of the {n_words} words, and share none with another"
            raise record.error(
                Errors.L320, key="ents", index=index, value=shorten(entry), expected=expected
            )
        is_taken[span.start : span.end] = [True] * (span.end - span.start)
        spans.append(span)
    return write_spans(spans, n_words, "bio")


def _clean(record: Record, damage: Damage, key: str, values: list[Any]) -> list[Any]:
    """RETURNS (List[Any]): The values, "" where they are missing or would be refused by spaCy."""
    if key == "spaces":
        return values
    if key == "deps":
        return [ROOT if value == "root" else value or "" for value in values]
    values = [value or "" for value in values]
    annotation, expected, is_valid = _CHECKS.get(key, ("", "", bool))
    for index, value in enumerate(values):
        if value and not is_valid(value):
            found = shorten(value)
            error = record.error(Errors.L320, key=key, index=index, value=found, expected=expected)
            damage.lose_value(annotation, error)
            values[index] = ""
    return values


def _read_heads(record: Record, damage: Damage, heads: list[Any], start: int) -> list[int] | None:
    """RETURNS (Optional[List[int]]): The heads of a sentence that starts at this word, as indices in it."""
    relative = [_count_from(start, head, len(heads)) for head in heads]
    if is_tree(relative):
        return relative
    damage.lose_value("token.dep", record.error(Errors.L337, start=start))
    return None


def _count_from(start: int, head: int | None, n_words: int) -> int:
    if head is None:
        return MISSING_HEAD
    return head - start if head >= start else n_words  # which is no word of the sentence
