"""The bridge between a Thinc `Model` and a torch module.

Thinc's own `PyTorchShim` pickles the weights, lets averaged parameters pass by, and leaves the module in
training mode after a prediction. This one writes msgpack, and keeps the contracts.
"""

import contextlib
import gc
import reprlib
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from hashlib import sha256
from typing import Any

import numpy as np
import srsly
import torch
from thinc.api import Model, Optimizer
from thinc.shims import Shim
from thinc.util import get_torch_default_device, torch2xp, xp2torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..errors import Errors, tell
from ..optimizers import LazyAdam

FORMAT = 2
READABLE = (1, FORMAT)  # 1 had no checksum


class TorchShim(Shim):
    """Holds a torch module that is built once what depends on the data is known.

    build (Callable[..., nn.Module]): Makes the module from what was fitted on the data. If saved weights
        will replace the initial ones, its tensors are without memory (on torch's device "meta"), but for
        those that name a device. A function of a Python module or a partial of one, so that the shim can
        be pickled.
    fitted (Dict[str, Any]): The arguments that `build` got. Saved with the weights.
    derived (Dict[str, Any]): What others computed from the weights; forgotten whenever one may have
        changed.
    """

    def __init__(self, build: Callable[..., nn.Module]) -> None:
        super().__init__(None)
        self._build = build
        self.fitted: dict[str, Any] = {}
        self.derived: dict[str, Any] = {}

    def copy(self) -> "TorchShim":
        """RETURNS (TorchShim): A copy with an id of its own, by which the optimizer tells weights apart."""
        copied = deepcopy(self)
        with Shim.global_id_lock:
            Shim.global_id += 1
            copied.id = Shim.global_id
        return copied

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "derived": {}}

    @property
    def is_initialized(self) -> bool:
        """Whether the module was built."""
        return self._model is not None

    @property
    def module(self) -> Any:
        """The torch module, in evaluation mode.

        RAISES (ValueError): If it was not initialized.
        """
        if self._model is None:
            raise ValueError(Errors.L201)
        return self._model

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        parameter = None if self._model is None else next(self._model.parameters(), None)
        return get_torch_default_device() if parameter is None else parameter.device

    def initialize(self, **fitted: Any) -> None:
        """Build the module with new weights.

        **fitted: What `build` takes.
        """
        self._replace(fitted, self._build(**fitted))

    def _replace(self, fitted: dict[str, Any], module: nn.Module | None) -> None:
        self.fitted = fitted
        self._model = None if module is None else module.to(get_torch_default_device()).eval()
        self.derived = {}

    def begin_update(
        self, *inputs: Any, precision: torch.dtype = torch.float32
    ) -> tuple[Tensor, Callable[[Tensor], None]]:
        """Run the module in training mode.

        *inputs: Passed to the module.
        precision (torch.dtype): If not float32, that of all operations that torch's autocast takes.
        RETURNS (Tuple[Tensor, Callable]): The module's output, and a callback that takes its gradient and
            adds up the gradients of the weights.
        """
        is_mixed = precision != torch.float32
        self.module.train()
        try:
            with torch.enable_grad(), torch.autocast(self.device.type, precision, enabled=is_mixed):
                outputs: Tensor = self.module(*inputs)
                if is_mixed:
                    outputs = outputs.float()
        finally:
            self.module.eval()

        def backprop(gradient: Tensor) -> None:
            if outputs.requires_grad:
                outputs.backward(gradient)  # type: ignore[no-untyped-call]

        return outputs, backprop

    def predict(self, *inputs: Any) -> Any:
        """Run the module in evaluation mode, without gradients."""
        with torch.no_grad():
            return self.module(*inputs)

    def finish_update(self, optimizer: Optimizer) -> None:
        """Let the optimizer change the weights by their gradients, and clear the gradients."""
        if self._model is None:
            return
        to_xp: Callable[[Tensor], Any] = torch2xp
        for name, parameter in self._model.named_parameters():
            if parameter.grad is None:
                continue
            if parameter.grad.is_sparse and isinstance(optimizer, LazyAdam):
                gradient = parameter.grad.coalesce()
                rows = to_xp(gradient.indices()[0])
                optimizer.update_rows(
                    (self.id, name), to_xp(parameter.data), rows, to_xp(gradient.values())
                )
                parameter.grad = None
                continue
            if parameter.grad.is_sparse:
                parameter.grad = parameter.grad.to_dense()
            weights, _ = optimizer((self.id, name), to_xp(parameter.data), to_xp(parameter.grad))
            updated: Tensor = xp2torch(weights, device=parameter.device)
            if updated.data_ptr() != parameter.data_ptr():  # optimizers mostly work in place
                parameter.data.copy_(updated)
            parameter.grad = None
        self.derived = {}

    @contextlib.contextmanager
    def use_params(self, params: Mapping[Any, Any]) -> Iterator[None]:
        """Put other values in the place of the weights, and the weights back at the end.

        params (Mapping): Keyed `(shim id, parameter's name)`, as `Optimizer.averages` is.
        """
        parameters = {} if self._model is None else dict(self._model.named_parameters())
        replaced = {n: p for n, p in parameters.items() if params.get((self.id, n)) is not None}
        backup = {name: parameter.data for name, parameter in replaced.items()}
        try:
            for name, parameter in replaced.items():
                parameter.data = xp2torch(params[(self.id, name)], device=parameter.device)
            self.derived = {}
            yield
        finally:
            for name, parameter in replaced.items():
                parameter.data = backup[name]
            self.derived = {}

    def to_device(self, device_type: str, device_id: int) -> None:
        """Move the weights."""
        if self._model is not None:
            self._model.to("cpu" if device_type == "cpu" else f"cuda:{device_id}")
            self.derived = {}

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): What was fitted and the weights, in msgpack, with a checksum around them."""
        content: dict[str, Any] = {"fitted": self.fitted, "weights": None}
        if self._model is not None:
            content["weights"] = {n: t.cpu().numpy() for n, t in self._model.state_dict().items()}
        packed = srsly.msgpack_dumps(content)
        message = {"format": FORMAT, "sha256": sha256(packed).digest(), "content": packed}
        data: bytes = srsly.msgpack_dumps(message)
        return data

    def from_bytes(self, data: bytes) -> "TorchShim":
        """Build the module that was saved. On any error the shim stays as it was.

        RAISES (ValueError): If the data is damaged, foreign, or does not fit the config.
        """
        message = _unpack(data)
        fitted, weights = message["fitted"], message["weights"]
        self._replace(fitted, None if weights is None else self._rebuild(fitted, weights))
        return self

    def _rebuild(self, fitted: dict[str, Any], weights: dict[str, Any]) -> nn.Module:
        try:
            # No memory is taken before sizes are found to be true.
            with torch.device("meta"), _NoInitialValues():
                module = self._build(**fitted)
        except Exception as error:  # whatever damage makes of the data
            problem = f"what was fitted on the data is wrong ({tell(error)})"
            raise ValueError(Errors.L202.format(problem=problem)) from error
        _check_weights(module, weights)
        tensors = {name: torch.from_numpy(array.copy()) for name, array in weights.items()}
        module.load_state_dict(tensors, assign=True)
        return module


class _NoInitialValues(TorchFunctionMode):
    """Nothing sets initial values: on tensors without memory, torch would import its compiler for some of
    it, which takes a second.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """RETURNS (Any): What the function gives, without initial values."""
        kwargs = kwargs or {}
        if func in (torch.zeros, torch.ones):
            return torch.empty(*args, **kwargs)
        if getattr(func, "__module__", None) == nn.init.__name__:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def _unpack(data: bytes) -> dict[str, Any]:
    message = _read_msgpack(data)
    if not isinstance(message, dict) or "format" not in message:
        raise ValueError(Errors.L202.format(problem="no format number in it"))
    found = message["format"]
    if type(found) is not int or found not in READABLE:  # an array is neither equal to a number nor unequal
        raise ValueError(Errors.L203.format(found=reprlib.repr(found), expected=FORMAT))
    content = message if found == 1 else _open(message)
    fitted, weights = content.get("fitted"), content.get("weights", ())
    if not isinstance(fitted, dict) or not (weights is None or isinstance(weights, dict)):
        raise ValueError(Errors.L202.format(problem="parts of it are missing"))
    if not all(isinstance(name, str) for name in weights or ()):
        raise ValueError(Errors.L202.format(problem="weights without a name"))
    return content


