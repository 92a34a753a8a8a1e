"""A (bidirectional) LSTM over sequences that lie end to end, without padding.

This is the network that is trained. On the CPU it runs this project's own recurrence, on a GPU cuDNN's; the
weights are those of a `torch.nn.LSTM`. `prediction/` reads with them at prediction.
"""

from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from .dropout import dropout
from .packing import Packing
from .recurrence import recur

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
    skip_connections (bool): Whether every layer reads the inputs of the first one too (Graves 2013, §2).
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
        skip_connections: bool = False,
    ) -> None:
        super().__init__()
        self.rnn = nn.LSTM(input_width, width, num_layers=depth, bias=bias, bidirectional=bidirectional)
        self.directions = 2 if bidirectional else 1
        self.output_width = self.directions * width
        # The part of the input projection of each layer but the first that reads the inputs of the first.
        self.skips = nn.ModuleList(
            nn.Linear(input_width, 4 * self.output_width, bias=False)
            for _ in range(depth - 1 if skip_connections else 0)
        )
        self.learned_state: nn.Parameter | None = None
        if initial_state == "learned":
            self.learned_state = nn.Parameter(torch.zeros(2, depth * self.directions, width))
        for layer in range(depth):
            self._initialize(layer)
        self.set_dropout(dropout)

    def _initialize(self, layer: int) -> None:
        for weight in self._get(layer, "weight_hh"):
            gates = (
                () if weight.is_meta else weight.chunk(4)
            )  # torch 2.6 would fail to compute on the meta device
            for gate in gates:
                nn.init.orthogonal_(gate)  # Saxe et al. 2014, §3
        if self.rnn.bias:
            for bias in self._get(layer, "bias_ih"):
                # The output gate starts out open: states are larger, and the decoder learns sooner.
                nn.init.constant_(bias.chunk(4)[3], 1.5)

    @property
    def depth(self) -> int:
        """Layers."""
        return self.rnn.num_layers

    def set_dropout(self, rate: float) -> None:
        """Set the dropout between layers; a network of one layer has none."""
        self.rnn.dropout = rate if self.depth > 1 else 0.0

    def initial_state(self, batch: int) -> State:
        """RETURNS (State): The state before the first word of each of `batch` sequences."""
        shape = (self.depth * self.directions, batch, self.rnn.hidden_size)
        if self.learned_state is None:
            weight = self.rnn.get_parameter("weight_hh_l0")
            return weight.new_zeros(shape), weight.new_zeros(shape)
        return self.learned_state[0][:, None].expand(shape), self.learned_state[1][:, None].expand(shape)

    def forward(self, inputs: Tensor, index: Tensor, lengths: Tensor) -> Tensor:
        """Read sequences that lie end to end.

        inputs (Tensor): The distinct inputs, `(types, input_width)`.
        index (Tensor): Which of them every token is, int64 `(tokens,)`.
        lengths (Tensor): The length of every sequence, int64 `(batch,)` on the CPU; may hold zeros.
        RETURNS (Tensor): `(tokens, output_width)`.
        """
        if inputs.is_cuda:
            return self.run_cudnn(inputs.index_select(0, index), lengths)[0]
        return self.run(inputs, index, lengths)

    def run(self, inputs: Tensor, index: Tensor, lengths: Tensor) -> Tensor:
        """As `forward`, by this project's own recurrence: on a CPU."""
        packing = Packing.from_lengths(lengths, self.directions)
        states = self.initial_state(len(packing.order))
        hidden, cell = (torch.split(state, self.directions) for state in states)
        rate = self.rnn.dropout if self.training else 0.0
        outputs = inputs
        for layer in range(self.depth):
            if layer:  # the first layer projects types, later layers tokens, which all differ
                projected, rows = self.project(dropout(outputs, rate), layer), packing.rows
                if self.skips:
                    skipped = F.linear(inputs, self.skip_weights(layer))  # (types, directions * 4 * width)
                    projected = projected + skipped.index_select(0, index)
            else:
                projected, rows = self.project(inputs), packing.find_rows(index)
            gates = projected.view(-1, 4 * self.rnn.hidden_size)
            packed = recur(gates, rows, self.recurrent_weights(layer), hidden[layer], cell[layer], packing)
            outputs = packing.unpack(packed)  # (tokens, directions * width)
        return outputs

    def run_cudnn(
        self, inputs: Tensor, lengths: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """As `forward`, by `torch.nn.LSTM`, which on a GPU is cuDNN's.

        state (Optional[State]): The state to start from; by default the initial one.
        RETURNS (Tuple[Tensor, State]): Outputs, and the final state. The final state of an empty sequence
            is the one it started from.
        """
        packing = Packing.from_lengths(lengths)
        hidden, cell = state or self.initial_state(len(lengths))
        if not len(packing.order):
            return inputs.new_zeros(0, self.output_width), (hidden, cell)
        order = packing.order.to(inputs.device)
        packed = inputs.index_select(0, packing.rows.to(inputs.device))
        sizes = torch.tensor(packing.sizes)
        first = hidden.index_select(1, order), cell.index_select(1, order)
        if self.skips:
            outputs, last = self._run_layers(packed, sizes, first)
        else:
            read, last = self.rnn(PackedSequence(packed, sizes), first)
            outputs = read.data
        # In mixed precision, the last states have that of the weights in matrix products.
        final = (
            hidden.index_copy(1, order, last[0].to(hidden.dtype)),
            cell.index_copy(1, order, last[1].to(cell.dtype)),
        )
        return packing.unpack(outputs), final

    def _run_layers(self, inputs: Tensor, sizes: Tensor, state: State) -> tuple[Tensor, State]:
        """Run torch's LSTM layer by layer, so that each can read the inputs as well.

        inputs (Tensor): Packed, `(tokens, input_width)`.
        sizes (Tensor): How many sequences run at each step, int64 `(time,)` on the CPU.
        state (State): The state to start from.
        RETURNS (Tuple[Tensor, State]): Packed outputs `(tokens, output_width)`, and the final state.
        """
        outputs, last = inputs, []
        rate = self.rnn.dropout if self.training else 0.0
        for layer, (hidden, cell) in enumerate(
            zip(*(torch.split(part, self.directions) for part in state), strict=True)
        ):
            weights_ih = self._get(layer, "weight_ih")
            if layer:
                outputs = torch.cat([F.dropout(outputs, rate), inputs], dim=1)
                skips = self.skip_weights(layer).chunk(self.directions)
                weights_ih = [torch.cat(pair, dim=1) for pair in zip(weights_ih, skips, strict=True)]
            names = ("weight_hh", "bias_ih", "bias_hh")[: 3 if self.rnn.bias else 1]
            parts = [weights_ih, *(self._get(layer, name) for name in names)]
            weights = [part[direction] for direction in range(self.directions) for part in parts]
            outputs, *ends = torch.lstm(
                outputs,
                sizes,
                (hidden.contiguous(), cell.contiguous()),
                weights,
                self.rnn.bias,
                1,
                0.0,
                self.training,
                self.directions > 1,
            )
            last.append(ends)
        final = (torch.cat(parts) for parts in zip(*last, strict=True))
        return outputs, (next(final), next(final))

    def project(self, inputs: Tensor, layer: int = 0) -> Tensor:
        """Compute a layer's input projection, which does not depend on the state.

        inputs (Tensor): `(n, input_width)`.
        RETURNS (Tensor): `(n, directions * 4 * width)`.
        """
        return F.linear(inputs, *self.input_weights(layer))

    def input_weights(self, layer: int) -> tuple[Tensor, Tensor | None]:
        """RETURNS (Tuple[Tensor, Optional[Tensor]]): Weights `(directions * 4 * width, input_width)` and
        biases `(directions * 4 * width,)` of a layer's input projection.
        """
        weight = torch.cat(self._get(layer, "weight_ih"))
        if not self.rnn.bias:
            return weight, None
        # The product gives each bias a gradient of its own: otherwise they would share a tensor, which an
        # optimizer may overwrite.
        return weight, torch.cat(self._get(layer, "bias_ih")) + 1.0 * torch.cat(self._get(layer, "bias_hh"))

    def skip_weights(self, layer: int) -> Tensor:
        """RETURNS (Tensor): The part of a layer's input projection that reads the first layer's inputs,
        `(directions * 4 * width, input_width)`.
        """
        return self.skips[layer - 1].get_parameter("weight")

    def recurrent_weights(self, layer: int) -> Tensor:
        """RETURNS (Tensor): A layer's recurrent weights, `(directions, 4 * width, width)`."""
        return torch.stack(self._get(layer, "weight_hh"))

    def _get(self, layer: int, name: str) -> list[Tensor]:
        """RETURNS (List[Tensor]): A parameter of a layer, of each direction, as `nn.LSTM` names it."""
        suffixes = ("", "_reverse")[: self.directions]
        return [self.rnn.get_parameter(f"{name}_l{layer}{suffix}") for suffix in suffixes]
