"""A linear layer and a softmax: every token's tag by itself."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Targets(NamedTuple):
    """What the gold annotation says of every token.

    gold (Tensor): The index of its label, -1 where there is none, int64 `(tokens,)`.
    excluded (Tensor): The index of a label that it does not have, -1 where nothing is excluded.
    """

    gold: Tensor
    excluded: Tensor


class SoftmaxHead(nn.Module):
    """States → emissions, and their negative log likelihood.

    input_width (int): Width of the states.
    n_labels (int): Labels.
    """

    def __init__(self, input_width: int, n_labels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(input_width, n_labels)
        # All labels start out equally likely, as in spaCy's own tagger.
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, states: Tensor) -> Tensor:
        """RETURNS (Tensor): Unnormalised scores, `(tokens, labels)`, for states `(tokens, input_width)`."""
        emissions: Tensor = self.linear(states)
        return emissions

    def loss(self, emissions: Tensor, targets: Targets, label_smoothing: float = 0.0) -> Tensor:
        """The negative log likelihood of the annotation, summed over tokens.

        A token without annotation says nothing: the probabilities of all labels sum to one. One that
        excludes a label says that its tag is one of the others, whose probabilities are summed.

        emissions (Tensor): `(tokens, labels)`.
        targets (Targets): The annotation.
        label_smoothing (float): This share of the gold label's probability is spread over the others
            (Szegedy et al. 2016, §7).
        RETURNS (Tensor): A scalar.
        """
        log_probs = F.log_softmax(emissions, dim=1)
        has_gold = targets.gold >= 0
        gold_log_probs = log_probs[has_gold]  # (annotated, labels)
        gold = targets.gold[has_gold]
        loss = F.nll_loss(gold_log_probs, gold, reduction="sum")
        n_others = emissions.shape[1] - 1
        if label_smoothing and n_others:
            others = gold_log_probs.sum() + loss  # the sum over all labels but the gold ones
            loss = (1 - label_smoothing) * loss - label_smoothing / n_others * others
        has_excluded = targets.excluded >= 0
        if n_others and bool(has_excluded.any()):
            kept = torch.ones_like(emissions, dtype=torch.bool)[has_excluded]  # (excluding, labels)
            kept.scatter_(1, targets.excluded[has_excluded][:, None], False)
            allowed = log_probs[has_excluded].masked_fill(~kept, float("-inf"))
            loss = loss - torch.logsumexp(allowed, dim=1).sum()
        return loss
