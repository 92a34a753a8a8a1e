"""Tokens that are passed over: leaving them out of sequences, and putting them back."""

import torch
from torch import Tensor


def leave_out(index: Tensor, lengths: Tensor, is_read: Tensor) -> tuple[Tensor, Tensor]:
    """Leave tokens out of sequences.

    index (Tensor): The type of every token, sequences end to end, int64 `(tokens,)`.
    lengths (Tensor): The length of every sequence, int64 `(batch,)` on the CPU.
    is_read (Tensor): Which tokens stay, bool `(tokens,)`.
    RETURNS (Tuple[Tensor, Tensor]): The types of the tokens that stay, and the sequences' new lengths.
    """
    n_read = torch.cat([lengths.new_zeros(1), is_read.cpu().cumsum(0)])  # before each token
    ends = lengths.cumsum(0)
    return index[is_read], n_read[ends] - n_read[ends - lengths]


def put_back(outputs: Tensor, is_read: Tensor) -> Tensor:
    """RETURNS (Tensor): For outputs `(read, width)` of the tokens that stayed, those of all tokens
    `(tokens, width)`: zeros for what was left out.
    """
    return outputs.new_zeros(len(is_read), outputs.shape[1]).masked_scatter(is_read[:, None], outputs)
