"""Sums over all paths of a chain: the log partition function, its gradient, the posterior marginals.

The forward–backward algorithm (Baum et al. 1970), with messages that are normalised at each step (Rabiner
1989, §V.A). A message says how probable each label is, given one side of the sequence; the backward
messages are the forward messages of the mirrored sequence. All is in float64: a log-likelihood is a small
difference of large sums.

The algorithm is written once, for numbers of either kind (semirings; Goodman 1999). With `Probabilities` a
step is a matrix product, ten times as fast as with `Logarithms`, but what is below 1e-308 is lost.
`bound_ratio` says when nothing can be.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .chains import BLOCK, Chains, Rows, extend

MAX_REACH = 64
# Products of two messages occur. exp(-600) is far from the smallest number of float64, exp(-708).
MAX_RATIO = 300.0


class Probabilities:
    """Numbers as they are."""

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
        """RETURNS (Tensor): Zero for 0 / 0: where no path is, none is probable."""
        return numbers / divisor.clamp(min=1e-300)

    @staticmethod
    def extend(messages: Tensor, weights: Tensor) -> Tensor:
        """RETURNS (Tensor): The messages a step further, `(n, labels)`."""
        return messages @ weights

    @staticmethod
    def leave(numbers: Tensor) -> Tensor:
        """RETURNS (Tensor): The probabilities."""
        return numbers

    @staticmethod
    def count(before: Tensor, weights: Tensor, after: Tensor, factors: Tensor) -> Tensor:
        """Count expected transitions.

        before (Tensor): How probable is each label before a transition, `(n, labels)`.
        weights (Tensor): `(labels, labels)`.
        after (Tensor): How probable is each label after it, `(n, labels)`.
        factors (Tensor): How much each of them counts, `(n,)`.
        RETURNS (Tensor): `(labels, labels)`.
        """
        return weights * (before.t() @ (after * factors[:, None]))


class Logarithms:
    """Numbers by their logarithms; all as in `Probabilities`."""

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
    """After how many steps it is forgotten where a path was: all labels from which one can go on that long
    lead to the same labels. 1 if nothing is forbidden.

    may_follow (Tensor): Whether the column's label may follow the row's, bool `(labels, labels)`.
    RETURNS (float): Infinite if it is never forgotten, or not soon.
    """
    step = may_follow.double()
    reached = step
    for reach in range(1, MAX_REACH + 1):
        alive = reached[reached.any(1)]  # (labels that go on, labels)
        if torch.equal(alive, alive[:1].expand_as(alive)):
            return reach
        reached = ((reached @ step) > 0).double()
    return math.inf


def bound_ratio(reach: float, n_labels: int, *spreads: float) -> float:
    """Bound the logarithm of the ratio of a message's numbers that are not zero.

    Follow the paths to any label `reach` steps back, or to their start. From the labels where they are
    then, a path leads to every other label, too, unless none arrives there at all: one that differs by so
    many emissions and transitions at most. Each step has at most `n_labels` times as many paths. One step
    more counts the factors that a message is multiplied with before it is normalised.

    reach (float): See `find_reach`.
    n_labels (int): Labels.
    spreads (float): How far apart are a token's emissions, the permitted transitions, …
    """
    return (reach + 1) * (sum(spreads) + math.log(n_labels))


class Messages(NamedTuple):
    """The forward half of the algorithm: what is kept for the backward half.

    numbers (Numbers): Of which kind all these are.
    scores (Tensor): Emissions, each row's largest taken off, `(rows, labels)`.
    weights (Tensor): Transitions, the largest taken off, `(labels, labels)`.
    arriving (Tensor): How probable each label is, given the tokens before it, `(rows, labels)`.
    norms (Tensor): The sum of what is arriving, times the scores, `(rows, 1)`.
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
    marginals, *_ = _read_backward(messages, chains.rows)
    return marginals


class _LogPartition(torch.autograd.Function):
    """The gradient is how often each label and transition is expected (Sutton & McCallum 2012, §5.1)."""

    @staticmethod
    def forward(
        ctx: Any, emissions: Tensor, transitions: Tensor, chains: Chains, numbers: Numbers
    ) -> Tensor:
        messages, log_norms = _read_forward(chains, numbers)
        ctx.save_for_backward(*messages[1:])
        ctx.numbers, ctx.rows = numbers, chains.rows
        return chains.sum_rows(log_norms)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        numbers: Numbers = ctx.numbers
        rows: Rows = ctx.rows
        messages = Messages(numbers, *ctx.saved_tensors)
        marginals, before, after = _read_backward(messages, rows)
        factors = gradients[0][rows.sequence]  # (rows,)
        counts = numbers.count(before, messages.weights, after, factors[rows.later])
        return marginals * factors[:, None], counts, None, None


def _read_forward(chains: Chains, numbers: Numbers) -> tuple[Messages, Tensor]:
    """RETURNS (Tuple[Messages, Tensor]): What is kept; each row's share of the log partition, `(rows,)`."""
    emissions, transitions = chains.emissions.double(), chains.transitions.double()
    largest = _as_finite(emissions.amax(1, keepdim=True))  # (rows, 1)
    largest_transition = _as_finite(transitions.max())
    scores = numbers.enter(emissions - largest)
    weights = numbers.enter(transitions - largest_transition)
    arriving = _pass_messages(scores, weights, chains.rows.sizes, numbers)
    norms = numbers.add_up(numbers.multiply(arriving, scores))
    log_norms = (numbers.log(norms) + largest).squeeze(1)
    log_norms[chains.rows.later] += largest_transition
    return Messages(numbers, scores, weights, arriving, norms), log_norms


def _read_backward(messages: Messages, rows: Rows) -> tuple[Tensor, Tensor, Tensor]:
    """RETURNS (Tuple[Tensor, Tensor, Tensor]): Marginals, probabilities `(rows, labels)`; and for every row
    after the first step, two factors of how probable each transition to it is, `(rows - sizes[0], labels)`.
    """
    numbers, scores, weights, arriving, norms = messages
    mirrored = _pass_messages(scores[rows.mirror], weights.t(), rows.sizes, numbers)
    leaving = numbers.multiply(mirrored[rows.mirror], scores)  # (rows, labels)
    joint = numbers.multiply(arriving, leaving)
    total = numbers.add_up(joint)  # (rows, 1)
    before = numbers.divide(numbers.multiply(arriving, scores), norms)[rows.before]
    after = numbers.divide(leaving, total)[rows.later]
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
    """RETURNS (Tensor): The lowest number for -inf, so that it can be taken off -inf."""
    return scores.clamp(min=torch.finfo(scores.dtype).min)


def _log_sum_exp(scores: Tensor) -> Tensor:
    """As `torch.logsumexp` over the first dimension; the scores are overwritten."""
    largest = scores.amax(0)
    return _exp_(scores.sub_(_as_finite(largest))).sum(0).log_().add_(largest)


def _exp_(scores: Tensor) -> Tensor:
    """As `Tensor.exp_`, which takes ten times as long where the result is next to zero or zero: here it is
    1e-304 at least, which is lost beside the 1 that it is added to.
    """
    return scores.clamp_(min=-700.0).exp_()
