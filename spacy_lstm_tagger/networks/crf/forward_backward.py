"""Sums over all paths of a chain: the log partition function, its gradient, the posterior marginals.

The forward–backward algorithm (Baum et al. 1970), with messages that are normalized at each step (Rabiner
1989, §V.A). A message says how probable each label is, given one side of the sequence; the backward
messages are the forward messages of the mirrored sequence. Everything is in float64, because a log
likelihood is a small difference of large sums.

The algorithm is written once, over a semiring (Goodman 1999). With `Probabilities` a step is a matrix
product, ten times as fast as with `Logarithms`, but numbers below 1e-308 underflow. `bound_ratio` says when
none can.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .chains import BLOCK, Chains, Links, extend

MAX_REACH = 64
# Products of two messages occur. exp(-600) is far from the smallest number of float64, exp(-708).
MAX_RATIO = 300.0


class Probabilities:
    """The semiring of probabilities."""

    one = 1.0
    enter = staticmethod(torch.exp)
    multiply = staticmethod(torch.mul)
    log = staticmethod(torch.log)

    @staticmethod
    def add_up(numbers: Tensor) -> Tensor:
        """RETURNS (Tensor): The sum of each row, `(n, 1)`."""
        return numbers.sum(1, keepdim=True)

    @staticmethod
    def divide(numbers: Tensor, divisor: Tensor) -> Tensor:
        """RETURNS (Tensor): The quotient, with 0 / 0 = 0: where there is no path, nothing is probable."""
        return numbers / divisor.clamp(min=1e-300)

    @staticmethod
    def extend(messages: Tensor, weights: Tensor) -> Tensor:
        """RETURNS (Tensor): The messages after one more step, `(n, labels)`."""
        return messages @ weights

    @staticmethod
    def leave(numbers: Tensor) -> Tensor:
        """RETURNS (Tensor): The probabilities."""
        return numbers

    @staticmethod
    def count(before: Tensor, weights: Tensor, after: Tensor, factors: Tensor) -> Tensor:
        """Count expected transitions.

        before (Tensor): The probability of each label before a transition, `(n, labels)`.
        weights (Tensor): `(labels, labels)`.
        after (Tensor): The probability of each label after it, `(n, labels)`.
        factors (Tensor): The weight of each transition, `(n,)`.
        RETURNS (Tensor): `(labels, labels)`.
        """
        return weights * (before.t() @ (after * factors[:, None]))


class Logarithms:
    """The semiring of log probabilities; its methods are those of `Probabilities`."""

    one = 0.0
    multiply = staticmethod(torch.add)
    leave = staticmethod(torch.exp)

    @staticmethod
    def enter(scores: Tensor) -> Tensor:
        return scores

    @staticmethod
    def log(numbers: Tensor) -> Tensor:
        return numbers

    @staticmethod
    def add_up(numbers: Tensor) -> Tensor:
        return torch.logsumexp(numbers, 1, keepdim=True)

    @staticmethod
    def divide(numbers: Tensor, divisor: Tensor) -> Tensor:
        return numbers - _as_finite(divisor)

    @staticmethod
    def extend(messages: Tensor, weights: Tensor) -> Tensor:
        return extend(messages, weights, _log_sum_exp)

    @staticmethod
    def count(before: Tensor, weights: Tensor, after: Tensor, factors: Tensor) -> Tensor:
        counts = torch.zeros_like(weights).flatten()
        size = max(BLOCK // weights.numel(), 1)
        for left, right, factor in zip(
            *(torch.split(x, size) for x in (before, after, factors)), strict=True
        ):
            pairs = _exp_(left[:, :, None] + weights + right[:, None])  # (n, from, to)
            counts += factor @ pairs.flatten(1)
        return counts.view_as(weights)


Numbers: TypeAlias = type[Probabilities] | type[Logarithms]


def find_reach(may_follow: Tensor) -> float:
    """Find the number of steps after which the reachable labels no longer depend on the first one, among
    labels from which a path of that length exists. 1 if nothing is forbidden.

    may_follow (Tensor): Whether the column's label may follow the row's, bool `(labels, labels)`.
    RETURNS (float): Infinite if there is no such number up to `MAX_REACH`.
    """
    # Once they no longer depend on the first label, they never do again: the number is found by bisection,
    # with powers of two of the steps.
    powers = [may_follow.float()]
    while not _is_settled(powers[-1]):
        if 2 ** (len(powers) - 1) >= MAX_REACH:
            return math.inf
        powers.append(_join_steps(powers[-1], powers[-1]))
    if len(powers) == 1:
        return 1
    reach: int = 2 ** (len(powers) - 2)
    reached = powers[-2]
    for exponent in range(len(powers) - 3, -1, -1):
        further = _join_steps(reached, powers[exponent])
        if not _is_settled(further):
            reach, reached = reach + 2**exponent, further
    return reach + 1


def _is_settled(reached: Tensor) -> bool:
    """RETURNS (bool): Whether all labels that go on reach the same labels, `(labels, labels)`."""
    alive = reached[reached.any(1)]
    return torch.equal(alive, alive[:1].expand_as(alive))


def _join_steps(first: Tensor, then: Tensor) -> Tensor:
    """RETURNS (Tensor): Which labels are reached by steps and further steps, 0 or 1 `(labels, labels)`."""
    return ((first @ then) > 0).float()


def bound_ratio(reach: float, n_labels: int, *spreads: float) -> float:
    """Bound the logarithm of the ratio of a message's nonzero values.

    Follow the paths to any label back for `reach` steps, or to their start. From there, paths lead to every
    other reachable label as well, and they differ in at most that many emissions and transitions. Each step
    multiplies the number of paths by at most `n_labels`. One more step accounts for the factors that a
    message is multiplied by before it is normalized.

    reach (float): See `find_reach`.
    n_labels (int): Number of labels.
    spreads (float): The largest differences of a token's emissions, of the permitted transitions, …
    """
    return (reach + 1) * (sum(spreads) + math.log(n_labels))


class Messages(NamedTuple):
    """What the forward pass keeps for the backward pass.

    numbers (Numbers): The semiring.
    scores (Tensor): Emissions, minus each row's largest, `(rows, labels)`.
    weights (Tensor): Transitions, minus the largest, `(labels, labels)`.
    arriving (Tensor): The probability of each label, given the tokens before it, `(rows, labels)`.
    norms (Tensor): The sum of `arriving` times `scores`, `(rows, 1)`.
    """

    numbers: Numbers
    scores: Tensor
    weights: Tensor
    arriving: Tensor
    norms: Tensor


def compute_log_partition(chains: Chains, numbers: Numbers) -> Tensor:
    """RETURNS (Tensor): The log of the summed exponentials of all paths' scores, float64 `(running,)`."""
    apply: Callable[..., Tensor] = _LogPartition.apply
    return apply(chains.emissions, chains.transitions, chains, numbers)


