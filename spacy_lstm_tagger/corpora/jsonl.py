"""JSONL corpora: an object with words and their tags on every line."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..errors import Errors
from .annotations import Annotations
from .lines import Line, shorten
from .reading import Damage

_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_jsonl(lines: Iterable[Line], damage: Damage) -> Iterator[Annotations]:
    """YIELDS (Annotations): A doc for every line that is not blank."""
    return damage.parse_each(_parse_record, (line for line in lines if line.content.strip()))


def _parse_record(line: Line) -> Annotations:
    record = line.parse_object()
    words = _get_list(line, record, "words")
    tags = _get_list(line, record, "tags")
    spaces = _get_list(line, record, "spaces") if record.get("spaces") is not None else None
    for key, values in (("tags", tags), ("spaces", spaces)):
        if values is not None and len(values) != len(words):
            raise line.error(Errors.L321, key=key, count=len(values), words=len(words))
    return {"words": words, "tags": [tag or "" for tag in tags], "spaces": spaces}


def _get_list(line: Line, record: dict[str, Any], key: str) -> list[Any]:
    if key not in record:
        raise line.error(Errors.L318, key=key)
    values = record[key]
    if not isinstance(values, list):
        raise line.error(Errors.L319, key=key, value=shorten(values))
    expected, is_valid = _ENTRIES[key]
    for index, value in enumerate(values):
        if not is_valid(value):
            found = shorten(value)
            raise line.error(Errors.L320, key=key, index=index, value=found, expected=expected)
    return values


def _is_text(value: object) -> bool:
    # JSON can escape half of a surrogate pair, which no spaCy string can have.
    return isinstance(value, str) and not _SURROGATE.search(value)


# What the entries of each list must be.
_ENTRIES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "words": ("a non-empty string", lambda value: value != "" and _is_text(value)),
    "tags": ("a string or null", lambda value: value is None or _is_text(value)),
    "spaces": ("true or false", lambda value: isinstance(value, bool)),
}
