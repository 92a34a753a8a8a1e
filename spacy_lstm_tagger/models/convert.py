"""Thinc's list of an array for each document ⇄ torch's tensor of all tokens, documents end to end."""

from collections.abc import Sequence

import torch
from thinc.types import Floats2d
from thinc.util import get_array_module, torch2xp, xp2torch
from torch import Tensor


def to_tensor(arrays: Sequence[Floats2d], device: torch.device) -> Tensor:
    """RETURNS (Tensor): `(tokens, width)` on the device, from `(tokens, width)` for each document."""
    xp = get_array_module(arrays[0])  # type: ignore[no-untyped-call]
    return xp2torch(xp.concatenate(arrays), device=device)


def to_arrays(flat: Tensor, lengths: Sequence[int]) -> list[Floats2d]:
    """RETURNS (List[Floats2d]): `(tokens, width)` for each document, views of the tensor's memory."""
    array = torch2xp(flat)
    arrays = []
    start = 0
    for length in lengths:
        arrays.append(array[start : start + length])
        start += length
    return arrays  # type: ignore[return-value]
