"""A (bidirectional) LSTM over sequences that lie end to end, without padding.

Two ways through the same weights, which are those of a `torch.nn.LSTM`: `forward` carries gradients, `read`
is for prediction and starts from input projections that were made once a word type. On the CPU both run
this project's own recurrence; `forward` on a GPU runs cuDNN's.
"""

from collections.abc import Callable
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

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
        for layer in range(depth):
            for name in self._names(layer):
                for gate in self.rnn.get_parameter(f"weight_hh_{name}").chunk(4):
                    # Orthogonal (Saxe et al. 2014, §3) and large: neighbours count from the start.
                    nn.init.orthogonal_(gate, gain=2.0)
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
        run = self._run_cudnn if inputs.is_cuda else self._run_layers
        return self._run_packed(
            lambda packing, first: run(packing.pack(inputs), packing, first), lengths, state
        )

    def _run_packed(
        self, run: Callable[[Packing, State], tuple[Tensor, State]], lengths: Tensor, state: State | None
    ) -> tuple[Tensor, State]:
        """Run over the non-empty sequences in packed order, and put outputs and states back in their order.

        run (Callable): Takes the packing and the first states of its sequences; gives packed outputs
            and their last states.
        """
        start = state or self.initial_state(len(lengths))
        packing = Packing.from_lengths(lengths)
        if not len(packing.order):
            return start[0].new_zeros(0, self.output_width), start
        order = packing.order.to(start[0].device)
        first = start[0].index_select(1, order), start[1].index_select(1, order)
        outputs, last = run(packing, first)
        final = start[0].index_copy(1, order, last[0]), start[1].index_copy(1, order, last[1])
        return packing.unpack(outputs), final

    def _run_cudnn(self, packed: Tensor, packing: Packing, first: State) -> tuple[Tensor, State]:
        outputs, last = self.rnn(PackedSequence(packed, packing.batch_sizes), first)
        return outputs.data, last

    def _run_layers(self, packed: Tensor, packing: Packing, first: State) -> tuple[Tensor, State]:
        dropout = self.rnn.dropout if self.training else 0.0
        return self._run(self._project_layer(0, packed), packing, first, dropout)

    def _run(self, gates: Tensor, packing: Packing, first: State, dropout: float) -> tuple[Tensor, State]:
        """Run all layers from the first one's input projections, `(tokens, directions * 4 * width)`."""
        sizes = packing.batch_sizes.tolist()
        last: list[tuple[Tensor, Tensor]] = []
        outputs = gates
        for layer in range(self.rnn.num_layers):
            if layer:
                outputs = F.dropout(outputs, dropout)
                gates = self._project_layer(layer, outputs)
            directions = []
            for name, part in zip(self._names(layer), gates.chunk(self.directions, 1), strict=True):
                weight = self.rnn.get_parameter(f"weight_hh_{name}")
                hidden, cell = first[0][len(last)], first[1][len(last)]
                reverse = name.endswith("reverse")
                output, *state = recur(part, weight, hidden, cell, sizes, reverse=reverse)
                directions.append(output)
                last.append((state[0], state[1]))
            outputs = torch.cat(directions, 1)  # (tokens, directions * width)
        return outputs, (torch.stack([h for h, _ in last]), torch.stack([c for _, c in last]))

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
        self, projected: Tensor, token_types: Tensor, lengths: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """Read sequences of word types whose input projections are known. For prediction: no gradients,
        no dropout; the same outputs as `forward`.

        projected (Tensor): What `project` gave for every type, `(types, directions * 4 * width)`.
        token_types (Tensor): The type of every token, int64 `(tokens,)`.
        lengths (Tensor): As in `forward`.
        state (Optional[State]): As in `forward`.
        RETURNS (Tuple[Tensor, State]): As in `forward`.
        """

        def run(packing: Packing, first: State) -> tuple[Tensor, State]:
            gates = projected.index_select(0, packing.pack(token_types))
            return self._run(gates, packing, first, dropout=0.0)

        return self._run_packed(run, lengths, state)
