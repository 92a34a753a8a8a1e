"""Documents end to end in one array, with their lengths.

One such array runs from the tok2vec layer to the loss, and its gradient back. Lists with one array per
document occur only where the interfaces of Thinc and spaCy ask for them: `split` and `join` are that
border.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from thinc.util import get_array_module

from .vocabulary import Ints


class Ragged(NamedTuple):
    """As Thinc's `Ragged`, but its data can have any number of dimensions, and be empty.

    data (Any): An array of NumPy or CuPy, `(tokens, ...)`.
    lengths (Ints): The number of tokens of every document, in NumPy, `(docs,)`.
    """

    data: Any
    lengths: Ints


def join(arrays: Sequence[Any]) -> Ragged:
    """RETURNS (Ragged): Flat `(tokens, ...)`, from `(tokens, ...)` for each of one or more documents. What
    `split` gave is not copied.
    """
    xp: Any = get_array_module(arrays[0])  # type: ignore[no-untyped-call]
    lengths = np.array([len(array) for array in arrays], dtype=np.int64)
    whole = _find_whole(arrays, int(lengths.sum())) if xp is np else None
    return Ragged(xp.concatenate(arrays) if whole is None else whole, lengths)


def _find_whole(arrays: Sequence[Any], n_rows: int) -> Any:
    """RETURNS (Optional[np.ndarray]): The array that these are the parts of, end to end."""
    whole = arrays[0].base
    if not isinstance(whole, np.ndarray) or whole.shape != (n_rows, *arrays[0].shape[1:]):
        return None
    if not whole.flags.c_contiguous or whole.dtype != arrays[0].dtype:
        return None
    address = whole.ctypes.data
    for array in arrays:
        is_next = array.base is whole and array.shape[1:] == whole.shape[1:]
        if not is_next or array.__array_interface__["data"][0] != address:
            return None
        address += array.nbytes
    return whole


def split(flat: Ragged) -> list[Any]:
    """RETURNS (List[Any]): One array per document, all of them views of the flat one."""
    ends = flat.lengths.cumsum().tolist()
    return [flat.data[start:end] for start, end in zip([0, *ends], ends, strict=False)]
