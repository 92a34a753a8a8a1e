"""`spacy-lstm-tagger.Softmax.v1`: a vector for every token → emissions."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import torch
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import Errors
from ..networks import SoftmaxHead, Targets
from .convert import to_arrays, to_tensor
from .shim import TorchShim, get_shim

Head: TypeAlias = Model[list[Floats2d], list[Floats2d]]


def build_softmax_head() -> Head:
    """Build a layer that scores every token's labels by themselves: linear, with a softmax in its loss.

    It works over any tok2vec layer. Widths are inferred by `initialize`.

    RETURNS (Model[List[Floats2d], List[Floats2d]]): For every document unnormalised scores
        `(tokens, labels)`, the same in training and in prediction.
    """
    return Model(
        "softmax_head",
        forward,
        init=init,
        dims={"nI": None, "nO": None},
        shims=[TorchShim(partial(_build_network))],
    )


def _build_network(*, input_width: int, n_labels: int) -> SoftmaxHead:
    return SoftmaxHead(input_width, n_labels)


def init(model: Head, X: list[Floats2d] | None = None, Y: list[Floats2d] | None = None) -> None:  # noqa: N803
    """Infer the widths from a sample, unless they are set, and build the network."""
    if X is not None and model.has_dim("nI") is None:
        model.set_dim("nI", X[0].shape[1])
    if Y is not None and model.has_dim("nO") is None:
        model.set_dim("nO", Y[0].shape[1])
    get_shim(model).initialize(input_width=model.get_dim("nI"), n_labels=model.get_dim("nO"))


def forward(
    model: Head, states: list[Floats2d], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Floats2d]]]:
    """Score the labels of every token."""
    if not states:
        return [], _no_gradient
    shim = get_shim(model)
    lengths = [len(x) for x in states]
    flat = to_tensor(states, shim.device)  # (tokens, width)
    if shim.is_initialized and flat.shape[1] != model.get_dim("nI"):
        raise ValueError(Errors.L009.format(found=flat.shape[1], expected=model.get_dim("nI")))
    if not is_train:
        return to_arrays(shim.predict(flat), lengths), _no_gradient
    flat.requires_grad_(True)
    emissions, backprop_torch = shim.begin_update(flat)

    def backprop(gradients: list[Floats2d]) -> list[Floats2d]:
        backprop_torch(to_tensor(gradients, shim.device))
        assert flat.grad is not None
        return to_arrays(flat.grad, lengths)

    return to_arrays(emissions.detach(), lengths), backprop


def _no_gradient(gradients: list[Floats2d]) -> list[Floats2d]:
    return []


def get_loss(
    model: Head, emissions: list[Floats2d], targets: Targets, label_smoothing: float
) -> tuple[float, list[Floats2d]]:
    """The head's loss and its gradient.

    model (Head): The head.
    emissions (List[Floats2d]): For every document `(tokens, labels)`.
    targets (Targets): The annotation of all tokens, documents end to end.
    label_smoothing (float): See `networks.SoftmaxHead.loss`.
    RETURNS (Tuple[float, List[Floats2d]]): The loss, summed over tokens, and the emissions' gradients.
    """
    shim = get_shim(model)
    with torch.enable_grad():
        flat = to_tensor(emissions, shim.device).clone().requires_grad_(True)
        loss = shim.module.loss(flat, Targets(*(t.to(flat.device) for t in targets)), label_smoothing)
        loss.backward()
    assert flat.grad is not None
    return loss.item(), to_arrays(flat.grad, [len(x) for x in emissions])
