"""One LSTM layer over packed rows, with its gradient.

On the CPU, `torch.nn.LSTM` records every step's operations and replays them one by one. Here the gradient
is
written out (Werbos 1990, backpropagation through time), with a step's values in the CPU's cache, and both
directions take a step together. As in `prediction/cpu.py`, the hyperbolic tangent is computed by the
sigmoid,
tanh(x) = 1 - 2 sigmoid(-2x), for which the candidate's part of the gates and the cell are scaled by -2.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .packing import Packing


def recur(
    projected: Tensor, rows: Tensor, weight: Tensor, hidden: Tensor, cell: Tensor, packing: Packing
) -> Tensor:
    """Run the recurrence.

    projected (Tensor): Input projections with the biases, `(types * directions, 4 * width)`, in torch's
        order: input gate, forget gate, candidate, output gate.
    rows (Tensor): Which of them each packed row has, `(tokens * directions,)`.
    weight (Tensor): The recurrent weights, `(directions, 4 * width, width)`.
    hidden (Tensor): The hidden state before the first step, `(directions, batch, width)`, in the packing's
        order.
    cell (Tensor): The cell state before the first step, `(directions, batch, width)`.
    packing (Packing): The order of the rows.
    RETURNS (Tensor): The hidden states, packed, `(tokens * directions, width)`.
    """
    apply: Callable[..., Tensor] = _Recurrence.apply
    return apply(projected, rows, weight, hidden, cell, packing)


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        projected: Tensor,
        rows: Tensor,
        weight: Tensor,
        hidden: Tensor,
        cell: Tensor,
        packing: Packing,
    ) -> Tensor:
        directions, _, width = weight.shape
        gates = projected.index_select(0, rows)  # (n, 4 * width)
        gates[:, 2 * width : 3 * width] *= -2
        recurrent = weight.transpose(1, 2).contiguous()  # (directions, width, 4 * width)
        recurrent[..., 2 * width : 3 * width] *= -2
        outputs: Tensor
        outputs, cells, squashed = gates.new_empty(3, len(rows), width)
        before = gates.new_empty(2, len(rows), width)  # what each step starts from
        output, memory = hidden, -2 * cell
        parts = (gates, outputs, cells, squashed, *before)
        steps = zip(packing.sizes, *(part.split(packing.step_rows) for part in parts), strict=True)
        for size, gates_, *others in steps:
            output_, cell_, squashed_, *before_ = (part.view(directions, size, width) for part in others)
            output, memory = before_[0].copy_(output[:, :size]), before_[1].copy_(memory[:, :size])
            step = gates_.view(directions, size, 4 * width).baddbmm_(output, recurrent).sigmoid_()
            in_gate, forget_gate, candidate, out_gate = step.chunk(4, 2)
            memory = torch.mul(memory, forget_gate, out=cell_)  # -2 times the cell
            memory.sub_(in_gate, alpha=2).addcmul_(in_gate, candidate, value=4)
            torch.sigmoid(memory, out=squashed_)
            output = torch.addcmul(out_gate, out_gate, squashed_, value=-2, out=output_)
        ctx.save_for_backward(rows, weight, hidden, gates, before, squashed)
        ctx.packing, ctx.n_projected = packing, len(projected)
        return outputs

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        rows, weight, hidden, gates, before, squashed = ctx.saved_tensors
        packing: Packing = ctx.packing
        directions, _, width = weight.shape
        d_hidden, d_cell = torch.zeros_like(hidden), torch.zeros_like(hidden)  # (directions, batch, width)
        d_gates = torch.empty_like(gates)
        d_weight = torch.zeros_like(weight)
        parts = (gates, d_gates, gradients[0], *before, squashed)
        steps = list(zip(packing.sizes, *(part.split(packing.step_rows) for part in parts), strict=True))
        for size, gates_, d_gates_, *others in reversed(steps):
            d_output, hidden_, cell_, squashed_ = (part.view(directions, size, width) for part in others)
            step, d_step = (x.view(directions, size, 4 * width) for x in (gates_, d_gates_))
            in_gate, forget_gate, candidate, out_gate = step.chunk(4, 2)
            # With s = sigmoid(-2x), the tangent is 1 - 2s, and its derivative 4s(1 - s).
            active = torch.rsub(squashed_, 1, alpha=2)
            d_running = d_hidden[:, :size].add_(d_output)
            d_memory = d_cell[:, :size].addcmul_(d_running * out_gate, 1 - active.square())
            torch.addcmul(step, step, step, value=-1, out=d_step)  # the sigmoids' derivatives
            d_in, d_forget, d_candidate, d_out = d_step.chunk(4, 2)
            d_in.mul_(torch.rsub(candidate, 1, alpha=2)).mul_(d_memory)
            d_forget.mul_(cell_).mul_(d_memory).mul_(-0.5)  # the cell was scaled by -2
            d_candidate.mul_(in_gate).mul_(d_memory).mul_(4)
            d_out.mul_(active).mul_(d_running)
            d_memory.mul_(forget_gate)
            d_weight.baddbmm_(d_step.transpose(1, 2), hidden_)
            torch.bmm(d_step, weight, out=d_running)
        d_projected = d_gates.new_zeros(ctx.n_projected, 4 * width).index_add_(0, rows, d_gates)
        return d_projected, None, d_weight, d_hidden, d_cell, None
