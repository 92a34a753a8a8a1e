"""`spacy-lstm-tagger.Softmax.v1` and `CRF.v1`: a vector for every token → emissions → tags."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import Errors, check_setting
from ..networks import CRFHead, Head, SoftmaxHead, Targets, follow_scheme, permit_seen
from .convert import to_arrays, to_tensor
from .shim import TorchShim, get_shim

HeadModel: TypeAlias = Model[list[Floats2d], list[Floats2d]]
Labels: TypeAlias = npt.NDArray[np.int64]
TEMPERATURES = (0.1, 10.0)  # no network that learned anything is further off
Scheme: TypeAlias = Literal["none", "bio", "biluo", "seen"]


def build_softmax_head(members: int = 1) -> HeadModel:
    """Build a layer that scores every token's labels by themselves: linear, with a softmax in its loss.

    It works over any tok2vec layer. Widths are inferred by `initialize`.

    members (int): How many members an ensemble below it has (`spacy-lstm-tagger.Ensemble.v1`).
    RETURNS (Model[List[Floats2d], List[Floats2d]]): For every document unnormalised scores
        `(tokens, labels)`; in training those of every member, `(tokens, members * labels)`.
    """
    return _build_head("spacy-lstm-tagger.Softmax.v1", SoftmaxHead, members)


def build_crf_head(constraints: Scheme = "none", members: int = 1) -> HeadModel:
    """Build a layer that scores paths of labels: linear, with a conditional random field over it (Lafferty
    et al. 2001). Tags are those of the best path.

    It works over any tok2vec layer. Widths are inferred by `initialize`.

    constraints (str): Which tags may follow which: "none" for any; "bio" or "biluo" for valid sequences of
        spans alone; "seen" for what the training data holds.
    members (int): How many members an ensemble below it has (`spacy-lstm-tagger.Ensemble.v1`).
    RETURNS (Model[List[Floats2d], List[Floats2d]]): For every document unnormalised scores
        `(tokens, labels)`; in training those of every member, `(tokens, members * labels)`.
    """
    name, schemes = "spacy-lstm-tagger.CRF.v1", ("none", "bio", "biluo", "seen")
    check_setting(name, "constraints", constraints, constraints in schemes, f"one of {schemes}")
    model = _build_head(name, CRFHead, members)
    model.attrs["constraints"] = constraints
    return model


def _build_head(architecture: str, head_class: type[Head], members: int) -> HeadModel:
    check_setting(architecture, "members", members, members >= 1, "a positive number")
    shim = TorchShim(partial(_build_network, head_class, members))
    name = {SoftmaxHead: "softmax_head", CRFHead: "crf_head"}[head_class]
    attrs = {"members": members}
    return Model(name, forward, init=init, dims={"nI": None, "nO": None}, attrs=attrs, shims=[shim])


def _build_network(
    head_class: type[Head],
    members: int,
    *,
    input_width: int,
    n_labels: int,
    temperature: float = 1.0,
) -> Head:
    return head_class(input_width, n_labels, temperature, members)


def init(model: HeadModel, X: list[Floats2d] | None = None, Y: list[Floats2d] | None = None) -> None:  # noqa: N803
    """Infer the widths from a sample, unless they are set, and build the network.

    RAISES (ValueError): If the states can't be those of so many members.
    """
    if X is not None and model.has_dim("nI") is None:
        model.set_dim("nI", X[0].shape[1])
    if Y is not None and model.has_dim("nO") is None:
        model.set_dim("nO", Y[0].shape[1])
    width, members = model.get_dim("nI"), model.attrs["members"]
    if width % members:
        raise ValueError(Errors.L013.format(width=width, members=members))
    get_shim(model).initialize(input_width=width, n_labels=model.get_dim("nO"))


def forward(
    model: HeadModel, states: list[Floats2d], is_train: bool
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


def constrain(
    model: HeadModel, labels: Sequence[str], targets: Targets, lengths: Sequence[int]
) -> list[int]:
    """Set the constraints that a CRF's config asks for.

    model (Model): The head, initialized; its attribute `constraints` is not "none".
    labels (Sequence[str]): The labels, in the order of the emissions.
    targets (Targets): The annotation of the training data, documents end to end.
    lengths (Sequence[int]): The number of tokens of every document.
    RETURNS (List[int]): What `find_forbidden` does.
    RAISES (ValueError): For a label that is not of the scheme.
    """
    scheme = model.attrs["constraints"]
    crf = get_shim(model).module.crf
    if scheme == "seen":
        permitted = permit_seen(torch.split(targets.gold, [*lengths]), len(labels))
    else:
        try:
            permitted = follow_scheme(scheme, labels)
        except ValueError as error:
            raise ValueError(Errors.L010.format(label=error.args[0], scheme=scheme)) from error
    crf.constrain(*permitted)
    return find_forbidden(model, targets, lengths)


def find_forbidden(model: HeadModel, targets: Targets, lengths: Sequence[int]) -> list[int]:
    """RETURNS (List[int]): The documents whose annotation a CRF's constraints forbid. Nothing is learned
    from them. The arguments are those of `constrain`.
    """
    shim = get_shim(model)
    allowed = Targets(*(t.to(shim.device) for t in targets)).find_allowed(model.get_dim("nO"))
    is_possible = shim.module.crf.is_possible(allowed, torch.tensor(lengths))
    found: list[int] = (~is_possible).nonzero().flatten().tolist()
    return found


def get_loss(
    model: HeadModel, emissions: list[Floats2d], targets: Targets, label_smoothing: float
) -> tuple[float, list[Floats2d]]:
    """The head's loss and its gradient. That of a decoder's own weights is added up, as by a callback.

    model (Model): The head.
    emissions (List[Floats2d]): For every document `(tokens, labels)`, or those of every member.
    targets (Targets): The annotation of all tokens, documents end to end.
    label_smoothing (float): See `networks.SoftmaxHead.loss`.
    RETURNS (Tuple[float, List[Floats2d]]): The loss, summed over tokens, and the emissions' gradients.
    """
    shim = get_shim(model)
    lengths = [len(x) for x in emissions]
    with torch.enable_grad():
        flat = to_tensor(emissions, shim.device).clone().requires_grad_(True)
        targets = Targets(*(t.to(flat.device) for t in targets))
        loss = shim.module.loss(flat, torch.tensor(lengths), targets, label_smoothing)
        loss.backward()
    assert flat.grad is not None
    return loss.item(), to_arrays(flat.grad, lengths)


def decode(model: HeadModel, emissions: list[Floats2d]) -> list[Labels]:
    """RETURNS (List[Labels]): The labels of the best path of every document, `(tokens,)`."""
    return _ask(model, emissions, "decode")


def get_marginals(model: HeadModel, emissions: list[Floats2d]) -> list[Floats2d]:
    """RETURNS (List[Floats2d]): Every label's posterior, `(tokens, labels)` for each document."""
    return _ask(model, emissions, "marginals")


