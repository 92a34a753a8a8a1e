"""What every decoder can do: states → emissions, and from these losses, labels and probabilities."""

from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from typing import ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Targets(NamedTuple):
    """What the gold annotation says about every token.

    gold (Tensor): The index of its label, -1 if it is missing, int64 `(tokens,)`.
    excluded (Tensor): The index of a label that it does not have, -1 if none is excluded, int64
        `(tokens,)`.
    """

    gold: Tensor
    excluded: Tensor

    def find_allowed(self, n_labels: int) -> Tensor:
        """RETURNS (Tensor): Which labels the annotation allows each token, bool `(tokens, labels)`."""
        labels = torch.arange(n_labels, device=self.gold.device)
        is_gold = self.gold[:, None] == labels
        return (is_gold | (self.gold < 0)[:, None]) & (self.excluded[:, None] != labels)


class Path(NamedTuple):
    """Labels of some consecutive tokens.

    sequence (int): The index of the sequence.
    start (int): The index of its first token there.
    labels (List[int]): The index of each token's label.
    """

    sequence: int
    start: int
    labels: list[int]


class Decoder(nn.Module):
    """A linear layer, and what decides labels from its emissions. In all methods, sequences lie end to end.

    The states may be those of several members of an ensemble, side by side. In training, each member has
    its own emissions and loss. At prediction, emissions are the mean of the members'.

    A subclass says what it can do by the class attributes, and implements the methods that are abstract
    here.

    input_width (int): Width of the states.
    n_labels (int): Number of labels.
    temperature (float): Divides all scores before they become probabilities (Guo et al. 2017, §4.2). It
        changes no label, and is not used in training.
    members (int): How many members the states have; it divides their width.
    """

    layer_name: ClassVar[str]  # of its Thinc layer in saved models
    supports_label_smoothing: ClassVar[bool] = False
    needs_whole_text: ClassVar[bool] = False  # whether a label depends on what follows, beyond the states
    many_labels: ClassVar[float] = inf  # with more, it takes long: its time grows with the square

    def __init__(self, input_width: int, n_labels: int, temperature: float = 1.0, members: int = 1) -> None:
        super().__init__()
        self.temperature = temperature
        self.members = members
        self.constraints = "none"
        self.linear = nn.Linear(input_width, n_labels)
        # All labels start out equally likely, as in spaCy's own tagger.
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, states: Tensor) -> Tensor:
        """Score labels.

        states (Tensor): `(tokens, input_width)`.
        RETURNS (Tensor): Unnormalized scores, `(tokens, labels)`; in training those of each member side by
            side, `(tokens, members * labels)`.
        """
        weight, bias = self.linear.weight, self.linear.bias
        if not self.training:
            return F.linear(states, weight / self.members, bias)
        parts = zip(states.chunk(self.members, 1), weight.chunk(self.members, 1), strict=True)
        return torch.cat([F.linear(part, part_weight, bias) for part, part_weight in parts], dim=1)

    def score_pairs(self, states: Tensor, tokens: Tensor, labels: Tensor) -> Tensor:
        """Score some labels of some tokens, as at prediction.

        states (Tensor): `(tokens, input_width)`.
        tokens (Tensor): The token of each pair, int64 `(pairs,)`.
        labels (Tensor): The label of each pair, int64 `(pairs,)`.
        RETURNS (Tensor): Unnormalized scores, `(pairs,)`.
        """
        products = torch.einsum("pw,pw->p", states[tokens], self.linear.weight[labels])
        return products / self.members + self.linear.bias[labels]

    def label_states(self, states: Tensor) -> Tensor | None:
        """Find the labels of states on the CPU, where that is faster than by their scores.

        states (Tensor): `(tokens, input_width)`, float32.
        RETURNS (Optional[Tensor]): The best labels, int64 `(tokens,)`; None if scores are as fast.
        """
        return None

    def split(self) -> list[Callable[[Tensor], Tensor]]:
        """Split the linear layer by members, so that their states need not be joined.

        RETURNS (List[Callable[[Tensor], Tensor]]): One function per member. Each takes its states `(tokens,
            input_width / members)`; their results, `(tokens, labels)`, add up to the emissions.
        """
        weights = (self.linear.weight / self.members).chunk(self.members, 1)
        biases = [self.linear.bias, *[None] * (self.members - 1)]
        return [partial(F.linear, weight=w, bias=b) for w, b in zip(weights, biases, strict=True)]

    def loss(
        self, emissions: Tensor, lengths: Tensor, targets: Targets, label_smoothing: float = 0.0
    ) -> Tensor:
        """The negative log likelihood of the annotation, summed over the batch; the mean of the members'.

        emissions (Tensor): As `forward` gave them, in training or not.
        lengths (Tensor): The length of every sequence, int64 `(batch,)` on the CPU.
        targets (Targets): The annotation.
        label_smoothing (float): See `SoftmaxDecoder`.
        RETURNS (Tensor): A scalar.
        """
        parts = torch.split(emissions, self.linear.out_features, dim=1)
        losses = [self.member_loss(part, lengths, targets, label_smoothing) for part in parts]
        return torch.stack(losses).mean()

    def rejection_loss(self, emissions: Tensor, lengths: Tensor, rejected: Sequence[Path]) -> Tensor:
        """The negative log likelihood that none of some paths is right, as if they were independent.

        emissions (Tensor): As in `loss`.
        lengths (Tensor): As in `loss`.
        rejected (Sequence[Path]): One or more paths.
        RETURNS (Tensor): A scalar, the mean of the members'.
        """
        sequences = torch.split(emissions, lengths.tolist())
        copies = torch.cat([sequences[path.sequence] for path in rejected])
        copied = lengths[[path.sequence for path in rejected]]
        n_labels = self.linear.out_features
        allowed = torch.ones(len(copies), n_labels, dtype=torch.bool)
        for path, first in zip(rejected, (copied.cumsum(0) - copied).tolist(), strict=True):
            rows = range(first + path.start, first + path.start + len(path.labels))
            allowed[rows.start : rows.stop] = False
            allowed[list(rows), path.labels] = True
        allowed = allowed.to(emissions.device)
        losses = [
            -torch.log(-torch.expm1(self.log_prob(part, copied, allowed).clamp(max=-1e-6))).sum()
            for part in torch.split(copies, n_labels, dim=1)
        ]
        return torch.stack(losses).mean()

    def constrain(self, labels: Sequence[str], targets: Targets, lengths: Tensor) -> None:
        """Set constraints, if the decoder has some: which labels may follow each other.

        labels (Sequence[str]): The labels, in the order of the emissions.
        targets (Targets): The annotation of the training data.
        lengths (Tensor): The length of every sequence, int64 `(batch,)` on the CPU.
        RAISES (LSTMTaggerValueError): If a label does not follow the scheme of the constraints.
        """

    def find_forbidden(self, targets: Targets, lengths: Tensor) -> list[int]:
        """RETURNS (List[int]): The sequences whose annotation the constraints forbid. Nothing is learned
        from them. The arguments are those of `constrain`.
        """
        return []

    def member_loss(
        self, emissions: Tensor, lengths: Tensor, targets: Targets, label_smoothing: float = 0.0
    ) -> Tensor:
        """RETURNS (Tensor): The loss of one member's emissions `(tokens, labels)`, a scalar. See `loss`."""
        raise NotImplementedError

    def decode(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """RETURNS (Tensor): The labels of the best path, int64 `(tokens,)`."""
        raise NotImplementedError

    def marginals(self, emissions: Tensor, lengths: Tensor, temperature: float | None = None) -> Tensor:
        """RETURNS (Tensor): Every label's posterior probability, `(tokens, labels)`.

        emissions (Tensor): `(tokens, labels)`.
        lengths (Tensor): The length of every sequence, int64 `(batch,)` on the CPU.
        temperature (Optional[float]): By default the decoder's own; 1 for the probabilities in training.
        """
        raise NotImplementedError

    def path_log_probs(self, emissions: Tensor, lengths: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Compute how probable the labels of a path are, one after the other.

        emissions (Tensor): `(tokens, labels)`.
        lengths (Tensor): The length of every sequence, int64 `(batch,)` on the CPU.
        labels (Tensor): The path's labels, int64 `(tokens,)`.
        RETURNS (Tuple[Tensor, Tensor]): The log posterior of each label, and that given the label before,
            float64 `(tokens,)`. The sum of the first of one token and the second of all after it is the log
            posterior of the path through them.
        """
        raise NotImplementedError

    def log_prob(self, emissions: Tensor, lengths: Tensor, allowed: Tensor) -> Tensor:
        """RETURNS (Tensor): The log probability, in training, that all labels are allowed ones, float64
        `(batch,)`.

        emissions (Tensor): Those of one member, `(tokens, labels)`.
        lengths (Tensor): The length of every sequence, int64 `(batch,)` on the CPU.
        allowed (Tensor): Bool `(tokens, labels)`.
        """
        raise NotImplementedError

    def n_best(self, emissions: Tensor, lengths: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Find the k best paths, best first.

        emissions (Tensor): `(tokens, labels)`.
        lengths (Tensor): The length of every sequence, int64 `(batch,)` on the CPU.
        k (int): How many.
        RETURNS (Tuple[Tensor, Tensor]): Their labels, int64 `(k, tokens)`, and log probabilities, float32
            `(batch, k)`: -1 and -inf where a sequence has fewer paths.
        """
        raise NotImplementedError
