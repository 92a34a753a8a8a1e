"""The exceptions of this package, and every message that it raises or warns with, in one catalog. The
modules beside this one have the messages.

spaCy's own codes (``spacy.errors.Errors``) are used wherever spaCy's tagger raises them. Each message says
what is wrong, where, and what to do. docs/troubleshooting.md explains them by code.
"""

from typing import Any

from .commands import CommandErrors
from .corpora import CorpusErrors
from .distillation import DistillationErrors
from .models import ModelErrors
from .reports import ReportErrors
from .settings import SettingErrors
from .training import TrainingErrors
from .warnings import Warnings

__all__ = [
    "Errors",
    "LSTMTaggerError",
    "LSTMTaggerImportError",
    "LSTMTaggerOSError",
    "LSTMTaggerRuntimeError",
    "LSTMTaggerValueError",
    "Warnings",
    "check_setting",
    "summarize_error",
]


class LSTMTaggerError(Exception):
    """Base class of every exception that this package raises."""


class LSTMTaggerValueError(LSTMTaggerError, ValueError):
    """A setting, an annotation, a file or a saved model is invalid."""


class LSTMTaggerOSError(LSTMTaggerError, OSError):
    """A file can't be written."""


class LSTMTaggerImportError(LSTMTaggerError, ImportError):
    """An optional dependency is not installed."""


class LSTMTaggerRuntimeError(LSTMTaggerError, RuntimeError):
    """A worker process or a cluster failed."""


class Errors(
    SettingErrors,
    TrainingErrors,
    ModelErrors,
    CorpusErrors,
    CommandErrors,
    DistillationErrors,
    ReportErrors,
):
    """Message templates: ``L0`` settings, ``L1`` training, ``L2`` model files, ``L3`` corpora, ``L4``
    commands, ``L5`` reports.
    """


def check_setting(block: str, setting: str, value: Any, is_valid: bool, expected: str) -> None:
    """Check a setting of the config.

    block (str): The registered name, or that of the component.
    RAISES (LSTMTaggerValueError): If the value is not valid. The message names the block and the setting.
    """
    if not is_valid:
        message = Errors.L001.format(block=block, setting=setting, value=value, expected=expected)
        raise LSTMTaggerValueError(message)


def summarize_error(problem: object) -> str:
    """Shorten an error of another library, to quote it in a message of ours.

    problem (object): The error, or text that may contain data. torch appends a stack trace to its messages,
        NumPy all of the data.
    RETURNS (str): One line of limited length.
    """
    text = str(problem).strip() or type(problem).__name__
    return text.splitlines()[0][:400]