@torch.no_grad()
def compute_marginals(chains: Chains, numbers: Numbers) -> Tensor:
    """RETURNS (Tensor): Every label's posterior probability, packed, float64 `(rows, labels)`."""
    messages, _ = _read_forward(chains, numbers)
    marginals, *_ = _read_backward(messages, chains.links)
    return marginals


@torch.no_grad()
def compute_path_marginals(chains: Chains, numbers: Numbers, tags: Tensor) -> tuple[Tensor, Tensor]:
    """Compute how probable the labels of a path are.

    tags (Tensor): The labels, packed, int64 `(rows,)`.
    RETURNS (Tuple[Tensor, Tensor]): The posterior probability of each label; and that of each label
        together with the one before it, for the rows after the first step; float64 `(rows,)` and `(rows -
        sizes[0],)`.
    """
    messages, _ = _read_forward(chains, numbers)
    marginals, before, after = _read_backward(messages, chains.links)
    left, right = tags[chains.links.before], tags[chains.links.later]
    pairs = numbers.multiply(
        numbers.multiply(_pick(before, left), messages.weights[left, right]), _pick(after, right)
    )
    return _pick(marginals, tags), numbers.leave(pairs)


def _pick(rows: Tensor, columns: Tensor) -> Tensor:
    return rows.gather(1, columns[:, None]).squeeze(1)


