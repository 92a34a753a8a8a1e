"""The settings of the network's parts, by their names in the config. Free of torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ..errors import Errors, LSTMTaggerValueError, check_setting
from ..features import TOKEN_ATTRS, Normalization


@dataclass(frozen=True)
class CharacterSettings:
    """Settings of the character encoder (dos Santos & Zadrozny 2014, §2.1.2), over UTF-8 bytes.

    symbol_width (int): Width of a byte's embedding.
    filters (int): Filters of each window.
    windows (Sequence[int]): Window sizes in bytes, odd numbers.
    max_bytes (int): How many bytes of a word are read: of a longer one, its two ends.
    """

    symbol_width: int = 32
    filters: int = 64
    windows: Sequence[int] = (3, 5)
    max_bytes: int = 32

    def __post_init__(self) -> None:
        name = "spacy-lstm-tagger.CharacterCNN.v1"
        for setting in ("symbol_width", "filters"):
            value = getattr(self, setting)
            check_setting(name, setting, value, value > 0, "a positive number")
        odd = len(self.windows) > 0 and all(n > 0 and n % 2 for n in self.windows)
        check_setting(name, "windows", self.windows, odd, "a list of positive odd numbers")
        check_setting(name, "max_bytes", self.max_bytes, self.max_bytes >= 2, "at least 2")


@dataclass(frozen=True)
class EmbeddingSettings:
    """Settings of the word embedding: what a word contributes before the recurrence.

    attrs (Sequence[str]): Attributes of tokens with their own tables.
    widths (Sequence[int]): Width of each attribute's embedding.
    prefix_lengths (Sequence[int]): Tables for the first n letters, lowercased, next to `PREFIX`.
    suffix_lengths (Sequence[int]): Tables for the last n letters, lowercased, next to `SUFFIX`.
    affix_width (int): Width of these tables' embeddings.
    min_freq (int): How often a string must occur in the training data to get a row of its own.
    word_dropout (float): α: in training, a string seen n times is replaced by the unknown one with
        probability α / (α + n), which trains the row for unknown strings ("word dropout" in Kiperwasser &
        Goldberg 2016). Not in an update without dropout.
    hash_rows (int): Rows of each table if no vocabulary is fitted, as in a shared tok2vec.
    include_static_vectors (bool): Whether to read the vectors of `nlp.vocab` as well.
    vectors_width (int): The static vectors are projected to this width.
    characters (Optional[CharacterSettings]): Encodes the spelling.
    normalization (Optional[str]): The Unicode normalization form of what the embedding sees, "NFC" or
        "NFKC"; the text stays as it is.
    """

    attrs: Sequence[str] = ("LOWER", "PREFIX", "SUFFIX", "SHAPE")
    widths: Sequence[int] = (128, 16, 32, 32)
    prefix_lengths: Sequence[int] = (2, 3)
    suffix_lengths: Sequence[int] = (2, 4)
    affix_width: int = 32
    min_freq: int = 1
    word_dropout: float = 0.25
    hash_rows: int = 5000
    include_static_vectors: bool = False
    vectors_width: int = 128
    characters: CharacterSettings | None = None
    normalization: Normalization | None = "NFC"

    def __post_init__(self) -> None:
        name = "spacy-lstm-tagger.WordEmbedding.v1"
        for attr in self.attrs:
            if attr not in TOKEN_ATTRS:
                raise LSTMTaggerValueError(Errors.L002.format(attr=attr, supported=", ".join(TOKEN_ATTRS)))
        if len(self.attrs) != len(self.widths):
            raise LSTMTaggerValueError(Errors.L003.format(attrs=len(self.attrs), widths=len(self.widths)))
        for setting in ("widths", "prefix_lengths", "suffix_lengths"):
            values = getattr(self, setting)
            check_setting(name, setting, values, all(n > 0 for n in values), "a list of positive numbers")
        for setting in ("attrs", "prefix_lengths", "suffix_lengths"):
            values = getattr(self, setting)
            check_setting(name, setting, values, len(set(values)) == len(values), "a list without repeats")
        for setting in ("affix_width", "min_freq", "hash_rows", "vectors_width"):
            value = getattr(self, setting)
            check_setting(name, setting, value, value > 0, "a positive number")
        forms = (None, *get_args(Normalization))
        expected = 'null, "NFC" or "NFKC"'
        check_setting(name, "normalization", self.normalization, self.normalization in forms, expected)
        check_setting(name, "word_dropout", self.word_dropout, self.word_dropout >= 0, "0 or more")
        parts = (*self.attrs, *self.prefix_lengths, *self.suffix_lengths)
        if not (parts or self.characters or self.include_static_vectors):
            raise LSTMTaggerValueError(Errors.L004)

    @property
    def all_widths(self) -> tuple[int, ...]:
        """The width of every table: attributes, prefixes, suffixes."""
        n_affixes = len(self.prefix_lengths) + len(self.suffix_lengths)
        return (*self.widths, *([self.affix_width] * n_affixes))


@dataclass(frozen=True)
class LSTMSettings:
    """Settings of the recurrence, those of `torch.nn.LSTM`.

    width (int): Width of the hidden state of each direction.
    depth (int): Layers.
    bidirectional (bool): Whether to read from both ends.
    dropout (float): Dropout of the embedded words, between the layers and of the output, until
        `nlp.update(drop=...)` or the config's `[training] dropout` sets another.
    bias (bool): Whether the gates have biases.
    initial_state (str): "zeros" or "learned".
    skip_connections (bool): Whether every layer reads the embedded words too, not just the layer below
        (Graves 2013, §2).
    """

    width: int = 112
    depth: int = 1
    bidirectional: bool = True
    dropout: float = 0.0
    bias: bool = True
    initial_state: Literal["zeros", "learned"] = "zeros"
    skip_connections: bool = False

    def __post_init__(self) -> None:
        name = "spacy-lstm-tagger.LSTM.v1"
        check_setting(name, "width", self.width, self.width > 0, "a positive number")
        check_setting(name, "depth", self.depth, self.depth > 0, "a positive number")
        check_setting(name, "dropout", self.dropout, 0 <= self.dropout < 1, "at least 0 and below 1")
        known = self.initial_state in ("zeros", "learned")
        check_setting(name, "initial_state", self.initial_state, known, '"zeros" or "learned"')

    @property
    def output_width(self) -> int:
        """Width of a token's vector: both directions side by side."""
        return self.width * (2 if self.bidirectional else 1)


@dataclass(frozen=True)
class PredictionSettings:
    """How documents are read at prediction. None of it changes what is learned, except for `precision` on a
    GPU, which is used in training too.

    cache_size (int): For how many word types everything that depends on the type alone is kept.
    precision (str): Of the factors of matrix products: "float32" or "bfloat16".
    window (int): Longer documents are read in pieces of this many words.
    overlap (int): How many words beyond a piece are read for context, on either side.
    n_threads (int): Threads of this process that read batches in parallel; 0 for as many as torch uses.
    """

    cache_size: int = 20000
    precision: Literal["float32", "bfloat16"] = "float32"
    window: int = 256
    overlap: int = 32
    n_threads: int = 0

    def __post_init__(self) -> None:
        name = "spacy-lstm-tagger.LSTMTok2Vec.v1"
        for setting in ("cache_size", "overlap", "n_threads"):
            value = getattr(self, setting)
            check_setting(name, setting, value, value >= 0, "0 or more")
        check_setting(name, "window", self.window, self.window > 0, "a positive number")
        known = self.precision in ("float32", "bfloat16")
        check_setting(name, "precision", self.precision, known, '"float32" or "bfloat16"')
