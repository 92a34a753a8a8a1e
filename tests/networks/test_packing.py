"""`Packing` against torch's own `PackedSequence`."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_sequence

from spacy_lstm_tagger.networks import Packing

lengths_of_batches = st.lists(st.integers(0, 6), max_size=40)


def number_tokens(lengths: list[int]) -> torch.Tensor:
    """Tokens that can be told apart, `(tokens, 2)`."""
    return torch.arange(2 * sum(lengths)).reshape(-1, 2)


@given(lengths_of_batches.filter(any))
def test_order_is_that_of_torch(lengths: list[int]) -> None:
    flat = number_tokens(lengths)
    packing = Packing.from_lengths(torch.tensor(lengths))
    # torch takes no empty sequences, and is handed the others as it wants them: longest first.
    order = sorted((i for i, n in enumerate(lengths) if n), key=lambda i: -lengths[i])
    sequences = flat.split(lengths)
    expected = pack_sequence([sequences[i] for i in order])
    assert packing.order.tolist() == order
    assert packing.pack(flat).tolist() == expected.data.tolist()
    assert packing.batch_sizes.tolist() == expected.batch_sizes.tolist()


@given(lengths_of_batches)
def test_unpack_undoes_pack(lengths: list[int]) -> None:
    flat = number_tokens(lengths)
    packing = Packing.from_lengths(torch.tensor(lengths, dtype=torch.int64))
    packed = packing.pack(flat)
    assert packing.unpack(packed).tolist() == flat.tolist()
    assert packing.pack(packing.unpack(flat)).tolist() == flat.tolist()


def test_packing_of_three_sequences() -> None:
    packing = Packing.from_lengths(torch.tensor([1, 0, 3, 2]))
    assert packing.order.tolist() == [2, 3, 0]
    assert packing.batch_sizes.tolist() == [3, 2, 1]
    # Flat: a, d e f, g h → packed: d g a, e h, f
    assert packing.positions.tolist() == [1, 4, 0, 2, 5, 3]
