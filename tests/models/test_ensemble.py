"""Members of an ensemble: each learns as if it were alone, and their scores are averaged."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from helpers import (
    SOFTMAX,
    TRAIN,
    TRAIN_TAGS,
    TRAIN_TEXTS,
    assert_close,
    make_docs,
    make_examples,
    make_trained,
    tag,
)
from spacy import registry
from spacy.tokens import Doc
from thinc.api import SGD, Adam, Model, concatenate
from thinc.types import Ragged
from torch import Tensor

from spacy_lstm_tagger.models.decoder import build_crf_decoder, build_softmax_decoder
from spacy_lstm_tagger.models.ensemble import build_ensemble
from spacy_lstm_tagger.models.labeling import LabelingModel, Loss
from spacy_lstm_tagger.models.settings import EmbeddingSettings, LSTMSettings
from spacy_lstm_tagger.models.shim import get_shim
from spacy_lstm_tagger.models.tagger import TaggerModel, build_lstm_tagger
from spacy_lstm_tagger.models.tok2vec import Tok2Vec, build_lstm_tok2vec, fit_vocabulary
from spacy_lstm_tagger.networks import Targets
from spacy_lstm_tagger.ragged import join, split

DOCS = make_docs([["the", "cat", "sat"], [], ["cats", "sit"], ["."]])
N_LABELS, MEMBERS = 4, 3
TARGETS = Targets(torch.tensor([0, 1, 2, 1, -1, 3]), torch.tensor([-1, -1, -1, -1, 0, -1]))
DECODERS = pytest.mark.parametrize("build_decoder", [build_softmax_decoder, build_crf_decoder])


def build_tok2vec() -> Tok2Vec:
    embed = EmbeddingSettings(attrs=["LOWER"], widths=[4], affix_width=2, word_dropout=0.0)
    return build_lstm_tok2vec(embed, LSTMSettings(width=3))


def make(build_decoder, members: int = MEMBERS, member: Tok2Vec | None = None) -> TaggerModel:
    """A fitted model with random weights; a new decoder's are zero."""
    tok2vec = build_ensemble(member or build_tok2vec(), members)
    model = build_lstm_tagger(tok2vec, build_decoder(members=members))
    fit_vocabulary(model, lambda: DOCS)
    model.initialize(X=DOCS, Y=[np.zeros((1, N_LABELS), dtype=np.float32)])
    for parameter in get_shim(model.get_ref("decoder")).module.parameters():
        torch.nn.init.normal_(parameter)
    return model


def make_alone(model: TaggerModel, number: int, build_decoder) -> TaggerModel:
    """A tagger of one member, with the part of the decoder that reads it."""
    alone = make(build_decoder, members=1, member=model.get_ref("tok2vec").layers[number].copy())
    get_shim(alone.get_ref("tok2vec")).from_bytes(
        get_shim(model.get_ref("tok2vec").layers[number]).to_bytes()
    )
    decoders = (get_shim(m.get_ref("decoder")).module for m in (alone, model))
    weights, all_weights = (decoder.state_dict() for decoder in decoders)
    width = weights["linear.weight"].shape[1]
    weights |= {name: tensor for name, tensor in all_weights.items() if name != "linear.weight"}
    weights["linear.weight"] = all_weights["linear.weight"][:, number * width : (number + 1) * width]
    get_shim(alone.get_ref("decoder")).module.load_state_dict(weights)
    return alone


def learn(model: TaggerModel) -> float:
    """Add up the gradients of a batch. RETURNS (float): The squared length of the emissions' gradient."""
    network = LabelingModel(model)
    scores, backprop = network.begin_update(DOCS)
    loss = compute_loss(network, scores)
    backprop(loss.d_scores)
    network.accumulate(loss.d_weights)
    return float((loss.d_scores.data**2).sum())


def compute_loss(network: LabelingModel, scores: Ragged) -> Loss:
    return network.compute_loss(scores, *(part.numpy() for part in TARGETS), 0.0)


def get_gradients(layer: Model) -> dict[str, Tensor]:
    parameters = get_shim(layer).module.named_parameters()
    return {name: p.grad.to_dense() for name, p in parameters if p.grad is not None}


@DECODERS
def test_prediction_is_the_mean_of_members(build_decoder) -> None:
    model = make(build_decoder)
    alone = [make_alone(model, i, build_decoder).predict(DOCS) for i in range(MEMBERS)]
    assert np.abs(alone[0][0] - alone[1][0]).max() > 0.01, "members start out differently"
    assert_close(model.predict(DOCS), [np.mean(parts, axis=0) for parts in zip(*alone, strict=True)])


