"""`Packing` against torch's own `PackedSequence`, for each direction."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.utils.rnn import pack_sequence

from spacy_lstm_tagger.networks import Packing

lengths_of_batches = st.lists(st.integers(0, 6), max_size=40)
directions_of_lstms = st.integers(1, 2)


def make(lengths: list[int], directions: int) -> Packing:
    return Packing.from_lengths(torch.tensor(lengths, dtype=torch.int64), directions)


def number_tokens(lengths: list[int], width: int) -> Tensor:
    """Tokens that can be told apart, `(tokens, width)`."""
    return torch.arange(width * sum(lengths)).reshape(-1, width)


def pack(packing: Packing, flat: Tensor) -> Tensor:
    """RETURNS (Tensor): `(tokens * directions, width)`, from `(tokens, directions * width)`."""
    return flat.view(-1, flat.shape[1] // packing.directions)[packing.rows]


@given(lengths_of_batches.filter(any), directions_of_lstms)
def test_order_is_that_of_torch(lengths: list[int], directions: int) -> None:
    flat = number_tokens(lengths, 3 * directions)
    packing = make(lengths, directions)
    # torch takes no empty sequences, and is handed the others as it wants them: longest first.
    order = sorted((i for i, n in enumerate(lengths) if n), key=lambda i: -lengths[i])
    assert packing.order.tolist() == order
    sequences = [flat.split(lengths)[i].chunk(directions, 1) for i in order]
    steps = [part.chunk(directions) for part in pack(packing, flat).split(packing.step_rows)]
    for direction in range(directions):
        parts = [sequence[direction] for sequence in sequences]
        expected = pack_sequence([part.flip(0) for part in parts] if direction else parts)
        assert torch.cat([step[direction] for step in steps]).tolist() == expected.data.tolist()
        assert packing.sizes == expected.batch_sizes.tolist()


@given(lengths_of_batches, directions_of_lstms)
def test_unpack_undoes_pack(lengths: list[int], directions: int) -> None:
    flat = number_tokens(lengths, 2 * directions)
    packing = make(lengths, directions)
    assert packing.unpack(pack(packing, flat)).tolist() == flat.tolist()


@given(lengths_of_batches, directions_of_lstms, st.integers(1, 5))
def test_rows_of_a_table_are_those_of_its_tokens(lengths: list[int], directions: int, n_types: int) -> None:
    table = number_tokens([n_types], 2 * directions)
    index = torch.randint(n_types, (sum(lengths),))
    packing = make(lengths, directions)
    found = table.reshape(n_types * directions, 2)[packing.find_rows(index)]
    assert found.tolist() == pack(packing, table[index]).tolist()


@pytest.mark.parametrize(
    ("directions", "rows"),
    [
        # Flat: a, d e f, g h → packed: d g a, e h, f
        (1, [1, 4, 0, 2, 5, 3]),
        # Flat, each token's two rows: aA, dD eE fF, gG hH → packed: d g a F H A, e h E G, f D
        (2, [2, 8, 0, 7, 11, 1, 4, 10, 5, 9, 6, 3]),
    ],
)
def test_packing_of_three_sequences(directions: int, rows: list[int]) -> None:
    packing = make([1, 0, 3, 2], directions)
    assert packing.order.tolist() == [2, 3, 0]
    assert packing.sizes == [3, 2, 1]
    assert packing.step_rows == [3 * directions, 2 * directions, directions]
    assert packing.rows.tolist() == rows
