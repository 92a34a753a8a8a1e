"""Reading at prediction, on a CPU and as a GPU does it, against the LSTM that was trained."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from lstms import INPUT, WIDTH, make_lstm, make_state, settings_of_lstms
from torch import Tensor

from spacy_lstm_tagger.networks import LSTM, CompiledNetwork, CPUNetwork, GPUNetwork, State, list_kernels

Reader: TypeAlias = CompiledNetwork | CPUNetwork | GPUNetwork
MakeReader: TypeAlias = Callable[..., Reader]

# A single sequence is read in a special way.
lengths_of_batches = st.lists(st.integers(0, 5), max_size=5) | st.lists(
    st.integers(1, 9), min_size=1, max_size=1
)
COMPILED = [
    pytest.param(partial(CompiledNetwork, kernel=kernel), id=kernel.name) for kernel in list_kernels()
]
READERS = pytest.mark.parametrize("reader", [CPUNetwork, GPUNetwork, *COMPILED])
READERS_OF_BFLOAT16 = pytest.mark.parametrize("reader", [CPUNetwork, GPUNetwork])
PRECISIONS = pytest.mark.parametrize(
    ("reader", "precision"),
    [
        *[
            (reader, precision)
            for reader in (CPUNetwork, GPUNetwork)
            for precision in (torch.float32, torch.bfloat16)
        ],
        *[pytest.param(*kernel.values, torch.float32, id=kernel.id) for kernel in COMPILED],
    ],
)


def assert_close(found: Any, expected: Any, tolerance: float = 1e-5) -> None:
    torch.testing.assert_close(found, expected, atol=tolerance, rtol=0)


class Batch(NamedTuple):
    """Sequences of word types: embedded types, the type of every token, lengths."""

    inputs: Tensor
    index: Tensor
    lengths: Tensor


def make_batch(lengths: list[int], n_types: int = 4) -> Batch:
    index = torch.randint(n_types, (sum(lengths),))
    return Batch(torch.randn(n_types, INPUT), index, torch.tensor(lengths, dtype=torch.int64))


def make_reader(reader: MakeReader, lstm: LSTM, precision: torch.dtype) -> Reader:
    """RETURNS (Reader): One for a precision; kernels have a single one."""
    return reader(lstm, precision) if precision != torch.float32 else reader(lstm)


def read(reader: Reader, batch: Batch, state: State | None = None) -> tuple[Tensor, ...]:
    """RETURNS (Tuple[Tensor, ...]): Outputs, last hidden state, last cell state."""
    state = state or reader.lstm.initial_state(len(batch.lengths))
    outputs, final = reader.read(reader.project(batch.inputs), batch.index, batch.lengths, state)
    assert final is not None
    without_state, none = reader.read(reader.project(batch.inputs), batch.index, batch.lengths)
    assert none is None
    assert len(without_state) == len(outputs)
    return outputs, *final


@torch.no_grad()
def read_by_torch(lstm: LSTM, batch: Batch, state: State | None = None) -> tuple[Tensor, ...]:
    """The same by `nn.LSTM`, a sequence at a time."""
    hidden, cell = (part.clone() for part in state or lstm.initial_state(len(batch.lengths)))
    outputs = [torch.zeros(0, lstm.output_width)]
    for i, types in enumerate(batch.index.split(batch.lengths.tolist())):
        if len(types):
            own = hidden[:, i].contiguous(), cell[:, i].contiguous()
            output, (hidden[:, i], cell[:, i]) = lstm.rnn(batch.inputs[types], own)
            outputs.append(output)
    return torch.cat(outputs), hidden, cell


@READERS
@given(
    settings=settings_of_lstms,
    lengths=lengths_of_batches,
    n_types=st.integers(1, 6),
    with_state=st.booleans(),
)
def test_reading_equals_torch(
    reader: MakeReader, settings: dict[str, Any], lengths: list[int], n_types: int, with_state: bool
) -> None:
    lstm = make_lstm(**settings)
    batch = make_batch(lengths, n_types)
    state = make_state(lstm, len(lengths)) if with_state else None
    assert_close(read(reader(lstm), batch, state), read_by_torch(lstm, batch, state))


@READERS
@given(settings=settings_of_lstms, lengths=lengths_of_batches, skip_connections=st.booleans())
def test_reading_equals_training(
    reader: MakeReader, settings: dict[str, Any], lengths: list[int], skip_connections: bool
) -> None:
    lstm = make_lstm(**settings, skip_connections=skip_connections)
    batch = make_batch(lengths)
    assert_close(read(reader(lstm), batch)[0], lstm(*batch).detach())


@PRECISIONS
@pytest.mark.parametrize("lengths", [[2, 0, 3], [4]])
@pytest.mark.parametrize("skip_connections", [False, True])
def test_nothing_handed_in_is_written_to(
    reader: MakeReader, precision: torch.dtype, lengths: list[int], skip_connections: bool
) -> None:
    lstm = make_lstm(depth=2, initial_state="learned", skip_connections=skip_connections)
    batch, state = make_batch(lengths), make_state(lstm, len(lengths))
    weights = {name: weight.clone() for name, weight in lstm.state_dict().items()}
    made = make_reader(reader, lstm, precision)
    table = made.project(batch.inputs)
    handed_in = (table, *batch, *state)
    before = [tensor.clone() for tensor in handed_in]
    made.read(table, batch.index, batch.lengths, state)
    made.read(table, batch.index, batch.lengths)
    assert all(map(torch.equal, handed_in, before))
    torch.testing.assert_close(lstm.state_dict(), weights, atol=0, rtol=0)


@READERS
@given(settings=settings_of_lstms, lengths=lengths_of_batches, skip_connections=st.booleans())
def test_step_by_step_equals_the_whole(
    reader: MakeReader, settings: dict[str, Any], lengths: list[int], skip_connections: bool
) -> None:
    lstm = make_lstm(**settings | {"bidirectional": False}, skip_connections=skip_connections)
    made, batch = reader(lstm), make_batch(lengths)
    whole, *final = read(made, batch)
    starts = batch.lengths.cumsum(0) - batch.lengths
    outputs = torch.full_like(whole, torch.nan)
    state = lstm.initial_state(len(lengths))
    for step in range(max(lengths, default=0)):
        running = batch.lengths > step
        tokens = starts[running] + step
        part = Batch(batch.inputs, batch.index[tokens], running.long())
        outputs[tokens], *state = read(made, part, (state[0], state[1]))
    assert_close((outputs, *state), (whole, *final))


@PRECISIONS
@pytest.mark.parametrize("lengths", [[], [0], [0, 0]])
def test_without_tokens_the_state_stays(
    reader: MakeReader, precision: torch.dtype, lengths: list[int]
) -> None:
    lstm = make_lstm(depth=2, initial_state="learned")
    for parameter in lstm.parameters():
        parameter.data = parameter.data.bfloat16().float()  # what every precision can hold
    state = tuple(part.bfloat16().float() for part in make_state(lstm, len(lengths)))
    for given_state in (None, (state[0], state[1])):
        outputs, *final = read(make_reader(reader, lstm, precision), make_batch(lengths), given_state)
        assert outputs.shape == (0, 2 * WIDTH)
        assert outputs.dtype == torch.float32
        assert all(map(torch.equal, final, given_state or lstm.initial_state(len(lengths))))


@READERS_OF_BFLOAT16
@given(settings=settings_of_lstms, lengths=lengths_of_batches)
def test_bfloat16_is_close(reader: MakeReader, settings: dict[str, Any], lengths: list[int]) -> None:
    lstm = make_lstm(**settings)
    batch, state = make_batch(lengths), make_state(lstm, len(lengths))
    made = reader(lstm, torch.bfloat16)
    assert made.project(batch.inputs).dtype == torch.bfloat16
    for start in (None, state):
        found = read(made, batch, start)
        assert {part.dtype for part in found} == {torch.float32}
        # Eight bits of a number's fraction: 0.4 % at each of the steps.
        assert_close(found, read_by_torch(lstm, batch, start), 0.08)


@READERS_OF_BFLOAT16
@pytest.mark.parametrize("lengths", [[30, 20], [50]])
def test_bfloat16_is_taken(reader: MakeReader, lengths: list[int]) -> None:
    lstm, batch = make_lstm(), make_batch(lengths)
    found = read(reader(lstm, torch.bfloat16), batch)[0]
    assert (found - read_by_torch(lstm, batch)[0]).abs().max() > 1e-4


@READERS
def test_nothing_is_dropped_from_a_network_in_training(reader: MakeReader) -> None:
    lstm, batch = make_lstm(depth=2, dropout=0.5), make_batch([4, 9])
    expected = read_by_torch(lstm, batch)
    assert_close(read(reader(lstm.train()), batch), expected)


@READERS
def test_outputs_have_no_gradient(reader: MakeReader) -> None:
    lstm, batch = make_lstm(depth=2, initial_state="learned"), make_batch([4, 9])
    batch.inputs.requires_grad_()
    assert not any(part.requires_grad for part in read(reader(lstm), batch))


@READERS
@pytest.mark.parametrize("lengths", [[7, 5], [12]])
def test_extreme_gates_are_those_of_torch(reader: MakeReader, lengths: list[int]) -> None:
    lstm, batch = make_lstm(depth=2), make_batch(lengths)
    batch.inputs.mul_(1e4)
    assert_close(read(reader(lstm), batch), read_by_torch(lstm, batch))
