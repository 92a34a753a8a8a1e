"""The LSTM against its equations written out, against torch's, and its two ways of reading compared."""

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.utils.rnn import pack_sequence, unpack_sequence

from spacy_lstm_tagger.networks import LSTM, State

INPUT, WIDTH = 3, 4
Array = npt.NDArray[np.float64]

lengths_of_batches = st.lists(st.integers(0, 5), max_size=5)
settings_of_lstms = st.fixed_dictionaries(
    {
        "depth": st.integers(1, 3),
        "bidirectional": st.booleans(),
        "bias": st.booleans(),
        "initial_state": st.sampled_from(["zeros", "learned"]),
    }
)


def make_lstm(**settings: Any) -> LSTM:
    """An LSTM in evaluation mode. All its parameters are random, learned initial states too."""
    lstm = LSTM(INPUT, WIDTH, **settings).eval()
    for parameter in lstm.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.6)
    return lstm


def make_state(lstm: LSTM, batch: int) -> State:
    hidden, cell = lstm.initial_state(batch)
    return torch.randn_like(hidden), torch.randn_like(cell)


def assert_close(found: Any, expected: Any, tolerance: float = 1e-5) -> None:
    torch.testing.assert_close(found, expected, atol=tolerance, rtol=tolerance)


def read_types(lstm: LSTM, inputs: Tensor, lengths: Tensor, state: State | None = None) -> Any:
    """Read as prediction does: every token a type of its own, the types in another order."""
    order = torch.randperm(len(inputs))
    return lstm.read(lstm.project(inputs[order]), order.argsort(), lengths, state)


READERS = pytest.mark.parametrize("read", [LSTM.forward, read_types])


