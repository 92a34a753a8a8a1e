"""One direction of one LSTM layer over packed rows, with its gradient.

`torch.nn.LSTM` records every step's operations on the CPU and replays them one by one. Here all factors of
the gradient that need no recurrence are computed for all tokens at once, and the weights' gradient is one
matrix product at the end (Werbos 1990, backpropagation through time).
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor


def recur(
    gates: Tensor, weight: Tensor, hidden: Tensor, cell: Tensor, sizes: Sequence[int], *, reverse: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Run the recurrence.

    gates (Tensor): The input projections with the biases, in packed order, `(tokens, 4 * width)`, in
        torch's order: input gate, forget gate, candidate, output gate. Overwritten where no gradient is
        asked for.
    weight (Tensor): The recurrent weights, `(4 * width, width)`.
    hidden (Tensor): The hidden state before the first step, `(batch, width)`.
    cell (Tensor): The cell state before the first step, `(batch, width)`.
    sizes (Sequence[int]): How many sequences run at each step; never growing.
    reverse (bool): Whether to read from the last step to the first.
    RETURNS (Tuple[Tensor, Tensor, Tensor]): The hidden states in packed order, `(tokens, width)`, and the
        last hidden and cell state of every sequence, `(batch, width)`.
    """
    if not torch.is_grad_enabled():
        weight = weight.detach()  # else autograd would have everything kept for a gradient
    apply: Callable[..., tuple[Tensor, Tensor, Tensor]] = _Recurrence.apply
    return apply(gates, weight, hidden, cell, sizes, reverse)


def _steps(sizes: Sequence[int], *, reverse: bool) -> list[tuple[slice, int]]:
    """RETURNS (List[Tuple[slice, int]]): The packed rows of each step, as they are read, and how many."""
    steps = []
    start = 0
    for size in sizes:
        steps.append((slice(start, start + size), size))
        start += size
    return steps[::-1] if reverse else steps


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        gates: Tensor,
        weight: Tensor,
        hidden: Tensor,
        cell: Tensor,
        sizes: Sequence[int],
        reverse: bool,
    ) -> tuple[Tensor, Tensor, Tensor]:
        is_training = any(ctx.needs_input_grad)
        if is_training:
            gates = gates.clone(memory_format=torch.contiguous_format)
        width = weight.shape[1]
        outputs = gates.new_empty(len(gates), width)
        # What the gradient needs: the states before each step, and the squashed cell after it.
        before = gates.new_empty(2, len(gates), width) if is_training else None
        squashed = gates.new_empty(len(gates), width) if is_training else None
        hidden, cell = hidden.clone(), cell.clone()  # (batch, width), of every sequence so far
        recurrent = weight.T  # (width, 4 * width)
        for rows, size in _steps(sizes, reverse=reverse):
            running, memory = hidden[:size], cell[:size]
            if before is not None:
                before[0, rows], before[1, rows] = running, memory
            step = gates[rows].addmm_(running, recurrent)  # (size, 4 * width)
            step[:, : 2 * width].sigmoid_()
            step[:, 2 * width : 3 * width].tanh_()
            step[:, 3 * width :].sigmoid_()
            in_gate, forget_gate, candidate, out_gate = step.chunk(4, 1)
            memory.mul_(forget_gate).addcmul_(in_gate, candidate)
            active = memory.tanh()
            torch.mul(active, out_gate, out=running)
            outputs[rows] = running
            if squashed is not None:
                squashed[rows] = active
        if is_training:
            ctx.save_for_backward(gates, weight, before, squashed)
            ctx.sizes, ctx.reverse = sizes, reverse
        return outputs, hidden, cell

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        gates, weight, before, squashed = ctx.saved_tensors
        d_outputs, d_hidden, d_cell = gradients
        d_hidden, d_cell = d_hidden.clone(), d_cell.clone()  # (batch, width)
        tokens, width = squashed.shape
        in_gate, forget_gate, candidate, out_gate = gates.view(tokens, 4, width).unbind(1)
        # d(cell) / d(hidden), and the gates' share of d(cell) (three of them) and of d(hidden) (one).
        to_cell = out_gate * (1 - squashed.square())
        factors = torch.stack(
            [
                candidate * in_gate * (1 - in_gate),
                before[1] * forget_gate * (1 - forget_gate),
                in_gate * (1 - candidate.square()),
                squashed * out_gate * (1 - out_gate),
            ],
            dim=1,
        )  # (tokens, 4, width)
        d_gates = torch.empty_like(factors)
        flat_d_gates = d_gates.view(tokens, 4 * width)
        for rows, size in reversed(_steps(ctx.sizes, reverse=ctx.reverse)):
            d_running = d_hidden[:size].add_(d_outputs[rows])
            d_memory = d_cell[:size].addcmul_(d_running, to_cell[rows])
            torch.mul(d_memory[:, None], factors[rows, :3], out=d_gates[rows, :3])
            torch.mul(d_running, factors[rows, 3], out=d_gates[rows, 3])
            d_memory.mul_(forget_gate[rows])
            torch.mm(flat_d_gates[rows], weight, out=d_running)
        d_weight = flat_d_gates.T @ before[0]
        return flat_d_gates, d_weight, d_hidden, d_cell, None, None
