"""The recurrence and its gradient against a loop over cells, differentiated by torch."""

from typing import NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from spacy_lstm_tagger.networks import Packing
from spacy_lstm_tagger.networks.recurrence import recur

WIDTH = 3
lengths_of_batches = st.lists(st.integers(0, 5), max_size=5)


class Inputs(NamedTuple):
    """What varies, in float64 with gradients.

    projected (Tensor): `(types, directions * 4 * width)`.
    weight (Tensor): `(directions, 4 * width, width)`.
    hidden (Tensor): `(directions, batch, width)`.
    cell (Tensor): `(directions, batch, width)`.
    """

    projected: Tensor
    weight: Tensor
    hidden: Tensor
    cell: Tensor


def make_inputs(n_types: int, directions: int, batch: int, scale: float = 1.0) -> Inputs:
    shapes = [(n_types, directions * 4 * WIDTH), (directions, 4 * WIDTH, WIDTH)]
    shapes += [(directions, batch, WIDTH)] * 2
    tensors = [torch.randn(shape, dtype=torch.float64) for shape in shapes]
    tensors[0] *= scale
    return Inputs(*(tensor.requires_grad_() for tensor in tensors))


def run(inputs: Inputs, index: Tensor, lengths: list[int]) -> Tensor:
    """RETURNS (Tensor): The recurrence's outputs, `(tokens, directions * width)`."""
    packing = Packing.from_lengths(torch.tensor(lengths, dtype=torch.int64), len(inputs.weight))
    projected = inputs.projected.view(-1, 4 * WIDTH)
    states = (state[:, packing.order] for state in (inputs.hidden, inputs.cell))
    packed = recur(projected, packing.find_rows(index), inputs.weight, *states, packing)
    return packing.unpack(packed)


def run_by_hand(inputs: Inputs, index: Tensor, lengths: list[int]) -> Tensor:
    """The same, sequence by sequence and cell by cell (Graves 2013, §2 without peepholes)."""
    rows = []
    directions = len(inputs.weight)
    for i, types in enumerate(index.split(lengths)):
        columns = []
        for direction in range(directions):
            hidden, cell = inputs.hidden[direction, i], inputs.cell[direction, i]
            outputs = {}
            steps = range(len(types))
            for step in reversed(steps) if direction else steps:
                projected = inputs.projected[types[step]].chunk(directions)[direction]
                gates = projected + inputs.weight[direction] @ hidden
                in_gate, forget_gate, candidate, out_gate = gates.chunk(4)
                cell = forget_gate.sigmoid() * cell + in_gate.sigmoid() * candidate.tanh()
                hidden = out_gate.sigmoid() * cell.tanh()
                outputs[step] = hidden
            columns.append([outputs[step] for step in steps])
        rows += [torch.cat(parts) for parts in zip(*columns, strict=True)]
    return torch.stack(rows) if rows else torch.zeros(0, directions * WIDTH, dtype=torch.float64)


@given(lengths_of_batches.filter(any), st.integers(1, 2), st.integers(1, 4))
def test_outputs_and_gradients_are_those_of_the_loop(
    lengths: list[int], directions: int, n_types: int
) -> None:
    inputs = make_inputs(n_types, directions, len(lengths))
    index = torch.randint(n_types, (sum(lengths),))
    found, expected = (way(inputs, index, lengths) for way in (run, run_by_hand))
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
    gradient = torch.randn_like(expected)
    torch.testing.assert_close(
        torch.autograd.grad(found, inputs, gradient),
        torch.autograd.grad(expected, inputs, gradient),
        atol=1e-10,
        rtol=1e-10,
    )


@pytest.mark.parametrize("directions", [1, 2])
def test_gradients_are_those_of_finite_differences(directions: int) -> None:
    inputs, index = make_inputs(3, directions, 4), torch.tensor([0, 2, 2, 1, 0, 2])

    def vary(*varied: Tensor) -> Tensor:
        return run(Inputs(*varied), index, [2, 0, 3, 1])

    assert torch.autograd.gradcheck(vary, tuple(inputs))


@pytest.mark.parametrize("lengths", [[], [0], [0, 0, 0]])
@pytest.mark.parametrize("directions", [1, 2])
def test_without_tokens_there_is_no_gradient(lengths: list[int], directions: int) -> None:
    inputs = make_inputs(2, directions, len(lengths))
    outputs = run(inputs, torch.zeros(0, dtype=torch.int64), lengths)
    assert outputs.shape == (0, directions * WIDTH)
    assert not any(gradient.any() for gradient in torch.autograd.grad(outputs.sum(), inputs))


def test_extreme_gates_are_those_of_the_loop() -> None:
    """The hyperbolic tangent is taken by the sigmoid: far from zero, too."""
    inputs, index = make_inputs(6, 2, 2, scale=300.0), torch.randint(6, (9,))
    found, expected = (way(inputs, index, [4, 5]) for way in (run, run_by_hand))
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
    torch.testing.assert_close(
        torch.autograd.grad(found.sum(), inputs),
        torch.autograd.grad(expected.sum(), inputs),
        atol=1e-10,
        rtol=1e-10,
    )


def test_gradient_can_be_taken_again() -> None:
    inputs, index = make_inputs(3, 2, 2), torch.tensor([0, 2, 1, 1])
    outputs = run(inputs, index, [3, 1])
    first, second = (torch.autograd.grad(outputs.sum(), inputs, retain_graph=True) for _ in range(2))
    torch.testing.assert_close(first, second, atol=0, rtol=0)


def test_nothing_handed_in_is_written_to() -> None:
    inputs, index = make_inputs(3, 2, 2), torch.tensor([0, 2, 1, 1])
    before = [tensor.detach().clone() for tensor in inputs]
    run(inputs, index, [3, 1]).sum().backward()
    assert all(map(torch.equal, inputs, before))
