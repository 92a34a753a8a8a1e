"""Both decoders against sums over all paths of labels."""

import math
from itertools import pairwise, product

import pytest
import torch
from torch import Tensor

from spacy_lstm_tagger.networks import CRFDecoder, Decoder, SoftmaxDecoder, Targets

N_LABELS = 3
LENGTHS = torch.tensor([3, 0, 1, 2])
DECODERS = pytest.mark.parametrize("decoder_class", [SoftmaxDecoder, CRFDecoder])
TEMPERATURES = pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])


def make_decoder(decoder_class: type[Decoder], temperature: float = 1.0) -> Decoder:
    decoder = decoder_class(2, N_LABELS, temperature)
    for parameter in decoder.parameters():
        torch.nn.init.normal_(parameter)
    return decoder


def score(decoder: Decoder, emissions: Tensor, path: tuple[int, ...]) -> float:
    """The score of a path through a sequence of emissions `(tokens, labels)`."""
    total = sum(float(emissions[i, label]) for i, label in enumerate(path))
    if isinstance(decoder, CRFDecoder):
        crf = decoder.crf
        total += (crf.start[path[0]] + crf.end[path[-1]]).item()
        total += sum(crf.transitions[pair].item() for pair in pairwise(path))
    return total


def get_probabilities(
    decoder: Decoder, emissions: Tensor, temperature: float
) -> dict[tuple[int, ...], float]:
    """The probability of every path through a sequence, which has a token."""
    paths = list(product(range(N_LABELS), repeat=len(emissions)))
    weights = [math.exp(score(decoder, emissions, path) / temperature) for path in paths]
    return {path: weight / sum(weights) for path, weight in zip(paths, weights, strict=True)}


def split(flat: Tensor) -> list[Tensor]:
    return [part for part in flat.split(LENGTHS.tolist()) if len(part)]


@DECODERS
@TEMPERATURES
def test_answers_are_those_of_all_paths(decoder_class: type[Decoder], temperature: float) -> None:
    decoder = make_decoder(decoder_class, temperature)
    emissions = 2 * torch.randn(6, N_LABELS)
    tags, marginals = decoder.decode(emissions, LENGTHS), decoder.marginals(emissions, LENGTHS)
    paths, log_probs = decoder.n_best(emissions, LENGTHS, 4)
    k_best = zip(*(split(path) for path in paths), strict=True)
    by_sequence = zip(split(emissions), split(tags), split(marginals), k_best, strict=True)
    for (own, found, posteriors, best), own_log_probs in zip(
        by_sequence, log_probs[LENGTHS > 0], strict=True
    ):
        probabilities = get_probabilities(decoder, own, temperature)
        ranked = sorted(probabilities, key=lambda path: -probabilities[path])
        assert tuple(found.tolist()) == ranked[0], "no temperature changes a tag"
        for token, label in product(range(len(own)), range(N_LABELS)):
            expected = sum(p for path, p in probabilities.items() if path[token] == label)
            assert posteriors[token, label].item() == pytest.approx(expected, abs=1e-5)
        for path, log_prob, expected_path in zip(best, own_log_probs.tolist(), ranked, strict=False):
            assert tuple(path.tolist()) == expected_path
            assert log_prob == pytest.approx(math.log(probabilities[expected_path]), abs=1e-4)
        if len(ranked) < 4:
            assert own_log_probs[3] == -math.inf


@DECODERS
def test_loss_is_the_probability_of_the_annotation(decoder_class: type[Decoder]) -> None:
    decoder = make_decoder(decoder_class, temperature=3.0)  # plays no role in training
    emissions = torch.randn(6, N_LABELS)
    gold, excluded = torch.tensor([0, -1, 2, -1, 1, -1]), torch.tensor([-1, -1, -1, 1, -1, 0])
    loss = decoder.loss(emissions, LENGTHS, Targets(gold, excluded))
    expected = 0.0
    for own, own_gold, own_excluded in zip(split(emissions), split(gold), split(excluded), strict=True):
        agreeing = [
            p
            for path, p in get_probabilities(decoder, own, 1.0).items()
            if all(
                g in (-1, label) and x != label
                for label, g, x in zip(path, own_gold.tolist(), own_excluded.tolist(), strict=True)
            )
        ]
        expected -= math.log(sum(agreeing))
    assert loss.item() == pytest.approx(expected, abs=1e-4)


def test_a_sequence_without_a_path_is_tagged_word_by_word() -> None:
    decoder = CRFDecoder(2, 2)
    decoder.crf.constrain(
        torch.tensor([True, False]), torch.eye(2, dtype=torch.bool), torch.tensor([False, True])
    )
    emissions = torch.tensor([[1.0, 2.0], [3.0, 1.0]])
    lengths = torch.tensor([2])
    assert decoder.decode(emissions, lengths).tolist() == [1, 0]
    torch.testing.assert_close(decoder.marginals(emissions, lengths), torch.softmax(emissions, 1))
    assert decoder.n_best(emissions, lengths, 2)[1].tolist() == [[-math.inf] * 2]