def _ask(model: HeadModel, emissions: list[Floats2d], question: str) -> list[Any]:
    shim = get_shim(model)
    lengths = [len(x) for x in emissions]
    with torch.no_grad():
        answer = getattr(shim.module, question)(to_tensor(emissions, shim.device), torch.tensor(lengths))
    return to_arrays(answer.cpu(), lengths)


def get_n_best(
    model: HeadModel, emissions: list[Floats2d], k: int
) -> tuple[list[Labels], npt.NDArray[np.float32]]:
    """Find the best paths.

    RETURNS (Tuple[List[Labels], np.ndarray]): For every document the labels of each of its k best paths,
        `(tokens, k)`, and their log probabilities `(docs, k)`: -1 and -inf where there are fewer.
    """
    shim = get_shim(model)
    lengths = [len(x) for x in emissions]
    with torch.no_grad():
        flat = to_tensor(emissions, shim.device)
        tags, log_probs = shim.module.n_best(flat, torch.tensor(lengths), k)
    paths: Any = to_arrays(tags.t().contiguous().cpu(), lengths)
    return paths, log_probs.cpu().numpy()


def fit_temperature(model: HeadModel, emissions: list[Floats2d], gold: Labels) -> float:
    """Find the temperature that makes the gold labels most probable (Guo et al. 2017, §4.2), each by its
    own posterior, and set it.

    model (Model): The head.
    emissions (List[Floats2d]): For every document `(tokens, labels)`.
    gold (Labels): The gold label of every token, documents end to end; -1 where there is none, `(tokens,)`.
    RETURNS (float): The temperature: above 1 if the probabilities were too far from even.
    """
    words = np.flatnonzero(gold >= 0)

    def measure(log_temperature: float) -> float:
        set_temperature(model, float(np.exp(log_temperature)))
        arrays: list[Any] = [*get_marginals(model, emissions)]
        marginals = np.concatenate(arrays)
        return -float(np.log(np.maximum(marginals[words, gold[words]], 1e-30)).mean())

    temperature = float(np.exp(_minimize(measure, *np.log(TEMPERATURES))))
    set_temperature(model, temperature)
    return temperature


def _minimize(function: Callable[[float], float], low: float, high: float) -> float:
    """RETURNS (float): Where a function with one minimum has it, by golden section search."""
    ratio = (5**0.5 - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = function(left), function(right)
    while high - low > 1e-3:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = function(right)
    return (low + high) / 2


def set_temperature(model: HeadModel, temperature: float) -> None:
    """Set what divides the scores before they become probabilities; it is saved with the weights."""
    shim = get_shim(model)
    shim.module.temperature = temperature
    shim.fitted = {**shim.fitted, "temperature": temperature}
