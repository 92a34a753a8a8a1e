"""`spacy-lstm-tagger.LSTMTok2Vec.v1`: documents → a vector for every token."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d
from torch import Tensor

from ..errors import Errors, LSTMTaggerValueError
from ..features import N_BYTES, FeatureTable, TypeBatch, TypeFeatures, get_vocab
from ..networks import LSTM, CharacterCNN, TypeTensors, WordEmbedding, WordLSTM
from ..ragged import Ragged, join, split
from ..vocabulary import VocabularyData
from .convert import to_ragged, to_tensor
from .precision import get_precision
from .predictor import Predictor, Project
from .settings import EmbeddingSettings, LSTMSettings, PredictionSettings
from .shim import TorchShim, get_shim

Tok2Vec: TypeAlias = Model[list[Doc], list[Floats2d]]


class DocLSTM(WordLSTM):
    """The network, with the features that its tables were built for: one is of no use without the other.

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
    `tok2vec` component, with `spacy pretrain`. There, its tables are hashed. Inside `lstm_tagger`, they
    are fitted on all training examples.

    embed (EmbeddingSettings): The embedding, `spacy-lstm-tagger.WordEmbedding.v1`.
    encode (LSTMSettings): The recurrence, `spacy-lstm-tagger.LSTM.v1`.
    cache_size (int): At prediction, for how many word types everything that depends on the type alone is
        kept; each takes `directions * 4 * width` floats.
    precision (str): Of the factors of matrix products, at prediction, and on a GPU in training too:
        "float32" or "bfloat16".
    window (int): At prediction, longer documents are read in pieces of this many words.
    overlap (int): At prediction, how many words beyond a piece are read for context, on either side.
    n_threads (int): At prediction, how many threads of this process read; 0 for as many as torch uses.
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
            "vocabulary": {},  # passed to the next `init`
        },
        shims=[TorchShim(partial(_build_network, embed, encode))],
    )


def _build_network(
    embed: EmbeddingSettings,
    encode: LSTMSettings,
    *,
    vocabulary: VocabularyData,
    vector_width: int,
) -> DocLSTM:
    """Build the network for a vocabulary, or with hashed tables if it is empty."""
    features = _make_features(embed)
    if vocabulary:
        features.load_vocabulary(vocabulary)
    characters = None
    if embed.characters:
        settings = embed.characters
        characters = CharacterCNN(N_BYTES, settings.symbol_width, settings.filters, settings.windows)
    tables = features.vocabulary.tables.values()
    embedding = WordEmbedding(
        [table.n_rows for table in tables],
        embed.all_widths,
        characters=characters,
        vector_width=vector_width,
        projected_width=embed.vectors_width,
    )
    for i, table in enumerate(tables):
        if table.is_fitted and embed.word_dropout:
            counts = torch.from_numpy(table.counts).float()
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
        normalization=embed.normalization,
    )


def fit_vocabulary(
    model: Model[Any, Any], docs: Callable[[], Iterable[Doc]], words: Mapping[str, int] | None = None
) -> None:
    """Fit the tables of every LSTM tok2vec layer inside a model; `model.initialize` must follow.

    model (Model): Any model. Other layers, such as a listener, are left unchanged.
    docs (Callable[[], Iterable[Doc]]): Gives all training documents.
    words (Optional[Mapping[str, int]]): Words of other texts, and how often each occurs there.
    """
    fitted: list[Tok2Vec] = []
    for layer in _find_layers(model):
        embed = layer.attrs["embed"]
        same = next((other for other in fitted if other.attrs["embed"] == embed), None)
        if same is None:
            features = _make_features(embed)
            features.fit(docs(), words)
            layer.attrs["vocabulary"] = features.vocabulary.data
            fitted.append(layer)
        else:  # the members of an ensemble are fitted once
            layer.attrs["vocabulary"] = same.attrs["vocabulary"]


def set_vocabulary(model: Model[Any, Any], vocabulary: VocabularyData) -> None:
    """Pass a vocabulary to every LSTM tok2vec layer inside a model; `model.initialize` must follow.

    vocabulary (VocabularyData): As `get_vocabulary` gave it.
    RAISES (LSTMTaggerValueError): If it has no entry for one of the features.
    """
    for layer in _find_layers(model):
        _make_features(layer.attrs["embed"]).load_vocabulary(vocabulary)
        layer.attrs["vocabulary"] = vocabulary


def get_vocabulary(model: Model[Any, Any]) -> VocabularyData:
    """RETURNS (VocabularyData): What was fitted: for every feature its strings and their counts."""
    for layer in _find_layers(model):
        vocabulary: VocabularyData = get_shim(layer).fitted.get("vocabulary", {})
        return vocabulary
    return {}


