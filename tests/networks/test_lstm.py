"""The LSTM that is trained, against its equations written out and against torch's."""

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from lstms import INPUT, WIDTH, make_lstm, make_state, settings_of_lstms
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence, unpack_sequence

from spacy_lstm_tagger.networks import LSTM

Array = npt.NDArray[np.float64]

lengths_of_batches = st.lists(st.integers(0, 5), max_size=5)


def to_tensor(lengths: list[int]) -> Tensor:
    return torch.tensor(lengths, dtype=torch.int64)


def assert_close(found: Any, expected: Any, tolerance: float = 1e-5) -> None:
    torch.testing.assert_close(found, expected, atol=tolerance, rtol=tolerance)


def assert_same_with_gradients(found: Tensor, expected: Tensor, variables: list[Tensor]) -> None:
    assert_close(found, expected, 1e-9)
    gradient = torch.randn_like(expected)
    assert_close(
        torch.autograd.grad(found, variables, gradient),
        torch.autograd.grad(expected, variables, gradient),
        1e-9,
    )


def run_cudnn(lstm: LSTM, inputs: Tensor, index: Tensor, lengths: Tensor) -> Tensor:
    """What a GPU runs, with the arguments of `forward`."""
    return lstm.run_cudnn(inputs[index], lengths)[0]


WAYS = pytest.mark.parametrize("read", [LSTM.forward, run_cudnn])


# The equations


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def read_by_hand(lstm: LSTM, sequence: Array, hidden: Array, cell: Array) -> tuple[Array, Array, Array]:
    """Read one sequence, a cell at a time (Graves 2013, §2 without peepholes).

    RETURNS (Tuple[Array, Array, Array]): Outputs, and each layer's and direction's last states.
    """
    weights = {name: parameter.detach().numpy() for name, parameter in lstm.rnn.named_parameters()}
    words, skips = sequence, [skip.weight.detach().numpy() for skip in lstm.skips]
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
                if layer and skips:
                    own = slice(direction * 4 * WIDTH, (direction + 1) * 4 * WIDTH)
                    gates = gates + skips[layer - 1][own] @ words[t]
                if lstm.rnn.bias:
                    gates = gates + weights[f"bias_ih_{name}"] + weights[f"bias_hh_{name}"]
                i, f, g, o = gates.reshape(4, WIDTH)
                cell[row] = sigmoid(f) * cell[row] + sigmoid(i) * np.tanh(g)
                hidden[row] = sigmoid(o) * np.tanh(cell[row])
                outputs[t, direction * WIDTH : (direction + 1) * WIDTH] = hidden[row]
        sequence = outputs
    return sequence, hidden, cell


@pytest.mark.parametrize(
    ("depth", "bidirectional", "bias", "initial_state", "skip_connections"),
    list(product([1, 2, 3], [False, True], [False, True], ["zeros", "learned"], [False, True])),
)
def test_outputs_follow_the_equations(
    depth: int, bidirectional: bool, bias: bool, initial_state: Any, skip_connections: bool
) -> None:
    lstm = make_lstm(
        depth=depth,
        bidirectional=bidirectional,
        bias=bias,
        initial_state=initial_state,
        skip_connections=skip_connections,
    ).double()
    lengths = [2, 0, 4, 1, 0]
    inputs = torch.randn(3, INPUT, dtype=torch.float64)
    index = torch.tensor([1, 0, 2, 2, 0, 1, 2])
    shape = (depth * (1 + bidirectional), WIDTH)
    start = np.zeros((2, *shape)) if lstm.learned_state is None else lstm.learned_state.detach().numpy()
    by_hand = [read_by_hand(lstm, x.numpy(), *start) for x in inputs[index].split(lengths)]
    expected, expected_hidden, expected_cell = zip(*by_hand, strict=True)
    found = lstm(inputs, index, torch.tensor(lengths))
    np.testing.assert_allclose(found.detach(), np.concatenate(expected), atol=1e-12)
    outputs, (hidden, cell) = lstm.run_cudnn(inputs[index], torch.tensor(lengths))
    np.testing.assert_allclose(outputs.detach(), np.concatenate(expected), atol=1e-12)
    np.testing.assert_allclose(hidden.detach(), np.stack(expected_hidden, axis=1), atol=1e-12)
    np.testing.assert_allclose(cell.detach(), np.stack(expected_cell, axis=1), atol=1e-12)


def read_by_torch(lstm: LSTM, inputs: Tensor, lengths: list[int]) -> Tensor:
    """Read by `nn.LSTM`, which takes no empty sequences."""
    sequences = [x for x in inputs.split(lengths) if len(x)]
    state = None
    if lstm.learned_state is not None:
        repeated = lstm.learned_state[:, :, None].repeat(1, 1, len(sequences), 1)
        state = repeated[0], repeated[1]
    packed, _ = lstm.rnn(pack_sequence(sequences, enforce_sorted=False), state)
    return torch.cat(unpack_sequence(packed))