# The equations


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def read_by_hand(lstm: LSTM, sequence: Array, hidden: Array, cell: Array) -> tuple[Array, Array, Array]:
    """Read one sequence, a cell at a time (Graves 2013, §2 without peepholes).

    RETURNS (Tuple[Array, Array, Array]): Outputs, and each layer's and direction's last states.
    """
    weights = {name: parameter.detach().numpy() for name, parameter in lstm.rnn.named_parameters()}
    hidden, cell = hidden.copy(), cell.copy()
    directions = lstm.output_width // WIDTH
    for layer in range(len(hidden) // directions):
        outputs = np.zeros((len(sequence), lstm.output_width))
        for direction in range(directions):
            name = f"l{layer}" + "_reverse" * direction
            row = layer * directions + direction
            steps = range(len(sequence))
            for t in reversed(steps) if direction else steps:
                gates = (
                    weights[f"weight_ih_{name}"] @ sequence[t] + weights[f"weight_hh_{name}"] @ hidden[row]
                )
                if lstm.rnn.bias:
                    gates = gates + weights[f"bias_ih_{name}"] + weights[f"bias_hh_{name}"]
                i, f, g, o = gates.reshape(4, WIDTH)
                cell[row] = sigmoid(f) * cell[row] + sigmoid(i) * np.tanh(g)
                hidden[row] = sigmoid(o) * np.tanh(cell[row])
                outputs[t, direction * WIDTH : (direction + 1) * WIDTH] = hidden[row]
        sequence = outputs
    return sequence, hidden, cell


@READERS
@pytest.mark.parametrize(
    ("depth", "bidirectional", "bias", "initial_state"),
    list(product([1, 2, 3], [False, True], [False, True], ["zeros", "learned"])),
)
def test_outputs_follow_the_equations(
    read: Any, depth: int, bidirectional: bool, bias: bool, initial_state: Any
) -> None:
    lstm = make_lstm(
        depth=depth, bidirectional=bidirectional, bias=bias, initial_state=initial_state
    ).double()
    lengths = [2, 0, 4, 1, 0]
    inputs = torch.randn(sum(lengths), INPUT, dtype=torch.float64)
    outputs, (hidden, cell) = read(lstm, inputs, torch.tensor(lengths))
    shape = (depth * (1 + bidirectional), WIDTH)
    start = np.zeros((2, *shape)) if lstm.learned_state is None else lstm.learned_state.detach().numpy()
    by_hand = [read_by_hand(lstm, x.numpy(), *start) for x in inputs.split(lengths)]
    expected, expected_hidden, expected_cell = zip(*by_hand, strict=True)
    np.testing.assert_allclose(outputs.detach(), np.concatenate(expected), atol=1e-12)
    np.testing.assert_allclose(hidden.detach(), np.stack(expected_hidden, axis=1), atol=1e-12)
    np.testing.assert_allclose(cell.detach(), np.stack(expected_cell, axis=1), atol=1e-12)


@given(settings_of_lstms, lengths_of_batches.map(lambda lengths: [n for n in lengths if n]).filter(any))
def test_outputs_and_gradients_are_those_of_torch(settings: dict[str, Any], lengths: list[int]) -> None:
    lstm = make_lstm(**settings).double()
    inputs = torch.randn(sum(lengths), INPUT, dtype=torch.float64, requires_grad=True)
    state = make_state(lstm, len(lengths))
    if lstm.learned_state is not None:
        state = lstm.initial_state(len(lengths))
    outputs, final = lstm(inputs, torch.tensor(lengths), state)
    packed = pack_sequence(inputs.split(lengths), enforce_sorted=False)
    packed_outputs, expected_final = lstm.rnn(packed, state)
    found = [outputs, *final]
    expected = [torch.cat(unpack_sequence(packed_outputs)), *expected_final]
    assert_close(found, expected, 1e-9)
    variables = [inputs, *lstm.parameters()]
    directions = [torch.randn_like(part) for part in found]
    assert_close(
        torch.autograd.grad(found, variables, directions, retain_graph=True),
        torch.autograd.grad(expected, variables, directions),
        1e-9,
    )


# Two ways through the same weights


@given(settings_of_lstms, lengths_of_batches, st.booleans(), st.integers(1, 4))
def test_read_equals_forward(
    settings: dict[str, Any], lengths: list[int], with_state: bool, n_types: int
) -> None:
    lstm = make_lstm(**settings)
    types = torch.randn(n_types, INPUT)
    index = torch.randint(n_types, (sum(lengths),))
    batch = torch.tensor(lengths, dtype=torch.int64)
    state = make_state(lstm, len(lengths)) if with_state else None
    projected = lstm.project(types)
    before = projected.clone()
    outputs, final = lstm.read(projected, index, batch, state)
    assert_close((outputs, *final), (lambda y, s: (y, *s))(*lstm(types[index], batch, state)))
    assert torch.equal(projected, before), "a table that is shared must not be written to"


@READERS
def test_states_handed_in_are_not_written_to(read: Any) -> None:
    lstm = make_lstm(depth=2)
    state = make_state(lstm, 2)
    before = [s.clone() for s in state]
    read(lstm, torch.randn(3, INPUT), torch.tensor([1, 2]), state)
    assert all(map(torch.equal, state, before))


@READERS
@given(settings=settings_of_lstms, lengths=lengths_of_batches)
def test_sequence_alone_equals_sequence_in_a_batch(
    read: Any, settings: dict[str, Any], lengths: list[int]
) -> None:
    lstm = make_lstm(**settings)
    inputs = torch.randn(sum(lengths), INPUT)
    state = make_state(lstm, len(lengths))
    outputs, final = read(lstm, inputs, torch.tensor(lengths, dtype=torch.int64), state)
    for i, length in enumerate(lengths):
        start, end = sum(lengths[:i]), sum(lengths[: i + 1])
        own_state = (state[0][:, i : i + 1], state[1][:, i : i + 1])
        expected, own_final = read(lstm, inputs[start:end], torch.tensor([length]), own_state)
        assert_close((outputs[start:end], *(s[:, i : i + 1] for s in final)), (expected, *own_final))


@READERS
@given(settings=settings_of_lstms, lengths=lengths_of_batches)
def test_step_by_step_equals_the_whole(read: Any, settings: dict[str, Any], lengths: list[int]) -> None:
    lstm = make_lstm(**(settings | {"bidirectional": False}))
    inputs = torch.randn(sum(lengths), INPUT)
    batch = torch.tensor(lengths, dtype=torch.int64)
    whole, final = read(lstm, inputs, batch)
    starts = batch.cumsum(0) - batch
    outputs = torch.full_like(whole, torch.nan)
    state = lstm.initial_state(len(lengths))
    for step in range(max(lengths, default=0)):
        running = batch > step
        words = starts[running] + step
        outputs[words], state = read(lstm, inputs[words], running.long(), state)
    assert_close((outputs, *state), (whole, *final))


@READERS
@pytest.mark.parametrize("lengths", [[], [0], [0, 0]])
def test_without_tokens_the_state_stays(read: Any, lengths: list[int]) -> None:
    lstm = make_lstm(depth=2, initial_state="learned")
    for state in (None, make_state(lstm, len(lengths))):
        outputs, final = read(lstm, torch.zeros(0, INPUT), torch.tensor(lengths, dtype=torch.int64), state)
        assert outputs.shape == (0, 2 * WIDTH)
        assert all(map(torch.equal, final, state or lstm.initial_state(len(lengths))))


# Training


@pytest.mark.parametrize("bidirectional", [False, True])
def test_gradients_are_those_of_finite_differences(bidirectional: bool) -> None:
    lstm = LSTM(2, 2, depth=2, bidirectional=bidirectional, initial_state="learned").double()
    inputs = torch.randn(4, 2, dtype=torch.float64, requires_grad=True)
    hidden, cell = (s.requires_grad_() for s in make_state(lstm, 3))

    def read(inputs: Tensor, hidden: Tensor, cell: Tensor, *_: Tensor) -> tuple[Tensor, ...]:
        first, final = lstm(inputs, torch.tensor([1, 0, 3]), (hidden, cell))
        second, _ = lstm(inputs, torch.tensor([2, 2]))  # from the initial state
        return first, *final, second

    # The parameters are arguments only so that they are varied too.
    assert torch.autograd.gradcheck(read, (inputs, hidden, cell, *lstm.parameters()))


def test_dropout_between_layers_is_for_training_alone() -> None:
    lstm = make_lstm(depth=2, dropout=0.5)
    batch = (torch.randn(20, INPUT), torch.tensor([12, 8]))
    expected, _ = make_copy(lstm, dropout=0.0)(*batch)
    assert_close(lstm(*batch)[0], expected)
    lstm.train()
    first, second = lstm(*batch)[0], lstm(*batch)[0]
    assert (first - expected).abs().max() > 0.01
    assert (first - second).abs().max() > 0.01
    assert_close(read_types(lstm, *batch)[0], expected)
    lstm.set_dropout(0.0)
    assert_close(lstm(*batch)[0], expected)


def test_one_layer_has_nothing_to_drop_between() -> None:
    lstm = make_lstm(depth=1, dropout=0.5)  # torch would warn
    batch = (torch.randn(6, INPUT), torch.tensor([6]))
    expected, _ = lstm(*batch)
    lstm.train()
    lstm.set_dropout(0.9)
    assert_close(lstm(*batch)[0], expected)


def make_copy(lstm: LSTM, **settings: Any) -> LSTM:
    copy = LSTM(INPUT, WIDTH, depth=lstm.rnn.num_layers, **settings).eval()
    copy.load_state_dict(lstm.state_dict())
    return copy
