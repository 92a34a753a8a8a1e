"""Spans written as labels: by hand in every scheme, and read back."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.scheme import BILOU, IOB1, IOB2, IOBES, Entities, Token

from spacy_lstm_tagger.schemes import Span, convert, find_spans, is_valid, write_spans

SPANS = [Span("X", 1, 4), Span("X", 4, 5), Span("Y", 5, 7), Span("X", 8, 9)]
WRITTEN = {
    "bio": "O B-X I-X I-X B-X B-Y I-Y O B-X",
    "iob1": "O I-X I-X I-X B-X I-Y I-Y O I-X",
    "bioes": "O B-X I-X E-X S-X B-Y E-Y O S-X",
    "biluo": "O B-X I-X L-X U-X B-Y L-Y O U-X",
}
PARTS = st.lists(st.tuples(st.sampled_from(["", "X", "Y", "B-U"]), st.integers(1, 4)), max_size=8)


@pytest.mark.parametrize("scheme", WRITTEN)
def test_spans_by_hand(scheme: str) -> None:
    labels = WRITTEN[scheme].split()
    assert write_spans(SPANS, 9, scheme) == labels
    assert find_spans(labels) == SPANS
    assert {other: " ".join(convert(labels, other)) for other in WRITTEN} == WRITTEN


@given(PARTS, st.sampled_from([*WRITTEN]))
def test_what_is_written_is_read(parts: list[tuple[str, int]], scheme: str) -> None:
    spans, end = [], 0
    for label, length in parts:
        start, end = end, end + length
        if label:
            spans.append(Span(label, start, end))
    labels = write_spans(spans, end, scheme)
    assert len(labels) == end
    assert is_valid(labels, scheme)
    assert find_spans(labels) == spans


@pytest.mark.parametrize(
    ("scheme", "prefixes", "theirs"),
    [("bio", "BI", IOB2), ("iob1", "BI", IOB1), ("bioes", "BIES", IOBES), ("biluo", "BILU", BILOU)],
)
def test_seqeval_finds_the_same_spans(scheme: str, prefixes: str, theirs: type[Token]) -> None:
    """In its strict mode, in every valid sequence of up to four labels."""
    labels = ["O", *(f"{prefix}-{kind}" for prefix in prefixes for kind in "XY")]
    sequences = [
        list(sequence)
        for length in range(1, 5)
        for sequence in product(labels, repeat=length)
        if is_valid(sequence, scheme)
    ]
    assert len(sequences) > 100
    found = Entities(sequences, theirs).entities
    for sequence, entities in zip(sequences, found, strict=True):
        assert find_spans(sequence) == [Span(entity.tag, entity.start, entity.end) for entity in entities]
