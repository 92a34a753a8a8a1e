"""Documents of any number and length → pieces of bounded length → batches of pieces of similar length.

A recurrence is fastest with many sequences of similar length per step. So documents are sorted by length
and read in batches, and a long document is cut into pieces that are read in parallel.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

MAX_SEQUENCES = 256  # the gates of a step should fit into a core's cache
MAX_WORDS = 32768

Read: TypeAlias = Callable[[Tensor, Tensor], Tensor]
Map: TypeAlias = Callable[[Callable[["Batch"], None], Iterable["Batch"]], Iterable[None]]


class Piece(NamedTuple):
    """A part of a document that is read on its own.

    start (int): Its first token, among the tokens of all documents.
    end (int): After its last token.
    keep_start (int): The first token whose output is kept; those before are context.
    keep_end (int): After the last token whose output is kept.
    """

    start: int
    end: int
    keep_start: int
    keep_end: int


class Batch(NamedTuple):
    """Pieces that are read together.

    tokens (Tensor): The pieces' tokens, pieces end to end, `(batch tokens,)`.
    lengths (Tensor): The length of every piece, `(pieces,)`.
    is_kept (Optional[Tensor]): Which outputs are kept, `(batch tokens,)`; None for all.
    """

    tokens: Tensor
    lengths: Tensor
    is_kept: Tensor | None


def cut(
    start: int, end: int, window: int, overlap: int, sentence_starts: Sequence[int] = ()
) -> list[Piece]:
    """Cut a document into pieces that keep at most `window` outputs, at a sentence start if there is one in
    that range, otherwise anywhere. Pieces overlap, so that kept outputs have context on both sides.

    start (int): The document's first token.
    end (int): After its last token.
    overlap (int): How many more tokens a piece reads for context, on either side.
    sentence_starts (Sequence[int]): The first token of every sentence, ascending.
    RETURNS (List[Piece]): The pieces; the kept parts are end to end.
    """
    pieces = []
    keep_start = start
    while keep_start < end:
        keep_end = min(keep_start + window, end)
        i = bisect_right(sentence_starts, keep_end) - 1
        if keep_end < end and i >= 0 and sentence_starts[i] > keep_start:
            keep_end = sentence_starts[i]
        context = max(keep_start - overlap, start), min(keep_end + overlap, end)
        pieces.append(Piece(*context, keep_start, keep_end))
        keep_start = keep_end
    return pieces


def make_pieces(
    lengths: Tensor, window: int, overlap: int, get_sentence_starts: Callable[[int], Sequence[int]]
) -> Tensor:
    """Cut the documents that are longer than the window, and no others.

    lengths (Tensor): The lengths of documents that lie end to end, int64 `(docs,)`.
    window (int): See `cut`.
    overlap (int): See `cut`.
    get_sentence_starts (Callable[[int], Sequence[int]]): Takes the number of a document; gives the sentence
        starts within it, from 0 on, ascending.
    RETURNS (Tensor): A `Piece` a row, `(pieces, 4)`.
    """
    ends = lengths.cumsum(0)
    starts = ends - lengths
    pieces = torch.stack([starts, ends, starts, ends], dim=1)
    is_long = lengths > window
    if not is_long.any():
        return pieces
    cut_pieces: list[Piece] = []
    for doc in is_long.nonzero().flatten().tolist():
        start, end = int(starts[doc]), int(ends[doc])
        sentence_starts = [start + i for i in get_sentence_starts(doc)]
        cut_pieces += cut(start, end, window, overlap, sentence_starts)
    return torch.cat([pieces[~is_long], torch.tensor(cut_pieces)])


def make_batches(
    pieces: Tensor, shares: int = 1, max_sequences: int = MAX_SEQUENCES, max_words: int = MAX_WORDS
) -> list[Batch]:
    """Sort pieces by length and put them into batches, the longest first.

    pieces (Tensor): A `Piece` a row, `(pieces, 4)`.
    shares (int): Distribute the pieces evenly over this many readers first.
    max_sequences (int): How many pieces a batch has at most.
    max_words (int): How many tokens a batch has at most, unless it is of one piece.
    """
    lengths = pieces[:, 1] - pieces[:, 0]
    order = torch.argsort(lengths, descending=True, stable=True)[: int(torch.count_nonzero(lengths))]
    parts = [order[share::shares] for share in range(shares)]
    batches = [_make_share(pieces[part], lengths[part], max_sequences, max_words) for part in parts]
    return [batch for row in zip_longest(*batches) for batch in row if batch]


def _make_share(pieces: Tensor, lengths: Tensor, max_sequences: int, max_words: int) -> list[Batch]:
    """RETURNS (List[Batch]): Batches of pieces that are sorted by length."""
    ends = lengths.cumsum(0)
    batches = []
    first = 0
    while first < len(pieces):
        before = int(ends[first]) - int(lengths[first])
        last = int(torch.searchsorted(ends, before + max_words, right=True))
        part = slice(first, min(max(last, first + 1), first + max_sequences))
        batches.append(_make_batch(pieces[part], lengths[part]))
        first = part.stop
    return batches


def _make_batch(pieces: Tensor, lengths: Tensor) -> Batch:
    start, end, keep_start, keep_end = pieces.unbind(1)
    offsets = start - (lengths.cumsum(0) - lengths)
    tokens = torch.arange(int(lengths.sum())) + offsets.repeat_interleave(lengths)
    if torch.equal(start, keep_start) and torch.equal(end, keep_end):
        return Batch(tokens, lengths, None)
    is_kept = (tokens >= keep_start.repeat_interleave(lengths)) & (
        tokens < keep_end.repeat_interleave(lengths)
    )
    return Batch(tokens, lengths, is_kept)


def read_batches(read: Read, batches: Sequence[Batch], outputs: Tensor, map_: Map = map) -> None:
    """Read batches, and scatter their outputs to the positions of the tokens.

    read (Callable): Takes a batch's tokens `(batch tokens,)` and the lengths of its pieces; gives
        `(batch tokens, width)`.
    batches (Sequence[Batch]): The batches.
    outputs (Tensor): Filled, `(tokens, width)`.
    map_ (Callable): Like the builtin `map`; that of an executor reads batches in parallel.
    """

    def read_batch(batch: Batch) -> None:
        with torch.no_grad():  # a setting of each thread
            tokens, read_tokens = batch.tokens, read(batch.tokens, batch.lengths)
            if batch.is_kept is not None:
                tokens, read_tokens = tokens[batch.is_kept], read_tokens[batch.is_kept]
            outputs.index_copy_(0, tokens.to(outputs.device), read_tokens)

    for _ in map_(read_batch, batches):
        pass
