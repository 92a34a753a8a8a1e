"""Loading into a model all or nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from thinc.api import Model


@contextmanager
def restore_on_error(model: Model[Any, Any]) -> Iterator[None]:
    """Put a model back as it was if what is done to it fails: Thinc loads one node after the other.

    model (Model): The model. That weights are replaced, not overwritten, holds for Thinc's loading.
    """
    undo = [_remember(node) for node in model.walk()]
    try:
        yield
    except BaseException:
        for put_back in undo:
            put_back()
        raise


def _remember(node: Model[Any, Any]) -> Callable[[], None]:
    """RETURNS (Callable[[], None]): Puts a node back as it is now."""
    name, dims, attrs = node.name, dict(node._dims), dict(node.attrs)
    refs = {name: node.get_ref(name) if node.has_ref(name) else None for name in node.ref_names}
    params = {name: node.get_param(name) if node.has_param(name) else None for name in node.param_names}
    shims = [dict(vars(shim)) for shim in node.shims]

    def put_back() -> None:
        node.name = name
        node._dims.update(dims)
        node.attrs.clear()
        node.attrs.update(attrs)
        for ref_name, ref in refs.items():
            node.set_ref(ref_name, ref)
        for param_name, param in params.items():
            node.set_param(param_name, param)
        for shim, state in zip(node.shims, shims, strict=True):
            vars(shim).clear()
            vars(shim).update(state)

    return put_back
