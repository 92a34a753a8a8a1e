"""Prediction on a CPU, by a compiled kernel, in float32.

`kernel/` is compiled when the package is installed, if there is a C++ compiler; otherwise `cpu.py`
predicts the same labels.
"""

import ctypes
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from ..lstm import LSTM, State
from .single_sequence import Floats

Ints = npt.NDArray[np.int64]

FOLDER = Path(__file__).parent


class Kernel(NamedTuple):
    """A kernel that this processor can run.

    number (int): Its number in the library.
    name (str): The instructions it uses.
    block (int): How many hidden units it computes at once.
    """

    number: int
    name: str
    block: int


@cache
def _load() -> Any:
    """RETURNS (Optional[ctypes.CDLL]): The compiled library, if there is one."""
    for suffix in EXTENSION_SUFFIXES:
        path = FOLDER / f"_kernel{suffix}"
        if path.is_file():
            try:
                return _declare(ctypes.CDLL(str(path)))
            except OSError:  # compiled for another machine
                return None
    return None


def _declare(library: Any) -> Any:
    number, size, pointer = ctypes.c_int, ctypes.c_int64, ctypes.c_void_p
    library.lstm_count_kernels.restype = number
    library.lstm_get_name.argtypes, library.lstm_get_name.restype = [number], ctypes.c_char_p
    library.lstm_get_block.argtypes, library.lstm_get_block.restype = [number], size
    library.lstm_read_layer.argtypes = [
        number,
        *[size] * 3,
        *[pointer] * 2,
        size,
        *[pointer] * 6,
    ]
    library.lstm_read_layer.restype = None
    return library


@cache
def list_kernels() -> list[Kernel]:
    """RETURNS (List[Kernel]): The kernels that this processor can run, the fastest first; empty if none was
    compiled.
    """
    library = _load()
    if library is None:
        return []
    return [
        Kernel(number, library.lstm_get_name(number).decode(), library.lstm_get_block(number))
        for number in range(library.lstm_count_kernels())
    ]


def find_kernel() -> Kernel | None:
    """RETURNS (Optional[Kernel]): The fastest kernel, if one is faster than torch's operators."""
    return next((kernel for kernel in list_kernels() if kernel.name != "SSE2"), None)


def explain_kernel() -> str:
    """RETURNS (str): Which kernel predicts in float32 on this machine, and why."""
    kernel = find_kernel()
    if kernel is not None:
        return f"compiled, {kernel.name}"
    found = [
        path for path in (FOLDER / f"_kernel{suffix}" for suffix in EXTENSION_SUFFIXES) if path.is_file()
    ]
    if not found:
        reason = "no kernel was compiled: the package was installed without a C++ compiler"
    elif _load() is None:
        reason = f"{found[0].name} was compiled for another machine: install the package again"
    else:
        reason = "this processor has neither AVX2 nor AVX-512"
    return f"PyTorch's operators, since {reason}"


