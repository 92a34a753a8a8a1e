"""A conditional random field over emissions: the labels of a sequence are decided together."""

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor

from ..decoder import Decoder, Targets
from .constraints import follow_scheme, permit_seen
from .crf import CRF


class CRFDecoder(Decoder):
    """States → emissions, and a linear-chain CRF over them (Lample et al. 2016, §2.2).

    If the constraints leave a sequence no path, its labels are decided one by one.

    constraints (str): "none"; a scheme, for its valid sequences only; "seen", for what the training data
    has. **settings: Those of every `Decoder`.
    """

    layer_name = "crf_head"
    needs_whole_text = True
    many_labels = 1000  # 64 sentences take a second on one core

    def __init__(
        self,
        input_width: int,
        n_labels: int,
        temperature: float = 1.0,
        members: int = 1,
        *,
        constraints: str = "none",
    ) -> None:
        super().__init__(input_width, n_labels, temperature, members)
        self.constraints = constraints
        self.crf = CRF(n_labels)

    def constrain(self, labels: Sequence[str], targets: Targets, lengths: Tensor) -> None:
        """See `Decoder.constrain`."""
        if self.constraints == "seen":
            self.crf.constrain(*permit_seen(torch.split(targets.gold, lengths.tolist()), len(labels)))
        elif self.constraints != "none":
            self.crf.constrain(*follow_scheme(self.constraints, labels))

    def find_forbidden(self, targets: Targets, lengths: Tensor) -> list[int]:
        """See `Decoder.find_forbidden`."""
        if self.constraints == "none":
            return []
        allowed = targets.find_allowed(self.linear.out_features)
        forbidden: list[int] = (~self.crf.is_possible(allowed, lengths)).nonzero().flatten().tolist()
        return forbidden

    def member_loss(
        self, emissions: Tensor, lengths: Tensor, targets: Targets, label_smoothing: float = 0.0
    ) -> Tensor:
        """See `Decoder.member_loss`. Missing labels are summed over; label smoothing is not supported."""
        allowed = targets.find_allowed(emissions.shape[1])
        return -self.crf.log_likelihood(emissions, lengths, allowed).sum()

    def decode(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """See `Decoder.decode`."""
        tags, _ = self.crf.viterbi(emissions, lengths)
        return torch.where(tags < 0, emissions.argmax(1), tags)

    def marginals(self, emissions: Tensor, lengths: Tensor, temperature: float | None = None) -> Tensor:
        """See `Decoder.marginals`."""
        temperature = temperature or self.temperature
        emissions = emissions / temperature
        marginals = self._temper(temperature).marginals(emissions, lengths)
        has_path = marginals.any(1, keepdim=True)
        return torch.where(has_path, marginals, torch.softmax(emissions, dim=1))

    def path_log_probs(self, emissions: Tensor, lengths: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """See `Decoder.path_log_probs`."""
        return self._temper(self.temperature).path_log_probs(emissions / self.temperature, lengths, labels)

    def log_prob(self, emissions: Tensor, lengths: Tensor, allowed: Tensor) -> Tensor:
        """See `Decoder.log_prob`."""
        return self.crf.log_likelihood(emissions, lengths, allowed)

    def n_best(self, emissions: Tensor, lengths: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """See `Decoder.n_best`."""
        return self._temper(self.temperature).n_best(emissions / self.temperature, lengths, k)

    @torch.no_grad()
    def _temper(self, temperature: float) -> CRF:
        """RETURNS (CRF): The CRF with all scores divided by the temperature."""
        if temperature == 1.0:
            return self.crf
        tempered = deepcopy(self.crf)
        for parameter in tempered.parameters():
            parameter.div_(temperature)
        return tempered
