"""Dropout: how much is dropped, and what is kept."""

import pytest
import torch

from spacy_lstm_tagger.networks.dropout import dropout


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_numbers_are_dropped_or_scaled(rate: float) -> None:
    x = torch.randn(100, 200)
    found = dropout(x, rate)
    is_dropped = found == 0
    torch.testing.assert_close(found[~is_dropped], x[~is_dropped] / (1 - rate))
    # Of 20,000 draws, within more than five standard deviations.
    assert is_dropped.float().mean().item() == pytest.approx(rate, abs=0.02)
    for dim in (0, 1):  # drawn one by one, not by the row or column
        expected = (rate * (1 - rate) / x.shape[dim]) ** 0.5
        assert is_dropped.float().mean(dim).std().item() == pytest.approx(expected, rel=0.3)


@pytest.mark.parametrize("rate", [1e-6, 1 - 1e-6])
def test_rates_at_the_ends(rate: float) -> None:
    assert (dropout(torch.ones(1000), rate) == 0).all() == (rate > 0.5)


def test_every_call_draws_again() -> None:
    x = torch.ones(100)
    assert not torch.equal(dropout(x, 0.5), dropout(x, 0.5))


def test_without_a_rate_nothing_changes() -> None:
    x = torch.randn(100)
    assert torch.equal(dropout(x, 0.0), x)


def test_what_is_dropped_has_no_gradient() -> None:
    x = torch.randn(1000, requires_grad=True)
    found = dropout(x, 0.3)
    (gradient,) = torch.autograd.grad(found.sum(), x)
    torch.testing.assert_close(gradient, torch.where(found == 0, 0.0, 1 / 0.7))