class _LogPartition(torch.autograd.Function):
    """Its gradient is the expected count of each label and transition (Sutton & McCallum 2012, §5.1)."""

    @staticmethod
    def forward(
        ctx: Any, emissions: Tensor, transitions: Tensor, chains: Chains, numbers: Numbers
    ) -> Tensor:
        messages, log_norms = _read_forward(chains, numbers)
        ctx.save_for_backward(*messages[1:])
        ctx.numbers, ctx.links = numbers, chains.links
        return chains.sum_rows(log_norms)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        numbers: Numbers = ctx.numbers
        links: Links = ctx.links
        messages = Messages(numbers, *ctx.saved_tensors)
        marginals, before, after = _read_backward(messages, links)
        factors = gradients[0][links.sequence]  # (rows,)
        counts = numbers.count(before, messages.weights, after, factors[links.later])
        return marginals * factors[:, None], counts, None, None


def _read_forward(chains: Chains, numbers: Numbers) -> tuple[Messages, Tensor]:
    """RETURNS (Tuple[Messages, Tensor]): The messages, and the log partition's terms, `(rows,)`."""
    emissions, transitions = chains.emissions, chains.transitions
    largest = _as_finite(emissions.amax(1, keepdim=True))  # (rows, 1)
    largest_transition = _as_finite(transitions.max())
    scores = numbers.enter(emissions - largest)
    weights = numbers.enter(transitions - largest_transition)
    arriving = _pass_messages(scores, weights, chains.links.sizes, numbers)
    norms = numbers.add_up(numbers.multiply(arriving, scores))
    log_norms = (numbers.log(norms) + largest).squeeze(1)
    log_norms[chains.links.later] += largest_transition
    return Messages(numbers, scores, weights, arriving, norms), log_norms


def _read_backward(messages: Messages, links: Links) -> tuple[Tensor, Tensor, Tensor]:
    """RETURNS (Tuple[Tensor, Tensor, Tensor]): Marginals, probabilities `(rows, labels)`; and for every row
    after the first step, two factors of the probability of each transition to it, `(rows - sizes[0],
    labels)`.
    """
    numbers, scores, weights, arriving, norms = messages
    mirrored = _pass_messages(scores[links.mirror], weights.t(), links.sizes, numbers)
    leaving = numbers.multiply(mirrored[links.mirror], scores)  # (rows, labels)
    joint = numbers.multiply(arriving, leaving)
    total = numbers.add_up(joint)  # (rows, 1)
    before = numbers.divide(numbers.multiply(arriving, scores), norms)[links.before]
    after = numbers.divide(leaving, total)[links.later]
    return numbers.leave(numbers.divide(joint, total)), before, after


def _pass_messages(scores: Tensor, weights: Tensor, sizes: list[int], numbers: Numbers) -> Tensor:
    """Read sequences from their first token to the last.

    scores (Tensor): Packed, `(rows, labels)`.
    weights (Tensor): `(labels, labels)`.
    sizes (List[int]): How many sequences run at each step.
    RETURNS (Tensor): What arrives at each token, before its own scores, `(rows, labels)`.
    """
    arriving = torch.full_like(scores, numbers.one)
    message = None
    for size, score, arrived in zip(
        sizes, torch.split(scores, sizes), torch.split(arriving, sizes), strict=True
    ):
        if message is not None:
            arrived.copy_(numbers.extend(message[:size], weights))
        message = numbers.multiply(arrived, score)
        message = numbers.divide(message, numbers.add_up(message))
    return arriving


def _as_finite(scores: Tensor) -> Tensor:
    """RETURNS (Tensor): The scores with -inf replaced, so that it can be subtracted from -inf."""
    return scores.clamp(min=torch.finfo(scores.dtype).min)


def _log_sum_exp(scores: Tensor) -> Tensor:
    """As `torch.logsumexp` over the first dimension; the scores are overwritten."""
    largest = scores.amax(0)
    return _exp_(scores.sub_(_as_finite(largest))).sum(0).log_().add_(largest)


def _exp_(scores: Tensor) -> Tensor:
    """As `Tensor.exp_`, which is ten times slower where the result underflows. Here it is at least 1e-304,
    which vanishes next to the 1 that it is added to.
    """
    return scores.clamp_(min=-700.0).exp_()
