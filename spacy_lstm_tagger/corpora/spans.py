"""Spans of characters become one label per word. A pure function: no files, no spaCy."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from ..schemes import Span, write_spans

Bounds: TypeAlias = tuple[int, int]  # the first character of a word, and the one after its last


class Alignment(NamedTuple):
    """Spans as labels of words.

    labels (List[str]): One per word, in the scheme BIO; "" for the words of `unaligned` spans: neither
        their label nor that they have none is known.
    unaligned (List[Span]): Spans that begin or end inside a word, have no word, or share one with another.
    """

    labels: list[str]
    unaligned: list[Span]


def align_spans(text: str, words: Sequence[Bounds], spans: Iterable[Span]) -> Alignment:
    """Label the words of a text.

    words (Sequence[Tuple[int, int]]): The bounds of its words: in order, without overlaps, none empty.
    spans (Iterable[Span]): Spans of its characters, in any order. White space at their ends does not count.
        The same span twice is one.
    RETURNS (Alignment): The labels of the words, and the spans that could not become labels.
    """
    starts, ends = [start for start, _ in words], [end for _, end in words]
    n_spans = [0] * len(words)  # how many have each word
    found: list[tuple[Span, Span]] = []  # each span, and the words that it touches
    for span in sorted({_trim(text, span) for span in spans}, key=lambda span: span[1:]):
        touched = Span(span.label, bisect_right(ends, span.start), bisect_left(starts, span.end))
        for index in range(touched.start, touched.end):
            n_spans[index] += 1
        found.append((span, touched))
    aligned: list[Span] = []
    unaligned: list[tuple[Span, Span]] = []
    for span, touched in found:
        is_exact = touched.start < touched.end and (span.start, span.end) == (
            starts[touched.start],
            ends[touched.end - 1],
        )
        if is_exact and max(n_spans[touched.start : touched.end]) == 1:
            aligned.append(touched)
        else:
            unaligned.append((span, touched))
    labels = write_spans(aligned, len(words), "bio")
    for _, touched in unaligned:
        labels[touched.start : touched.end] = [""] * max(0, touched.end - touched.start)
    return Alignment(labels, [span for span, _ in unaligned])


def _trim(text: str, span: Span) -> Span:
    content = text[span.start : span.end]
    start = span.start + len(content) - len(content.lstrip())
    return Span(span.label, start, start + len(content.strip()))


def find_spaces(text: str, words: Sequence[Bounds]) -> list[bool]:
    """RETURNS (List[bool]): Whether something that is no word, so white space, follows each word."""
    return [end < start for (_, end), (start, _) in pairwise([*words, (len(text), len(text))])]


def count_characters(text: str) -> list[int]:
    """RETURNS (List[int]): For each UTF-16 code unit of a text and for its end, the index of the character,
    a Unicode code point, that it is of.
    """
    units = [index for index, char in enumerate(text) for _ in range(1 + (char > "\uffff"))]
    return [*units, len(text)]
