"""The pipeline components. Imported by every spaCy process through its entry point: no torch here."""

from .calibration import Calibration, calibrate_pipeline
from .labeler import SequenceLabeler
from .lookup import get_labeler
from .lstm_tagger import DEFAULT_MODEL, LSTMTagger, make_lstm_tagger

__all__ = [
    "DEFAULT_MODEL",
    "Calibration",
    "LSTMTagger",
    "SequenceLabeler",
    "calibrate_pipeline",
    "get_labeler",
    "make_lstm_tagger",
]