@WAYS
@given(settings=settings_of_lstms, lengths=lengths_of_batches.filter(any), n_types=st.integers(1, 6))
def test_outputs_and_gradients_are_those_of_torch(
    read: Any, settings: dict[str, Any], lengths: list[int], n_types: int
) -> None:
    lstm = make_lstm(**settings).double()
    inputs = torch.randn(n_types, INPUT, dtype=torch.float64, requires_grad=True)
    index = torch.randint(n_types, (sum(lengths),))
    found = read(lstm, inputs, index, torch.tensor(lengths))
    expected = read_by_torch(lstm, inputs[index], lengths)
    assert_same_with_gradients(found, expected, [inputs, *lstm.parameters()])


@given(settings=settings_of_lstms, lengths=lengths_of_batches.filter(any), n_types=st.integers(1, 6))
def test_skip_connections_on_a_gpu_are_those_on_a_cpu(
    settings: dict[str, Any], lengths: list[int], n_types: int
) -> None:
    lstm = make_lstm(**settings, skip_connections=True).double()
    inputs = torch.randn(n_types, INPUT, dtype=torch.float64, requires_grad=True)
    batch = (inputs, torch.randint(n_types, (sum(lengths),)), torch.tensor(lengths))
    found, expected = run_cudnn(lstm, *batch), lstm(*batch)
    assert_same_with_gradients(found, expected, [inputs, *lstm.parameters()])


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("initial_state", ["zeros", "learned"])
@pytest.mark.parametrize("skip_connections", [False, True])
def test_gradients_are_those_of_finite_differences(
    bidirectional: bool, bias: bool, initial_state: Any, skip_connections: bool
) -> None:
    lstm = LSTM(
        2,
        2,
        depth=2,
        bidirectional=bidirectional,
        bias=bias,
        initial_state=initial_state,
        skip_connections=skip_connections,
    ).double()
    inputs = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    index, lengths = torch.tensor([2, 0, 1, 0]), torch.tensor([1, 0, 3])
    # The parameters are arguments only so that they are varied too.
    assert torch.autograd.gradcheck(
        lambda inputs, *_: lstm(inputs, index, lengths), (inputs, *lstm.parameters())
    )


@WAYS
@pytest.mark.parametrize("bidirectional", [False, True])
def test_gradients_add_up(read: Any, bidirectional: bool) -> None:
    """An optimizer overwrites one parameter's gradient after the other: they must not share memory."""
    lstm = make_lstm(depth=2, bidirectional=bidirectional, initial_state="learned")
    batch = (torch.randn(5, INPUT), torch.arange(5), torch.tensor([3, 2]))
    names, parameters = zip(*lstm.named_parameters(), strict=True)
    expected = torch.autograd.grad(read(lstm, *batch).sum(), parameters)
    for _ in range(3):
        read(lstm, *batch).sum().backward()
    for name, parameter, gradient in zip(names, parameters, expected, strict=True):
        torch.testing.assert_close(parameter.grad, 3 * gradient, msg=name)
        parameter.grad.zero_()


@WAYS
@pytest.mark.parametrize("lengths", [[], [0], [0, 0]])
def test_without_tokens_nothing_is_learned(read: Any, lengths: list[int]) -> None:
    lstm = make_lstm(depth=2, initial_state="learned")
    inputs = torch.randn(2, INPUT, requires_grad=True)
    outputs = read(lstm, inputs, torch.zeros(0, dtype=torch.int64), to_tensor(lengths))
    assert outputs.shape == (0, 2 * WIDTH)
    (outputs.sum() + inputs.sum()).backward()
    assert torch.equal(inputs.grad, torch.ones_like(inputs))
    assert not any(p.grad is not None and p.grad.any() for p in lstm.parameters())


# A batch


@WAYS
@given(settings=settings_of_lstms, lengths=lengths_of_batches)
def test_sequence_alone_equals_sequence_in_a_batch(
    read: Any, settings: dict[str, Any], lengths: list[int]
) -> None:
    lstm = make_lstm(**settings)
    inputs, index = torch.randn(4, INPUT), torch.randint(4, (sum(lengths),))
    outputs = read(lstm, inputs, index, to_tensor(lengths))
    alone = [read(lstm, inputs, part, to_tensor([len(part)])) for part in index.split(lengths)]
    assert_close(outputs, torch.cat([*alone, torch.zeros(0, lstm.output_width)]))


