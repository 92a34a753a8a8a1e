"""Linear chains, packed: the paths of labels through a sequence, and their scores.

A path scores the emissions of its labels, the transitions between them, its start and its end (Lample et
al. 2016, §2.2). The scores of start and end are added to the first and the last token's emissions, so that
the algorithms see only emissions and transitions. What is forbidden scores -inf.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from ..packing import Packing

BLOCK = 2**20  # numbers that a step holds at once: 50 labels of 400 sequences; 4 MiB in float32


class Links(NamedTuple):
    """How packed rows are linked to sequences and to each other.

    sizes (List[int]): How many sequences run at each step.
    sequence (Tensor): The sequence of every row, by its position in the packing's order, `(rows,)`.
    before (Tensor): For every row after the first step, the row of the token before, `(rows - sizes[0],)`.
    last (Tensor): The row of every sequence's last token, `(running,)`.
    mirror (Tensor): The row of the token that lies as far from the sequence's other end, `(rows,)`.
    """

    sizes: list[int]
    sequence: Tensor
    before: Tensor
    last: Tensor
    mirror: Tensor

    @classmethod
    def from_sizes(cls, sizes: list[int], device: torch.device) -> "Links":
        """Link the rows.

        sizes (List[int]): How many sequences run at each step; never growing.
        device (torch.device): Where the indices are needed.
        """
        running = torch.tensor(sizes, dtype=torch.int64)  # (time,)
        starts = running.cumsum(0) - running  # (time,)
        step = torch.arange(len(sizes)).repeat_interleave(running)  # (rows,)
        row = torch.arange(len(step))
        sequence = row - starts[step]  # (rows,)
        later = slice(sum(sizes[:1]), None)
        before = row[later] - running[step[later] - 1]
        last_step = torch.bincount(sequence) - 1  # (running,)
        last = starts[last_step] + torch.arange(len(last_step))
        mirror = starts[last_step[sequence] - step] + sequence
        return cls(sizes, *(index.to(device) for index in (sequence, before, last, mirror)))

    @property
    def later(self) -> slice:
        """The rows after the first step."""
        return slice(len(self.sequence) - len(self.before), None)


class Chains(NamedTuple):
    """Sequences whose paths are summed or compared.

    emissions (Tensor): Packed, with the scores of starting and ending, `(rows, labels)`.
    transitions (Tensor): From the row's label to the column's, `(labels, labels)`.
    packing (Packing): The order of the rows.
    links (Links): How the rows are linked.
    """

    emissions: Tensor
    transitions: Tensor
    packing: Packing
    links: Links

    @classmethod
    def pack(
        cls, emissions: Tensor, lengths: Tensor, start: Tensor, transitions: Tensor, end: Tensor
    ) -> "Chains":
        """Pack sequences that lie end to end.

        emissions (Tensor): `(tokens, labels)`.
        lengths (Tensor): The length of every sequence, int64 `(batch,)` on the CPU; may hold zeros.
        start (Tensor): The score of every label as the first, `(labels,)`.
        transitions (Tensor): `(labels, labels)`.
        end (Tensor): The score of every label as the last, `(labels,)`.
        """
        packing = Packing.from_lengths(lengths)
        links = Links.from_sizes(packing.sizes, emissions.device)
        packed = emissions.index_select(0, packing.rows.to(emissions.device))
        first = torch.arange(len(packing.order), device=emissions.device)
        for row, scores in ((first, start), (links.last, end)):
            packed = packed.index_add_(0, row, scores.expand(len(row), -1))
        return cls(packed, transitions, packing, links)

    def unpack(self, packed: Tensor) -> Tensor:
        """RETURNS (Tensor): `(tokens, ...)`, sequences end to end, from packed `(rows, ...)`."""
        flat = torch.empty_like(packed)
        flat[self.packing.rows.to(packed.device)] = packed
        return flat

    def spread(self, values: Tensor, batch: int) -> Tensor:
        """RETURNS (Tensor): `(batch, ...)`, from one value per non-empty sequence; 0 for empty ones."""
        order = self.packing.order.to(values.device)
        return values.new_zeros(batch, *values.shape[1:]).index_copy(0, order, values)

    def sum_rows(self, values: Tensor) -> Tensor:
        """RETURNS (Tensor): The sum over each non-empty sequence's rows, `(running,)`, from `(rows,)`."""
        n_running = len(self.packing.order)
        return values.new_zeros(n_running).index_add(0, self.links.sequence, values)

    def score(self, tags: Tensor) -> Tensor:
        """Score one path of each sequence.

        tags (Tensor): Its labels, packed, int64 `(rows,)`.
        RETURNS (Tensor): Summed in float64, `(running,)`.
        """
        emitted = self.emissions.gather(1, tags[:, None]).squeeze(1).double()  # (rows,)
        moved = self.transitions[tags[self.links.before], tags[self.links.later]].double()
        return self.sum_rows(
            torch.cat([emitted[: self.links.later.start], emitted[self.links.later] + moved])
        )


def extend(messages: Tensor, transitions: Tensor, reduce: Callable[[Tensor], Tensor]) -> Tensor:
    """Extend all paths by a step.

    messages (Tensor): The score of the paths that end in each label, `(n, labels)`.
    transitions (Tensor): `(labels, labels)`.
    reduce (Callable): From the scores of the paths that arrive at each label, `(from, n, to)`, to one
        score, `(n, to)`: the largest or the sum. May overwrite its input.
    RETURNS (Tensor): `(n, labels)`.
    """
    # The reduced dimension comes first, so that the reduction runs along whole vectors: four times as fast
    # as over the last dimension or the middle one.
    left = messages.t()[:, :, None]  # (from, n, 1)
    size = min(max(BLOCK // transitions.numel(), 1), len(messages))
    block = transitions.new_empty(len(transitions), size, len(transitions))
    arrived = [
        reduce(torch.add(part, transitions[:, None], out=block[:, : part.shape[1]]))
        for part in torch.split(left, size, dim=1)
    ]
    return arrived[0] if len(arrived) == 1 else torch.cat(arrived)
