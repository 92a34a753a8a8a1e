"""Prediction: documents → a vector or emissions for every token, with what was derived from the weights."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from spacy.tokens import Doc
from spacy.vocab import Vocab
from torch import Tensor

from ..features import find_sentence_starts, get_vocab, read_tokens
from ..networks import (
    MAX_WORDS,
    State,
    drop_skipped,
    make_batches,
    make_pieces,
    make_prediction_network,
    read_batches,
    restore_skipped,
)
from ..ragged import Ragged
from ..vocabulary import Ids, Ints
from .convert import to_ragged
from .precision import get_precision
from .settings import PredictionSettings
from .threads import count_threads, get_map
from .type_cache import UNREAD, TypeCache

Project: TypeAlias = Callable[[Tensor], Tensor]

# With fewer sequences per step, there is too little work to share between threads.
MIN_SEQUENCES = 32


class Tokens(NamedTuple):
    """Tokens to be read.

    keys (Ids): The key of each token's type, `(tokens,)`.
    attributes (Ids): The attributes of all tokens of the documents, `(all tokens, attrs)`.
    places (Ints): Where each token is among those, `(tokens,)`.
    vocab (Vocab): Has their strings.
    """

    keys: Ids
    attributes: Ids
    places: Ints
    vocab: Vocab

    def pick(self, indices: Ints) -> "Tokens":
        """RETURNS (Tokens): Some of the tokens. Attributes are not copied: only new types are asked for."""
        return self._replace(keys=self.keys[indices], places=self.places[indices])

    def get_attributes(self, keys: Ids) -> Ids:
        """RETURNS (Ids): The attributes of the types with these keys, `(types, attrs)`."""
        order = np.argsort(self.keys)
        return self.attributes[self.places[order[np.searchsorted(self.keys, keys, sorter=order)]]]


class Predictor:
    """Reads documents with a network whose weights stay as they are; made again when they change.

    network (DocLSTM): The network.
    vocab (Vocab): The vocab of the documents.
    settings (PredictionSettings): The settings.
    """

    def __init__(self, network: Any, vocab: Vocab, settings: PredictionSettings) -> None:
        self.network = network
        self.settings = settings
        self.device: torch.device = next(network.parameters()).device
        precision = get_precision(settings.precision, self.device)
        self.lstm = make_prediction_network(network.lstm, self.device, precision)
        self.cache = TypeCache(settings.cache_size, vocab, vocab.vectors)

    def is_for(self, vocab: Vocab) -> bool:
        """Whether the cache is for this vocab, with its current table of static vectors."""
        return self.cache.is_of(vocab, vocab.vectors)

    def predict(self, docs: Sequence[Doc], width: int, project: Project | None = None) -> Ragged:
        """Read documents, long ones in pieces.

        docs (Sequence[Doc]): One or more documents.
        width (int): The width of the result.
        project (Optional[Callable[[Tensor], Tensor]]): Applied to each batch of outputs, `(n,
            output_width)`, while they are in the CPU's cache; gives `(n, width)`.
        RETURNS (Ragged): `(tokens, width)`: the LSTM's outputs, or what `project` made of them.
        """
        tokens, lengths = self._read_tokens(docs)
        settings = self.settings

        def predict_batch(batch_tokens: Tensor, batch_lengths: Tensor) -> Tensor:
            outputs, _ = self._read(tokens.pick(batch_tokens.numpy()), batch_lengths)
            return project(outputs) if project else outputs

        n_tokens = len(tokens.keys)
        if len(docs) == 1 and n_tokens <= settings.window:  # nothing to share between threads
            with torch.no_grad():
                outputs = predict_batch(torch.arange(n_tokens), torch.from_numpy(lengths))
                return to_ragged(outputs, lengths)
        n_threads = count_threads(settings.n_threads) if self.device.type == "cpu" else 1
        is_plain = n_tokens <= MAX_WORDS and lengths.max() <= settings.window
        if self.lstm.reads_in_any_order and n_threads == 1 and is_plain:
            outputs, _ = self._read(tokens, torch.from_numpy(lengths))
            with torch.no_grad():
                return to_ragged(project(outputs) if project else outputs, lengths)
        pieces = make_pieces(
            torch.from_numpy(lengths),
            settings.window,
            settings.overlap,
            lambda doc: find_sentence_starts(docs[doc]),
        )
        if len(pieces) <= MIN_SEQUENCES:
            n_threads = 1
        batches = make_batches(pieces, n_threads)
        # Threads could not write to a tensor that was made in a caller's inference mode.
        with torch.inference_mode(False):
            outputs = torch.empty(n_tokens, width, device=self.device)
        map_ = map if n_threads == 1 else get_map(n_threads)
        read_batches(predict_batch, batches, outputs, map_)
        return to_ragged(outputs, lengths)

    def predict_stream(self, docs: Sequence[Doc], state: State | None) -> tuple[Ragged, State]:
        """Read documents without cutting them, from a given state.

        docs (Sequence[Doc]): One or more documents.
        state (Optional[State]): The state to continue from; by default the initial state.
        RETURNS (Tuple[Ragged, State]): Outputs `(tokens, output_width)`, and the final state.
        """
        tokens, lengths = self._read_tokens(docs)
        start = state or self.network.lstm.initial_state(len(docs))
        outputs, final = self._read(tokens, torch.from_numpy(lengths), start)
        assert final is not None
        return to_ragged(outputs, lengths), final

    def _read_tokens(self, docs: Sequence[Doc]) -> tuple[Tokens, Ints]:
        """RETURNS (Tuple[Tokens, Ints]): All tokens, and the length of each document."""
        features = self.network.features
        attrs = features.get_attrs(docs[0].vocab)
        vocab = get_vocab(docs, attrs)
        values, lengths = read_tokens(docs, attrs)
        keys = features.make_keys(values, vocab)
        return Tokens(keys, values, np.arange(len(keys)), vocab), lengths

    def _read(
        self, tokens: Tokens, lengths: Tensor, state: State | None = None
    ) -> tuple[Tensor, State | None]:
        # In a caller's inference mode, tensors that are kept must still be ordinary ones.
        with torch.inference_mode(False), torch.no_grad():
            table, rows = self.cache.look_up(tokens.keys, partial(self._project, tokens=tokens))
            index = torch.from_numpy(rows).to(table.device)
            if rows.min(initial=0) != UNREAD:
                return self.lstm.read(table, index, lengths, state)
            is_read = index != UNREAD
            outputs, final = self.lstm.read(table, *drop_skipped(index, lengths, is_read), state)
            return restore_skipped(outputs, is_read), final

    def _project(self, new: Ids, tokens: Tokens) -> tuple[Tensor, npt.NDArray[np.bool_]]:
        """RETURNS (Tuple[Tensor, np.ndarray]): What depends on the types with new keys `(types,)`, which
        are among the tokens, `(types, width)`; and which of them are read.
        """
        features = self.network.features(tokens.get_attributes(new), tokens.vocab)
        embedded = self.network.embedding(self.network.to_tensors(features))
        return self.lstm.project(embedded), features.is_read
