"""The pipeline components. Imported by every spaCy process through its entry points: no torch here."""

from .calibration import Calibration, calibrate_pipeline
from .defaults import DEFAULT_MODEL, DEFAULT_NER_MODEL, DEFAULT_TOK2VEC_MODEL
from .labeler import SequenceLabeler
from .lookup import get_labeler
from .lstm_lemmatizer import LSTMLemmatizer, make_lstm_lemmatizer
from .lstm_morphologizer import LSTMMorphologizer, make_lstm_morphologizer
from .lstm_ner import LSTMNer, make_lstm_ner
from .lstm_tagger import LSTMTagger, make_lstm_tagger
from .lstm_tok2vec import LSTMTok2Vec, make_lstm_tok2vec

__all__ = [
    "DEFAULT_MODEL",
    "DEFAULT_NER_MODEL",
    "DEFAULT_TOK2VEC_MODEL",
    "Calibration",
    "LSTMLemmatizer",
    "LSTMMorphologizer",
    "LSTMNer",
    "LSTMTagger",
    "LSTMTok2Vec",
    "SequenceLabeler",
    "calibrate_pipeline",
    "get_labeler",
    "make_lstm_lemmatizer",
    "make_lstm_morphologizer",
    "make_lstm_ner",
    "make_lstm_tagger",
    "make_lstm_tok2vec",
]
