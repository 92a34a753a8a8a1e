"""Embedding and LSTM in one module, by way of word types."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_lstm_tagger.networks import LSTM, TypeTensors, WordEmbedding, WordLSTM

N_TYPES = 5


def make_network(depth: int = 1, width: int = 4) -> WordLSTM:
    embedding = WordEmbedding([9, 7], [3, 2])
    return WordLSTM(embedding, LSTM(embedding.width, width, depth=depth)).eval()


def make_types() -> TypeTensors:
    rows = torch.randint(1, 7, (N_TYPES, 2))
    return TypeTensors(rows, torch.zeros(N_TYPES, 0, dtype=torch.int64), torch.zeros(N_TYPES, 0))


@given(st.lists(st.integers(0, 4), max_size=4), st.integers(1, 2), st.booleans())
def test_types_are_read_in_the_order_of_the_tokens(
    lengths: list[int], depth: int, with_state: bool
) -> None:
    network, types = make_network(depth), make_types()
    index, batch = torch.randint(N_TYPES, (sum(lengths),)), torch.tensor(lengths, dtype=torch.int64)
    state = None
    if with_state:
        zeros, _ = network.lstm.initial_state(len(lengths))
        state = torch.randn_like(zeros), torch.randn_like(zeros)
    tokens = TypeTensors(*(part[index] for part in types))
    expected, final = network.lstm(network.embedding(tokens), batch, state)
    projected = network.project(types)
    for outputs, found in (
        network(types, index, batch, state),
        network.read(projected, index, batch, state),
    ):
        torch.testing.assert_close((outputs, *found), (expected, *final), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("rate", [0.3, 0.7])
def test_dropout_is_for_training_alone(rate: float) -> None:
    network, types = make_network(depth=2, width=50), make_types()
    index, lengths = torch.randint(N_TYPES, (100,)), torch.tensor([60, 40])
    expected, _ = network(types, index, lengths)
    network.set_dropout(rate)
    assert network.lstm.rnn.dropout == rate
    torch.testing.assert_close(network(types, index, lengths)[0], expected)
    network.train()
    outputs, _ = network(types, index, lengths)
    # The share of 10,000 outputs that is dropped, within five standard deviations.
    assert (outputs == 0).float().mean().item() == pytest.approx(rate, abs=0.025)
    read, _ = network.read(network.project(types), index, lengths)
    torch.testing.assert_close(read, expected, atol=1e-5, rtol=1e-5)


def test_dropout_of_embedded_words_is_drawn_a_token() -> None:
    network, types = make_network(width=1), make_types()
    network.set_dropout(0.5)
    seen: list[torch.Tensor] = []
    network.lstm.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network.train()
    network(types, torch.zeros(200, dtype=torch.int64), torch.tensor([200]))
    kept = seen[0] != 0  # (200 tokens of one type, 5)
    assert 400 < kept.sum() < 600
    assert len(kept.unique(dim=0)) > 20
    embedded = network.embedding(types)[0]
    torch.testing.assert_close(seen[0][kept], (2 * embedded).expand(200, -1)[kept])
