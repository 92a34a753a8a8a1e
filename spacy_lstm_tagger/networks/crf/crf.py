"""A linear-chain conditional random field: the labels of a sequence are decided together.

Lafferty et al. 2001; over emissions of an LSTM, Lample et al. 2016, §2.2. This module
has its parameters and its interface; the algorithms are in `forward_backward.py` and `viterbi.py`.
"""

import torch
from torch import Tensor, nn

from .chains import Chains
from .forward_backward import (
    MAX_RATIO,
    Logarithms,
    Numbers,
    Probabilities,
    bound_ratio,
    compute_log_partition,
    compute_marginals,
    compute_path_marginals,
    find_reach,
)
from .viterbi import find_best_paths, find_k_best_paths


class CRF(nn.Module):
    """Emissions → the probability of every path of labels. In all methods, sequences lie end to end.

    An empty sequence has one path, without labels. If the constraints leave a sequence no path, its log
    partition and scores are -inf, its marginals 0 and its labels -1.

    n_labels (int): Number of labels.
    """

    may_start: Tensor
    may_follow: Tensor
    may_end: Tensor
    reach: Tensor

    def __init__(self, n_labels: int) -> None:
        super().__init__()
        # All paths start out equally likely.
        self.transitions = nn.Parameter(torch.zeros(n_labels, n_labels))  # (from, to)
        self.start = nn.Parameter(torch.zeros(n_labels))
        self.end = nn.Parameter(torch.zeros(n_labels))
        self.register_buffer("may_start", torch.ones(n_labels, dtype=torch.bool))
        self.register_buffer("may_follow", torch.ones(n_labels, n_labels, dtype=torch.bool))
        self.register_buffer("may_end", torch.ones(n_labels, dtype=torch.bool))
        self.register_buffer("reach", torch.ones(()))  # see `find_reach`

    @torch.no_grad()
    def constrain(self, may_start: Tensor, may_follow: Tensor, may_end: Tensor) -> None:
        """Forbid paths, whatever they score.

        may_start (Tensor): Whether a sequence may start with a label, bool `(labels,)`.
        may_follow (Tensor): Whether the column's label may follow the row's, bool `(labels, labels)`.
        may_end (Tensor): Whether a sequence may end with a label, bool `(labels,)`.
        """
        self.may_start.copy_(may_start)
        self.may_follow.copy_(may_follow)
        self.may_end.copy_(may_end)
        self.reach.fill_(find_reach(may_follow))

    def log_likelihood(self, emissions: Tensor, lengths: Tensor, allowed: Tensor) -> Tensor:
        """The log probability of the annotation: of all paths that it allows, together (Tsuboi et al.
        2008). Where all labels are missing, or no permitted path agrees with the annotation, it is 0 and
        has no gradient.

        emissions (Tensor): `(tokens, labels)`.
        lengths (Tensor): The length of every sequence, int64 `(batch,)` on the CPU; may hold zeros.
        allowed (Tensor): Which labels the annotation allows a token, bool `(tokens, labels)`: one if it has
            a gold label, all if that is missing, all others if one is excluded.
        RETURNS (Tensor): Float64 `(batch,)`.
        """
        is_annotated = ~_hold_throughout(allowed.all(1), lengths)  # (batch,)
        said = is_annotated.repeat_interleave(lengths).to(emissions.device)  # (tokens,)
        emissions, allowed, said_lengths = emissions[said], allowed[said], lengths[is_annotated]
        annotated = self._sum_allowed(emissions, said_lengths, allowed)
        likelihood = annotated - self.log_partition(emissions, said_lengths)
        likelihood = torch.where(annotated > -torch.inf, likelihood, 0.0)
        places = is_annotated.nonzero().squeeze(1).to(emissions.device)
        return likelihood.new_zeros(len(lengths)).index_copy(0, places, likelihood)

    @torch.no_grad()
    def is_possible(self, allowed: Tensor, lengths: Tensor) -> Tensor:
        """Find the sequences with a path that both the annotation and the constraints allow.

        allowed (Tensor): See `log_likelihood`.
        lengths (Tensor): See `log_likelihood`.
        RETURNS (Tensor): Bool `(batch,)`.
        """
        return (
            self._sum_allowed(torch.zeros_like(allowed, dtype=torch.float32), lengths, allowed) > -torch.inf
        )

    def log_partition(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """RETURNS (Tensor): The log of the summed exponentials of all paths' scores, float64 `(batch,)`."""
        return self._sum_paths(emissions, lengths)

    @torch.no_grad()
    def marginals(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """RETURNS (Tensor): Every label's posterior probability, float32 `(tokens, labels)`."""
        chains = self._pack(emissions, lengths, torch.float64)
        return chains.unpack(compute_marginals(chains, self._choose_numbers(emissions)).float())

    @torch.no_grad()
    def path_log_probs(self, emissions: Tensor, lengths: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Compute how probable the labels of a path are. See `Decoder.path_log_probs`."""
        chains = self._pack(emissions, lengths, torch.float64)
        tags = labels[chains.packing.rows.to(labels.device)]
        alone, pairs = compute_path_marginals(chains, self._choose_numbers(emissions), tags)
        given_before = alone.clone()
        given_before[chains.links.later] = pairs / alone[chains.links.before].clamp(min=1e-300)
        return chains.unpack(alone.log()), chains.unpack(given_before.log())

    @torch.no_grad()
    def viterbi(self, emissions: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Find the best paths.

        emissions (Tensor): `(tokens, labels)`.
        lengths (Tensor): The length of every sequence, int64 `(batch,)` on the CPU; may hold zeros.
        RETURNS (Tuple[Tensor, Tensor]): Their labels, int64 `(tokens,)`, and scores, float64 `(batch,)`.
        """
        chains = self._pack(emissions, lengths, torch.promote_types(emissions.dtype, torch.float32))
        tags = find_best_paths(chains)
        scores = chains.score(tags)  # (running,)
        tags.masked_fill_(scores.isneginf()[chains.links.sequence], -1)
        return chains.unpack(tags), chains.spread(scores, len(lengths))

    @torch.no_grad()
    def n_best(self, emissions: Tensor, lengths: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Find the k best paths, best first.

        emissions (Tensor): `(tokens, labels)`.
        lengths (Tensor): The length of every sequence, int64 `(batch,)` on the CPU; may hold zeros.
        k (int): How many.
        RETURNS (Tuple[Tensor, Tensor]): Their labels, int64 `(k, tokens)`, and log probabilities, float32
            `(batch, k)`: -1 and -inf where a sequence has fewer paths.
        """
        chains = self._pack(emissions, lengths, torch.float64)
        tags, scores = find_k_best_paths(chains, k)
        log_partition = compute_log_partition(chains, self._choose_numbers(emissions))
        log_probs = torch.where(scores.isneginf(), scores, scores - log_partition[:, None])
        log_probs = chains.spread(log_probs, len(lengths))
        log_probs[lengths == 0, 1:] = -torch.inf
        return chains.unpack(tags.t()).t(), log_probs.float()

    def _sum_paths(self, emissions: Tensor, lengths: Tensor, allowed: Tensor | None = None) -> Tensor:
        numbers = self._choose_numbers(emissions, is_masked=allowed is not None)
        if allowed is not None:
            emissions = emissions.masked_fill(~allowed, -torch.inf)
        chains = self._pack(emissions, lengths, torch.float64)
        return chains.spread(compute_log_partition(chains, numbers), len(lengths))

    def _sum_allowed(self, emissions: Tensor, lengths: Tensor, allowed: Tensor) -> Tensor:
        """RETURNS (Tensor): As `log_partition`, but of the allowed paths only, float64 `(batch,)`."""
        # Where every token has a single allowed label, there is nothing to sum.
        has_one = _hold_throughout(allowed.sum(1) == 1, lengths)  # (batch,)
        chains = self._pack(emissions, lengths, torch.float64)
        tags = allowed.byte().argmax(1)  # (tokens,)
        scores = chains.score(tags[chains.packing.rows.to(tags.device)])  # (running,)
        scores = chains.spread(scores, len(lengths))
        if has_one.all():
            return scores
        tokens = (~has_one).repeat_interleave(lengths).to(emissions.device)  # (tokens,)
        sums = self._sum_paths(emissions[tokens], lengths[~has_one], allowed[tokens])
        places = (~has_one).nonzero().squeeze(1).to(emissions.device)
        return scores.index_copy(0, places, sums)

    def _weights(self) -> list[tuple[Tensor, Tensor]]:
        """RETURNS (List[Tuple[Tensor, Tensor]]): The parameters, and which of their values the constraints
        permit.
        """
        return [
            (self.start, self.may_start),
            (self.transitions, self.may_follow),
            (self.end, self.may_end),
        ]

    def _pack(self, emissions: Tensor, lengths: Tensor, dtype: torch.dtype) -> Chains:
        masked = [weight.to(dtype).masked_fill(~may, -torch.inf) for weight, may in self._weights()]
        return Chains.pack(emissions.to(dtype), lengths, *masked)

    @torch.no_grad()
    def _choose_numbers(self, emissions: Tensor, is_masked: bool = False) -> Numbers:
        """Choose probabilities, which are faster than logarithms, if none of them can underflow.

        emissions (Tensor): `(tokens, labels)`.
        is_masked (bool): Whether some of them will be forbidden. `reach` does not account for that: a
            path around them may be longer, unless `reach` is a single step.
        """
        if is_masked and self.reach > 1:
            return Logarithms
        spreads = [_spread(emissions), *(_spread(weight[may]) for weight, may in self._weights())]
        ratio = bound_ratio(self.reach.item(), emissions.shape[1], *spreads)
        return Probabilities if ratio < MAX_RATIO else Logarithms


def _spread(scores: Tensor) -> float:
    """RETURNS (float): The largest difference of two scores of a row, of `(..., labels)`."""
    if not scores.numel():
        return 0.0
    return float((scores.amax(-1).double() - scores.amin(-1).double()).max())


def _hold_throughout(holds: Tensor, lengths: Tensor) -> Tensor:
    """RETURNS (Tensor): In which sequences all of `(tokens,)` are true, bool `(batch,)` on the CPU."""
    sequence = torch.arange(len(lengths)).repeat_interleave(lengths)  # (tokens,)
    return torch.bincount(sequence[~holds.cpu()], minlength=len(lengths)) == 0
