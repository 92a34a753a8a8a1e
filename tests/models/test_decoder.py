"""The softmax decoder as a Thinc layer, on its own and over tok2vec layers of spaCy."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from helpers import assert_close, make_docs, make_examples, make_pipeline, tags_of
from thinc.api import SGD, Model
from thinc.types import Floats2d

from spacy_lstm_tagger.models.decoder import DecoderModel, build_softmax_decoder
from spacy_lstm_tagger.models.labeling import LabelingModel
from spacy_lstm_tagger.models.shim import get_shim
from spacy_lstm_tagger.networks import Targets
from spacy_lstm_tagger.ragged import join, split

N_LABELS, WIDTH = 3, 4
LENGTHS = [2, 0, 3, 1]


def random_arrays(width: int, seed: int = 0) -> list[Floats2d]:
    """An array for each document, `(tokens, width)`."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n, width)).astype(np.float32) for n in LENGTHS]  # type: ignore[misc]


STATES = random_arrays(WIDTH)


def make_decoder() -> DecoderModel:
    """A decoder with random weights: a new one's are zero."""
    decoder = build_softmax_decoder()
    decoder.initialize(X=STATES, Y=[np.zeros((1, N_LABELS), dtype=np.float32)])
    for parameter in get_shim(decoder).module.parameters():
        torch.nn.init.normal_(parameter)
    return decoder


def get_weights(decoder: DecoderModel) -> tuple[np.ndarray, np.ndarray]:
    linear = get_shim(decoder).module.linear
    return linear.weight.detach().numpy().copy(), linear.bias.detach().numpy().copy()


def test_emissions_are_linear_in_prediction_and_in_training() -> None:
    decoder = make_decoder()
    weight, bias = get_weights(decoder)
    expected = [states @ weight.T + bias for states in STATES]
    assert_close(decoder.predict(STATES), expected)
    assert_close(decoder.begin_update(STATES)[0], expected)
    assert not any(np.shares_memory(x, y) for x, y in zip(decoder.predict(STATES), STATES, strict=True))


def test_gradients_of_states_and_weights() -> None:
    decoder = make_decoder()
    weight, bias = get_weights(decoder)
    gradients = random_arrays(N_LABELS, seed=1)
    _, backprop = decoder.begin_update(STATES)
    assert_close(backprop(gradients), [gradient @ weight for gradient in gradients])
    decoder.finish_update(SGD(0.5, L2=0.0, grad_clip=0.0))
    new_weight, new_bias = get_weights(decoder)
    flat = np.concatenate(gradients)
    np.testing.assert_allclose(new_weight, weight - 0.5 * flat.T @ np.concatenate(STATES), atol=1e-5)
    np.testing.assert_allclose(new_bias, bias - 0.5 * flat.sum(axis=0), atol=1e-5)


def test_documents_without_tokens() -> None:
    decoder = make_decoder()
    empty = [np.zeros((0, WIDTH), dtype=np.float32)] * 2
    before = get_weights(decoder)
    assert [x.shape for x in decoder.predict(empty)] == [(0, N_LABELS)] * 2
    emissions, backprop = decoder.begin_update(empty)
    assert [x.shape for x in backprop(emissions)] == [(0, WIDTH)] * 2
    decoder.finish_update(SGD(1.0))
    assert all(map(np.array_equal, get_weights(decoder), before))


def test_widths_that_are_set_need_no_sample() -> None:
    decoder = build_softmax_decoder()
    decoder.set_dim("nI", WIDTH)
    decoder.set_dim("nO", N_LABELS)
    decoder.initialize()
    assert [x.shape for x in decoder.predict(STATES)] == [(n, N_LABELS) for n in LENGTHS]


def test_decoder_without_initialization_says_so() -> None:
    with pytest.raises(ValueError, match="L201"):
        build_softmax_decoder().predict(STATES)


# The loss

TARGETS = Targets(gold=torch.tensor([2, -1, -1, 0, 1, -1]), excluded=torch.tensor([-1, 1, -1, -1, -1, 0]))


def loss_of(emissions: list[Floats2d], label_smoothing: float = 0.0) -> tuple[float, list[Floats2d]]:
    model: Model = Model("labeler", lambda *_: None, refs={"decoder": make_decoder()})  # type: ignore[arg-type]
    targets = (part.numpy() for part in TARGETS)
    loss = LabelingModel(model).compute_loss(join(emissions), *targets, label_smoothing)
    return loss.value, split(loss.d_scores)


