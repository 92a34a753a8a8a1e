"""Which precision a device can predict in."""

import platform

import torch

from ..errors import Errors, LSTMTaggerValueError


def get_precision(name: str, device: torch.device) -> torch.dtype:
    """RETURNS (torch.dtype): The type that a setting names.
    RAISES (LSTMTaggerValueError): If the device has no instructions for bfloat16.
    """
    if name != "bfloat16":
        return torch.float32
    if not has_bfloat16(device.type):
        raise LSTMTaggerValueError(Errors.L014.format(device=device.type.upper()))
    return torch.bfloat16


def has_bfloat16(device_type: str) -> bool:
    """RETURNS (bool): Whether a device has instructions for bfloat16. Without these, torch would convert to
    float32 and back, slower than float32 itself.
    """
    if device_type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if platform.machine().lower() in ("arm64", "aarch64"):
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