def _open(message: dict[str, Any]) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): What a checksum is around."""
    packed, digest = message.get("content"), message.get("sha256")
    if not isinstance(packed, bytes) or not isinstance(digest, bytes) or sha256(packed).digest() != digest:
        raise ValueError(Errors.L202.format(problem="its checksum differs"))
    content = _read_msgpack(packed)
    if not isinstance(content, dict):
        raise ValueError(Errors.L202.format(problem="parts of it are missing"))  # noqa: TRY004
    return content


def _read_msgpack(data: bytes) -> Any:
    collects = gc.isenabled()
    try:
        return srsly.msgpack_loads(data)
    except Exception as error:  # whatever damage makes of the data
        raise ValueError(Errors.L202.format(problem=tell(error))) from error
    finally:
        if collects:
            gc.enable()  # srsly switches it off to be quick, and does not come back to it after an error


def _check_weights(module: nn.Module, weights: Mapping[str, Any]) -> None:
    """Say what differs between saved weights and the module they are for, in words."""
    expected = module.state_dict()
    learned = dict(module.named_parameters())  # of the rest some may be infinite
    for name in sorted(expected.keys() | weights.keys()):
        if name not in weights:
            problem = f"'{name}' is missing in the file"
        elif name not in expected:
            problem = f"'{name}' has no place in the network"
        elif not isinstance(weights[name], np.ndarray):
            problem = f"'{name}' is no array"
        elif weights[name].shape != tuple(expected[name].shape):
            shapes = f"{weights[name].shape} in the file, {tuple(expected[name].shape)} by the config"
            problem = f"'{name}' has shape {shapes}"
        elif str(expected[name].dtype) != f"torch.{weights[name].dtype}":
            problem = f"'{name}' is of type {weights[name].dtype}"
        elif name in learned and not np.isfinite(weights[name]).all():
            problem = f"'{name}' holds NaN or infinite numbers"
        else:
            continue
        raise ValueError(Errors.L204.format(problem=tell(problem)))


def get_shim(model: Model[Any, Any]) -> TorchShim:
    """RETURNS (TorchShim): The shim of a layer that has one."""
    shim = model.shims[0]
    assert isinstance(shim, TorchShim)
    return shim
