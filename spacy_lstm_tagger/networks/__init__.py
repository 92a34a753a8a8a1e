"""Plain `torch.nn` modules, free of spaCy and Thinc."""

from .batching import MAX_WORDS, make_batches, make_pieces, read_batches
from .characters import CharacterCNN
from .crf.constraints import Constraints, follow_scheme, permit_seen
from .crf.crf import CRF
from .crf.decoder import CRFDecoder
from .decoder import Decoder, Path, Targets
from .embedding import TypeTensors, WordEmbedding
from .encoder import WordLSTM
from .lstm import LSTM, State
from .packing import Packing, drop_skipped, restore_skipped
from .prediction.compiled import CompiledNetwork, find_kernel, list_kernels
from .prediction.cpu import CPUNetwork
from .prediction.gpu import GPUNetwork
from .prediction.network import PredictionNetwork, make_prediction_network
from .softmax import SoftmaxDecoder

__all__ = [
    "CRF",
    "LSTM",
    "MAX_WORDS",
    "CPUNetwork",
    "CRFDecoder",
    "CharacterCNN",
    "CompiledNetwork",
    "Constraints",
    "Decoder",
    "GPUNetwork",
    "Packing",
    "Path",
    "PredictionNetwork",
    "SoftmaxDecoder",
    "State",
    "Targets",
    "TypeTensors",
    "WordEmbedding",
    "WordLSTM",
    "drop_skipped",
    "find_kernel",
    "follow_scheme",
    "list_kernels",
    "make_batches",
    "make_pieces",
    "make_prediction_network",
    "permit_seen",
    "read_batches",
    "restore_skipped",
]
