"""`spacy-lstm-tagger.Softmax.v1` and `CRF.v1`: a vector for every token → scores of its labels."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, TypeAlias

import torch
from thinc.api import Model
from thinc.types import Floats2d
from torch import Tensor

from ..errors import Errors, LSTMTaggerValueError, check_setting
from ..networks import CRFDecoder, Decoder, SoftmaxDecoder
from ..ragged import Ragged, join, split
from ..schemes import SCHEMES
from ..vocabulary import Ints
from .convert import to_ragged, to_tensor
from .precision import has_bfloat16
from .shim import TorchShim, get_shim

DecoderModel: TypeAlias = Model[list[Floats2d], list[Floats2d]]
Constraints: TypeAlias = Literal["none", "bio", "iob1", "bioes", "biluo", "seen"]


def build_softmax_decoder(members: int | None = None) -> DecoderModel:
    """Build a decoder that scores every token's labels on their own: linear, with a softmax in its loss.

    It works over any tok2vec layer. Widths are inferred by `initialize`.

    members (Optional[int]): Leave it out: `spacy-lstm-tagger.LSTMTagger.v1` infers it from its tok2vec
        layer.
    RETURNS (Model[List[Floats2d], List[Floats2d]]): For every document unnormalized scores
        `(tokens, labels)`; in training those of every member, `(tokens, members * labels)`.
    """
    return _build_decoder("spacy-lstm-tagger.Softmax.v1", SoftmaxDecoder, members)


def build_crf_decoder(constraints: Constraints = "none", members: int | None = None) -> DecoderModel:
    """Build a decoder that scores paths of labels: linear, with a conditional random field over it
    (Lafferty et al. 2001). Labels are those of the best path.

    It works over any tok2vec layer. Widths are inferred by `initialize`.

    constraints (str): Which labels may follow each other: "none" for any; "bio", "iob1", "bioes" or "biluo"
        for the valid sequences of a scheme; "seen" for what the training data has.
    members (Optional[int]): Leave it out: `spacy-lstm-tagger.LSTMTagger.v1` infers it from its tok2vec
        layer.
    RETURNS (Model[List[Floats2d], List[Floats2d]]): For every document unnormalized scores
        `(tokens, labels)`; in training those of every member, `(tokens, members * labels)`.
    """
    name, values = "spacy-lstm-tagger.CRF.v1", ("none", *SCHEMES, "seen")
    check_setting(name, "constraints", constraints, constraints in values, f"one of {values}")
    return _build_decoder(name, CRFDecoder, members, constraints=constraints)


def _build_decoder(
    architecture: str, decoder_class: type[Decoder], members: int | None, **settings: Any
) -> DecoderModel:
    is_valid = members is None or members >= 1
    check_setting(architecture, "members", members, is_valid, "a positive number, or null to infer it")
    build = partial(_build_network, decoder_class, members or 1, settings)
    model: DecoderModel = Model(
        decoder_class.layer_name,
        forward,
        init=init,
        dims={"nI": None, "nO": None},
        attrs={"members": members, "architecture": architecture, "decoder_class": decoder_class},
        shims=[TorchShim(build)],
    )
    return model


def _build_network(
    decoder_class: type[Decoder],
    members: int,
    settings: dict[str, Any],
    *,
    input_width: int,
    n_labels: int,
    temperature: float = 1.0,
) -> Decoder:
    return decoder_class(input_width, n_labels, temperature, members, **settings)


def set_members(model: DecoderModel, members: int) -> None:
    """Set the number of members that the states have.

    RAISES (LSTMTaggerValueError): If the config says another one.
    """
    found = model.attrs["members"]
    if found not in (None, members):
        raise LSTMTaggerValueError(Errors.L013.format(found=found, expected=members))
    model.attrs["members"] = members
    shim = get_shim(model)
    decoder_class, _, settings = shim.build.args  # type: ignore[attr-defined]
    shim.build = partial(_build_network, decoder_class, members, settings)


def init(model: DecoderModel, X: list[Floats2d] | None = None, Y: list[Floats2d] | None = None) -> None:  # noqa: N803
    """Infer the widths from a sample, unless they are set, and build the network."""
    if X is not None and model.has_dim("nI") is None:
        model.set_dim("nI", X[0].shape[1])
    if Y is not None and model.has_dim("nO") is None:
        model.set_dim("nO", Y[0].shape[1])
    get_shim(model).initialize(input_width=model.get_dim("nI"), n_labels=model.get_dim("nO"))


def forward(
    model: DecoderModel, states: list[Floats2d], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Floats2d]]]:
    """Score the labels of every token."""
    if not states:
        return [], lambda gradients: []
    if not is_train:
        return split(predict(model, join(states))), lambda gradients: []
    scores, backprop_flat = begin_update(model, join(states))
    return split(scores), lambda gradients: split(backprop_flat(join(gradients)))


def predict(model: DecoderModel, states: Ragged) -> Ragged:
    """RETURNS (Ragged): Scores of all labels `(tokens, labels)`, of states `(tokens, width)`."""
    shim = get_shim(model)
    _check_width(model, states)
    return to_ragged(shim.predict(to_tensor(states, shim.device)), states.lengths)


def label(model: DecoderModel, states: Ragged) -> list[Ints] | None:
    """RETURNS (Optional[List[Ints]]): The labels of states `(tokens, width)`, for every document
    `(tokens,)`; None if their scores are as fast.
    """
    shim = get_shim(model)
    _check_width(model, states)
    if shim.device.type != "cpu" or not has_bfloat16("cpu"):
        return None
    labels = shim.module.label_states(to_tensor(states, shim.device))
    return None if labels is None else split(to_ragged(labels, states.lengths))


@torch.no_grad()
def predict_pairs(model: DecoderModel, states: Ragged, tokens: Ints, labels: Ints) -> Tensor:
    """RETURNS (Tensor): Scores of some labels of some tokens, `(pairs,)`. See `Decoder.score_pairs`."""
    shim = get_shim(model)
    _check_width(model, states)
    pairs = (torch.from_numpy(indices).to(shim.device) for indices in (tokens, labels))
    scores: Tensor = shim.module.score_pairs(to_tensor(states, shim.device), *pairs)
    return scores


def begin_update(model: DecoderModel, states: Ragged) -> tuple[Ragged, Callable[[Ragged], Ragged]]:
    """RETURNS (Tuple[Ragged, Callable[[Ragged], Ragged]]): Scores of every member, `(tokens, members *
    labels)`, and the callback for their gradient, which gives that of the states.
    """
    shim = get_shim(model)
    _check_width(model, states)
    inputs = to_tensor(states, shim.device).requires_grad_(True)
    scores, backprop_torch = shim.begin_update(inputs)

    def backprop(gradient: Ragged) -> Ragged:
        backprop_torch(to_tensor(gradient, shim.device))
        assert inputs.grad is not None
        return to_ragged(inputs.grad, states.lengths)

    return to_ragged(scores.detach(), states.lengths), backprop


def _check_width(model: DecoderModel, states: Ragged) -> None:
    found = states.data.shape[1]
    if get_shim(model).is_initialized and found != model.get_dim("nI"):
        raise LSTMTaggerValueError(Errors.L009.format(found=found, expected=model.get_dim("nI")))
