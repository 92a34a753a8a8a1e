"""Registered scorers: spans that are written as tags, and confidence."""

from .confidence import score_confidence
from .slots import score_slots

__all__ = ["score_confidence", "score_slots"]
