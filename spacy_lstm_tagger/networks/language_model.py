"""What a recurrence learns from words without tags: to predict their neighbours."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .dropout import dropout


class LanguageModel(nn.Module):
    """A loss beside that of the tags: states shall predict the word that their direction reads next (Rei
    2017, §3). It is of no use at prediction.

    state_width (int): Width of one direction's state.
    directions (int): 1 or 2.
    n_words (int): The words that are told apart, with 0 for all others.
    width (int): Width of the hidden layer.
    weight (float): By which the loss is multiplied.
    share (float): The share of the states that predict in a training step, drawn anew in each. They stand
        for all.
    """

    def __init__(
        self, state_width: int, directions: int, n_words: int, width: int, *, weight: float, share: float
    ) -> None:
        super().__init__()
        self.n_words = n_words
        self.weight = weight
        self.share = share
        self.hidden = nn.ModuleList(nn.Linear(state_width, width) for _ in range(directions))
        self.words = nn.ModuleList(nn.Linear(width, n_words) for _ in range(directions))
        for layer in self.words:
            # All words start out equally likely.
            nn.init.zeros_(layer.get_parameter("weight"))
            nn.init.zeros_(layer.get_parameter("bias"))

    def forward(self, states: Tensor, rows: Tensor, lengths: Tensor, rate: float) -> Tensor:
        """Compute the loss. States must not have seen what they predict: those of a first layer haven't.

        states (Tensor): Of sequences end to end, `(tokens, directions * state_width)`, forward first.
        rows (Tensor): The word of every token, in the order of frequency from 1 on, int64 `(tokens,)`.
        lengths (Tensor): The length of every sequence, int64 `(batch,)` on the CPU; may hold zeros.
        rate (float): The dropout rate. At 0 all states predict, and the loss is free of chance.
        RETURNS (Tensor): Cross-entropy summed over all predictions, times the weight: a scalar.
        """
        rows = torch.where(rows < self.n_words, rows, 0)
        ends = lengths[lengths > 0].cumsum(0).to(rows.device)
        is_last = torch.zeros_like(rows, dtype=torch.bool).index_fill(0, ends - 1, True)
        before = (~is_last).nonzero().squeeze(1)  # (pairs,): tokens with one that follows
        losses = [
            self._predict(direction, part, rows, before + direction, before + 1 - direction, rate)
            for direction, part in enumerate(states.chunk(len(self.hidden), dim=1))
        ]
        return self.weight * torch.stack(losses).sum()

    def _predict(
        self, direction: int, states: Tensor, rows: Tensor, places: Tensor, neighbours: Tensor, rate: float
    ) -> Tensor:
        """RETURNS (Tensor): The loss of one direction, whose states `(tokens, state_width)` at some places
        `(pairs,)` predict the words of their neighbours.
        """
        share = self.share if rate else 1.0
        if share < 1.0:
            is_drawn = torch.rand(len(places), device=places.device) < share
            places, neighbours = places[is_drawn], neighbours[is_drawn]
        hidden = torch.tanh(self.hidden[direction](dropout(states[places], rate)))  # (drawn, width)
        scores = self.words[direction](hidden)  # (drawn, n_words)
        return F.cross_entropy(scores, rows[neighbours], reduction="sum") / share
