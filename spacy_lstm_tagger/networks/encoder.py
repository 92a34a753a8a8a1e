"""Embedding and LSTM in one module, so that the input projection can be computed once a word type."""

from torch import Tensor, nn

from .dropout import dropout
from .embedding import TypeTensors, WordEmbedding
from .language_model import LanguageModel
from .lstm import LSTM
from .sequences import leave_out, put_back


class WordLSTM(nn.Module):
    """Word types and their order → a vector for every token.

    embedding (WordEmbedding): Embeds word types.
    lstm (LSTM): Reads the embedded words.
    language_model (Optional[LanguageModel]): Adds a loss in training. Its words are the rows of the
        embedding's first table.
    """

    def __init__(
        self, embedding: WordEmbedding, lstm: LSTM, language_model: LanguageModel | None = None
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.lstm = lstm
        self.language_model = language_model
        self.dropout_rate = 0.0

    @property
    def output_width(self) -> int:
        """The width of a token's vector."""
        return self.lstm.output_width

    def set_dropout(self, rate: float) -> None:
        """Set the dropout of the embedded words, between the layers and of the output. What is dropped of
        a word type is dropped wherever it stands in a batch (as in Gal & Ghahramani 2016, §4.2), so that
        it is projected once. Without any dropout, no word is replaced by the unknown one either, and an
        update is free of chance.
        """
        self.dropout_rate = rate
        self.embedding.replaces_words = rate > 0
        self.lstm.set_dropout(rate)

    def forward(self, types: TypeTensors, index: Tensor, lengths: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Read documents that lie end to end.

        types (TypeTensors): The features of the distinct word types.
        index (Tensor): The type of every token, int64 `(tokens,)`.
        lengths (Tensor): The number of tokens of every document, int64 `(docs,)` on the CPU.
        RETURNS (Union[Tensor, Tuple[Tensor, Tensor]]): `(tokens, output_width)`; zeros for a token that is
            not read. In training with the language model's loss, a scalar.
        """
        rate = self.dropout_rate if self.training else 0.0
        embedded = dropout(self.embedding(types), rate)  # (types, embedding)
        is_read = types.is_read[index]  # (tokens,)
        reads_all = bool(is_read.all())
        if not reads_all:
            index, lengths = leave_out(index, lengths, is_read)
        layers = self.lstm.read_layers(embedded, index, lengths)
        outputs = dropout(layers[-1], rate)
        outputs = outputs if reads_all else put_back(outputs, is_read)
        if self.language_model is None or not self.training:
            return outputs
        rows = types.rows[:, 0].index_select(0, index)
        return outputs, self.language_model(layers[0], rows, lengths, rate)
