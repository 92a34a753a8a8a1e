"""Prediction on a GPU, where `torch.nn.LSTM` is a single call of cuDNN."""

from copy import deepcopy

import torch
from torch import Tensor

from ..lstm import LSTM, State


class GPUNetwork:
    """A `PredictionNetwork` by cuDNN. Its tables have the embedded word types.

    lstm (LSTM): Has the weights.
    precision (torch.dtype): Of the weights and of everything computed with them. Outputs are float32.
    """

    reads_in_any_order = False

    def __init__(self, lstm: LSTM, precision: torch.dtype = torch.float32) -> None:
        self.lstm = deepcopy(lstm).to(precision).eval()
        self.lstm.rnn.flatten_parameters()
        self.precision = precision

    def project(self, inputs: Tensor) -> Tensor:
        """See `PredictionNetwork.project`."""
        return inputs.detach().to(self.precision)

    @torch.no_grad()
    def read(
        self, table: Tensor, index: Tensor, lengths: Tensor, state: State | None = None
    ) -> tuple[Tensor, State | None]:
        """See `PredictionNetwork.read`."""
        start = None if state is None else (state[0].to(self.precision), state[1].to(self.precision))
        outputs, (hidden, cell) = self.lstm.run_cudnn(table.index_select(0, index), lengths, start)
        return outputs.float(), None if state is None else (hidden.float(), cell.float())
