"""Prediction for a single sequence, by NumPy.

A step is so little work that calling torch's operators would take longer than the arithmetic; calling
NumPy's takes a fraction of that.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]

# Scale each gate's input for tanh: sigmoid(x) = (1 + tanh(x / 2)) / 2.
GATE_FACTORS = (0.5, 0.5, 1.0, 0.5)  # input gate, forget gate, candidate, output gate


def read_sequence(inputs: Floats, recurrent: Floats, hidden: Floats, cell: Floats) -> Floats:
    """Run one layer of an LSTM over one sequence, all directions at once.

    inputs (np.ndarray): Input projections with the biases, times `GATE_FACTORS`, in each direction's order
        of reading, `(time, directions, 1, 4 * width)`.
    recurrent (np.ndarray): The recurrent weights, times `GATE_FACTORS`, `(directions, width, 4 * width)`.
    hidden (np.ndarray): The hidden state before the first step, `(directions, 1, width)`.
    cell (np.ndarray): The cell state before the first step, overwritten with that after the last.
    RETURNS (np.ndarray): The hidden states, `(time, directions, 1, width)`, in the order of reading.
    """
    directions, width, gate_width = recurrent.shape
    outputs = np.empty((len(inputs), directions, 1, width), dtype=np.float32)
    gates = np.empty((directions, 1, gate_width), dtype=np.float32)
    in_gate, forget_gate, candidate, out_gate = np.split(gates, 4, axis=2)  # views
    update = np.empty_like(cell)
    for step_inputs, next_hidden in zip(inputs, outputs, strict=True):
        np.matmul(hidden, recurrent, out=gates)
        gates += step_inputs
        np.tanh(gates, out=gates)
        np.copyto(update, candidate)
        gates += 1.0  # (1 + tanh) / 2; the candidate was copied before
        gates *= 0.5
        update *= in_gate
        cell *= forget_gate
        cell += update
        np.tanh(cell, out=next_hidden)
        np.multiply(next_hidden, out_gate, out=next_hidden)
        hidden = next_hidden
    return outputs
