"""Embedding and LSTM in one module, by way of word types."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from spacy_lstm_tagger.networks import LSTM, TypeTensors, WordEmbedding, WordLSTM

N_TYPES = 5


def make_network(depth: int = 1, width: int = 4) -> WordLSTM:
    embedding = WordEmbedding([9, 7], [3, 2])
    return WordLSTM(embedding, LSTM(embedding.width, width, depth=depth)).eval()


def make_types() -> TypeTensors:
    rows, no_symbols = torch.randint(1, 7, (N_TYPES, 2)), torch.zeros(N_TYPES, 0, dtype=torch.int64)
    return TypeTensors(rows, no_symbols, torch.zeros(N_TYPES, 0), torch.ones(N_TYPES, dtype=torch.bool))


@given(st.lists(st.integers(0, 4), max_size=4), st.integers(1, 2))
def test_types_are_read_in_the_order_of_the_tokens(lengths: list[int], depth: int) -> None:
    network, types = make_network(depth), make_types()
    index, batch = torch.randint(N_TYPES, (sum(lengths),)), torch.tensor(lengths, dtype=torch.int64)
    tokens = network.embedding(TypeTensors(*(part[index] for part in types)))
    expected = network.lstm(tokens, torch.arange(len(tokens)), batch)  # each token a type of its own
    torch.testing.assert_close(network(types, index, batch), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("rate", [0.3, 0.7])
def test_dropout_is_only_for_training(rate: float) -> None:
    network, types = make_network(depth=2, width=50), make_types()
    index, lengths = torch.randint(N_TYPES, (100,)), torch.tensor([60, 40])
    expected = network(types, index, lengths)
    network.set_dropout(rate)
    assert network.lstm.rnn.dropout == rate
    torch.testing.assert_close(network(types, index, lengths), expected)
    network.train()
    outputs = network(types, index, lengths)
    # The share of 10,000 outputs that is dropped, within five standard deviations.
    assert (outputs == 0).float().mean().item() == pytest.approx(rate, abs=0.025)
    network.set_dropout(0.0)
    torch.testing.assert_close(network(types, index, lengths), expected)


def see_embedded(network: WordLSTM, types: TypeTensors) -> Tensor:
    """RETURNS (Tensor): The embedded types as the LSTM gets them in training, `(types, width)`."""
    seen: list[Tensor] = []
    hook = network.lstm.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network.train()
    network(types, torch.zeros(2, dtype=torch.int64), torch.tensor([2]))
    hook.remove()
    return seen[0]


def test_dropout_of_embedded_words_is_drawn_a_type() -> None:
    network, types = make_network(width=1), make_types()
    embedded = network.embedding(types)
    network.set_dropout(0.5)
    network.embedding.replaces_words = False  # other than dropout: the unknown word
    kept = []
    for _ in range(200):
        seen = see_embedded(network, types)
        kept.append(seen != 0)  # (types, 5)
        torch.testing.assert_close(seen[kept[-1]], 2 * embedded[kept[-1]])
    # Of 5000 draws, within more than five standard deviations; types have each their own.
    assert 2300 < torch.stack(kept).sum() < 2700
    alike = [torch.equal(first, second) for first, second, *_ in kept]
    assert 0 < sum(alike) < 30  # 1 in 32 draws


def test_words_are_replaced_only_with_dropout() -> None:
    network, types = make_network(), make_types()
    for column, rows in enumerate((9, 7)):
        network.embedding.set_replacement(column, torch.ones(rows))
    embedded = network.embedding(types)
    network.set_dropout(0.0)
    torch.testing.assert_close(see_embedded(network, types), embedded)
    network.set_dropout(1e-6)
    assert not see_embedded(network, types).any(), "the unknown row begins as zeros"


@given(st.lists(st.integers(0, 4), max_size=4), st.sets(st.integers(0, N_TYPES - 1)))
def test_what_is_not_read_has_no_part(lengths: list[int], unread: set[int]) -> None:
    network = make_network(depth=2)
    is_read = torch.tensor([i not in unread for i in range(N_TYPES)])
    types = make_types()._replace(is_read=is_read)
    index = torch.randint(N_TYPES, (sum(lengths),))
    outputs = network(types, index, torch.tensor(lengths, dtype=torch.int64))
    everything = types._replace(is_read=torch.ones(N_TYPES, dtype=torch.bool))
    for tokens, found in zip(index.split(lengths), outputs.split(lengths), strict=True):
        kept = is_read[tokens]
        expected = network(everything, tokens[kept], kept.sum()[None])  # only the rest
        torch.testing.assert_close(found[kept], expected, atol=1e-5, rtol=1e-5)
        assert not found[~kept].any()
