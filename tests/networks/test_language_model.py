"""A loss for the words that states read next."""

import math
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from spacy_lstm_tagger.networks import LSTM, LanguageModel, TypeTensors, WordEmbedding, WordLSTM

WIDTH, N_WORDS, WEIGHT = 3, 5, 0.5


def make_language_model(directions: int = 2, share: float = 1.0) -> LanguageModel:
    torch.manual_seed(0)
    model = LanguageModel(WIDTH, directions, N_WORDS, 4, weight=WEIGHT, share=share)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    return model


def make_batch(lengths: list[int], directions: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """RETURNS (Tuple[Tensor, Tensor, Tensor]): States, rows (some of unknown words), lengths."""
    torch.manual_seed(1)
    n = sum(lengths)
    states, rows = torch.randn(n, directions * WIDTH), torch.randint(0, N_WORDS + 3, (n,))
    return states, rows, torch.tensor(lengths, dtype=torch.int64)


def score_by_hand(model: LanguageModel, direction: int, state: Tensor, row: int) -> float:
    """RETURNS (float): The negative log probability of a word after a state `(WIDTH,)`."""
    hidden = torch.tanh(model.hidden[direction](state))
    scores = model.words[direction](hidden).tolist()
    word = row if row < N_WORDS else 0
    return math.log(sum(math.exp(score) for score in scores)) - scores[word]


def compute_by_hand(model: LanguageModel, states: Tensor, rows: Tensor, lengths: Tensor) -> float:
    total, start = 0.0, 0
    for length in lengths.tolist():
        words = rows[start : start + length].tolist()
        for i, state in enumerate(states[start : start + length]):
            parts = state.split(WIDTH)
            if i + 1 < length:
                total += score_by_hand(model, 0, parts[0], words[i + 1])
            if i and len(parts) > 1:
                total += score_by_hand(model, 1, parts[1], words[i - 1])
        start += length
    return WEIGHT * total


@given(st.lists(st.integers(0, 5), max_size=4), st.sampled_from([1, 2]))
def test_each_state_predicts_the_word_that_its_direction_reads_next(
    lengths: list[int], directions: int
) -> None:
    model, batch = make_language_model(directions), make_batch(lengths, directions)
    assert model(*batch, 0.0).item() == pytest.approx(compute_by_hand(model, *batch), rel=1e-5, abs=1e-5)


def test_a_share_of_the_states_stands_for_all() -> None:
    model, batch = make_language_model(share=0.25), make_batch([300, 1, 200])
    whole = model(*batch, 0.0)
    assert torch.equal(whole, model(*batch, 0.0)), "free of chance without dropout"
    tiny = 1e-9  # a dropout that drops nothing
    drawn = torch.stack([model(*batch, tiny) for _ in range(200)])
    assert drawn.std().item() > 0.01 * whole.item()
    # Within five standard deviations of the mean.
    assert drawn.mean().item() == pytest.approx(whole.item(), abs=5 * drawn.std().item() / math.sqrt(200))


def make_network(depth: int) -> tuple[WordLSTM, TypeTensors]:
    torch.manual_seed(0)
    embedding = WordEmbedding([9], [3])
    lstm = LSTM(3, WIDTH, depth=depth, skip_connections=depth > 1)
    network = WordLSTM(embedding, lstm, make_language_model())
    rows = torch.tensor([[1], [2], [7], [3], [4], [0]])
    is_read = torch.tensor([True, True, True, True, True, False])
    return network, TypeTensors(rows, torch.zeros(6, 0, dtype=torch.int64), torch.zeros(6, 0), is_read)


def get_loss(network: WordLSTM, types: TypeTensors, index: Tensor, lengths: Tensor) -> Tensor:
    _, loss = network.train()(types, index, lengths)
    return loss


@pytest.mark.parametrize("depth", [1, 2])
def test_no_state_has_seen_what_it_predicts(depth: int) -> None:
    """If one had, the loss of a word would depend on the word's own embedding."""
    network, types = make_network(depth)
    network.language_model = LanguageModel(WIDTH, 2, 9, 4, weight=1.0, share=1.0)
    for direction, (first, second) in enumerate([(0, 1), (1, 0)]):
        for parameter in network.language_model.parameters():
            torch.nn.init.normal_(parameter)
        torch.nn.init.zeros_(network.language_model.words[1 - direction].weight)  # says the same of all
        network.zero_grad()
        get_loss(network, types, torch.tensor([0, 1]), torch.tensor([2])).backward()
        gradient = network.embedding.tables[0].weight.grad.to_dense()
        assert gradient[types.rows[first]].abs().max() > 0.001
        assert gradient[types.rows[second]].abs().max() == 0.0


@pytest.mark.parametrize("depth", [1, 2])
def test_words_are_rows_of_the_first_table_and_those_passed_over_are_no_neighbours(depth: int) -> None:
    network, types = make_network(depth)
    with_space = partial(get_loss, network, types, torch.tensor([0, 5, 1, 2, 3, 5]))
    without = partial(get_loss, network, types, torch.tensor([0, 1, 2, 3]))
    assert with_space(torch.tensor([4, 2])).item() == pytest.approx(without(torch.tensor([3, 1])).item())
    assert with_space(torch.tensor([2, 4])).item() == pytest.approx(without(torch.tensor([1, 3])).item())


def test_at_prediction_there_is_no_loss() -> None:
    network, types = make_network(2)
    index, lengths = torch.tensor([0, 1, 2]), torch.tensor([3])
    outputs, _ = network.train()(types, index, lengths)
    torch.testing.assert_close(network.eval()(types, index, lengths), outputs)
