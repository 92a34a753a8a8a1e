"""Pieces and batches: every token is read once, and within the limits."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from spacy_lstm_tagger.networks.batching import (
    Batch,
    Piece,
    cut,
    make_batches,
    make_pieces,
    read_batches,
)

windows = st.integers(1, 8)
overlaps = st.integers(0, 10)
lengths_of_documents = st.lists(st.integers(0, 30), max_size=8)


@st.composite
def documents(draw: st.DrawFn) -> tuple[list[int], list[list[int]]]:
    """RETURNS (Tuple[List[int], List[List[int]]]): The documents' lengths and sentence starts, which are
    none or those from the first token on.
    """
    lengths = draw(lengths_of_documents)
    starts = [draw(st.sets(st.integers(0, n - 1))) if n else set() for n in lengths]
    return lengths, [sorted({0, *found}) if found else [] for found in starts]


# Pieces


@given(st.integers(0, 9), st.integers(0, 40), windows, overlaps, st.sets(st.integers(0, 39)))
def test_parts_that_count_are_the_document(
    start: int, length: int, window: int, overlap: int, sentences: set[int]
) -> None:
    end = start + length
    starts = sorted(start + i for i in sentences if i < length)
    pieces = cut(start, end, window, overlap, starts)
    kept = [token for piece in pieces for token in range(piece.keep_start, piece.keep_end)]
    assert kept == list(range(start, end))
    for piece in pieces:
        assert 1 <= piece.keep_end - piece.keep_start <= window
        assert start <= piece.start <= piece.keep_start
        assert piece.keep_end <= piece.end <= end
        assert piece.keep_start - piece.start <= overlap
        assert piece.end - piece.keep_end <= overlap


@given(st.integers(0, 9), st.integers(1, 40), windows, overlaps, st.sets(st.integers(0, 39)))
def test_cuts_are_between_sentences_and_have_context(
    start: int, length: int, window: int, overlap: int, sentences: set[int]
) -> None:
    end = start + length
    starts = sorted(start + i for i in sentences if i < length)
    pieces = cut(start, end, window, overlap, starts)
    assert (pieces[0].start, pieces[-1].end) == (start, end)
    for piece, following in pairwise(pieces):
        place = piece.keep_end
        in_reach = [s for s in starts if piece.keep_start < s <= piece.keep_start + window]
        assert place == max(in_reach, default=piece.keep_start + window)
        assert piece.end == min(place + overlap, end)
        assert following.start == max(place - overlap, start)


@pytest.mark.parametrize(
    ("sentences", "expected"),
    [
        ([], [Piece(2, 7, 2, 6), Piece(5, 11, 6, 10), Piece(9, 12, 10, 12)]),
        ([2, 6, 9], [Piece(2, 7, 2, 6), Piece(5, 10, 6, 9), Piece(8, 12, 9, 12)]),
        ([2, 9], [Piece(2, 7, 2, 6), Piece(5, 10, 6, 9), Piece(8, 12, 9, 12)]),
        ([2, 4, 5, 10], [Piece(2, 6, 2, 5), Piece(4, 10, 5, 9), Piece(8, 12, 9, 12)]),
    ],
)
def test_cuts_of_a_document(sentences: list[int], expected: list[Piece]) -> None:
    assert cut(2, 12, 4, 1, sentences) == expected


@given(documents(), windows, overlaps)
def test_only_long_documents_are_cut(
    drawn: tuple[list[int], list[list[int]]], window: int, overlap: int
) -> None:
    lengths, sentence_starts = drawn
    asked: list[int] = []

    def get_sentence_starts(doc: int) -> list[int]:
        asked.append(doc)
        return sentence_starts[doc]

    found = make_pieces(to_tensor(lengths), window, overlap, get_sentence_starts).tolist()
    expected, start = [], 0
    for length, starts in zip(lengths, sentence_starts, strict=True):
        end = start + length
        if length > window:
            expected += cut(start, end, window, overlap, [start + i for i in starts])
        else:
            expected.append(Piece(start, end, start, end))
        start = end
    assert sorted(map(tuple, found)) == sorted(map(tuple, expected))
    assert asked == [doc for doc, length in enumerate(lengths) if length > window]


# Batches


def to_tensor(lengths: list[int]) -> Tensor:
    return torch.tensor(lengths, dtype=torch.int64)


@given(documents(), windows, overlaps, st.integers(1, 5), st.integers(1, 20))
def test_batches_hold_all_pieces_within_the_limits(
    drawn: tuple[list[int], list[list[int]]], window: int, overlap: int, max_sequences: int, max_words: int
) -> None:
    lengths, sentence_starts = drawn
    pieces = make_pieces(to_tensor(lengths), window, overlap, sentence_starts.__getitem__)
    found, found_lengths = [], []
    for tokens, batch_lengths, is_kept in make_batches(
        pieces, max_sequences=max_sequences, max_words=max_words
    ):
        assert 1 <= len(batch_lengths) <= max_sequences
        assert len(tokens) <= max_words or len(batch_lengths) == 1
        kept = torch.ones_like(tokens, dtype=torch.bool) if is_kept is None else is_kept
        parts = (part.split(batch_lengths.tolist()) for part in (tokens, kept))
        found += [(tokens.tolist(), kept.tolist()) for tokens, kept in zip(*parts, strict=True)]
        found_lengths += batch_lengths.tolist()
    expected = [
        (list(range(start, end)), [keep_start <= token < keep_end for token in range(start, end)])
        for start, end, keep_start, keep_end in pieces.tolist()
        if end > start
    ]
    assert sorted(found) == sorted(expected)
    assert found_lengths == sorted(found_lengths, reverse=True), "of about one length in a batch"


@given(st.lists(st.integers(1, 9), max_size=30), st.integers(1, 5), st.integers(1, 20))
def test_batches_are_as_full_as_they_may_be(lengths: list[int], max_sequences: int, max_words: int) -> None:
    pieces = make_pieces(to_tensor(lengths), 9, 0, lambda doc: [])
    batches = make_batches(pieces, max_sequences=max_sequences, max_words=max_words)
    for batch, following in pairwise(batches):
        with_next = len(batch.tokens) + int(following.lengths[0])
        assert len(batch.lengths) == max_sequences or with_next > max_words


@given(st.lists(st.integers(1, 9), max_size=30), st.integers(1, 4), st.integers(1, 5))
def test_shares_are_about_the_same_work(lengths: list[int], shares: int, max_sequences: int) -> None:
    pieces = make_pieces(to_tensor(lengths), 9, 0, lambda doc: [])
    batches = make_batches(pieces, shares, max_sequences=max_sequences)
    tokens = [token for batch in batches for token in batch.tokens.tolist()]
    assert sorted(tokens) == list(range(sum(lengths)))
    words = [sum(len(batch.tokens) for batch in batches[share::shares]) for share in range(shares)]
    # As sorted lengths are dealt out in turn, shares differ by no more than the longest.
    if len(batches) % shares == 0:
        assert max(words) - min(words) <= max(lengths, default=0)


# Reading


def backwards(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    return map(function, reversed(list(items)))


def in_threads(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    with ThreadPoolExecutor(4) as pool:
        return pool.map(function, items)


MAPS = pytest.mark.parametrize("map_", [map, backwards, in_threads])


@MAPS
@given(
    drawn=documents(),
    window=windows,
    overlap=overlaps,
    max_sequences=st.integers(1, 5),
    max_words=st.integers(1, 20),
)
def test_every_token_is_written_once_where_it_is(
    map_: Any,
    drawn: tuple[list[int], list[list[int]]],
    window: int,
    overlap: int,
    max_sequences: int,
    max_words: int,
) -> None:
    lengths, sentence_starts = drawn
    pieces = make_pieces(to_tensor(lengths), window, overlap, sentence_starts.__getitem__)
    batches = make_batches(pieces, max_sequences=max_sequences, max_words=max_words)
    outputs = torch.full((sum(lengths), 2), torch.nan)
    written: list[int] = []
    for batch in batches:
        written += (batch.tokens if batch.is_kept is None else batch.tokens[batch.is_kept]).tolist()
    read_batches(lambda tokens, _: torch.stack([tokens, -tokens], dim=1).float(), batches, outputs, map_)
    assert outputs.tolist() == [[token, -token] for token in range(sum(lengths))]
    assert sorted(written) == list(range(sum(lengths)))


@MAPS
def test_readings_of_context_are_left_out(map_: Any) -> None:
    """A reading that tells how far it is from the ends of what was read."""

    def read(tokens: Tensor, lengths: Tensor) -> Tensor:
        rows = [[i, n - 1 - i] for n in lengths.tolist() for i in range(n)]
        return torch.tensor(rows, dtype=torch.float32)

    pieces = make_pieces(to_tensor([2, 7]), 3, 2, lambda doc: [])
    outputs = torch.full((9, 2), torch.nan)
    read_batches(read, make_batches(pieces, max_sequences=2, max_words=100), outputs, map_)
    # Read are 0 1, and 2 … 6, 3 … 8, 6 … 8, of which count 2 3 4, 5 6 7 and 8.
    first, second = [[0, 1], [1, 0]], [[0, 4], [1, 3], [2, 2], [2, 3], [3, 2], [4, 1], [2, 0]]
    assert outputs.tolist() == first + second


@MAPS
def test_readings_have_no_gradient(map_: Any) -> None:
    weight = torch.ones(1, requires_grad=True)
    outputs = torch.full((5, 1), torch.nan)
    batches = make_batches(make_pieces(to_tensor([2, 3]), 9, 0, lambda doc: []), max_sequences=1)
    read_batches(lambda tokens, _: tokens[:, None] * weight, batches, outputs, map_)
    assert not outputs.requires_grad
    assert outputs.flatten().tolist() == [0, 1, 2, 3, 4]


@MAPS
def test_errors_of_a_batch_come_out(map_: Any) -> None:
    def read(tokens: Tensor, lengths: Tensor) -> Tensor:
        if 3 in tokens:
            raise KeyError("3")
        return tokens[:, None].float()

    batches: Sequence[Batch] = make_batches(
        make_pieces(to_tensor([1] * 6), 9, 0, lambda doc: []), max_sequences=1
    )
    with pytest.raises(KeyError, match="3"):
        read_batches(read, batches, torch.empty(6, 1), map_)
