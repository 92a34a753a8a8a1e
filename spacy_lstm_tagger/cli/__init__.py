"""`python -m spacy lstm-tagger …`: the commands that spaCy does not have, a module for each."""

from . import apply, calibrate, check, distill, evaluate, info, init_config, report
from .app import lstm_tagger_cli

__all__ = [
    "apply",
    "calibrate",
    "check",
    "distill",
    "evaluate",
    "info",
    "init_config",
    "lstm_tagger_cli",
    "report",
]
