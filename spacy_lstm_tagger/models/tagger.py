"""`spacy-lstm-tagger.LSTMTagger.v1`: a tok2vec layer and a decoder."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import Errors, LSTMTaggerValueError
from ..networks import State
from ..ragged import Ragged, join, split
from . import decoder as decoders
from . import tok2vec as lstm
from .decoder import DecoderModel
from .ensemble import get_members
from .shim import get_shim
from .tok2vec import Tok2Vec, is_lstm_tok2vec

TaggerModel: TypeAlias = Model[list[Doc], list[Floats2d]]


def build_lstm_tagger(tok2vec: Tok2Vec, decoder: DecoderModel, nO: int | None = None) -> TaggerModel:  # noqa: N803
    """Build the model of a labeler.

    tok2vec (Model[List[Doc], List[Floats2d]]): Any tok2vec layer: `spacy-lstm-tagger.LSTMTok2Vec.v1`, an
        ensemble of these, a listener, one of spaCy's own.
    decoder (Model[List[Floats2d], List[Floats2d]]): `spacy-lstm-tagger.Softmax.v1` or
        `spacy-lstm-tagger.CRF.v1`.
    nO (Optional[int]): The number of labels; by default inferred from the data.
    RETURNS (Model[List[Doc], List[Floats2d]]): For every document scores `(tokens, labels)`; in training
        those of every member of an ensemble, `(tokens, members * labels)`.
    RAISES (LSTMTaggerValueError): If `members` of the decoder contradicts the tok2vec layer.
    """
    decoders.set_members(decoder, len(get_members(tok2vec)))
    if nO is not None:
        decoder.set_dim("nO", nO)
    model: TaggerModel = Model(
        "lstm_tagger",
        forward,
        init=init,
        layers=[tok2vec, decoder],
        dims={"nO": nO},
        refs={"tok2vec": tok2vec, "decoder": decoder, "output_layer": decoder},
    )
    return model


def init(model: TaggerModel, X: list[Doc] | None = None, Y: list[Floats2d] | None = None) -> None:  # noqa: N803
    """Initialize both layers. Without documents to infer its width from, the decoder asks the tok2vec."""
    tok2vec, decoder = model.layers
    tok2vec.initialize(X=X)
    if decoder.has_dim("nI") is None and tok2vec.has_dim("nO"):
        decoder.set_dim("nI", tok2vec.get_dim("nO"))
    decoder.initialize(X=tok2vec.predict(X) if X and decoder.has_dim("nI") is None else None, Y=Y)
    if model.has_dim("nO") is None:
        model.set_dim("nO", decoder.get_dim("nO"))


def forward(model: TaggerModel, docs: list[Doc], is_train: bool) -> Any:
    """RETURNS (Tuple[List[Floats2d], Callable]): Scores `(tokens, labels)`, and the callback."""
    if not docs:
        return [], lambda gradients: []
    if not is_train:
        return split(predict(model, docs)), lambda gradients: []
    scores, backprop_flat = begin_update(model, docs)

    def backprop(gradients: list[Floats2d]) -> list[Doc]:
        backprop_flat(join(gradients))
        return []

    return split(scores), backprop


def predict(model: TaggerModel, docs: Sequence[Doc]) -> Ragged:
    """RETURNS (Ragged): Scores of one or more documents, `(tokens, labels)`."""
    tok2vec, decoder = model.layers
    if has_own_lstm(model) and any(len(doc) for doc in docs):
        return _predict_fused(model, docs)
    return decoders.predict(decoder, join(tok2vec.predict(docs)))


def has_own_lstm(model: TaggerModel) -> bool:
    """RETURNS (bool): Whether the model's vectors come from LSTMs of this package that are part of it."""
    return all(map(is_lstm_tok2vec, get_members(model.layers[0])))


def _predict_fused(model: TaggerModel, docs: Sequence[Doc]) -> Ragged:
    """Run both layers at once, batch by batch and member by member, so that states stay in the CPU's cache
    and those of several members are never joined.
    """
    tok2vec, decoder = model.layers
    projections = get_shim(decoder).module.split()
    parts = [
        lstm.predict(member, docs, decoder.get_dim("nO"), project)
        for member, project in zip(get_members(tok2vec), projections, strict=True)
    ]
    total: Any = parts[0].data
    for part in parts[1:]:
        total += part.data
    return Ragged(total, parts[0].lengths)


def begin_update(model: TaggerModel, docs: Sequence[Doc]) -> tuple[Ragged, Callable[[Ragged], None]]:
    """RETURNS (Tuple[Ragged, Callable[[Ragged], None]]): Scores of one or more documents for every member,
    `(tokens, members * labels)`, and the callback that takes their gradient.
    """
    tok2vec, decoder = model.layers
    states, backprop_tok2vec = _begin_update_tok2vec(tok2vec, docs)
    scores, backprop_decoder = decoders.begin_update(decoder, states)
    return scores, lambda gradient: backprop_tok2vec(backprop_decoder(gradient))


def _begin_update_tok2vec(tok2vec: Tok2Vec, docs: Sequence[Doc]) -> tuple[Ragged, Callable[[Ragged], Any]]:
    """RETURNS (Tuple[Ragged, Callable[[Ragged], Any]]): Vectors `(tokens, width)`, and the callback."""
    members = get_members(tok2vec)
    if not all(map(is_lstm_tok2vec, members)):  # layers that know lists only
        arrays, backprop_list = tok2vec.begin_update(list(docs))
        return join(arrays), lambda gradient: backprop_list(split(gradient))
    if len(members) == 1:
        return lstm.begin_update(tok2vec, docs)
    parts, callbacks = zip(*(lstm.begin_update(member, docs) for member in members), strict=True)
    lengths = parts[0].lengths
    ops: Any = tok2vec.ops

    def backprop(gradient: Ragged) -> None:
        columns = ops.xp.split(gradient.data, len(members), axis=1)
        for callback, part in zip(callbacks, columns, strict=True):
            callback(Ragged(ops.as_contig(part), lengths))

    return Ragged(ops.xp.hstack([part.data for part in parts]), lengths), backprop


def predict_stream(
    model: TaggerModel, docs: Sequence[Doc], state: State | None = None
) -> tuple[Ragged, State]:
    """Continue from a saved LSTM state.

    docs (Sequence[Doc]): The next piece of each text.
    state (Optional[State]): What the last call returned; none at the start of the texts.
    RETURNS (Tuple[Ragged, State]): Scores `(tokens, labels)`, and the state after the documents.
    RAISES (LSTMTaggerValueError): If the model's tok2vec is not a one-directional LSTM, or the state is for
        another number of texts.
    """
    tok2vec, decoder = model.layers
    if not is_lstm_tok2vec(tok2vec) or get_shim(tok2vec).module.lstm.directions > 1:
        raise LSTMTaggerValueError(Errors.L006)
    if not docs:
        empty = Ragged(model.ops.alloc2f(0, model.get_dim("nO")), np.zeros(0, dtype=np.int64))
        return empty, state or get_shim(tok2vec).module.lstm.initial_state(0)
    if state is not None and state[0].shape[1] != len(docs):
        raise LSTMTaggerValueError(Errors.L008.format(found=state[0].shape[1], expected=len(docs)))
    states, final = lstm.get_predictor(tok2vec, docs[0].vocab).predict_stream(docs, state)
    return decoders.predict(decoder, states), final