def is_lstm_tok2vec(layer: Model[Any, Any]) -> bool:
    """RETURNS (bool): Whether a layer was built here, and is not a listener or one of spaCy's own."""
    return layer.name == "lstm_tok2vec"


def _find_layers(model: Model[Any, Any]) -> list[Tok2Vec]:
    return [node for node in model.walk() if is_lstm_tok2vec(node)]


def init(model: Tok2Vec, X: list[Doc] | None = None, Y: Any = None) -> None:  # noqa: N803
    """Build the network for the vocabulary passed in, or with hashed tables: those do not depend on the
    sample of documents that spaCy initializes a model with.

    RAISES (LSTMTaggerValueError): If static vectors are asked for and the vocab has none.
    """
    vocabulary, model.attrs["vocabulary"] = model.attrs["vocabulary"], {}
    vector_width = 0
    if model.attrs["embed"].include_static_vectors:
        vector_width = X[0].vocab.vectors_length if X else 0
        if not vector_width:
            raise LSTMTaggerValueError(Errors.L005)
    get_shim(model).initialize(vocabulary=vocabulary, vector_width=vector_width)


def forward(
    model: Tok2Vec, docs: list[Doc], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Doc]]]:
    """Read documents. RETURNS (Tuple[List[Floats2d], Callable]): Vectors `(tokens, output_width)` for each
    document, and the callback for their gradients.
    """
    outputs, backprop_flat = begin_update(model, docs) if is_train else (predict(model, docs), None)

    def backprop(gradients: list[Floats2d]) -> list[Doc]:
        if backprop_flat is not None and gradients:
            backprop_flat(join(gradients))
        return []

    return split(outputs), backprop


def predict(model: Tok2Vec, docs: Sequence[Doc], width: int = 0, project: Project | None = None) -> Ragged:
    """Read documents at prediction.

    width (int): The width of the result, if not `output_width`.
    project (Optional[Callable]): See `Predictor.predict`.
    RETURNS (Ragged): `(tokens, width)`.
    """
    width = width or model.get_dim("nO")
    if not any(len(doc) for doc in docs):
        return _make_empty(model, docs, width)
    return get_predictor(model, docs[0].vocab).predict(docs, width, project)


def begin_update(model: Tok2Vec, docs: Sequence[Doc]) -> tuple[Ragged, Callable[[Ragged], None]]:
    """Read documents in training.

    RETURNS (Tuple[Ragged, Callable[[Ragged], None]]): Vectors `(tokens, output_width)`, and the callback
        that takes their gradient and accumulates those of the weights.
    """
    if not any(len(doc) for doc in docs):
        return _make_empty(model, docs, model.get_dim("nO")), lambda gradient: None
    features: FeatureTable = get_shim(model).module.features
    batch = features.read_types(docs)
    outputs, backprop_torch = _run(model, batch, get_vocab(docs, features.get_attrs(docs[0].vocab)))

    def backprop(gradient: Ragged) -> None:
        backprop_torch(to_tensor(gradient, outputs.device))

    return to_ragged(outputs, batch.lengths), backprop


def _make_empty(model: Tok2Vec, docs: Sequence[Doc], width: int) -> Ragged:
    return Ragged(model.ops.alloc2f(0, width), np.zeros(len(docs), dtype=np.int64))


def _run(model: Tok2Vec, batch: TypeBatch, vocab: Vocab) -> tuple[Tensor, Callable[[Tensor], None]]:
    """RETURNS (Tuple[Tensor, Callable[[Tensor], None]]): As `begin_update`, with tensors."""
    shim = get_shim(model)
    network: DocLSTM = shim.module
    network.set_dropout(model.attrs["dropout_rate"])
    index = torch.from_numpy(batch.token_types).to(shim.device)
    lengths = torch.from_numpy(batch.lengths)
    types = network.to_tensors(network.features.look_up(batch.types, vocab))
    # On a CPU, training is always in float32.
    name = model.attrs["prediction"].precision if shim.device.type == "cuda" else "float32"
    precision = get_precision(name, shim.device)
    outputs, backprop = shim.begin_update(types, index, lengths, precision=precision)
    return outputs.detach(), backprop


def get_predictor(model: Tok2Vec, vocab: Vocab) -> Predictor:
    """RETURNS (Predictor): What reads documents with the current weights."""
    shim = get_shim(model)
    predictor = shim.derived.get("predictor")
    if not isinstance(predictor, Predictor) or not predictor.is_for(vocab):
        predictor = Predictor(shim.module, vocab, model.attrs["prediction"])
        shim.derived["predictor"] = predictor
    return predictor
