"""Explain NaN or infinite scores."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from spacy.tokens import Doc
from thinc.api import Model

from ..errors import Errors
from .shim import TorchShim


def explain_divergence(model: Model[Any, Any], docs: Sequence[Doc]) -> str:
    """Find out why a model's scores are NaN or infinite.

    model (Model): The model.
    docs (Sequence[Doc]): The documents with such scores.
    RETURNS (str): The cause, and what to do about it.
    """
    weights = _find_weights(model)
    if weights is not None:
        return Errors.L108.format(weights=weights)
    word = _find_vector(docs)
    return Errors.L109.format(word=word) if word is not None else Errors.L110


def _find_weights(model: Model[Any, Any]) -> str | None:
    """RETURNS (Optional[str]): The name of weights that are not finite, after that of their layer."""
    for node in model.walk():
        for shim in node.shims:
            parameters = shim.module.named_parameters() if isinstance(shim, TorchShim) else ()
            for name, parameter in parameters:
                if not torch.isfinite(parameter).all():
                    return f"{node.name}: {name}"
        for name in node.param_names:
            if node.has_param(name) and not node.ops.xp.isfinite(node.get_param(name)).all():
                return f"{node.name}: {name}"
    return None


def _find_vector(docs: Sequence[Doc]) -> str | None:
    """RETURNS (Optional[str]): A word whose static vector is not finite."""
    words = (token for doc in docs for token in doc)
    return next((word.text for word in words if not np.isfinite(_to_numpy(word.vector)).all()), None)


def _to_numpy(vector: Any) -> Any:
    return vector.get() if hasattr(vector, "get") else vector  # CuPy's arrays have `get`