class CompiledNetwork:
    """A `PredictionNetwork` by a compiled kernel. A block of hidden units has its gates side by side; the
    last block is filled up with units whose weights are 0.

    lstm (LSTM): Has the weights.
    kernel (Kernel): The kernel.
    """

    reads_in_any_order = True

    def __init__(self, lstm: LSTM, kernel: Kernel) -> None:
        self.lstm = lstm
        self.kernel = kernel
        self.width: int = lstm.rnn.hidden_size
        self.blocks = -(-self.width // kernel.block)
        depth = lstm.depth
        with torch.no_grad():
            self.inputs = [self._arrange_inputs(*lstm.input_weights(layer)) for layer in range(depth)]
            self.recurrent = [
                self._arrange_recurrent(lstm.recurrent_weights(layer)) for layer in range(depth)
            ]
            self.skips = [
                self._arrange(lstm.skip_weights(i + 1)).contiguous() for i in range(len(lstm.skips))
            ]

    @property
    def row_width(self) -> int:
        """The width of an input projection."""
        return self.lstm.directions * self.blocks * 4 * self.kernel.block

    def _arrange(self, rows: Tensor) -> Tensor:
        """RETURNS (Tensor): `(directions * blocks * 4 * block, ...)`, from torch's order of gates
        `(directions * 4 * width, ...)`.
        """
        other = rows.shape[1:]
        gates = rows.reshape(self.lstm.directions, 4, self.width, *other)
        filled = rows.new_zeros(self.lstm.directions, 4, self.blocks * self.kernel.block, *other)
        filled[:, :, : self.width] = gates
        shape = self.lstm.directions, 4, self.blocks, self.kernel.block, *other
        return filled.view(shape).transpose(1, 2).reshape(-1, *other)

    def _arrange_inputs(self, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor | None]:
        return self._arrange(weight).contiguous(), None if bias is None else self._arrange(bias)

    def _arrange_recurrent(self, weight: Tensor) -> Tensor:
        """RETURNS (Tensor): `(directions, blocks, width, 4, block)`, from `(directions, 4 * width,
        width)`.
        """
        rows = self._arrange(weight.flatten(0, 1)).float()
        blocks = rows.view(self.lstm.directions, self.blocks, 4 * self.kernel.block, self.width)
        return blocks.transpose(2, 3).contiguous()

    @torch.no_grad()
    def project(self, inputs: Tensor) -> Tensor:
        """See `PredictionNetwork.project`.

        RETURNS (Tensor): `(types, row_width)`; with skip connections `(types, depth * row_width)`.
        """
        parts = [F.linear(inputs, *self.inputs[0]), *(F.linear(inputs, skip) for skip in self.skips)]
        return torch.cat(parts, dim=1) if self.skips else parts[0]

    @torch.no_grad()
    def read(
        self, table: Tensor, index: Tensor, lengths: Tensor, state: State | None = None
    ) -> tuple[Tensor, State | None]:
        """See `PredictionNetwork.read`."""
        hidden, cell = (part.numpy().copy() for part in state or self.lstm.initial_state(len(lengths)))
        plan = _plan(lengths.numpy())
        directions, n_tokens = self.lstm.directions, len(index)
        outputs = torch.empty(n_tokens, self.lstm.output_width)
        inputs, rows = table, index.numpy()
        for layer in range(self.lstm.depth):
            if layer:  # from here on, every token is a row
                inputs, rows = F.linear(outputs, *self.inputs[layer]), np.arange(n_tokens)
                if self.skips:
                    inputs += table[index, layer * self.row_width : (layer + 1) * self.row_width]
                outputs = torch.empty_like(outputs)
            part = slice(layer * directions, (layer + 1) * directions)
            # Copies, without gaps: (directions, running, width).
            last = hidden[part].take(plan.order, 1), cell[part].take(plan.order, 1)
            self._run(layer, inputs, rows, plan, last, outputs)
            if state:
                hidden[part, plan.order], cell[part, plan.order] = last
        return outputs, (torch.from_numpy(hidden), torch.from_numpy(cell)) if state else None

    def _run(
        self,
        layer: int,
        inputs: Tensor,
        rows: Ints,
        plan: "_Plan",
        state: tuple[Floats, Floats],
        outputs: Tensor,
    ) -> None:
        """Run one layer; see `kernel/kernel.cpp`. The states and outputs are overwritten."""
        arrays = (np.ascontiguousarray(rows), plan.starts, plan.lengths, *state)
        _load().lstm_read_layer(
            self.kernel.number,
            self.width,
            self.lstm.directions,
            len(plan.order),
            self.recurrent[layer].data_ptr(),
            inputs.data_ptr(),
            inputs.stride(0),
            *(array.ctypes.data for array in arrays),
            outputs.data_ptr(),
        )


class _Plan(NamedTuple):
    """The order in which sequences are read.

    order (Ints): The sequences that are not empty, longest first, `(running,)`.
    starts (Ints): The first token of each, `(running,)`.
    lengths (Ints): The length of each, `(running,)`.
    """

    order: Ints
    starts: Ints
    lengths: Ints


def _plan(lengths: Ints) -> _Plan:
    order = np.argsort(-lengths, kind="stable")[: np.count_nonzero(lengths)]
    return _Plan(order, (lengths.cumsum() - lengths)[order], lengths[order])