@DECODERS
def test_every_member_learns_as_if_alone(build_decoder) -> None:
    """Except that its gradient is a share of the whole, to which Adam is indifferent."""
    model = make(build_decoder)
    alone = [make_alone(model, i, build_decoder) for i in range(MEMBERS)]
    learn(model)
    decoder_gradients = get_gradients(model.get_ref("decoder"))["linear.weight"].chunk(MEMBERS, 1)
    for member, other, decoder_gradient in zip(
        model.get_ref("tok2vec").layers, alone, decoder_gradients, strict=True
    ):
        learn(other)
        expected = get_gradients(other.get_ref("tok2vec"))
        assert max(float(gradient.abs().max()) for gradient in expected.values()) > 0.01
        for name, gradient in get_gradients(member).items():
            torch.testing.assert_close(MEMBERS * gradient, expected[name], atol=1e-5, rtol=1e-4)
        own = get_gradients(other.get_ref("decoder"))["linear.weight"]
        torch.testing.assert_close(MEMBERS * decoder_gradient, own, atol=1e-5, rtol=1e-4)


def test_the_loss_of_averaged_scores_is_that_of_one() -> None:
    """Emissions of prediction may be given a loss too."""
    model = make(build_softmax_decoder)
    scores = join(model.predict(DOCS))
    loss, expected = (
        compute_loss(LabelingModel(m), scores) for m in (model, make(build_softmax_decoder, members=1))
    )
    assert loss.value == pytest.approx(expected.value)
    assert_close(split(loss.d_scores), split(expected.d_scores))


@pytest.mark.parametrize("optimizer", [SGD(0.5), Adam(0.02, use_averages=True)])
def test_members_keep_apart_in_the_optimizer(optimizer) -> None:
    model = make(build_softmax_decoder)
    layers = [*model.get_ref("tok2vec").layers, model.get_ref("decoder")]
    assert len({get_shim(layer).id for layer in layers}) == len(layers)
    losses = []
    for _ in range(60):
        losses.append(learn(model))
        model.finish_update(optimizer)
    assert losses[-1] < losses[0] / 10
    if optimizer.averages:
        last = model.predict(DOCS)
        with model.use_params(optimizer.averages):
            assert np.abs(model.predict(DOCS)[0] - last[0]).max() > 0.01
        assert_close(model.predict(DOCS), last)


def test_the_vocabulary_is_fitted_once() -> None:
    model = build_lstm_tagger(build_ensemble(build_tok2vec(), 3), build_softmax_decoder(members=3))
    passes: list[int] = []

    def read() -> list[Doc]:
        passes.append(1)
        return DOCS

    fit_vocabulary(model, read)
    assert len(passes) == 1
    vocabularies = [layer.attrs["vocabulary"] for layer in model.get_ref("tok2vec").layers]
    assert vocabularies[0]["LOWER"].keys() == {"the", "cat", "sat", "cats", "sit", "."}
    assert vocabularies[1] == vocabularies[2] == vocabularies[0]


def test_an_ensemble_of_one_is_the_layer_itself() -> None:
    member = build_tok2vec()
    assert build_ensemble(member, 1) is member


def test_any_layer_can_be_a_member() -> None:
    cnn = registry.architectures.get("spacy.HashEmbedCNN.v2")(
        pretrained_vectors=None,
        width=8,
        depth=1,
        embed_size=50,
        window_size=1,
        maxout_pieces=2,
        subword_features=True,
    )
    model = build_lstm_tagger(build_ensemble(cnn, 2), build_softmax_decoder(members=2))
    model.initialize(X=DOCS, Y=[np.zeros((1, N_LABELS), dtype=np.float32)])
    before = model.predict(DOCS)
    learn(model)
    model.finish_update(SGD(0.5))
    assert np.abs(model.predict(DOCS)[0] - before[0]).max() > 0.01


@pytest.mark.parametrize("copy", [deepcopy, lambda model: rebuild().from_bytes(model.to_bytes())])
def test_copies_predict_the_same(copy) -> None:
    model = make(build_softmax_decoder)
    assert_close(copy(model).predict(DOCS), model.predict(DOCS))


def rebuild() -> TaggerModel:
    return build_lstm_tagger(
        build_ensemble(build_tok2vec(), MEMBERS), build_softmax_decoder(members=MEMBERS)
    )


