"""The softmax decoder's loss against sums of probabilities."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from spacy_lstm_tagger.networks import SoftmaxDecoder, Targets

# How a token is annotated: ("gold", label), ("not", label), ("nothing", 0)
Annotation = tuple[str, int]


@st.composite
def batches(draw: st.DrawFn) -> tuple[int, list[tuple[list[float], Annotation]]]:
    """RETURNS (Tuple[int, List]): How many labels; for every token its emissions and annotation."""
    n_labels = draw(st.integers(1, 4))
    emissions = st.lists(st.floats(-6, 6), min_size=n_labels, max_size=n_labels)
    annotation = st.tuples(st.sampled_from(["gold", "not", "nothing"]), st.integers(0, n_labels - 1))
    return n_labels, draw(st.lists(st.tuples(emissions, annotation), max_size=5))


def make_targets(annotations: list[Annotation]) -> Targets:
    gold = [label if kind == "gold" else -1 for kind, label in annotations]
    excluded = [label if kind == "not" else -1 for kind, label in annotations]
    return Targets(torch.tensor(gold, dtype=torch.int64), torch.tensor(excluded, dtype=torch.int64))


def get_loss(emissions: Tensor, annotations: list[Annotation], label_smoothing: float = 0.0) -> Tensor:
    decoder = SoftmaxDecoder(2, emissions.shape[1])
    return decoder.loss(emissions, torch.zeros(0), make_targets(annotations), label_smoothing)


def loss_of_token(emissions: list[float], annotation: Annotation, label_smoothing: float) -> float:
    total = sum(math.exp(x) for x in emissions)
    probabilities = [math.exp(x) / total for x in emissions]
    kind, label = annotation
    others = probabilities[:label] + probabilities[label + 1 :]
    if kind == "nothing" or not others:  # a single label is certain
        return 0.0
    if kind == "not":
        return -math.log(sum(others))
    smoothed = sum(math.log(p) for p in others) / len(others)
    return -(1 - label_smoothing) * math.log(probabilities[label]) - label_smoothing * smoothed


@given(batches(), st.sampled_from([0.0, 0.1, 0.9]))
def test_loss_equals_brute_force(
    batch: tuple[int, list[tuple[list[float], Annotation]]], label_smoothing: float
) -> None:
    n_labels, tokens = batch
    emissions = torch.tensor([e for e, _ in tokens], dtype=torch.float64).reshape(-1, n_labels)
    loss = get_loss(emissions, [annotation for _, annotation in tokens], label_smoothing)
    expected = sum(loss_of_token(*token, label_smoothing) for token in tokens)
    assert loss.item() == pytest.approx(expected, abs=1e-9)


@given(batches(), st.sampled_from([0.0, 0.1]))
def test_tokens_without_annotation_have_no_gradient(
    batch: tuple[int, list[tuple[list[float], Annotation]]], label_smoothing: float
) -> None:
    n_labels, tokens = batch
    emissions = torch.tensor([e for e, _ in tokens]).reshape(-1, n_labels).requires_grad_()
    annotations = [annotation for _, annotation in tokens]
    get_loss(emissions, annotations, label_smoothing).backward()
    assert emissions.grad is not None
    for gradient, (kind, _) in zip(emissions.grad, annotations, strict=True):
        if kind == "nothing":
            assert not gradient.any()
        # The loss does not change when all emissions of a token do by the same amount.
        assert gradient.sum().item() == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
def test_gradient_is_that_of_finite_differences(label_smoothing: float) -> None:
    emissions = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    annotations = [("gold", 2), ("nothing", 0), ("not", 1), ("gold", 0)]
    assert torch.autograd.gradcheck(lambda x: get_loss(x, annotations, label_smoothing), (emissions,))


def test_gradient_of_a_gold_label_is_the_probabilities_less_one() -> None:
    emissions = torch.tensor([[0.5, -1.0, 2.0]], requires_grad=True)
    get_loss(emissions, [("gold", 1)]).backward()
    expected = emissions.detach().softmax(dim=1) - torch.tensor([[0.0, 1.0, 0.0]])
    torch.testing.assert_close(emissions.grad, expected)


@pytest.mark.parametrize("annotation", [("gold", 1), ("not", 0), ("nothing", 0)])
def test_extreme_emissions_stay_finite(annotation: Annotation) -> None:
    emissions = torch.tensor([[1e4, -1e4, 0.0]], requires_grad=True)
    loss = get_loss(emissions, [annotation])
    loss.backward()
    # How far the best label that the annotation allows lies below the best one.
    assert loss.item() == pytest.approx({"gold": 2e4, "not": 1e4, "nothing": 0.0}[annotation[0]])
    assert emissions.grad is not None
    assert emissions.grad.isfinite().all()


def test_all_labels_start_out_equally_likely() -> None:
    decoder = SoftmaxDecoder(3, 4)
    loss = decoder.loss(
        decoder(torch.randn(5, 3)), torch.tensor([5]), make_targets([("gold", i % 4) for i in range(5)])
    )
    assert loss.item() == pytest.approx(5 * math.log(4))


def test_emissions_are_linear_in_the_states() -> None:
    decoder = SoftmaxDecoder(3, 4)
    torch.nn.init.normal_(decoder.linear.weight)
    torch.nn.init.normal_(decoder.linear.bias)
    states = torch.randn(5, 3)
    for state, emissions in zip(states, decoder(states), strict=True):
        expected = [w @ state + b for w, b in zip(decoder.linear.weight, decoder.linear.bias, strict=True)]
        torch.testing.assert_close(emissions, torch.stack(expected))
