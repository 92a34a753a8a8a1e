"""`spacy-lstm-tagger.LSTMTok2Vec.v1`: documents → a vector for every token."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Literal, TypeAlias

import torch
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d
from torch import Tensor

from ..errors import Errors
from ..features import N_BYTES, FeatureTable, TypeFeatures, Words, get_vocab, read_words
from ..networks import LSTM, CharacterCNN, TypeTensors, WordEmbedding, WordLSTM
from .convert import to_arrays, to_tensor
from .precision import get_precision
from .reading import DocReader
from .settings import EmbeddingSettings, LSTMSettings, PredictionSettings
from .shim import TorchShim, get_shim

Vocabulary: TypeAlias = Mapping[str, Mapping[str, int]]
Tok2Vec: TypeAlias = Model[list[Doc], list[Floats2d]]


class DocLSTM(WordLSTM):
    """The network with the features that its tables were made for: they are of use only together.

    features (FeatureTable): Turns word types into rows of the tables.
    """

    def __init__(self, features: FeatureTable, embedding: WordEmbedding, lstm: LSTM) -> None:
        super().__init__(embedding, lstm)
        self.features = features

    def to_tensors(self, features: TypeFeatures) -> TypeTensors:
        """RETURNS (TypeTensors): The features of word types, on the device of the weights."""
        device = next(self.parameters()).device
        return TypeTensors(*(torch.from_numpy(part).to(device) for part in features))


def build_lstm_tok2vec(
    embed: EmbeddingSettings,
    encode: LSTMSettings,
    cache_size: int = 20000,
    precision: Literal["float32", "bfloat16"] = "float32",
    window: int = 256,
    overlap: int = 32,
    n_threads: int = 0,
) -> Tok2Vec:
    """Build a layer that embeds words and reads them with an LSTM.

    It works wherever spaCy takes a tok2vec layer: under `tagger`, `ner` and `parser`, in a shared
    `tok2vec` component, with `spacy pretrain`. There its tables are hashed. Inside `lstm_tagger` they
    have a vocabulary, fitted on all training examples.

    embed (EmbeddingSettings): The embedding, `spacy-lstm-tagger.WordEmbedding.v1`.
    encode (LSTMSettings): The recurrence, `spacy-lstm-tagger.LSTM.v1`.
    cache_size (int): At prediction, for how many word types all that depends on the type alone is kept;
        each takes `directions * 4 * width` floats.
    precision (str): Of the matrix products' factors, at prediction, and on a GPU in training too: "float32"
        or "bfloat16".
    window (int): At prediction, documents of more words than this are read in pieces of so many words.
    overlap (int): At prediction, how many words beyond a piece are read for context, on either side.
    n_threads (int): At prediction, how many threads of this process read; 0 for as many as torch has.
    RETURNS (Model[List[Doc], List[Floats2d]]): For every document `(tokens, output_width)`.
    """
    prediction = PredictionSettings(cache_size, precision, window, overlap, n_threads)
    return Model(
        "lstm_tok2vec",
        forward,
        init=init,
        dims={"nO": encode.output_width},
        attrs={
            "dropout_rate": encode.dropout,
            "prediction": prediction,
            "embed": embed,
            "vocabulary": {},  # for the next `init`
        },
        shims=[TorchShim(partial(_build_network, embed, encode))],
    )


def _build_network(
    embed: EmbeddingSettings,
    encode: LSTMSettings,
    *,
    vocabulary: Vocabulary,
    vector_width: int,
) -> DocLSTM:
    """Build the network for a vocabulary, or with hashed tables if it is empty."""
    features = _make_features(embed)
    if vocabulary:
        features.set_vocabulary(vocabulary)
    characters = None
    if embed.characters:
        settings = embed.characters
        characters = CharacterCNN(N_BYTES, settings.symbol_width, settings.filters, settings.windows)
    embedding = WordEmbedding(
        [column.n_rows for column in features.columns.values()],
        embed.all_widths,
        characters=characters,
        vector_width=vector_width,
        projected_width=embed.vectors_width,
    )
    for i, column in enumerate(features.columns.values()):
        if column.is_fitted and embed.word_dropout:
            counts = torch.from_numpy(column.counts).float()
            probability = embed.word_dropout / (embed.word_dropout + counts)
            embedding.set_replacement(i, torch.cat([counts.new_zeros(1), probability]))
    lstm = LSTM(
        embedding.width,
        encode.width,
        depth=encode.depth,
        bidirectional=encode.bidirectional,
        bias=encode.bias,
        initial_state=encode.initial_state,
        skip_connections=encode.skip_connections,
    )
    return DocLSTM(features, embedding, lstm)


def _make_features(embed: EmbeddingSettings) -> FeatureTable:
    return FeatureTable(
        embed.attrs,
        prefix_lengths=embed.prefix_lengths,
        suffix_lengths=embed.suffix_lengths,
        min_freq=embed.min_freq,
        hash_rows=embed.hash_rows,
        max_bytes=embed.characters.max_bytes if embed.characters else 0,
        static_vectors=embed.include_static_vectors,
    )


def fit_vocabulary(model: Model[Any, Any], docs: Callable[[], Iterable[Doc]]) -> None:
    """Fit the tables of every LSTM tok2vec layer inside a model; `model.initialize` must follow.

    model (Model): Any model; one without such a layer of its own (a listener, say) is left as it is.
    docs (Callable[[], Iterable[Doc]]): Gives all training documents.
    """
    fitted: list[Tok2Vec] = []
    for layer in _layers(model):
        embed = layer.attrs["embed"]
        same = next((other for other in fitted if other.attrs["embed"] == embed), None)
        if same is None:  # members of an ensemble share what they need not fit again
            features = _make_features(embed)
            features.fit(docs())
            layer.attrs["vocabulary"] = features.vocabulary
            fitted.append(layer)
        else:
            layer.attrs["vocabulary"] = same.attrs["vocabulary"]


def set_vocabulary(model: Model[Any, Any], vocabulary: Vocabulary) -> None:
    """Hand a vocabulary to every LSTM tok2vec layer inside a model; `model.initialize` must follow.

    vocabulary (Vocabulary): As `get_vocabulary` gave it.
    RAISES (ValueError): If it has no entry for one of the layer's tables.
    """
    for layer in _layers(model):
        _make_features(layer.attrs["embed"]).set_vocabulary(vocabulary)
        layer.attrs["vocabulary"] = vocabulary


def get_vocabulary(model: Model[Any, Any]) -> Vocabulary:
    """RETURNS (Vocabulary): What was fitted: for every table its strings and their counts."""
    for layer in _layers(model):
        vocabulary: Vocabulary = get_shim(layer).fitted.get("vocabulary", {})
        return vocabulary
    return {}


def is_lstm_tok2vec(layer: Model[Any, Any]) -> bool:
    """Whether a layer is one of this module, not a listener or one of spaCy's own."""
    return layer.name == "lstm_tok2vec"