@DECODERS
@pytest.mark.parametrize(("members", "given"), [(1, 2), (1, 4), (3, 1), (3, 2)])
def test_members_of_the_decoder_cannot_contradict(build_decoder, members: int, given: int) -> None:
    """A decoder that splits the two directions of one LSTM would train them as members."""
    with pytest.raises(ValueError, match=rf"\[L013\].* is {given}, .* has {members}\."):
        build_lstm_tagger(build_ensemble(build_tok2vec(), members), build_decoder(members=given))


@DECODERS
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("is_set", [True, False])
def test_members_are_inferred(build_decoder, members: int, is_set: bool) -> None:
    decoder = build_decoder(members=members) if is_set else build_decoder()
    build_lstm_tagger(build_ensemble(build_tok2vec(), members), decoder)
    decoder.initialize(
        X=[np.zeros((1, 18), dtype=np.float32)], Y=[np.zeros((1, N_LABELS), dtype=np.float32)]
    )
    assert get_shim(decoder).module.members == members
    assert decoder.begin_update([np.zeros((2, 18), dtype=np.float32)])[0][0].shape == (
        2,
        members * N_LABELS,
    )


def test_layers_side_by_side_are_not_an_ensemble() -> None:
    """Thinc's own `concatenate`, of any widths: the decoder reads all of them together."""
    narrow = build_lstm_tok2vec(EmbeddingSettings(attrs=["LOWER"], widths=[4]), LSTMSettings(width=2))
    model = build_lstm_tagger(concatenate(build_tok2vec(), narrow), build_softmax_decoder())
    model.initialize(X=DOCS, Y=[np.zeros((1, N_LABELS), dtype=np.float32)])
    torch.nn.init.normal_(get_shim(model.get_ref("decoder")).module.linear.weight)
    expected = model.begin_update(DOCS)[0]
    assert expected[0].shape == (3, N_LABELS)
    assert_close(model.predict(DOCS), expected)


@pytest.mark.parametrize("members", [0, -1])
def test_at_least_one_member(members: int) -> None:
    with pytest.raises(ValueError, match=r"\[L001\].*members"):
        build_ensemble(build_tok2vec(), members)
    with pytest.raises(ValueError, match=r"\[L001\].*members"):
        build_softmax_decoder(members=members)


def test_rehearsal_holds_on_to_old_predictions() -> None:
    """Trained only on a new example it forgets; also rehearsed, it forgets less."""
    embed, encode = "spacy-lstm-tagger.WordEmbedding.v1", "spacy-lstm-tagger.LSTM.v1"
    member = {
        "@architectures": "spacy-lstm-tagger.LSTMTok2Vec.v1",
        "embed": {"@architectures": embed},
        "encode": {"@architectures": encode, "width": 16},
    }
    tok2vec = {"@architectures": "spacy-lstm-tagger.Ensemble.v1", "members": 2, "member": member}
    old, texts = TRAIN[:2], TRAIN_TEXTS[:2]

    def distance(rehearse: bool) -> float:
        nlp = make_trained({**SOFTMAX, "members": 2}, old, steps=30, tok2vec=tok2vec)
        assert tag(nlp, texts) == TRAIN_TAGS[:2]
        optimizer = nlp.resume_training()
        optimizer.learn_rate = 0.01
        predict, docs = nlp.get_pipe("lstm_tagger").model.predict, [nlp.make_doc(text) for text in texts]
        before = np.concatenate(predict(docs))
        new = make_examples(nlp, [("Eat green eggs", ["N", "N", "N"])])
        for _ in range(10):
            nlp.update(new, sgd=optimizer)
            if rehearse:
                losses = nlp.rehearse(make_examples(nlp, old), sgd=optimizer, losses={})
                assert losses["lstm_tagger"] > 0
        return float(np.abs(np.concatenate(predict(docs)) - before).mean())

    assert distance(rehearse=True) < distance(rehearse=False)


@pytest.mark.parametrize("n_docs", [1, 2, 100])
def test_what_members_read_need_not_be_joined(n_docs: int) -> None:
    """The decoder takes each member's vectors by themselves, and adds up the results."""
    model, docs = make(build_softmax_decoder), DOCS * n_docs
    tok2vec, decoder = model.layers
    expected = decoder.predict(tok2vec.predict(docs))
    tok2vec._func = lambda *_, **__: pytest.fail("vectors of all members side by side")
    assert_close(model.predict(docs), expected)
