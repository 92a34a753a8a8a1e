"""A model and settings that stay as they were if something fails while they are being replaced."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from thinc.api import Model


@contextmanager
def unchanged_on_error(model: Model[Any, Any], settings: dict[str, Any]) -> Iterator[None]:
    """Put everything back that loading replaced before it failed. Nothing is copied that loading does not
    change in place: it replaces arrays and torch modules as a whole.

    model (Model): The model. The shims of other packages' layers may change in place, and then stay so.
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
            gc.enable()  # srsly switches it off to be quick, and does not come back to it after an error
        raise


def _find_holders(node: Model[Any, Any]) -> list[dict[Any, Any]]:
    """RETURNS (List[dict]): The dicts in which a node and its shims keep what loading replaces."""
    shims = [vars(shim) for shim in node.shims]
    return [node._dims, node._refs, node.attrs, node._has_params, node._params._params, *shims]
