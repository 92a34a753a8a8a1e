"""Where pipelines run: on the CPU, or on a GPU that is asked for."""

from thinc.api import require_gpu

from ..errors import Errors, LSTMTaggerValueError, summarize_error


def use_gpu(gpu_id: int) -> None:
    """Use a GPU, as spaCy's commands do.

    gpu_id (int): Its number; -1 for the CPU.
    RAISES (LSTMTaggerValueError): If there is no such GPU, or a package to use it is missing.
    """
    if gpu_id < 0:
        return
    try:
        require_gpu(gpu_id)
    except Exception as error:  # CuPy and CUDA can raise anything
        raise LSTMTaggerValueError(
            Errors.L427.format(gpu_id=gpu_id, reason=summarize_error(error))
        ) from error


def describe_devices() -> dict[str, str]:
    """RETURNS (Dict[str, str]): What decides how fast components predict on this machine, by name."""
    from ..models.machine import describe_prediction  # imports torch

    return describe_prediction()
