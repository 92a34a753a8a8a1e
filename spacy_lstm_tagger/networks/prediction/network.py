"""What every prediction network can do, and which one a device gets."""

from typing import Protocol

import torch
from torch import Tensor

from ..lstm import LSTM, State
from .compiled import CompiledNetwork, find_kernel
from .cpu import CPUNetwork
from .gpu import GPUNetwork


class PredictionNetwork(Protocol):
    """Reads sequences of word types with the weights of a trained LSTM.

    Made from the weights as they are; to be made again when they change. Safe to share between threads.

    reads_in_any_order (bool): Whether a single `read` is as fast as several, each of sequences of similar
        length.
    """

    reads_in_any_order: bool

    def project(self, inputs: Tensor) -> Tensor:
        """Compute everything that depends on the word type alone, for `read`.

        inputs (Tensor): Embedded word types, `(types, input_width)`.
        RETURNS (Tensor): One row per type, `(types, any width)`; such tables can be kept and extended.
        """

    def read(
        self, table: Tensor, index: Tensor, lengths: Tensor, state: State | None = None
    ) -> tuple[Tensor, State | None]:
        """Read sequences.

        table (Tensor): Rows that `project` gave.
        index (Tensor): The row of every token, sequences end to end, int64 `(tokens,)`.
        lengths (Tensor): The length of every sequence, int64 `(batch,)` on the CPU; may include zeros.
        state (Optional[State]): The state to continue from; by default, start from the initial state and
            compute no final one.
        RETURNS (Tuple[Tensor, Optional[State]]): Outputs `(tokens, output_width)` in float32; and, if a
            state was passed, the final state. That of an empty sequence is the one it started from.
        """


def make_prediction_network(lstm: LSTM, device: torch.device, precision: torch.dtype) -> PredictionNetwork:
    """Choose the network for a device. One for another kernel or device is added here.

    lstm (LSTM): Has the weights.
    device (torch.device): Where they are.
    precision (torch.dtype): Of the factors of matrix products. States and outputs are float32.
    """
    if device.type == "cuda":
        return GPUNetwork(lstm, precision)
    kernel = find_kernel() if precision == torch.float32 else None
    return CompiledNetwork(lstm, kernel) if kernel else CPUNetwork(lstm, precision)
