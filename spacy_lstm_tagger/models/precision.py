"""Whether a precision is of use on a device."""

import time
import warnings
from functools import lru_cache

import torch

from ..errors import Warnings


def get_precision(name: str, device: torch.device) -> torch.dtype:
    """RETURNS (torch.dtype): The precision of a setting, or float32 where the other would be slower, which
    is said once.
    """
    if name == "bfloat16" and is_bfloat16_fast(device.type):
        return torch.bfloat16
    if name == "bfloat16":
        warnings.warn(Warnings.W001.format(device=device.type.upper()), stacklevel=2)
    return torch.float32


@lru_cache
def is_bfloat16_fast(device_type: str) -> bool:
    """Whether products of matrices in bfloat16 are faster than those in float32. GPUs are asked, CPUs are
    measured: without the instructions for it, torch converts back and forth.
    """
    if device_type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return _time_product(torch.bfloat16) < 0.9 * _time_product(torch.float32)


def _time_product(dtype: torch.dtype, repeats: int = 10) -> float:
    """RETURNS (float): The seconds that a product as in a step of the recurrence takes, at best."""
    a, b = torch.ones(128, 128, dtype=dtype), torch.ones(128, 512, dtype=dtype)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        torch.mm(a, b)
        seconds.append(time.perf_counter() - start)
    return min(seconds)
