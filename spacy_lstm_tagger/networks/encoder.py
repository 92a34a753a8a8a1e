"""Embedding and LSTM in one module, so that the input projection is computed once per word type."""

from torch import Tensor, nn

from .dropout import dropout
from .embedding import TypeTensors, WordEmbedding
from .lstm import LSTM
from .packing import drop_skipped, restore_skipped


class WordLSTM(nn.Module):
    """Word types and their order → a vector for every token.

    embedding (WordEmbedding): Embeds word types.
    lstm (LSTM): Reads the embedded words.
    """

    def __init__(self, embedding: WordEmbedding, lstm: LSTM) -> None:
        super().__init__()
        self.embedding = embedding
        self.lstm = lstm
        self.dropout_rate = 0.0

    @property
    def output_width(self) -> int:
        """The width of a token's vector."""
        return self.lstm.output_width

    def set_dropout(self, rate: float) -> None:
        """Set the dropout of the embedded words, between the layers and of the output. All occurrences of a
        word type in a batch share a mask (as in Gal & Ghahramani 2016, §4.2), so that it is projected once.
        At a rate of 0, no word is replaced by the unknown one either: an update is deterministic.
        """
        self.dropout_rate = rate
        self.embedding.replaces_words = rate > 0
        self.lstm.set_dropout(rate)

    def forward(self, types: TypeTensors, index: Tensor, lengths: Tensor) -> Tensor:
        """Read documents that lie end to end.

        types (TypeTensors): The features of the distinct word types.
        index (Tensor): The type of every token, int64 `(tokens,)`.
        lengths (Tensor): The number of tokens of every document, int64 `(docs,)` on the CPU.
        RETURNS (Tensor): `(tokens, output_width)`; zeros for a token that is not read.
        """
        rate = self.dropout_rate if self.training else 0.0
        embedded = dropout(self.embedding(types), rate)  # (types, embedding)
        if types.is_read.all():
            return dropout(self.lstm(embedded, index, lengths), rate)
        is_read = types.is_read[index]  # (tokens,)
        outputs = self.lstm(embedded, *drop_skipped(index, lengths, is_read))
        return restore_skipped(dropout(outputs, rate), is_read)