def _layers(model: Model[Any, Any]) -> list[Tok2Vec]:
    return [node for node in model.walk() if is_lstm_tok2vec(node)]


def init(model: Tok2Vec, X: list[Doc] | None = None, Y: Any = None) -> None:  # noqa: N803
    """Build the network for the vocabulary handed over, or with hashed tables: those do not depend on the
    sample of documents that spaCy initializes a model with.

    RAISES (ValueError): If static vectors are asked for and the vocab has none.
    """
    vocabulary, model.attrs["vocabulary"] = model.attrs["vocabulary"], {}
    vector_width = 0
    if model.attrs["embed"].include_static_vectors:
        vector_width = X[0].vocab.vectors_length if X else 0
        if not vector_width:
            raise ValueError(Errors.L005)
    get_shim(model).initialize(vocabulary=vocabulary, vector_width=vector_width)


def forward(
    model: Tok2Vec, docs: list[Doc], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Doc]]]:
    """Read documents. RETURNS (Tuple[List[Floats2d], Callable]): Vectors `(tokens, output_width)` for each
    document, and the callback for their gradients.
    """
    if not any(len(doc) for doc in docs):
        return [model.ops.alloc2f(0, model.get_dim("nO")) for _ in docs], _no_gradient
    if not is_train:
        outputs, lengths = get_reader(model, docs[0].vocab).read(docs, model.get_dim("nO"))
        return to_arrays(outputs, lengths), _no_gradient
    words = read_words(docs)
    outputs, backprop_torch = _begin_update(model, words, get_vocab(docs))

    def backprop(gradients: list[Floats2d]) -> list[Doc]:
        backprop_torch(to_tensor(gradients, outputs.device))
        return []

    return to_arrays(outputs, words.lengths.tolist()), backprop


def _no_gradient(gradients: list[Floats2d]) -> list[Doc]:
    return []


def _begin_update(model: Tok2Vec, words: Words, vocab: Vocab) -> tuple[Tensor, Callable[[Tensor], None]]:
    shim = get_shim(model)
    network: DocLSTM = shim.module
    network.set_dropout(model.attrs["dropout_rate"])
    index = torch.from_numpy(words.token_types).to(shim.device)
    lengths = torch.from_numpy(words.lengths)
    types = network.to_tensors(network.features.look_up(words.types, vocab))
    # On CPUs, training in float32 alone is tried and quick enough.
    is_mixed = shim.device.type == "cuda"
    precision = (
        get_precision(model.attrs["prediction"].precision, shim.device) if is_mixed else torch.float32
    )
    outputs, backprop = shim.begin_update(types, index, lengths, precision=precision)
    return outputs.detach(), backprop


def get_reader(model: Tok2Vec, vocab: Vocab) -> DocReader:
    """RETURNS (DocReader): What reads with the present weights."""
    shim = get_shim(model)
    reader = shim.derived.get("reader")
    if not isinstance(reader, DocReader) or not reader.is_for(vocab):
        reader = DocReader(shim.module, vocab, model.attrs["prediction"])
        shim.derived["reader"] = reader
    return reader
