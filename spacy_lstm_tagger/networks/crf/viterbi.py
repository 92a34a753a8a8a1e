"""The best path of a chain, and its k best ones (Viterbi 1967; Forney 1973).

The forward pass keeps scores, but no back pointers: the backward pass finds them, for the one label that
each sequence has at each step. For a single sequence, a step is so little work that calling torch's
operators would take longer than the arithmetic; it is read with NumPy.
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from .chains import BLOCK, Chains, extend

Floats: TypeAlias = npt.NDArray[np.floating[Any]]


def find_best_paths(chains: Chains) -> Tensor:
    """Find each sequence's best path.

    chains (Chains): The sequences. Where all paths are forbidden, one of these is returned.
    RETURNS (Tensor): Its labels, packed, int64 `(rows,)`. Ties are always broken in the same way.
    """
    sizes = chains.links.sizes
    if sizes[:1] == [1] and chains.emissions.device.type == "cpu":
        return torch.tensor(_find_best_path(chains.emissions.numpy(), chains.transitions.numpy()))
    messages = _read_forward(chains)  # the score of the best path to each label, up to a constant
    to_label = chains.transitions.t().contiguous()  # (to, from)
    tags = torch.empty(len(messages), dtype=torch.int64, device=messages.device)
    best = messages[chains.links.last].argmax(1)  # (running,)
    going_on = slice(0)  # the sequences that continue after this step
    for message, tag in reversed(
        list(zip(torch.split(messages, sizes), torch.split(tags, sizes), strict=True))
    ):
        best[going_on] = (message[going_on] + to_label.index_select(0, best[going_on])).argmax(1)
        tag.copy_(best[: len(tag)])
        going_on = slice(len(tag))
    return tags


def _read_forward(chains: Chains) -> Tensor:
    """RETURNS (Tensor): The score of the best path to each label, minus that of the best path, `(rows,
    labels)`.
    """
    messages = torch.empty_like(chains.emissions)
    lowest = torch.finfo(messages.dtype).min
    sizes, before = chains.links.sizes, None
    for size, emissions, message in zip(
        sizes, torch.split(chains.emissions, sizes), torch.split(messages, sizes), strict=True
    ):
        arrived = emissions
        if before is not None:
            arrived = extend(before[:size], chains.transitions, _get_largest).add_(emissions)
        # Subtracting the best keeps the numbers small, and so exact, however long the sequence is.
        best = arrived.amax(1, keepdim=True).clamp_(min=lowest)  # (size, 1)
        before = torch.sub(arrived, best, out=message)
    return messages


def _find_best_path(emissions: Floats, transitions: Floats) -> list[int]:
    """As `find_best_paths`, for one sequence `(time, labels)`."""
    messages = np.empty_like(emissions)
    messages[0] = emissions[0]
    arriving = np.empty_like(transitions)  # (from, to)
    lowest = np.finfo(emissions.dtype).min
    for before, row, message in zip(messages, emissions[1:], messages[1:], strict=False):
        np.add(before[:, None], transitions, out=arriving)
        np.maximum.reduce(arriving, axis=0, out=message)
        np.add(message, row, out=message)
        np.subtract(message, max(message.max(), lowest), out=message)
    to_label = np.ascontiguousarray(transitions.T)  # (to, from)
    path = [int(messages[-1].argmax())]
    for message in messages[-2::-1]:
        path.append(int((message + to_label[path[-1]]).argmax()))
    return path[::-1]


def _get_largest(scores: Tensor) -> Tensor:
    return scores.amax(0)


def find_k_best_paths(chains: Chains, k: int) -> tuple[Tensor, Tensor]:
    """Find each sequence's k best paths, best first: for each label, the k best that end there are kept.

    chains (Chains): The sequences.
    k (int): How many paths.
    RETURNS (Tuple[Tensor, Tensor]): Their labels, packed, int64 `(k, rows)`, and their scores, float64
        `(running, k)`. Where there are fewer paths, labels are -1 and scores are -inf.
    """
    sizes = chains.links.sizes
    emissions, transitions = chains.emissions.double(), chains.transitions.double()
    n_labels = len(transitions)
    # The origin of a path: the label before, times k, plus the rank of the path to that label.
    scores = emissions.new_full((len(emissions), n_labels, k), -torch.inf)
    origins = torch.zeros_like(scores, dtype=torch.int64)
    tags = torch.empty(len(emissions), k, dtype=torch.int64, device=emissions.device)
    before = None
    for size, *parts in zip(
        sizes, *(torch.split(x, sizes) for x in (emissions, scores, origins)), strict=True
    ):
        emitted, score, origin = parts
        if before is None:
            score[:, :, 0] = emitted  # one path to each label
        else:
            _extend_k_best(before[:size], transitions, score, origin)
            score += emitted[:, :, None]
        before = score
    best, place = scores[chains.links.last].flatten(1).topk(k)  # (running, k)
    for size, origin, tag in reversed(
        list(zip(sizes, torch.split(origins, sizes), torch.split(tags, sizes), strict=True))
    ):
        tag.copy_(place[:size] // k)
        place[:size] = origin.flatten(1).gather(1, place[:size])
    is_path = best[chains.links.sequence].isfinite()  # (rows, k)
    return tags.masked_fill_(~is_path, -1).t(), best


def _extend_k_best(before: Tensor, transitions: Tensor, score: Tensor, origin: Tensor) -> None:
    """Extend the k best paths to each label by a step.

    before (Tensor): The scores of the paths to the labels before, `(n, labels, k)`.
    transitions (Tensor): `(labels, labels)`.
    score (Tensor): Filled with the scores of the paths to the next labels, `(n, labels, k)`.
    origin (Tensor): Filled with their origins, among labels and ranks, `(n, labels, k)`.
    """
    k = before.shape[2]
    moves = transitions.repeat_interleave(k, dim=0)  # (labels * k, labels)
    size = max(BLOCK // moves.numel(), 1)
    for start, *parts in zip(*(torch.split(x, size) for x in (before, score, origin)), strict=True):
        best, place = (start.flatten(1)[:, :, None] + moves).topk(k, dim=1)  # (n, k, labels)
        for part, found in zip(parts, (best, place), strict=True):
            part.copy_(found.transpose(1, 2))
