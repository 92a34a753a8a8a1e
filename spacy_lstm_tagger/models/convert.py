"""Flat arrays ⇄ torch's tensors."""

import torch
from thinc.util import torch2xp, xp2torch
from torch import Tensor

from ..ragged import Ragged
from ..vocabulary import Ints


def to_tensor(flat: Ragged, device: torch.device) -> Tensor:
    """RETURNS (Tensor): The data as a tensor on a device; on the same device it shares the memory."""
    return xp2torch(flat.data, device=device)


def to_ragged(tensor: Tensor, lengths: Ints) -> Ragged:
    """RETURNS (Ragged): Flat data that shares the memory of a tensor."""
    return Ragged(torch2xp(tensor), lengths)
