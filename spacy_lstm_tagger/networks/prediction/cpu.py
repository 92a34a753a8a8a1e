"""Prediction on a CPU, by torch's operators, with folded weights and without gradients.

The first layer's input projection is a table with one row per word type, and so is the part of later
layers' projections that reads the word itself, by skip connections. The hyperbolic tangent of the candidate
and of the cell is computed by the sigmoid, tanh(x) = 1 - 2 sigmoid(-2x), which torch computes several times
faster: the factor -2 is folded into the weights and the stored cell, so that one sigmoid serves all gates.
Both directions take a step together.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..lstm import LSTM, State
from ..packing import Packing
from .single_sequence import GATE_FACTORS, Floats, read_sequence


class _Layer(NamedTuple):
    weight: Tensor  # (directions * 4 * width, input_width)
    bias: Tensor | None  # (directions * 4 * width,)
    recurrent: Tensor  # (directions, width, 4 * width)


class CPUNetwork:
    """A `PredictionNetwork` by torch's operators, or NumPy's for a single sequence.

    lstm (LSTM): Has the weights.
    precision (torch.dtype): Of the factors of matrix products. Gates, cells and outputs are always float32.
    """

    reads_in_any_order = False

    def __init__(self, lstm: LSTM, precision: torch.dtype = torch.float32) -> None:
        self.lstm = lstm
        self.precision = precision
        with torch.no_grad():
            self.layers = [self._fold(layer) for layer in range(lstm.depth)]
            gates = self._gate_factors.repeat(lstm.directions)[:, None]
            # Each (directions * 4 * width, input_width).
            self.skips = [lstm.skip_weights(i + 1) * gates for i in range(len(lstm.skips))]
            # `read_sequence` computes the hyperbolic tangent itself, and so needs other factors.
            factors = torch.tensor(GATE_FACTORS) / torch.tensor([1.0, 1.0, -2.0, 1.0])
            self._factors = factors.repeat_interleave(lstm.rnn.hidden_size)  # (4 * width,)
            self._recurrent = [(layer.recurrent.float() * self._factors).numpy() for layer in self.layers]

    @property
    def _gate_factors(self) -> Tensor:
        """RETURNS (Tensor): The factor that is folded into each gate's weights, `(4 * width,)`."""
        factors = torch.ones(4, 1, device=self.lstm.recurrent_weights(0).device)
        factors[2] = -2.0  # of the candidate
        return factors.expand(4, self.lstm.rnn.hidden_size).flatten()

    def _fold(self, layer: int) -> _Layer:
        factor = self._gate_factors
        both = factor.repeat(self.lstm.directions)
        weight, bias = self.lstm.input_weights(layer)
        recurrent = (self.lstm.recurrent_weights(layer) * factor[:, None]).transpose(1, 2).contiguous()
        weight = weight * both[:, None]
        # The first layer's projection is computed once per word type, so bfloat16 would save nothing.
        precision = self.precision if layer else torch.float32
        return _Layer(
            weight.to(precision),
            None if bias is None else (bias * both).to(precision),
            recurrent.to(self.precision),
        )

    @torch.no_grad()
    def project(self, inputs: Tensor) -> Tensor:
        """See `PredictionNetwork.project`.

        RETURNS (Tensor): `(types, directions * 4 * width)`, in the precision of prediction; with skip
            connections `(types, depth * directions * 4 * width)`.
        """
        parts = [self._project(inputs, self.layers[0])]
        parts += [F.linear(inputs, skip).to(self.precision) for skip in self.skips]
        return torch.cat(parts, dim=1) if self.skips else parts[0]

    def _project(self, inputs: Tensor, layer: _Layer) -> Tensor:
        return F.linear(inputs.to(layer.weight.dtype), layer.weight, layer.bias).to(self.precision)

    @torch.no_grad()
    def read(
        self, table: Tensor, index: Tensor, lengths: Tensor, state: State | None = None
    ) -> tuple[Tensor, State | None]:
        """See `PredictionNetwork.read`."""
        directions = self.lstm.directions
        is_stream = state is not None
        hidden, cell = state or self.lstm.initial_state(len(lengths))
        hidden, cell = hidden.clone(), cell.clone()
        if len(lengths) == 1 and len(index):
            outputs = self._read_one(table.index_select(0, index), hidden, cell)
            return outputs, (hidden, cell) if is_stream else None
        packing = Packing.from_lengths(lengths, directions)
        order = packing.order
        outputs = table.new_empty(0, self.lstm.output_width)
        n_tables = 1 + len(self.skips)
        tables = table.view(len(table) * n_tables, -1)  # (types * n_tables, directions * 4 * width)
        for depth, layer in enumerate(self.layers):
            part = slice(depth * directions, (depth + 1) * directions)
            inputs, rows = tables, packing.find_rows(index * n_tables)
            if depth:  # from here on, every token is a row
                inputs, rows = self._project(outputs, layer), packing.rows
                if self.skips:
                    inputs += tables.index_select(0, index * n_tables + depth)
            last = cell[part, order]
            packed = _read_layer(
                inputs.view(-1, layer.recurrent.shape[2]),
                rows,
                layer.recurrent,
                hidden[part, order],
                last,
                packing.sizes,
            )
            outputs = packing.unpack(packed)
            if is_stream:
                cell[part, order] = last
                hidden[part, order] = _get_last_outputs(outputs, lengths, order, directions)
        return outputs, (hidden, cell) if is_stream else None

    def _read_one(self, inputs: Tensor, hidden: Tensor, cell: Tensor) -> Tensor:
        """As `read`, for a sequence `(time, n * directions * 4 * width)`; the states are overwritten."""
        directions, width = self.lstm.directions, self.lstm.rnn.hidden_size
        parts = torch.split(inputs, directions * 4 * width, dim=1)
        outputs = parts[0]
        for depth, layer in enumerate(self.layers):
            gates = self._project(outputs, layer) if depth else outputs
            if depth and self.skips:
                gates += parts[depth]
            gates = gates.float().view(-1, directions, 1, 4 * width) * self._factors
            part = slice(depth * directions, (depth + 1) * directions)
            states = hidden[part].numpy(), cell[part].numpy()
            packed = read_sequence(_reverse_backward(gates.numpy()), self._recurrent[depth], *states)
            hidden[part] = torch.from_numpy(packed[-1])
            outputs = torch.from_numpy(_reverse_backward(packed)).view(-1, directions * width)
        return outputs


