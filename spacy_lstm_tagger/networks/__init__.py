"""Plain `torch.nn` modules, free of spaCy and Thinc."""

from .characters import CharacterCNN
from .embedding import TypeTensors, WordEmbedding
from .encoder import WordLSTM
from .lstm import LSTM, State
from .packing import Packing
from .softmax import SoftmaxHead, Targets

__all__ = [
    "LSTM",
    "CharacterCNN",
    "Packing",
    "SoftmaxHead",
    "State",
    "Targets",
    "TypeTensors",
    "WordEmbedding",
    "WordLSTM",
]
