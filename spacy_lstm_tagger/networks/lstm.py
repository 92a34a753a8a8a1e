"""A (bidirectional) LSTM over sequences that lie end to end, without padding.

Two ways through the same weights: `forward` is `torch.nn.LSTM` over a packed sequence and carries
gradients; `read` is for prediction and starts from input projections that were made once a word type.
"""

from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from .packing import Packing

State: TypeAlias = tuple[Tensor, Tensor]  # hidden and cell, each (depth * directions, batch, width)


class LSTM(nn.Module):
    """Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000).

    input_width (int): Width of the inputs.
    width (int): Width of the hidden state of each direction.
    depth (int): Layers.
    bidirectional (bool): Read from both ends (Graves & Schmidhuber 2005).
    dropout (float): Dropout between layers.
    bias (bool): Whether the gates have biases.
    initial_state (str): "zeros", or "learned" as parameters.
    """

    def __init__(
        self,
        input_width: int,
        width: int,
        *,
        depth: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.0,
        bias: bool = True,
        initial_state: Literal["zeros", "learned"] = "zeros",
    ) -> None:
        super().__init__()
        self.rnn = nn.LSTM(input_width, width, num_layers=depth, bias=bias, bidirectional=bidirectional)
        self.directions = 2 if bidirectional else 1
        self.output_width = self.directions * width
        self.learned_state: nn.Parameter | None = None
        if initial_state == "learned":
            self.learned_state = nn.Parameter(torch.zeros(2, depth * self.directions, width))
        self.set_dropout(dropout)

    def set_dropout(self, rate: float) -> None:
        """Set the dropout between layers; a network of one layer has none."""
        self.rnn.dropout = rate if self.rnn.num_layers > 1 else 0.0

    def initial_state(self, batch: int) -> State:
        """RETURNS (State): The state before the first word of each of `batch` sequences."""
        weight: Tensor = self.rnn.get_parameter("weight_hh_l0")
        shape = (self.rnn.num_layers * self.directions, batch, self.rnn.hidden_size)
        if self.learned_state is None:
            return weight.new_zeros(shape), weight.new_zeros(shape)
        return self.learned_state[0][:, None].expand(shape), self.learned_state[1][:, None].expand(shape)

    def forward(self, inputs: Tensor, lengths: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read sequences that lie end to end.

        inputs (Tensor): `(tokens, input_width)`.
        lengths (Tensor): The length of every sequence, int64 `(batch,)` on the CPU; may hold zeros.
        state (Optional[State]): The state to start from; by default the initial one.
        RETURNS (Tuple[Tensor, State]): Outputs `(tokens, output_width)` and the final state. The final
            state of an empty sequence is the one it started from.
        """
        start = state or self.initial_state(len(lengths))
        packing = Packing.from_lengths(lengths)
        if not len(packing.order):
            return inputs.new_zeros(0, self.output_width), start
        order = packing.order.to(inputs.device)
        hidden, cell = (s.index_select(1, order).contiguous() for s in start)
        packed = PackedSequence(packing.pack(inputs), packing.batch_sizes)
        outputs, (hidden, cell) = self.rnn(packed, (hidden, cell))
        final = tuple(s.index_copy(1, order, new) for s, new in zip(start, (hidden, cell), strict=True))
        return packing.unpack(outputs.data), (final[0], final[1])

    def project(self, inputs: Tensor) -> Tensor:
        """Compute the first layer's input projection, which does not depend on the state.

        inputs (Tensor): `(n, input_width)`.
        RETURNS (Tensor): `(n, directions * 4 * width)`, for `read`.
        """
        return self._project_layer(0, inputs)

    def _project_layer(self, layer: int, inputs: Tensor) -> Tensor:
        names = self._names(layer)
        weight = torch.cat([getattr(self.rnn, f"weight_ih_{name}") for name in names])
        if not self.rnn.bias:
            return inputs @ weight.T
        biases = [
            getattr(self.rnn, f"bias_ih_{name}") + getattr(self.rnn, f"bias_hh_{name}") for name in names
        ]
        return torch.addmm(torch.cat(biases), inputs, weight.T)

    def _names(self, layer: int) -> list[str]:
        """RETURNS (List[str]): How `nn.LSTM` names the parameters of a layer's directions."""
        return [f"l{layer}", f"l{layer}_reverse"][: self.directions]

    @torch.no_grad()
    def read(
        self, projected: Tensor, index: Tensor, lengths: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """Read sequences of word types whose input projections are known. For prediction: no gradients,
        no dropout; the same outputs as `forward`.

        projected (Tensor): What `project` gave for every type, `(types, directions * 4 * width)`.
        index (Tensor): The type of every token, int64 `(tokens,)`.
        lengths (Tensor): As in `forward`.
        state (Optional[State]): As in `forward`.
        RETURNS (Tuple[Tensor, State]): As in `forward`.
        """
        start = state or self.initial_state(len(lengths))
        packing = Packing.from_lengths(lengths)
        order = packing.order.to(projected.device)
        hidden, cell = (s.index_select(1, order) for s in start)  # copies: written to below
        sizes = packing.batch_sizes.tolist()
        gates = projected.index_select(0, packing.pack(index))  # (tokens, directions * 4 * width)
        outputs = gates
        for layer in range(self.rnn.num_layers):
            if layer:
                gates = self._project_layer(layer, outputs)
            outputs = gates.new_empty(len(gates), self.output_width)
            directions = zip(
                self._names(layer),
                gates.chunk(self.directions, 1),
                outputs.chunk(self.directions, 1),
                strict=True,
            )
            for i, (name, gates_of, outputs_of) in enumerate(directions):
                row = layer * self.directions + i
                weight = getattr(self.rnn, f"weight_hh_{name}").T  # (width, 4 * width)
                _recur(gates_of, weight, sizes, hidden[row], cell[row], outputs_of, reverse=bool(i))
        final = tuple(s.index_copy(1, order, new) for s, new in zip(start, (hidden, cell), strict=True))
        return packing.unpack(outputs), (final[0], final[1])


def _recur(
    gates: Tensor,
    weight: Tensor,
    sizes: list[int],
    hidden: Tensor,
    cell: Tensor,
    outputs: Tensor,
    *,
    reverse: bool,
) -> None:
    """Run one direction of one layer, in place.

    gates (Tensor): Input projections in packed order, `(tokens, 4 * width)`; overwritten.
    weight (Tensor): The recurrent weights, `(width, 4 * width)`.
    sizes (List[int]): How many sequences run at each step.
    hidden (Tensor): `(batch, width)`: the first state, and in the end the last one.
    cell (Tensor): Likewise.
    outputs (Tensor): Written to: the hidden states in packed order, `(tokens, width)`.
    reverse (bool): Whether to read from the last word to the first.
    """
    steps = []
    offset = 0
    for size in sizes:
        steps.append((offset, size))
        offset += size
    for offset, size in reversed(steps) if reverse else steps:
        running, memory = hidden[:size], cell[:size]
        step = gates[offset : offset + size].addmm_(running, weight)
        in_gate, forget_gate, candidate, out_gate = step.chunk(4, 1)  # torch's order, each (size, width)
        memory.mul_(forget_gate.sigmoid_()).addcmul_(in_gate.sigmoid_(), candidate.tanh_())
        torch.mul(memory.tanh(), out_gate.sigmoid_(), out=running)
        outputs[offset : offset + size] = running
