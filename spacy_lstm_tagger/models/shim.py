"""The bridge between a Thinc `Model` and a torch module.

Thinc's own `PyTorchShim` pickles the weights, ignores averaged parameters, and leaves the module in
training mode after a prediction.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

import torch
from thinc.api import Model, Optimizer
from thinc.shims import Shim
from thinc.util import get_torch_default_device, torch2xp, xp2torch
from torch import Tensor, nn

from ..errors import Errors, LSTMTaggerValueError
from ..optimizers import LazyAdam
from .weights import pack, rebuild, unpack


class TorchShim(Shim):
    """Has a torch module, which is built when the sizes that depend on the data are known.

    build (Callable[..., nn.Module]): Builds the module from what was fitted on the data. On loading, this
        happens on torch's meta device. A module-level function or a partial of one, so that the shim can be
        pickled.
    fitted (Dict[str, Any]): The arguments that `build` got. Saved with the weights.
    derived (Dict[str, Any]): What others computed from the weights; cleared whenever these may have
        changed.
    """

    def __init__(self, build: Callable[..., nn.Module]) -> None:
        super().__init__(None)
        self.build = build
        self.fitted: dict[str, Any] = {}
        self.derived: dict[str, Any] = {}

    def copy(self) -> "TorchShim":
        """RETURNS (TorchShim): A copy with its own id, by which the optimizer tells weights apart."""
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

        RAISES (LSTMTaggerValueError): If it was not initialized.
        """
        if self._model is None:
            raise LSTMTaggerValueError(Errors.L201)
        return self._model

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        parameter = None if self._model is None else next(self._model.parameters(), None)
        return get_torch_default_device() if parameter is None else parameter.device

    def initialize(self, **fitted: Any) -> None:
        """Build the module with new weights.

        **fitted: The arguments of `build`.
        """
        self._replace(fitted, self.build(**fitted))

    def _replace(self, fitted: dict[str, Any], module: nn.Module | None) -> None:
        self.fitted = fitted
        self._model = None if module is None else module.to(get_torch_default_device()).eval()
        self.derived = {}

    def begin_update(
        self, *inputs: Any, precision: torch.dtype = torch.float32
    ) -> tuple[Tensor, Callable[[Tensor], None]]:
        """Run the module in training mode.

        *inputs: Passed to the module.
        precision (torch.dtype): If not float32, the type that torch's autocast computes in.
        RETURNS (Tuple[Tensor, Callable]): The module's output, and a callback that takes its gradient and
            accumulates the gradients of the weights.
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
        """Update the weights by their gradients, and clear the gradients."""
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
            if updated.data_ptr() != parameter.data_ptr():  # most optimizers work in place
                parameter.data.copy_(updated)
            parameter.grad = None
        self.derived = {}

    @contextlib.contextmanager
    def use_params(self, params: Mapping[Any, Any]) -> Iterator[None]:
        """Replace weights by other values, and restore them at the end.

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
        """RETURNS (bytes): What was fitted and the weights."""
        return pack(self.fitted, self._model)

    def from_bytes(self, data: bytes) -> "TorchShim":
        """Build the module that was saved. On any error the shim stays unchanged.

        RAISES (LSTMTaggerValueError): If the data is damaged, not ours, or does not fit the config.
        """
        saved = unpack(data)
        self._replace(saved.fitted, rebuild(self.build, saved))
        return self


def get_shim(model: Model[Any, Any]) -> TorchShim:
    """RETURNS (TorchShim): The shim of a layer that has one."""
    shim = model.shims[0]
    assert isinstance(shim, TorchShim)
    return shim
