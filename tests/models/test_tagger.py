"""The tagger's model: a tok2vec layer and a decoder, one after the other."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from helpers import assert_close, make_docs
from spacy import registry
from spacy.tokens import Doc
from thinc.api import SGD, Config, Model
from thinc.types import Floats2d

from spacy_lstm_tagger.models.decoder import build_softmax_decoder
from spacy_lstm_tagger.models.settings import EmbeddingSettings, LSTMSettings
from spacy_lstm_tagger.models.shim import get_shim
from spacy_lstm_tagger.models.tagger import TaggerModel, build_lstm_tagger
from spacy_lstm_tagger.models.tok2vec import Tok2Vec, build_lstm_tok2vec, fit_vocabulary

DOCS = make_docs([["the", "cat", "sat"], [], ["cats", "sit"], ["."]])
N_LABELS = 4
LABEL_SAMPLE = [np.zeros((1, N_LABELS), dtype=np.float32)]


def build_tok2vec(depth: int = 1, **prediction: Any) -> Tok2Vec:
    embed = EmbeddingSettings(attrs=["LOWER"], widths=[4], affix_width=2, word_dropout=0.0)
    return build_lstm_tok2vec(embed, LSTMSettings(width=3, depth=depth), **prediction)


def build(depth: int = 1, nO: int | None = None, **prediction: Any) -> TaggerModel:  # noqa: N803
    return build_lstm_tagger(build_tok2vec(depth, **prediction), build_softmax_decoder(), nO)


def make(**prediction: Any) -> TaggerModel:
    """A fitted model with random weights; a new decoder's are zero."""
    model = build(**prediction)
    fit_vocabulary(model, lambda: DOCS)
    model.initialize(X=DOCS, Y=LABEL_SAMPLE)
    torch.nn.init.normal_(get_shim(model.get_ref("decoder")).module.linear.weight)
    return model


def get_weights(model: TaggerModel) -> dict[str, Floats2d]:
    return {
        f"{layer}.{name}": parameter.detach().numpy().copy()
        for layer in ("tok2vec", "decoder")
        for name, parameter in get_shim(model.get_ref(layer)).module.named_parameters()
    }


@pytest.mark.parametrize("docs", [DOCS, DOCS * 100], ids=len)
@pytest.mark.parametrize("prediction", [{}, {"n_threads": 2}, {"window": 2, "overlap": 2}], ids=str)
def test_emissions_are_the_decoders_over_the_tok2vecs(docs: list[Doc], prediction: dict[str, Any]) -> None:
    model = make(**prediction)
    expected = model.get_ref("decoder").predict(model.get_ref("tok2vec").predict(docs))
    assert [x.shape for x in expected] == [(len(doc), N_LABELS) for doc in docs]
    assert_close(model.predict(docs), expected)
    # A document of three words is cut after two, but each piece is read with the other as context.
    assert_close(model.begin_update(docs)[0], expected)


@pytest.mark.parametrize("n_docs", [0, 1, 2])
def test_documents_without_tokens(n_docs: int) -> None:
    docs = make_docs([[]] * n_docs)
    model = make()
    assert [x.shape for x in model.predict(docs)] == [(0, N_LABELS)] * n_docs
    emissions, backprop = model.begin_update(docs)
    assert [x.shape for x in emissions] == [(0, N_LABELS)] * n_docs
    before = get_weights(model)
    backprop(emissions)
    model.finish_update(SGD(1.0))
    assert all(np.array_equal(weights, before[name]) for name, weights in get_weights(model).items())


def test_output_layer_is_the_decoder() -> None:
    """spaCy finds the layer to resize, or to replace, by this name."""
    model = make()
    assert model.get_ref("output_layer") is model.get_ref("decoder")
    assert model.layers == [model.get_ref("tok2vec"), model.get_ref("decoder")]
    assert model.get_dim("nO") == N_LABELS


@pytest.mark.parametrize("docs", [DOCS, None])
@pytest.mark.parametrize("n_labels", [None, N_LABELS])
def test_widths_are_inferred(docs: list[Doc] | None, n_labels: int | None) -> None:
    model = build(nO=n_labels)
    model.initialize(X=docs, Y=None if n_labels else LABEL_SAMPLE)
    assert model.get_ref("decoder").get_dim("nI") == 6
    assert [x.shape for x in model.predict(DOCS)] == [(len(doc), N_LABELS) for doc in DOCS]


def test_width_of_a_layer_that_does_not_say_is_that_of_its_output() -> None:
    inner = build_tok2vec()
    silent: Model[Any, Any] = Model(
        "silent",
        lambda model, docs, is_train: model.layers[0](docs, is_train),
        init=lambda model, **sample: model.layers[0].initialize(X=sample["X"]),
        layers=[inner],
    )
    model = build_lstm_tagger(silent, build_softmax_decoder())
    model.initialize(X=DOCS, Y=LABEL_SAMPLE)
    assert model.get_ref("decoder").get_dim("nI") == 6


def test_gradients_reach_both_halves() -> None:
    model = make()
    before = get_weights(model)
    emissions, backprop = model.begin_update(DOCS)
    rng = np.random.default_rng(0)
    backprop([rng.normal(size=x.shape).astype(np.float32) for x in emissions])
    model.finish_update(SGD(0.1))
    for name, weights in get_weights(model).items():
        assert not np.array_equal(weights, before[name]), name


def test_steps_along_the_gradient_bring_the_emissions_closer() -> None:
    model = make()
    rng = np.random.default_rng(0)
    wanted = [rng.normal(size=(len(doc), N_LABELS)).astype(np.float32) for doc in DOCS]

    def distance() -> float:
        return sum(float(((x - y) ** 2).sum()) for x, y in zip(model.predict(DOCS), wanted, strict=True))

    before, optimizer = distance(), SGD(0.05)
    for _ in range(200):
        emissions, backprop = model.begin_update(DOCS)
        backprop([x - y for x, y in zip(emissions, wanted, strict=True)])
        model.finish_update(optimizer)
    assert distance() < 0.1 * before


@pytest.mark.parametrize("copy", [deepcopy, lambda model: build().from_bytes(model.to_bytes())])
def test_copies_predict_the_same(copy: Callable[[TaggerModel], TaggerModel]) -> None:
    model = make()
    other = copy(model)
    assert_close(other.predict(DOCS), model.predict(DOCS), 0.0)
    assert other.get_ref("decoder") is other.layers[1]
    assert other.get_dim("nO") == N_LABELS


def test_bytes_of_another_config_are_refused() -> None:
    with pytest.raises(ValueError, match=r"L204.*lstm\.rnn\.\w+_l1\w*' is missing"):
        build(depth=2).from_bytes(make().to_bytes())


def test_config_builds_the_model() -> None:
    config = Config().from_str("""
        [model]
        @architectures = "spacy-lstm-tagger.LSTMTagger.v1"
        nO = 4

        [model.tok2vec]
        @architectures = "spacy-lstm-tagger.LSTMTok2Vec.v1"

        [model.tok2vec.embed]
        @architectures = "spacy-lstm-tagger.WordEmbedding.v1"
        attrs = ["LOWER"]
        widths = [4]
        affix_width = 2
        word_dropout = 0.0

        [model.tok2vec.encode]
        @architectures = "spacy-lstm-tagger.LSTM.v1"
        width = 3

        [model.decoder]
        @architectures = "spacy-lstm-tagger.Softmax.v1"
    """)
    model = registry.resolve(config)["model"]
    expected = make()
    assert_close(model.from_bytes(expected.to_bytes()).predict(DOCS), expected.predict(DOCS), 0.0)
