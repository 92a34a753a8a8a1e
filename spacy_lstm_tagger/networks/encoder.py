"""Embedding and LSTM in one module, so that the input projection can be looked up by word type."""

import torch
from torch import Tensor, nn

from .embedding import TypeTensors, WordEmbedding
from .lstm import LSTM, State


class WordLSTM(nn.Module):
    """Word types and their order → a vector for every token.

    embedding (WordEmbedding): Embeds word types.
    lstm (LSTM): Reads the embedded words.
    """

    def __init__(self, embedding: WordEmbedding, lstm: LSTM) -> None:
        super().__init__()
        self.embedding = embedding
        self.lstm = lstm
        self.dropout = nn.Dropout(0.0)

    @property
    def output_width(self) -> int:
        """The width of a token's vector."""
        return self.lstm.output_width

    def set_dropout(self, rate: float) -> None:
        """Set the dropout of the embedded words, between the layers and of the output. Without any, no word
        is replaced by the unknown one either, and an update is free of chance.
        """
        self.dropout.p = rate
        self.embedding.replaces_words = rate > 0
        self.lstm.set_dropout(rate)

    def forward(
        self, types: TypeTensors, index: Tensor, lengths: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """Read documents that lie end to end.

        types (TypeTensors): The features of the distinct word types.
        index (Tensor): The type of every token, int64 `(tokens,)`.
        lengths (Tensor): The number of tokens of every document, int64 `(docs,)` on the CPU.
        state (Optional[State]): The state to start from; by default the initial one.
        RETURNS (Tuple[Tensor, State]): Vectors `(tokens, output_width)` and the final state.
        """
        embedded = self.dropout(self.embedding(types).index_select(0, index))  # (tokens, embedding)
        outputs, final = self.lstm(embedded, lengths, state)
        return self.dropout(outputs), final

    @torch.no_grad()
    def project(self, types: TypeTensors) -> Tensor:
        """Compute all that depends on the word type alone, for `read`.

        RETURNS (Tensor): `(types, directions * 4 * width)`.
        """
        return self.lstm.project(self.embedding(types))

    def read(
        self, projected: Tensor, index: Tensor, lengths: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """As `forward` without dropout or gradients, from what `project` gave."""
        return self.lstm.read(projected, index, lengths, state)
