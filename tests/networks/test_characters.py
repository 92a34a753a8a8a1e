"""The character encoder against a loop over words, windows and positions."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.func import functional_call

from spacy_lstm_tagger.networks import CharacterCNN

N_SYMBOLS = 10

words_of_symbols = st.lists(st.lists(st.integers(1, N_SYMBOLS - 1), max_size=7), max_size=6)


def make_cnn() -> CharacterCNN:
    """An encoder with large random weights; the padding stays the zeros that it begins as."""
    cnn = CharacterCNN(N_SYMBOLS, 3, filters=4, windows=(1, 3, 5))
    assert not cnn.symbols.weight[0].any()
    for parameter in cnn.parameters():
        torch.nn.init.normal_(parameter)
    torch.nn.init.zeros_(cnn.symbols.weight[0])
    return cnn


def pad(words: list[list[int]], extra: int = 0) -> Tensor:
    length = max([1, *map(len, words)]) + extra
    padded = [word + [0] * (length - len(word)) for word in words]
    return torch.tensor(padded, dtype=torch.int64).reshape(len(words), length)


def encode_by_hand(cnn: CharacterCNN, word: list[int]) -> list[float]:
    """One word, without padding: before and after it there is nothing."""
    vector = []
    for convolution in cnn.convolutions:
        window = convolution.weight.shape[2]
        for kernel, bias in zip(convolution.weight, convolution.bias, strict=True):
            best = 0.0  # the rectifier's
            for center in range(len(word)):
                score = float(bias)
                for offset in range(window):
                    position = center + offset - window // 2
                    if 0 <= position < len(word):
                        score += float(kernel[:, offset] @ cnn.symbols.weight[word[position]])
                best = max(best, score)
            vector.append(best)
    return vector


@given(words_of_symbols)
@torch.no_grad()
def test_words_equal_a_loop(words: list[list[int]]) -> None:
    cnn = make_cnn()
    expected = torch.tensor([encode_by_hand(cnn, word) for word in words]).reshape(-1, cnn.width)
    torch.testing.assert_close(cnn(pad(words)), expected, atol=1e-5, rtol=1e-5)


@given(words_of_symbols, st.integers(1, 9))
def test_padding_has_no_influence(words: list[list[int]], extra: int) -> None:
    cnn = make_cnn()
    padded = cnn(pad(words, extra))
    torch.testing.assert_close(padded, cnn(pad(words)), atol=1e-6, rtol=1e-6)
    if words:
        padded.sum().backward()
        assert not cnn.symbols.weight.grad[0].any()


def test_gradients_are_those_of_finite_differences() -> None:
    cnn = make_cnn().double()
    words = pad([[1, 2, 3], [], [4], [5, 5, 6, 7]])
    parameters = dict(cnn.named_parameters())
    padding, symbols = parameters.pop("symbols.weight").detach().split([1, N_SYMBOLS - 1])

    def encode(symbols: Tensor, *others: Tensor) -> Tensor:
        varied = {"symbols.weight": torch.cat([padding, symbols])} | dict(
            zip(parameters, others, strict=True)
        )
        encoded: Tensor = functional_call(cnn, varied, words)
        return encoded

    assert torch.autograd.gradcheck(encode, (symbols.requires_grad_(), *parameters.values()))


def test_words_of_another_order_of_symbols_differ() -> None:
    vectors = make_cnn()(pad([[1, 2, 3], [3, 2, 1], [1, 2, 3]]))
    assert torch.equal(vectors[0], vectors[2])
    assert (vectors[0] - vectors[1]).abs().max() > 0.01


def test_new_weights() -> None:
    """Symbols begin small, and no filter begins below zero, where it would be silent."""
    cnn = CharacterCNN(1000, 50, filters=4, windows=(1, 3))
    assert not cnn.symbols.weight[0].any()
    assert cnn.symbols.weight[1:].std().item() == pytest.approx(0.15, rel=0.05)
    assert not any(convolution.bias.any() for convolution in cnn.convolutions)
