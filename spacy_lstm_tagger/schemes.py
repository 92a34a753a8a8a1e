"""How spans are written as one label per word: BIO, IOB1, BIOES and BILUO.

A label is "O", outside of any span, or a prefix, "-" and the type of the span: "B-city". BIOES writes E and
S where BILUO writes L and U. In IOB1 a span begins with I, and with B only right after a span of its own
type.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from .errors import Errors, LSTMTaggerValueError

__all__ = ["SCHEMES", "Scheme", "Span", "Transitions", "convert", "find_spans", "is_valid", "write_spans"]

OUTSIDE = "O"
BEGIN, INSIDE, LAST, UNIT, END, SINGLE = "BILUES"
SYNONYMS = {END: LAST, SINGLE: UNIT}
NO_TYPE = "\0"  # a type that no label has
PREFIXES = frozenset((BEGIN, INSIDE, LAST, UNIT, END, SINGLE))


class Scheme(NamedTuple):
    """The rules of a scheme, as strings of prefixes.

    begins (str): What can begin a span.
    ends (str): What can end one.
    continues (str): What can continue one.
    is_open (str): What can be continued.
    """

    begins: str
    ends: str
    continues: str
    is_open: str


SCHEMES = {
    "bio": Scheme(begins="B", ends="BI", continues="I", is_open="BI"),
    "iob1": Scheme(begins="I", ends="BI", continues="I", is_open="BI"),
    "bioes": Scheme(begins="BS", ends="ES", continues="IE", is_open="BI"),
    "biluo": Scheme(begins="BU", ends="LU", continues="IL", is_open="BI"),
}


class Span(NamedTuple):
    """A span of words or characters, from `start` up to but not including `end`."""

    label: str
    start: int
    end: int


class Transitions(NamedTuple):
    """Which sequences of labels a scheme allows.

    may_start (List[bool]): Whether a sequence may start with each label.
    may_follow (List[List[bool]]): Whether the column's label may follow the row's.
    may_end (List[bool]): Whether a sequence may end with each label.
    """

    may_start: list[bool]
    may_follow: list[list[bool]]
    may_end: list[bool]


def split_label(label: str) -> tuple[str, str]:
    """RETURNS (Tuple[str, str]): The prefix and the type of a span; the type of "O" is empty."""
    prefix, _, span_type = label.partition("-")
    return prefix, span_type


def find_spans(labels: Iterable[str]) -> list[Span]:
    """Find the spans that labels stand for, in any scheme.

    The labels need not be valid. As in CoNLL's evaluation, an I, L or E that does not continue a span of
    its type begins one, and a span ends where the next label does not continue it.

    labels (Iterable[str]): One label per word, such as "B-city"; a missing one, "", is in no span.
    RETURNS (List[Span]): The spans in order; `start` and `end` count words.
    RAISES (LSTMTaggerValueError): If a label belongs to no scheme.
    """
    spans: list[Span] = []
    is_open = False
    for index, label in enumerate(labels):
        prefix, span_type = split_label(label)
        prefix = SYNONYMS.get(prefix, prefix)
        if is_open and prefix in (INSIDE, LAST) and span_type == spans[-1].label:
            spans[-1] = spans[-1]._replace(end=index + 1)
        elif prefix in PREFIXES:
            spans.append(Span(span_type, index, index + 1))
        elif label not in (OUTSIDE, ""):
            raise LSTMTaggerValueError(Errors.L330.format(label=label))
        is_open = prefix in (BEGIN, INSIDE)
    return spans


def write_spans(spans: Iterable[Span], n_words: int, scheme: str) -> list[str]:
    """Write spans as labels.

    spans (Iterable[Span]): The spans, in order and without overlaps; `start` and `end` count words.
    n_words (int): The number of words.
    scheme (str): "bio", "iob1", "bioes" or "biluo".
    RETURNS (List[str]): One label per word.
    """
    labels = [OUTSIDE] * n_words
    before = Span("", 0, -1)
    for span in spans:
        is_adjacent = span.start == before.end and span.label == before.label
        for index in range(span.start, span.end):
            is_first, is_last = index == span.start, index == span.end - 1
            labels[index] = f"{_choose_prefix(scheme, is_first, is_last, is_adjacent)}-{span.label}"
        before = span
    return labels


def _choose_prefix(scheme: str, is_first: bool, is_last: bool, is_adjacent: bool) -> str:
    """RETURNS (str): The prefix of a word of a span. An adjacent span follows another of its type."""
    if scheme == "iob1":
        return BEGIN if is_first and is_adjacent else INSIDE
    if scheme == "bio":
        return BEGIN if is_first else INSIDE
    last, unit = (END, SINGLE) if scheme == "bioes" else (LAST, UNIT)
    if is_first:
        return unit if is_last else BEGIN
    return last if is_last else INSIDE


def convert(labels: Sequence[str], scheme: str) -> list[str]:
    """Convert labels of any scheme to another one.

    labels (Sequence[str]): One label per word; see `find_spans` for what they mean.
    scheme (str): "bio", "iob1", "bioes" or "biluo".
    RETURNS (List[str]): One label per word. A missing label stays missing.
    RAISES (LSTMTaggerValueError): If a label belongs to no scheme.
    """
    converted = write_spans(find_spans(labels), len(labels), scheme)
    return [new if old else "" for new, old in zip(converted, labels, strict=True)]


def is_valid(labels: Sequence[str], scheme: str | None = None) -> bool:
    """Check whether a sequence of labels follows a scheme.

    labels (Sequence[str]): One label per word.
    scheme (Optional[str]): "bio", "iob1", "bioes" or "biluo". By default, BILUO or BIOES if one of their
        prefixes occurs, and BIO otherwise.
    RETURNS (bool): False if a label is missing or does not belong to the scheme.
    """
    prefixes = {split_label(label)[0] for label in labels}
    if scheme is None:
        scheme = "biluo" if prefixes & {LAST, UNIT} else "bioes" if prefixes & {END, SINGLE} else "bio"
    if find_foreign_label(labels, scheme) is not None:
        return False
    return all(
        _may_follow(SCHEMES[scheme], before, after)
        for before, after in pairwise([OUTSIDE, *labels, OUTSIDE])
    )


def find_foreign_label(labels: Iterable[str], scheme: str) -> str | None:
    """RETURNS (Optional[str]): The first label that does not belong to a scheme."""
    rules = SCHEMES[scheme]
    prefixes = {*rules.begins, *rules.ends, *rules.continues, *rules.is_open}
    for label in labels:
        if label != OUTSIDE and split_label(label)[0] not in prefixes:
            return label
    return None


def _may_follow(rules: Scheme, before: str, after: str) -> bool:
    prefix, span_type = split_label(before)
    next_prefix, next_type = split_label(after)
    if prefix in rules.is_open and next_prefix in rules.continues and span_type == next_type:
        return True
    if rules is SCHEMES["iob1"] and next_prefix == BEGIN:
        return before != OUTSIDE and span_type == next_type
    return (before == OUTSIDE or prefix in rules.ends) and (after == OUTSIDE or next_prefix in rules.begins)


def find_transitions(scheme: str, labels: Sequence[str]) -> Transitions:
    """Find which labels may follow each other in a scheme.

    scheme (str): "bio", "iob1", "bioes" or "biluo".
    labels (Sequence[str]): The labels.
    RAISES (LSTMTaggerValueError): If a label does not belong to the scheme.
    """
    foreign = find_foreign_label(labels, scheme)
    if foreign is not None:
        raise LSTMTaggerValueError(Errors.L010.format(label=foreign, scheme=scheme))
    rules = SCHEMES[scheme]
    return Transitions(
        [_may_follow(rules, OUTSIDE, label) for label in labels],
        _find_followers(rules, labels),
        [_may_follow(rules, label, OUTSIDE) for label in labels],
    )


def _find_followers(rules: Scheme, labels: Sequence[str]) -> list[list[bool]]:
    """RETURNS (List[List[bool]]): Whether the column's label may follow the row's. Among labels of other
    types, that depends on the prefix alone, so that it is computed once for each prefix, and not for each
    pair of thousands of labels.
    """
    of_type: dict[str, list[int]] = {}
    for index, label in enumerate(labels):
        of_type.setdefault(split_label(label)[1], []).append(index)
    of_prefix: dict[str, list[bool]] = {}
    followers = []
    for label in labels:
        prefix, span_type = split_label(label)
        if prefix not in of_prefix:
            other = label if label == OUTSIDE else f"{prefix}-{NO_TYPE}"
            of_prefix[prefix] = [_may_follow(rules, other, after) for after in labels]
        row = list(of_prefix[prefix])
        for index in of_type[span_type]:
            row[index] = _may_follow(rules, label, labels[index])
        followers.append(row)
    return followers