def _read_layer(
    table: Tensor, rows: Tensor, recurrent: Tensor, hidden: Tensor, cell: Tensor, sizes: Sequence[int]
) -> Tensor:
    """Run one layer.

    table (Tensor): Input projections, `(types * directions, 4 * width)`.
    rows (Tensor): The table's row of every packed row, `(tokens * directions,)`.
    recurrent (Tensor): `(directions, width, 4 * width)`.
    hidden (Tensor): The hidden state before the first step, `(directions, batch, width)`.
    cell (Tensor): The cell state before the first step, overwritten with that after the last.
    sizes (Sequence[int]): How many sequences run at each step; never growing.
    RETURNS (Tensor): The hidden states, packed, `(tokens * directions, width)`.
    """
    directions, width, gate_width = recurrent.shape
    n_rows = [directions * size for size in sizes]
    outputs = torch.empty(len(rows), width, device=table.device)
    buffer = table.new_empty(max(n_rows, default=0), gate_width)  # small enough for the CPU's cache
    cell.mul_(-2)
    parts = torch.split(rows, n_rows), torch.split(outputs, n_rows)
    for size, n, index, output in zip(sizes, n_rows, *parts, strict=True):
        gates = torch.index_select(table, 0, index, out=buffer[:n]).view(directions, size, gate_width)
        gates.baddbmm_(hidden[:, :size].to(table.dtype), recurrent)
        in_gate, forget_gate, candidate, out_gate = gates.float().sigmoid_().chunk(4, 2)
        memory = cell[:, :size]  # -2 times the cell
        memory.mul_(forget_gate).sub_(in_gate, alpha=2).addcmul_(in_gate, candidate, value=4)
        hidden = output.view(directions, size, width)
        torch.addcmul(out_gate, out_gate, memory.sigmoid(), value=-2, out=hidden)
    cell.mul_(-0.5)
    return outputs


def _reverse_backward(steps: Floats) -> Floats:
    """RETURNS (np.ndarray): `(time, directions, ...)` with the backward direction reversed in time."""
    return np.concatenate([steps[:, :1], steps[::-1, 1:]], axis=1)


def _get_last_outputs(outputs: Tensor, lengths: Tensor, order: Tensor, directions: int) -> Tensor:
    """RETURNS (Tensor): The last output of each direction, `(directions, batch, width)`."""
    ends = lengths.cumsum(0)[order]
    tokens = [ends - 1, ends - lengths[order]][:directions]
    parts = outputs.chunk(directions, 1)
    return torch.stack([part[token] for part, token in zip(parts, tokens, strict=True)])
