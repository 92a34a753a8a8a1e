"""A conditional random field over emissions: the tags of a sequence together."""

from copy import deepcopy

import torch
from torch import Tensor

from .crf import CRF
from .head import Head, Targets


class CRFHead(Head):
    """States → emissions, and a linear-chain CRF over them (Lample et al. 2016, §2.2).

    Where the constraints leave a sequence no path, its tags are chosen one by one.
    """

    def __init__(self, input_width: int, n_labels: int, temperature: float = 1.0, members: int = 1) -> None:
        super().__init__(input_width, n_labels, temperature, members)
        self.crf = CRF(n_labels)

    def member_loss(
        self, emissions: Tensor, lengths: Tensor, targets: Targets, label_smoothing: float = 0.0
    ) -> Tensor:
        """See `Head.member_loss`. Missing tags are summed over. There is no label smoothing."""
        allowed = targets.find_allowed(emissions.shape[1])
        return -self.crf.log_likelihood(emissions, lengths, allowed).sum()

    def decode(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """See `Head.decode`."""
        tags, _ = self.crf.viterbi(emissions, lengths)
        return torch.where(tags < 0, emissions.argmax(1), tags)

    def marginals(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """See `Head.marginals`."""
        emissions = emissions / self.temperature
        marginals = self._temper().marginals(emissions, lengths)
        has_path = marginals.any(1, keepdim=True)
        return torch.where(has_path, marginals, torch.softmax(emissions, dim=1))

    def n_best(self, emissions: Tensor, lengths: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """See `Head.n_best`."""
        return self._temper().n_best(emissions / self.temperature, lengths, k)

    @torch.no_grad()
    def _temper(self) -> CRF:
        """RETURNS (CRF): With all scores divided by the temperature."""
        if self.temperature == 1.0:
            return self.crf
        tempered = deepcopy(self.crf)
        for parameter in tempered.parameters():
            parameter.div_(self.temperature)
        return tempered
