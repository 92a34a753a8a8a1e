"""How this machine predicts."""

import torch

from ..networks.prediction.compiled import explain_kernel
from .precision import has_bfloat16
from .threads import count_threads


def describe_prediction() -> dict[str, str]:
    """RETURNS (Dict[str, str]): What decides how fast components predict on this machine, by name."""
    bfloat16 = "yes" if has_bfloat16("cpu") else "no: this processor has no instructions for it"
    return {
        "PyTorch": torch.__version__,
        "CPU, float32": explain_kernel(),
        "CPU, bfloat16": bfloat16,
        "Threads": str(count_threads(0)),
        "GPU": torch.cuda.get_device_name() if torch.cuda.is_available() else "none that PyTorch can use",
    }
