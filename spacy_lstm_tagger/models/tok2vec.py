"""`spacy-lstm-tagger.LSTMTok2Vec.v1`: documents → a vector for every token."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeAlias

import torch
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d
from torch import Tensor

from ..errors import Errors
from ..features import N_BYTES, FeatureTable, Ids, Words, read_words
from ..networks import LSTM, CharacterCNN, State, TypeTensors, WordEmbedding, WordLSTM
from .convert import to_arrays, to_tensor
from .projections import ProjectionCache
from .settings import EmbeddingSettings, LSTMSettings, check_setting
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

    def tensors(self, types: Ids, vocab: Vocab) -> TypeTensors:
        """RETURNS (TypeTensors): The features of word types, on the device of the weights."""
        device = next(self.parameters()).device
        return TypeTensors(*(torch.from_numpy(part).to(device) for part in self.features(types, vocab)))


def build_lstm_tok2vec(embed: EmbeddingSettings, encode: LSTMSettings, cache_size: int = 20000) -> Tok2Vec:
    """Build a layer that embeds words and reads them with an LSTM.

    It works wherever spaCy takes a tok2vec layer: under `tagger`, `ner` and `parser`, in a shared
    `tok2vec` component, with `spacy pretrain`. There its tables are hashed. Inside `lstm_tagger` they
    have a vocabulary, fitted on all training examples.

    embed (EmbeddingSettings): The embedding, `spacy-lstm-tagger.WordEmbedding.v1`.
    encode (LSTMSettings): The recurrence, `spacy-lstm-tagger.LSTM.v1`.
    cache_size (int): At prediction, for how many word types all that depends on the type alone is kept;
        each takes `directions * 4 * width` floats.
    RETURNS (Model[List[Doc], List[Floats2d]]): For every document `(tokens, output_width)`.
    """
    check_setting(
        "spacy-lstm-tagger.LSTMTok2Vec.v1", "cache_size", cache_size, cache_size >= 0, "0 or more"
    )
    return Model(
        "lstm_tok2vec",
        forward,
        init=init,
        dims={"nO": encode.output_width},
        attrs={
            "dropout_rate": encode.dropout,
            "cache_size": cache_size,
            "embed": embed,
            "vocabulary": {},  # for the next `init`
        },
        shims=[TorchShim(partial(_build_network, embed, encode))],
    )


def _build_network(
    embed: EmbeddingSettings, encode: LSTMSettings, *, vocabulary: Vocabulary, vector_width: int
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
    for layer in _layers(model):
        features = _make_features(layer.attrs["embed"])
        features.fit(docs())
        layer.attrs["vocabulary"] = features.vocabulary


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
    words = read_words(docs)
    if not len(words.token_types):
        return [model.ops.alloc2f(0, model.get_dim("nO")) for _ in docs], lambda gradients: []
    if is_train:
        outputs, backprop_torch = _begin_update(model, words, docs)
    else:
        outputs, _ = read(model, words, docs)

    def backprop(gradients: list[Floats2d]) -> list[Doc]:
        if is_train:
            backprop_torch(to_tensor(gradients, outputs.device))
        return []

    return to_arrays(outputs, words.lengths.tolist()), backprop


def _begin_update(model: Tok2Vec, words: Words, docs: list[Doc]) -> tuple[Tensor, Callable[[Tensor], None]]:
    shim = get_shim(model)
    network: DocLSTM = shim.module
    network.set_dropout(model.attrs["dropout_rate"])
    types = network.tensors(words.types, docs[0].vocab)
    index = torch.from_numpy(words.token_types).to(shim.device)
    (outputs, _), backprop = shim.begin_update(types, index, torch.from_numpy(words.lengths))
    return outputs.detach(), backprop


def read(model: Tok2Vec, words: Words, docs: list[Doc], state: State | None = None) -> tuple[Tensor, State]:
    """Predict the vectors of documents, from a given state on.

    words (Words): The documents' words.
    docs (List[Doc]): The documents.
    state (Optional[State]): Where to read on from; by default the initial state.
    RETURNS (Tuple[Tensor, State]): `(tokens, output_width)`, documents end to end, and the final state.
    """
    shim = get_shim(model)
    network: DocLSTM = shim.module
    vocab = docs[0].vocab
    # Within somebody's inference mode, tensors that are kept must still be ordinary ones.
    with torch.inference_mode(False), torch.no_grad():
        table, rows = _get_cache(model, vocab).look_up(
            words.types, lambda new: network.project(network.tensors(new, vocab))
        )
        index = torch.from_numpy(rows[words.token_types]).to(table.device)
        return network.read(table, index, torch.from_numpy(words.lengths), state)


def _get_cache(model: Tok2Vec, vocab: Vocab) -> ProjectionCache:
    """RETURNS (ProjectionCache): That of the present weights, vocab and table of static vectors."""
    derived = get_shim(model).derived
    cache = derived.get("projections")
    if not isinstance(cache, ProjectionCache) or not cache.is_of(vocab, vocab.vectors):
        cache = ProjectionCache(model.attrs["cache_size"], vocab, vocab.vectors)
        derived["projections"] = cache
    return cache
