"""Texts with spans of characters, as Prodigy, doccano and spaCy's own training data have them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from spacy.tokens import Doc

from ..errors import Errors, summarize_error
from ..schemes import Span
from .annotations import Sentence
from .lines import shorten
from .reading import Damage
from .records import ANYTHING, LABEL, Record, is_number, is_text
from .spans import Bounds, align_spans, count_characters, find_spaces

Tokenizer: TypeAlias = Callable[[str], Doc]


def parse_text(
    record: Record, damage: Damage, tokenizer: Tokenizer, words_key: str, spans_key: str, *, is_utf16: bool
) -> Sentence:
    """RETURNS (Sentence): The words of a text, with the labels of its spans as tags and as entities."""
    text = record.values["text"]
    if not is_text(text):
        raise record.error(Errors.L339, reason=f"it is {shorten(text)}, not a valid string")
    positions = count_characters(text) if is_utf16 else range(len(text) + 1)
    spans = list(_read_spans(record, positions, spans_key))
    if record.values.get(words_key) is not None:
        words = list(_read_tokens(record, positions, words_key))
    else:
        words = _tokenize(record, tokenizer)
    labels, unaligned = align_spans(text, words, spans)
    for span in unaligned:
        damage.lose_span(record.line.number, shorten(text[span.start : span.end]))
    return Sentence(
        words=[text[start:end] for start, end in words],
        spaces=find_spaces(text, words),
        tags=labels,
        ents=labels,
    )


def _read_spans(record: Record, positions: Sequence[int], key: str) -> Iterator[Span]:
    """positions (Sequence[int]): The character that each offset means."""
    if key not in record.values:
        if record.values.get("answer") == "accept":  # Prodigy: a text without spans
            return
        raise record.error(Errors.L331)
    for index, entry in enumerate(record.get_list(key, ANYTHING)):
        start, end, label = _split_entry(entry)
        bounds = _convert_bounds(start, end, positions)
        if bounds is None or not LABEL.is_valid(label) or label in (None, ""):
            value, length = shorten(entry), len(positions) - 1
            raise record.error(Errors.L335, key=key, index=index, value=value, length=length)
        if name := record.name_label(key, index, label):
            yield Span(name, *bounds)


def _read_tokens(record: Record, positions: Sequence[int], key: str) -> Iterator[Bounds]:
    text, last = record.values["text"], 0
    for index, token in enumerate(record.get_list(key, ANYTHING)):
        start, end, _ = _split_entry(token)
        bounds = _convert_bounds(start, end, positions)
        if bounds is None or bounds[0] < last or not _has_text(token, text[slice(*bounds)]):
            raise record.error(Errors.L336, key=key, index=index, value=shorten(token))
        yield bounds
        last = bounds[1]


def _has_text(token: dict[str, Any], text: str) -> bool:
    return bool(token.get("text", text) == text)


def _split_entry(entry: Any) -> tuple[Any, Any, Any]:
    """RETURNS (Tuple[Any, Any, Any]): Start, end and label; None where they are missing."""
    if isinstance(entry, dict):
        start, end = (entry.get(key, entry.get(f"{key}_offset")) for key in ("start", "end"))
        return start, end, entry.get("label")
    if isinstance(entry, list) and len(entry) == 3:
        return entry[0], entry[1], entry[2]
    return None, None, None


def _convert_bounds(start: Any, end: Any, positions: Sequence[int]) -> Bounds | None:
    """RETURNS (Optional[Tuple[int, int]]): Offsets as characters; None if they bound nothing."""
    if not (is_number(start) and is_number(end) and 0 <= start < end < len(positions)):
        return None
    bounds = positions[start], positions[end]
    return bounds if bounds[0] < bounds[1] else None


def _tokenize(record: Record, tokenizer: Tokenizer) -> list[Bounds]:
    text = record.values["text"]
    try:
        doc = tokenizer(text)
    except Exception as error:  # whatever a tokenizer raises, it does not say where
        raise record.error(Errors.L339, reason=summarize_error(error)) from error
    if doc.text != text:
        raise record.error(Errors.L339, reason="the tokenizer of the pipeline changes it")
    return [(token.idx, token.idx + len(token)) for token in doc]
