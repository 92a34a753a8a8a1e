"""A fast and accurate LSTM tagger for spaCy: the trainable component ``lstm_tagger``.

Importing the package costs next to nothing: spaCy finds every part through entry points.
"""

from importlib.metadata import version

__version__ = version("spacy-lstm-tagger")
