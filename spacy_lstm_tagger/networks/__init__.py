"""Plain `torch.nn` modules, free of spaCy and Thinc."""

from .batching import make_batches, make_pieces, read_batches
from .characters import CharacterCNN
from .constraints import Constraints, follow_scheme, permit_seen
from .crf import CRF
from .crf_head import CRFHead
from .embedding import TypeTensors, WordEmbedding
from .encoder import WordLSTM
from .head import Head, Targets
from .inference import CudnnInferenceLSTM, InferenceLSTM
from .lstm import LSTM, State
from .packing import Packing
from .sequences import leave_out, put_back
from .softmax import SoftmaxHead

__all__ = [
    "CRF",
    "LSTM",
    "CRFHead",
    "CharacterCNN",
    "Constraints",
    "CudnnInferenceLSTM",
    "Head",
    "InferenceLSTM",
    "Packing",
    "SoftmaxHead",
    "State",
    "Targets",
    "TypeTensors",
    "WordEmbedding",
    "WordLSTM",
    "follow_scheme",
    "leave_out",
    "make_batches",
    "make_pieces",
    "permit_seen",
    "put_back",
    "read_batches",
]
