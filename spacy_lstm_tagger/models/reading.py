"""Prediction: documents → a vector or emissions for every token, with what was derived from the weights."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from spacy.tokens import Doc
from spacy.vocab import Vocab
from torch import Tensor

from ..features import Ids, find_sentence_starts, get_vocab, read_tokens
from ..networks import (
    CudnnInferenceLSTM,
    InferenceLSTM,
    State,
    leave_out,
    make_batches,
    make_pieces,
    put_back,
    read_batches,
)
from .precision import get_precision
from .settings import PredictionSettings
from .threads import count_threads, get_map
from .type_cache import UNREAD, TypeCache

Head: TypeAlias = Callable[[Tensor], Tensor]

# So few sequences a step are too little to share: within torch's operators and between threads.
MIN_SEQUENCES = 32


class DocReader:
    """Reads documents with a network whose weights stay as they are; made anew when they change.

    network (DocLSTM): The network.
    vocab (Vocab): The vocab of the documents.
    settings (PredictionSettings): The settings.
    """

    def __init__(self, network: Any, vocab: Vocab, settings: PredictionSettings) -> None:
        self.network = network
        self.settings = settings
        device = next(network.parameters()).device
        self.device: torch.device = device
        lstm_class = InferenceLSTM if device.type == "cpu" else CudnnInferenceLSTM
        self.lstm = lstm_class(network.lstm, get_precision(settings.precision, device))
        self.cache = TypeCache(settings.cache_size, vocab, vocab.vectors)

    def is_for(self, vocab: Vocab) -> bool:
        """Whether what was derived is for this vocab, with the table of static vectors that it has now."""
        return self.cache.is_of(vocab, vocab.vectors)

    def read(self, docs: Sequence[Doc], width: int, head: Head | None = None) -> tuple[Tensor, list[int]]:
        """Read documents, long ones in pieces.

        docs (Sequence[Doc]): The documents.
        width (int): The width of what is read.
        head (Optional[Callable[[Tensor], Tensor]]): Takes the LSTM's outputs `(n, output_width)`, and gives
            `(n, width)`; by default they are what is read.
        RETURNS (Tuple[Tensor, List[int]]): `(tokens, width)`, documents end to end, and their lengths.
        """
        tokens, lengths = read_tokens(docs)
        vocab = get_vocab(docs)
        settings = self.settings

        def read_batch(batch_tokens: Tensor, batch_lengths: Tensor) -> Tensor:
            outputs, _ = self._read(tokens[batch_tokens.numpy()], batch_lengths, vocab)
            return head(outputs) if head else outputs

        if len(docs) == 1 and len(tokens) <= settings.window:  # nothing to share out
            with torch.no_grad():
                return read_batch(torch.arange(len(tokens)), torch.from_numpy(lengths)), lengths.tolist()
        pieces = make_pieces(
            torch.from_numpy(lengths),
            settings.window,
            settings.overlap,
            lambda doc: find_sentence_starts(docs[doc]),
        )
        is_alone = len(pieces) <= MIN_SEQUENCES or self.device.type != "cpu"
        n_threads = 1 if is_alone else count_threads(settings.n_threads)
        batches = make_batches(pieces, n_threads)
        # Threads could not write to a tensor of somebody's inference mode.
        with torch.inference_mode(False):
            outputs = torch.empty(len(tokens), width, device=self.device)
        map_ = map if is_alone else get_map(n_threads)
        read_batches(read_batch, batches, outputs, map_)
        return outputs, lengths.tolist()

    def read_on(self, docs: Sequence[Doc], state: State | None) -> tuple[Tensor, list[int], State]:
        """Read documents at once, from a given state on.

        docs (Sequence[Doc]): The documents.
        state (Optional[State]): Where to read on from; by default the initial state.
        RETURNS (Tuple[Tensor, List[int], State]): `(tokens, output_width)`, documents end to end, their
            lengths, and the final state.
        """
        tokens, lengths = read_tokens(docs)
        outputs, final = self._read(tokens, torch.from_numpy(lengths), get_vocab(docs), state)
        return outputs, lengths.tolist(), final

    def _read(
        self, tokens: Ids, lengths: Tensor, vocab: Vocab, state: State | None = None
    ) -> tuple[Tensor, State]:
        # Within somebody's inference mode, tensors that are kept must still be ordinary ones.
        with torch.inference_mode(False), torch.no_grad():
            table, rows = self.cache.look_up(tokens, partial(self._project, vocab=vocab))
            index = torch.from_numpy(rows).to(table.device)
            if rows.min(initial=0) != UNREAD:
                return self.lstm.read(table, index, lengths, state)
            is_read = index != UNREAD
            outputs, final = self.lstm.read(table, *leave_out(index, lengths, is_read), state)
            return put_back(outputs, is_read), final

    def _project(self, types: Ids, vocab: Vocab) -> tuple[Tensor, npt.NDArray[np.bool_]]:
        features = self.network.features(types, vocab)
        embedded = self.network.embedding(self.network.to_tensors(features))
        return self.lstm.project(embedded), features.is_read
