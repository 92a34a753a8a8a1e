"""Plain `torch.nn` modules, free of spaCy and Thinc."""

from .batching import make_batches, make_pieces, read_batches
from .characters import CharacterCNN
from .embedding import TypeTensors, WordEmbedding
from .encoder import WordLSTM
from .inference import CudnnInferenceLSTM, InferenceLSTM
from .lstm import LSTM, State
from .packing import Packing
from .softmax import SoftmaxHead, Targets

__all__ = [
    "LSTM",
    "CharacterCNN",
    "CudnnInferenceLSTM",
    "InferenceLSTM",
    "Packing",
    "SoftmaxHead",
    "State",
    "Targets",
    "TypeTensors",
    "WordEmbedding",
    "WordLSTM",
    "make_batches",
    "make_pieces",
    "read_batches",
]
