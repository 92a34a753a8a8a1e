"""Labels found by rough scores are those of the exact ones."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_lstm_tagger.networks import SoftmaxDecoder
from spacy_lstm_tagger.networks.screening import CHUNK, MIN_LABELS, MIN_TOKENS, find_best


def make_case(n_tokens, n_labels, width, scale, spread, seed):
    """Labels come in near-copies, so that rough scores confuse them."""
    generator = torch.Generator().manual_seed(seed)
    centers = torch.randn(-(-n_labels // 4), width, generator=generator)
    weight = centers.repeat_interleave(4, 0)[:n_labels]
    weight = scale * (weight + spread * torch.randn(weight.shape, generator=generator))
    states = torch.randn(n_tokens, width, generator=generator)
    return states, weight, scale * torch.randn(n_labels, generator=generator)


def assert_is_best(labels, states, weight, bias):
    scores = states.double() @ weight.double().T + bias.double()
    best = scores.max(1).values
    found = scores.gather(1, labels[:, None]).squeeze(1)
    # Exact scores in float32 are off by some units in the last place.
    assert (best - found <= 1e-5 * scores.abs().amax(1)).all()


@given(
    n_tokens=st.integers(1, 40),
    n_labels=st.integers(2, 90),
    width=st.integers(1, 70),
    scale=st.sampled_from([1e-3, 1.0, 1e3]),
    spread=st.sampled_from([0.0, 1e-4, 1e-2, 1.0]),
    seed=st.integers(0, 1000),
)
def test_best_label_is_that_of_exact_scores(n_tokens, n_labels, width, scale, spread, seed):
    case = make_case(n_tokens, n_labels, width, scale, spread, seed)
    assert_is_best(find_best(*case), *case)


def test_rough_scores_alone_would_be_wrong():
    states, weight, bias = make_case(2 * CHUNK + 3, 200, 64, 1.0, 1e-2, 0)
    exact = (states @ weight.T + bias).argmax(1)
    rough = (states.bfloat16() @ weight.bfloat16().T + bias).argmax(1)
    assert (rough != exact).any()
    assert_is_best(find_best(states, weight, bias), states, weight, bias)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_decided_by_exact_scores(value):
    states, weight, bias = make_case(10, 70, 16, 1.0, 1.0, 0)
    states[3, 5] = value
    exact = torch.from_numpy((states @ weight.T + bias).numpy().argmax(1))
    assert torch.equal(find_best(states, weight, bias), exact)


@pytest.mark.parametrize("members", [1, 3])
def test_decoder_labels_many_states(members):
    states, weight, bias = make_case(MIN_TOKENS, MIN_LABELS, 12 * members, 1.0, 1.0, 0)
    decoder = SoftmaxDecoder(12 * members, MIN_LABELS, members=members).eval()
    with torch.no_grad():
        decoder.linear.weight.copy_(weight)
        decoder.linear.bias.copy_(bias)
        scores = decoder(states)
    assert_is_best(decoder.label_states(states), states, weight / members, bias)
    assert torch.equal(decoder.label_states(states), scores.argmax(1))
    assert decoder.label_states(states[1:]) is None


def test_error_is_bounded_where_every_factor_is_rounded_the_wrong_way():
    n, tiny = 64, 1e-6
    down, up = 1 + 2**-8 - tiny, 1 + 2**-8 + tiny  # the neighbors are 1 and 1 + 2**-7
    states = torch.tensor([[down] * n + [up] * n])
    weight = torch.tensor([[down] * n + [0.0] * n, [0.0] * n + [up] * n])
    bias = torch.tensor([1e-5 * n, 0.0])
    scores = states.double() @ weight.double().T + bias
    assert scores.argmax(1).tolist() == [0]
    assert find_best(states, weight, bias).tolist() == [0]
