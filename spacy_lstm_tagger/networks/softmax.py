"""A softmax over every token's emissions: each label is decided on its own."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .crf.crf import CRF
from .decoder import Decoder, Targets
from .screening import find_best, is_worthwhile


class SoftmaxDecoder(Decoder):
    """States → emissions, and each token's label on its own."""

    layer_name = "softmax_head"
    supports_label_smoothing = True

    def label_states(self, states: Tensor) -> Tensor | None:
        """See `Decoder.label_states`."""
        weight = self.linear.weight.detach()
        if not is_worthwhile(states, weight):
            return None
        return find_best(states, weight / self.members, self.linear.bias.detach())

    def member_loss(
        self, emissions: Tensor, lengths: Tensor, targets: Targets, label_smoothing: float = 0.0
    ) -> Tensor:
        """The negative log likelihood of the annotation, summed over tokens.

        A token without annotation has no loss. If it excludes a label, the probabilities of all other
        labels are summed.

        emissions (Tensor): `(tokens, labels)`.
        lengths (Tensor): Not used.
        targets (Targets): The annotation.
        label_smoothing (float): The share of the gold label's probability that is spread over the others
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

    def decode(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """See `Decoder.decode`."""
        if emissions.device.type != "cpu":
            return emissions.argmax(1)
        return torch.from_numpy(emissions.detach().numpy().argmax(1))  # several times as fast as torch

    def marginals(self, emissions: Tensor, lengths: Tensor, temperature: float | None = None) -> Tensor:
        """See `Decoder.marginals`."""
        return torch.softmax(emissions / (temperature or self.temperature), dim=1)

    def path_log_probs(self, emissions: Tensor, lengths: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """See `Decoder.path_log_probs`."""
        log_probs = torch.log_softmax(emissions.double() / self.temperature, dim=1)
        own = log_probs.gather(1, labels[:, None]).squeeze(1)
        return own, own

    def log_prob(self, emissions: Tensor, lengths: Tensor, allowed: Tensor) -> Tensor:
        """See `Decoder.log_prob`."""
        log_probs = torch.log_softmax(emissions.double(), dim=1).masked_fill(~allowed, float("-inf"))
        sequence = torch.arange(len(lengths)).repeat_interleave(lengths).to(emissions.device)
        sums = torch.logsumexp(log_probs, dim=1)
        return sums.new_zeros(len(lengths)).index_add(0, sequence, sums)

    def n_best(self, emissions: Tensor, lengths: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """See `Decoder.n_best`. Labels decided one by one are a chain whose transitions all score 0."""
        chain = CRF(emissions.shape[1]).to(emissions.device)
        return chain.n_best(emissions / self.temperature, lengths, k)
