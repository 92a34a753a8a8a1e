"""Distillation: raw text and a teacher make a student accurate, at no cost in prediction.

A teacher reads raw text once (`teaching.py`), and its probabilities are kept on disk (`storage.py`). A
student learns them beside its gold data, by a callback of `spacy train` (`training.py`).
"""

from .pipelines import distill
from .teaching import teach

__all__ = ["distill", "teach"]
