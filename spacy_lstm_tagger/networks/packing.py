"""Sequences end to end ⇄ the order in which a recurrence reads them, without padding."""

from typing import NamedTuple

import torch
from torch import Tensor


class Packing(NamedTuple):
    """The order of `torch.nn.utils.rnn.PackedSequence`, for all directions at once: all first words, all
    second words, …

    Sequences are sorted from the longest to the shortest, so that those still running at any step are
    the first `sizes[step]` ones. The backward direction starts at the end of each sequence, and so runs as
    many sequences at a step as the forward one: a step is one block of rows, forward before backward. Empty
    sequences, which torch cannot pack, are left out.

    order (Tensor): The non-empty sequences, longest first, `(running,)`.
    rows (Tensor): For every packed row, its row in the flat `(tokens * directions)`,
        `(tokens * directions,)`.
    sizes (List[int]): How many sequences run at each step.
    directions (int): 1 or 2.
    """

    order: Tensor
    rows: Tensor
    sizes: list[int]
    directions: int

    @classmethod
    def from_lengths(cls, lengths: Tensor, directions: int = 1) -> "Packing":
        """Plan the packing of sequences that lie end to end.

        lengths (Tensor): The length of every sequence, int64 `(batch,)`, on the CPU.
        directions (int): 1, or 2 to read from both ends.
        """
        order = torch.argsort(lengths, descending=True, stable=True)
        order = order[: int(torch.count_nonzero(lengths))]
        last = lengths.cumsum(0)[order] - 1  # (running,)
        lengths = lengths[order]
        step = torch.arange(int(lengths[0]) if len(lengths) else 0)[:, None]  # (time, 1)
        is_running = step < lengths  # (time, running)
        tokens = [last - lengths + 1 + step, last - step][:directions]
        rows = torch.stack([directions * t + i for i, t in enumerate(tokens)], dim=1)
        rows = rows[is_running[:, None].expand_as(rows)]
        return cls(order, rows, is_running.sum(1).tolist(), directions)

    @property
    def step_rows(self) -> list[int]:
        """How many packed rows each step has."""
        return [self.directions * size for size in self.sizes]

    def find_rows(self, index: Tensor) -> Tensor:
        """Find the packed rows in a table.

        index (Tensor): The table's row of every token, `(tokens,)`.
        RETURNS (Tensor): For every packed row, its row in the table seen as `(types * directions, width)`.
        """
        tokens = torch.div(self.rows, self.directions, rounding_mode="floor")
        return index[tokens] * self.directions + self.rows % self.directions

    def unpack(self, packed: Tensor) -> Tensor:
        """RETURNS (Tensor): `(tokens, directions * width)`, from packed `(tokens * directions, width)`."""
        places = torch.empty_like(self.rows)
        places[self.rows] = torch.arange(len(places))
        flat = packed.index_select(0, places.to(packed.device))
        return flat.view(-1, self.directions * packed.shape[1])


def drop_skipped(index: Tensor, lengths: Tensor, is_read: Tensor) -> tuple[Tensor, Tensor]:
    """Drop the tokens that the network does not read.

    index (Tensor): The type of every token, sequences end to end, int64 `(tokens,)`.
    lengths (Tensor): The length of every sequence, int64 `(batch,)` on the CPU.
    is_read (Tensor): Which tokens are kept, bool `(tokens,)`.
    RETURNS (Tuple[Tensor, Tensor]): The types of the kept tokens, and the new lengths of the sequences.
    """
    n_read = torch.cat([lengths.new_zeros(1), is_read.cpu().cumsum(0)])  # before each token
    ends = lengths.cumsum(0)
    return index[is_read], n_read[ends] - n_read[ends - lengths]


def restore_skipped(outputs: Tensor, is_read: Tensor) -> Tensor:
    """RETURNS (Tensor): Outputs `(tokens, width)` of all tokens, from those of the kept ones `(kept,
    width)`: zeros for the dropped ones.
    """
    return outputs.new_zeros(len(is_read), outputs.shape[1]).masked_scatter(is_read[:, None], outputs)
