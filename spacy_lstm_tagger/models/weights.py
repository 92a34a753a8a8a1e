"""The file format of a network's weights: msgpack with a checksum, and no pickle.

A file has what was fitted on the data, from which the network is built again, and its weights.
"""

import gc
import reprlib
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
import srsly
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ..errors import Errors, LSTMTaggerValueError, summarize_error

FORMAT = 2
READABLE = (1, FORMAT)  # format 1 had no checksum


class SavedNetwork(NamedTuple):
    """The content of a file.

    fitted (Dict[str, Any]): The arguments that the network was built with.
    weights (Optional[Dict[str, np.ndarray]]): Its state dict; None if it was not initialized.
    """

    fitted: dict[str, Any]
    weights: dict[str, Any] | None


def pack(fitted: dict[str, Any], module: nn.Module | None) -> bytes:
    """RETURNS (bytes): What was fitted and the weights, in msgpack, with a checksum."""
    content: dict[str, Any] = {"fitted": fitted, "weights": None}
    if module is not None:
        content["weights"] = {n: t.cpu().numpy() for n, t in module.state_dict().items()}
    packed = srsly.msgpack_dumps(content)
    message = {"format": FORMAT, "sha256": sha256(packed).digest(), "content": packed}
    data: bytes = srsly.msgpack_dumps(message)
    return data


def unpack(data: bytes) -> SavedNetwork:
    """Read a file.

    RAISES (LSTMTaggerValueError): If it is damaged, not one of ours, or in another format.
    """
    message = _read_msgpack(data)
    if not isinstance(message, dict) or "format" not in message:
        raise LSTMTaggerValueError(Errors.L202.format(problem="it has no format number"))
    found = message["format"]
    if type(found) is not int or found not in READABLE:  # an array would compare element by element
        raise LSTMTaggerValueError(Errors.L203.format(found=reprlib.repr(found), expected=FORMAT))
    content = message if found == 1 else _check_content(message)
    fitted, weights = content.get("fitted"), content.get("weights", ())
    if not isinstance(fitted, dict) or not (weights is None or isinstance(weights, dict)):
        raise LSTMTaggerValueError(Errors.L202.format(problem="parts of it are missing"))
    if not all(isinstance(name, str) for name in weights or ()):
        raise LSTMTaggerValueError(Errors.L202.format(problem="some weights have no name"))
    return SavedNetwork(fitted, weights)


def _check_content(message: dict[str, Any]) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The content, if its checksum matches."""
    packed, digest = message.get("content"), message.get("sha256")
    if not isinstance(packed, bytes) or not isinstance(digest, bytes) or sha256(packed).digest() != digest:
        raise LSTMTaggerValueError(Errors.L202.format(problem="its checksum does not match"))
    content = _read_msgpack(packed)
    if not isinstance(content, dict):
        raise LSTMTaggerValueError(Errors.L202.format(problem="parts of it are missing"))
    return content


def _read_msgpack(data: bytes) -> Any:
    is_enabled = gc.isenabled()
    try:
        return srsly.msgpack_loads(data)
    except Exception as error:  # damaged data can raise anything
        raise LSTMTaggerValueError(Errors.L202.format(problem=summarize_error(error))) from error
    finally:
        if is_enabled:
            gc.enable()  # srsly disables it for speed, and leaves it so after an error


def rebuild(build: Callable[..., nn.Module], saved: SavedNetwork) -> nn.Module | None:
    """Build the network that was saved.

    build (Callable[..., nn.Module]): Builds a network from what was fitted.
    saved (SavedNetwork): The content of the file.
    RETURNS (Optional[nn.Module]): The network; None if it was not initialized.
    RAISES (LSTMTaggerValueError): If the content does not fit the network of the config.
    """
    if saved.weights is None:
        return None
    try:
        # No memory is allocated before the sizes have been checked.
        with torch.device("meta"), _SkipInitialValues():
            module = build(**saved.fitted)
    except Exception as error:  # damaged data can raise anything
        problem = f"what was fitted on the data is invalid ({summarize_error(error)})"
        raise LSTMTaggerValueError(Errors.L202.format(problem=problem)) from error
    _check_weights(module, saved.weights)
    tensors = {name: torch.from_numpy(array.copy()) for name, array in saved.weights.items()}
    module.load_state_dict(tensors, assign=True)
    return module


class _SkipInitialValues(TorchFunctionMode):
    """Skips all initialization of weights: for some of it on the meta device, torch would import its
    compiler, which takes a second.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """RETURNS (Any): What the function returns, without initial values."""
        kwargs = kwargs or {}
        if func in (torch.zeros, torch.ones):
            return torch.empty(*args, **kwargs)
        if getattr(func, "__module__", None) == nn.init.__name__:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def _check_weights(module: nn.Module, weights: Mapping[str, Any]) -> None:
    """RAISES (LSTMTaggerValueError): If weights do not fit a module. The message says which."""
    expected = module.state_dict()
    learned = dict(module.named_parameters())  # buffers may be infinite
    for name in sorted(expected.keys() | weights.keys()):
        if name not in weights:
            problem = f"'{name}' is missing in the file"
        elif name not in expected:
            problem = f"the network has no '{name}'"
        elif not isinstance(weights[name], np.ndarray):
            problem = f"'{name}' is not an array"
        elif weights[name].shape != tuple(expected[name].shape):
            shapes = f"{weights[name].shape} in the file, {tuple(expected[name].shape)} by the config"
            problem = f"'{name}' has shape {shapes}"
        elif str(expected[name].dtype) != f"torch.{weights[name].dtype}":
            problem = f"'{name}' has type {weights[name].dtype}"
        elif name in learned and not np.isfinite(weights[name]).all():
            problem = f"'{name}' has NaN or infinite values"
        else:
            continue
        raise LSTMTaggerValueError(Errors.L204.format(problem=summarize_error(problem)))