@given(settings=settings_of_lstms, lengths=lengths_of_batches, skip_connections=st.booleans())
def test_state_goes_from_step_to_step(
    settings: dict[str, Any], lengths: list[int], skip_connections: bool
) -> None:
    lstm = make_lstm(**settings | {"bidirectional": False}, skip_connections=skip_connections)
    inputs, batch = torch.randn(sum(lengths), INPUT), to_tensor(lengths)
    first = state = make_state(lstm, len(lengths))
    before = [part.clone() for part in first]
    whole, final = lstm.run_cudnn(inputs, batch, state)
    starts = batch.cumsum(0) - batch
    outputs = torch.full_like(whole, torch.nan)
    for step in range(max(lengths, default=0)):
        running = batch > step
        words = starts[running] + step
        outputs[words], state = lstm.run_cudnn(inputs[words], running.long(), state)
    assert_close((outputs, *state), (whole, *final))
    assert all(map(torch.equal, first, before)), "a state handed in must not be written to"


@pytest.mark.parametrize("lengths", [[], [0], [0, 0]])
def test_without_tokens_the_state_stays(lengths: list[int]) -> None:
    lstm = make_lstm(depth=2, initial_state="learned")
    for state in (None, make_state(lstm, len(lengths))):
        outputs, final = lstm.run_cudnn(torch.zeros(0, INPUT), to_tensor(lengths), state)
        assert outputs.shape == (0, 2 * WIDTH)
        assert all(map(torch.equal, final, state or lstm.initial_state(len(lengths))))


# Dropout between layers


@WAYS
def test_dropout_between_layers_is_only_for_training(read: Any) -> None:
    lstm = make_lstm(depth=2, dropout=0.5)
    batch = (torch.randn(20, INPUT), torch.arange(20), torch.tensor([12, 8]))
    expected = read(make_copy(lstm, dropout=0.0), *batch)
    assert_close(read(lstm, *batch), expected)
    lstm.train()
    first, second = read(lstm, *batch), read(lstm, *batch)
    assert (first - expected).abs().max() > 0.01
    assert (first - second).abs().max() > 0.01
    lstm.set_dropout(0.0)
    assert_close(read(lstm, *batch), expected)


@WAYS
@pytest.mark.parametrize("skip_connections", [False, True])
def test_dropout_drops_the_inputs_of_the_next_layer(read: Any, skip_connections: bool) -> None:
    """Where all is dropped, the second layer reads zeros, and the words that come by a skip connection."""
    lstm = make_lstm(depth=2, dropout=1 - 1e-7, skip_connections=skip_connections).train()
    second = nn.LSTM(2 * WIDTH + INPUT, WIDTH, bidirectional=True)
    weights = {name.replace("l1", "l0"): w for name, w in lstm.rnn.state_dict().items() if "l1" in name}
    skips = lstm.skips[0].weight.chunk(2) if skip_connections else torch.zeros(2, 4 * WIDTH, INPUT)
    for name, skip in zip(("weight_ih_l0", "weight_ih_l0_reverse"), skips, strict=True):
        weights[name] = torch.cat([weights[name], skip], dim=1)
    second.load_state_dict(weights)
    words = torch.randn(6, INPUT)
    expected, _ = second(torch.cat([torch.zeros(6, 2 * WIDTH), words], dim=1))
    assert_close(read(lstm, words, torch.arange(6), torch.tensor([6])), expected)


@WAYS
def test_one_layer_has_nothing_to_drop_between(read: Any) -> None:
    lstm = make_lstm(depth=1, dropout=0.5)  # torch would warn
    batch = (torch.randn(6, INPUT), torch.arange(6), torch.tensor([6]))
    expected = read(lstm, *batch)
    lstm.train()
    lstm.set_dropout(0.9)
    assert_close(read(lstm, *batch), expected)


def make_copy(lstm: LSTM, **settings: Any) -> LSTM:
    copy = LSTM(INPUT, WIDTH, depth=lstm.depth, **settings).eval()
    copy.load_state_dict(lstm.state_dict())
    return copy


def test_new_weights() -> None:
    """A gate's recurrent weights are a rotation, and the output gate begins open."""
    lstm = LSTM(INPUT, WIDTH, depth=2)
    for name, weight in lstm.rnn.named_parameters():
        gates = weight.detach().chunk(4)
        if name.startswith("weight_hh"):
            for gate in gates:
                assert_close(gate @ gate.t(), torch.eye(WIDTH))
        elif name.startswith("bias_ih"):
            assert_close(gates[3], torch.full((WIDTH,), 1.5))
            assert max(gate.abs().max() for gate in gates[:3]) <= WIDTH**-0.5  # torch's own