def test_loss_is_that_of_the_annotation() -> None:
    emissions = random_arrays(N_LABELS)
    exp = np.exp(np.concatenate(emissions))
    p = exp / exp.sum(axis=1, keepdims=True)
    expected = np.log([p[0, 2], p[1, 0] + p[1, 2], p[3, 0], p[4, 1], p[5, 1] + p[5, 2]])
    assert loss_of(emissions)[0] == pytest.approx(-expected.sum(), rel=1e-5)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
def test_label_smoothing_reaches_the_loss(label_smoothing: float) -> None:
    emissions = random_arrays(N_LABELS)
    flat = torch.from_numpy(np.concatenate(emissions))
    expected = (
        get_shim(make_decoder()).module.loss(flat, torch.tensor(LENGTHS), TARGETS, label_smoothing).item()
    )
    assert loss_of(emissions, label_smoothing)[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
def test_gradient_of_the_loss_is_that_of_finite_differences(label_smoothing: float) -> None:
    emissions = [x.astype(np.float64) for x in random_arrays(N_LABELS)]
    _, gradients = loss_of(emissions, label_smoothing)
    for scores, gradient in zip(emissions, gradients, strict=True):
        for i in np.ndindex(*scores.shape):
            value, losses = scores[i], []
            for step in (1e-5, -1e-5):
                scores[i] = value + step
                losses.append(loss_of(emissions, label_smoothing)[0])
            scores[i] = value
            assert gradient[i] == pytest.approx((losses[0] - losses[1]) / 2e-5, abs=1e-8)
    assert not gradients[2][0].any(), "this token is not annotated"


def test_loss_leaves_the_emissions_alone() -> None:
    emissions = random_arrays(N_LABELS)
    loss_of(emissions)
    assert_close(emissions, random_arrays(N_LABELS), 0.0)


# Copies


@pytest.mark.parametrize(
    "copy",
    [deepcopy, DecoderModel.copy, lambda decoder: build_softmax_decoder().from_bytes(decoder.to_bytes())],
)
def test_copies_predict_the_same(copy: Callable[[DecoderModel], DecoderModel]) -> None:
    decoder = make_decoder()
    other = copy(decoder)
    assert_close(other.predict(STATES), decoder.predict(STATES), 0.0)
    assert (other.get_dim("nI"), other.get_dim("nO")) == (WIDTH, N_LABELS)


# Over tok2vec layers of spaCy's own

HASH_EMBED_CNN: dict[str, Any] = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "width": 24,
    "depth": 2,
    "embed_size": 300,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
    "pretrained_vectors": None,
}
LISTENER: dict[str, Any] = {"@architectures": "spacy.Tok2VecListener.v1", "width": 24}
# "saw" is a noun or a verb: context decides.
TAGGED = [
    (["Ann", "saw", "the", "saw", "."], ["N", "V", "D", "N", "P"]),
    (["The", "saw", "saw", "Ann", "?"], ["D", "N", "V", "N", "P"]),
    (["Run", "!"], ["V", "P"]),
]


@pytest.mark.parametrize("tok2vec", [HASH_EMBED_CNN, LISTENER], ids=["HashEmbedCNN", "Tok2VecListener"])
def test_training_over_spacys_tok2vec(tok2vec: dict[str, Any]) -> None:
    nlp = spacy.blank("en")
    if tok2vec is LISTENER:
        nlp.add_pipe("tok2vec", config={"model": HASH_EMBED_CNN})
    make_pipeline(tok2vec=tok2vec, nlp=nlp)
    optimizer = nlp.initialize(lambda: make_examples(nlp, TAGGED))
    optimizer.learn_rate = 0.01
    assert nlp.get_pipe("lstm_tagger").model.get_ref("decoder").get_dim("nI") == 24
    first, losses = nlp.update(make_examples(nlp, TAGGED), sgd=optimizer)["lstm_tagger"], {}
    for _ in range(40):
        losses = nlp.update(make_examples(nlp, TAGGED), sgd=optimizer)
    assert losses["lstm_tagger"] < 0.1 * first
    assert nlp.evaluate(make_examples(nlp, TAGGED))["tag_acc"] == 1.0
    other = type(nlp).from_config(nlp.config).from_bytes(nlp.to_bytes())
    docs = make_docs([words for words, _ in TAGGED], other.vocab)
    assert tags_of(other.pipe(docs)) == [tags for _, tags in TAGGED]
