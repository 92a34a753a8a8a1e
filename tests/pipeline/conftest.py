"""A tagger that is trained once. Tests only read it; those that change one take a copy."""

from collections.abc import Callable
from typing import Any

import pytest
from helpers import make_pipeline, make_trained
from spacy.language import Language
from thinc.api import fix_random_seed


@pytest.fixture(scope="session")
def trained() -> Language:
    """RETURNS (Language): A pipeline that has learned `TRAIN`."""
    fix_random_seed(0)
    return make_trained()


@pytest.fixture(scope="session")
def copy_trained(trained: Language) -> Callable[..., Language]:
    """RETURNS (Callable[..., Language]): Copies it, with other model settings, for a test to change."""
    data = trained.get_pipe("lstm_tagger").to_bytes(exclude=["vocab"])

    def make_copy(**model: Any) -> Language:
        nlp = make_pipeline(**model)
        nlp.get_pipe("lstm_tagger").from_bytes(data, exclude=["vocab"])
        return nlp

    return make_copy
