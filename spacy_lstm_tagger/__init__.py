"""A fast and accurate LSTM tagger for spaCy: the trainable component ``lstm_tagger``.

Nothing needs to be imported to use it: spaCy finds every part through entry points. This is the public
interface for code, together with ``__all__`` of the subpackages ``bulk``, ``corpora``, ``metrics``,
``networks``, ``report`` and ``scorers`` and of the module ``schemes``. Everything else is private.
"""

from importlib.metadata import version

from .corpora import create_corpus
from .errors import (
    LSTMTaggerError,
    LSTMTaggerImportError,
    LSTMTaggerOSError,
    LSTMTaggerRuntimeError,
    LSTMTaggerValueError,
)
from .pipeline import DEFAULT_MODEL, LSTMTagger, SequenceLabeler

__version__ = version("spacy-lstm-tagger")
__all__ = [
    "DEFAULT_MODEL",
    "LSTMTagger",
    "LSTMTaggerError",
    "LSTMTaggerImportError",
    "LSTMTaggerOSError",
    "LSTMTaggerRuntimeError",
    "LSTMTaggerValueError",
    "SequenceLabeler",
    "__version__",
    "create_corpus",
]
