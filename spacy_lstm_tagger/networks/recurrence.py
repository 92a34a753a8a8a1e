"""One LSTM layer over packed rows, with its gradient.

`torch.nn.LSTM` records every step's operations on the CPU and replays them one by one. Here all factors of
the gradient that need no recurrence are computed for all tokens at once, and the weights' gradient is one
matrix product at the end (Werbos 1990, backpropagation through time). Both directions take a step together.
As in `inference.py`, the hyperbolic tangent is taken by the sigmoid, tanh(x) = 1 - 2 sigmoid(-2x), for
which the candidate's part of the gates and the cell are scaled by -2.
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
        n, width = squashed.shape
        directions = len(weight)
        gates = gates.view(n, 4, width)
        in_gate, forget_gate, candidate, out_gate = gates.unbind(1)
        # The gates' share of d(cell) (three of them) and of d(hidden) (one). With s = sigmoid(-2x), the
        # tangent is 1 - 2s, and its derivative 4s(1 - s).
        factors = torch.addcmul(gates, gates, gates, value=-1)  # (n, 4, width), the sigmoids' derivatives
        active = torch.rsub(squashed, 1, alpha=2)
        factors[:, 0].mul_(1 - 2 * candidate)
        factors[:, 1].mul_(before[1]).mul_(-0.5)
        factors[:, 2].mul_(in_gate).mul_(4)
        factors[:, 3].mul_(active)
        to_cell = torch.addcmul(out_gate, out_gate * active, active, value=-1)  # d(cell) / d(hidden)
        d_hidden, d_cell = torch.zeros_like(hidden), torch.zeros_like(hidden)  # (directions, batch, width)
        parts = (gradients[0], to_cell, forget_gate, factors)
        steps = list(zip(packing.sizes, *(part.split(packing.step_rows) for part in parts), strict=True))
        for size, d_output, to_cell_, forget_gate_, factors_ in reversed(steps):
            shape = (directions, size, width)
            d_running = d_hidden[:, :size].add_(d_output.view(shape))
            d_memory = d_cell[:, :size].addcmul_(d_running, to_cell_.view(shape))
            d_gates = factors_.view(directions, size, 4, width)  # overwritten by the gates' gradients
            d_gates[:, :, :3].mul_(d_memory[:, :, None])
            d_gates[:, :, 3].mul_(d_running)
            d_memory.mul_(forget_gate_.unflatten(0, (directions, size)))
            torch.bmm(d_gates.flatten(2), weight, out=d_running)
        d_gates = factors.view(n, 4 * width)
        d_weight = _sum_outer(packing.unpack(d_gates), packing.unpack(before[0]), directions)
        d_projected = d_gates.new_zeros(ctx.n_projected, 4 * width).index_add_(0, rows, d_gates)
        return d_projected, None, d_weight, d_hidden, d_cell, None


def _sum_outer(a: Tensor, b: Tensor, directions: int) -> Tensor:
    """RETURNS (Tensor): For every direction the sum over tokens of outer products, `(directions, m, n)`,
    from `(tokens, directions * m)` and `(tokens, directions * n)`.
    """
    a, b = (x.view(len(x), directions, -1).transpose(0, 1) for x in (a, b))
    return torch.bmm(a.transpose(1, 2), b)
