"""Restore a model and its settings if loading fails halfway."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from thinc.api import Model


@contextmanager
def unchanged_on_error(model: Model[Any, Any], settings: dict[str, Any]) -> Iterator[None]:
    """Restore everything that loading replaced before it failed. Arrays and torch modules are not copied,
    because loading replaces them as a whole.

    model (Model): The model. Shims of other packages may change in place; that is not undone.
    settings (Dict[str, Any]): The settings.
    """
    # Thinc has no way to unset a dimension, and a model that keeps one can load no other weights.
    holders = [holder for node in model.walk() for holder in _find_holders(node)]
    kept = [(holder, dict(holder)) for holder in [settings, *holders]]
    names = [(node, node.name) for node in model.walk()]
    collects = gc.isenabled()
    try:
        yield
    except BaseException:
        for holder, content in kept:
            holder.clear()
            holder.update(content)
        for node, name in names:
            node.name = name
        if collects:
            gc.enable()  # srsly disables it for speed, and leaves it so after an error
        raise


def _find_holders(node: Model[Any, Any]) -> list[dict[Any, Any]]:
    """RETURNS (List[dict]): The dicts that hold what loading replaces in a node and its shims."""
    shims = [vars(shim) for shim in node.shims]
    return [node._dims, node._refs, node.attrs, node._has_params, node._params._params, *shims]
