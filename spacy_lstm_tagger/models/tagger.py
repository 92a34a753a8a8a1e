"""`spacy-lstm-tagger.LSTMTagger.v1`: a tok2vec layer and a head."""

from functools import reduce
from typing import Any, TypeAlias

import torch
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import Errors
from ..networks import State
from .convert import to_arrays
from .ensemble import get_lstm_members
from .head import HeadModel
from .shim import get_shim
from .tok2vec import Tok2Vec, get_reader, is_lstm_tok2vec

TaggerModel: TypeAlias = Model[list[Doc], list[Floats2d]]


def build_lstm_tagger(tok2vec: Tok2Vec, decoder: HeadModel, nO: int | None = None) -> TaggerModel:  # noqa: N803
    """Build a tagger's model.

    tok2vec (Model[List[Doc], List[Floats2d]]): Any tok2vec layer: `spacy-lstm-tagger.LSTMTok2Vec.v1`, a
        listener, one of spaCy's own.
    decoder (Model[List[Floats2d], List[Floats2d]]): The head: `spacy-lstm-tagger.Softmax.v1` or
        `spacy-lstm-tagger.CRF.v1`.
    nO (Optional[int]): How many labels; inferred from the data by default.
    RETURNS (Model[List[Doc], List[Floats2d]]): For every document emissions `(tokens, labels)`.
    """
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
    """Initialize both halves. A head whose tok2vec has no documents to infer its width from asks it."""
    tok2vec, decoder = model.layers
    tok2vec.initialize(X=X)
    if decoder.has_dim("nI") is None and tok2vec.has_dim("nO"):
        decoder.set_dim("nI", tok2vec.get_dim("nO"))
    decoder.initialize(X=tok2vec.predict(X) if X and decoder.has_dim("nI") is None else None, Y=Y)
    if model.has_dim("nO") is None:
        model.set_dim("nO", decoder.get_dim("nO"))


def forward(model: TaggerModel, docs: list[Doc], is_train: bool) -> Any:
    """RETURNS (Tuple[List[Floats2d], Callable]): Emissions `(tokens, labels)`, and the callback."""
    tok2vec, decoder = model.layers
    members = [] if is_train else get_lstm_members(tok2vec)
    if members and any(len(doc) for doc in docs):
        # Both halves at once, batch by batch: states stay in the CPU's cache.
        heads = get_shim(decoder).module.split(len(members))
        readers = [get_reader(member, docs[0].vocab) for member in members]
        width = decoder.get_dim("nO")
        parts = [reader.read(docs, width, head) for reader, head in zip(readers, heads, strict=True)]
        emissions = reduce(torch.add, (part for part, _ in parts))
        return to_arrays(emissions, parts[0][1]), _no_gradient
    states, backprop_tok2vec = tok2vec(docs, is_train)
    emissions, backprop_decoder = decoder(states, is_train)

    def backprop(gradients: list[Floats2d]) -> Any:
        return backprop_tok2vec(backprop_decoder(gradients))

    return emissions, backprop


def _no_gradient(gradients: list[Floats2d]) -> list[Doc]:
    return []


def read_on(
    model: TaggerModel, docs: list[Doc], state: State | None = None
) -> tuple[list[Floats2d], State]:
    """Predict documents that go on where others ended.

    docs (List[Doc]): The next piece of each text.
    state (Optional[State]): What the last call gave back; none at the start of the texts.
    RETURNS (Tuple[List[Floats2d], State]): Emissions `(tokens, labels)` for each document, and the state
        after it.
    RAISES (ValueError): If the model's tok2vec is no one-directional LSTM, or the state is that of another
        number of texts.
    """
    tok2vec = model.get_ref("tok2vec")
    if not is_lstm_tok2vec(tok2vec) or get_shim(tok2vec).module.lstm.directions > 1:
        raise ValueError(Errors.L006)
    if not docs:
        return [], state or get_shim(tok2vec).module.lstm.initial_state(0)
    if state is not None and state[0].shape[1] != len(docs):
        raise ValueError(Errors.L008.format(found=state[0].shape[1], expected=len(docs)))
    states, lengths, final = get_reader(tok2vec, docs[0].vocab).read_on(docs, state)
    emissions = get_shim(model.get_ref("decoder")).predict(states)
    return to_arrays(emissions, lengths), final
