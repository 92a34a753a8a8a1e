"""Sequences end to end ⇄ the time-major order in which a recurrence reads them, without padding."""

from typing import NamedTuple

import torch
from torch import Tensor


class Packing(NamedTuple):
    """The order of `torch.nn.utils.rnn.PackedSequence`: all first words, all second words, …

    Sequences are sorted from the longest to the shortest, so that those still running at any step are
    the first `batch_sizes[step]` ones. Empty sequences, which torch cannot pack, have no part in it.

    order (Tensor): The non-empty sequences, longest first, `(running,)`.
    positions (Tensor): For every packed row, its row in the flat input, `(tokens,)`.
    batch_sizes (Tensor): How many sequences run at each step, `(time,)`, on the CPU.
    """

    order: Tensor
    positions: Tensor
    batch_sizes: Tensor

    @classmethod
    def from_lengths(cls, lengths: Tensor) -> "Packing":
        """Plan the packing of sequences that lie end to end.

        lengths (Tensor): The length of every sequence, int64 `(batch,)`, on the CPU.
        """
        starts = lengths.cumsum(0) - lengths  # (batch,)
        order = torch.argsort(lengths, descending=True, stable=True)
        order = order[: int((lengths > 0).sum())]
        steps = torch.arange(int(lengths.max()) if len(lengths) else 0, device=lengths.device)
        running = steps[:, None] < lengths[order][None, :]  # (time, running)
        positions = (starts[order][None, :] + steps[:, None])[running]
        return cls(order, positions, running.sum(1))

    def pack(self, flat: Tensor) -> Tensor:
        """Reorder `(tokens, width)` from sequences end to end to the packed order."""
        return flat.index_select(0, self.positions.to(flat.device))

    def unpack(self, packed: Tensor) -> Tensor:
        """Undo `pack`."""
        flat = torch.empty_like(packed)
        flat[self.positions.to(packed.device)] = packed
        return flat
