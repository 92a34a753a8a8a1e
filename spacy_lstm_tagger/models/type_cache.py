"""A cache of what was computed per word type: known words are looked up."""

import operator
import os
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..vocabulary import Ids, Ints

Compute: TypeAlias = Callable[[Ids], tuple[Tensor, npt.NDArray[np.bool_]]]

UNREAD = -1  # the row of a word that is not read

# One lock for all caches, held during a fork: the new process has no other thread that could finish what it
# began, or release the lock.
_lock = Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


class TypeCache:
    """One row of numbers per word type, by its key. Safe to share between threads.

    Rows are only ever added to a table, and a full table is replaced by a new one, with the types that most
    calls have asked for, so that tables that were returned stay valid.

    limit (int): How many types are kept.
    *sources (Any): The objects, other than weights, that the rows are computed from.
    """

    def __init__(self, limit: int, *sources: Any) -> None:
        self.limit = limit
        self.sources = sources
        self._forget()

    def is_of(self, *sources: Any) -> bool:
        """Whether the rows are computed from these very objects."""
        return len(sources) == len(self.sources) and all(map(operator.is_, sources, self.sources))

    def _forget(self) -> None:
        self._ids: Ids = np.zeros(0, dtype=np.uint64)  # sorted
        self._rows: Ints = np.zeros(0, dtype=np.int64)
        self._counts: Ints = np.zeros(0, dtype=np.int64)  # in how many calls each type occurred
        self._table: Tensor | None = None

    def __len__(self) -> int:
        return len(self._ids)

    def look_up(self, tokens: Ids, compute: Compute) -> tuple[Tensor, Ints]:
        """Look up the rows of words, and compute those of new word types.

        tokens (Ids): The keys of the types of words, `(tokens,)`.
        compute (Callable[[Ids], Tuple[Tensor, np.ndarray]]): Computes the rows of types, `(types, width)`,
            and which of the types are read at all, bool `(types,)`.
        RETURNS (Tuple[Tensor, Ints]): A table `(rows, width)`, and the row of each word `(tokens,)`: -1 for
            one that is not read.
        """
        with _lock:
            places, is_known = self._find(tokens)
            if self._table is not None and is_known.all():
                self._counts[places] += 1
                return self._table, self._rows[places]
            types, index = np.unique(tokens, return_inverse=True)
            if len(types) <= self.limit:
                table, rows = self._look_up_types(types, compute)
                return table, rows[index]
        computed, is_read = compute(types)
        return computed, np.where(is_read, np.arange(len(types)), UNREAD)[index]

    def _look_up_types(self, types: Ids, compute: Compute) -> tuple[Tensor, Ints]:
        new = self._find_new(types)
        for n_kept in (self.limit // 2, 0):
            if len(self._ids) + len(new) > self.limit:
                self._keep_frequent(n_kept)
                new = self._find_new(types)
        self._add(new, *compute(new))
        assert self._table is not None
        places, _ = self._find(types)
        self._counts[places] += 1
        return self._table, self._rows[places]

    def _find_new(self, types: Ids) -> Ids:
        return types[~self._find(types)[1]]

    def _keep_frequent(self, n_types: int) -> None:
        """Start a new table with the types of most calls. What they were asked for earlier counts half."""
        if self._table is None or not n_types:
            self._forget()
            return
        kept = np.sort(np.argsort(-self._counts, kind="stable")[:n_types])  # still in the order of ids
        rows = self._rows[kept]
        is_read = rows != UNREAD
        self._table = self._table[torch.from_numpy(np.where(is_read, rows, 0))]
        self._ids, self._counts = self._ids[kept], self._counts[kept] // 2
        self._rows = np.where(is_read, np.arange(len(kept)), UNREAD)

    def _find(self, tokens: Ids) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """RETURNS (Tuple[Ints, np.ndarray]): The position of each word among the ids, and whether it is
        there.
        """
        if not len(self._ids):
            return np.zeros(len(tokens), dtype=np.int64), np.zeros(len(tokens), dtype=np.bool_)
        places = np.minimum(np.searchsorted(self._ids, tokens), len(self._ids) - 1)
        return places, self._ids[places] == tokens

    def _add(self, types: Ids, computed: Tensor, is_read: npt.NDArray[np.bool_]) -> None:
        start, end = len(self._ids), len(self._ids) + len(types)
        if self._table is None or end > len(self._table):
            capacity = min(self.limit, max(end, 2 * start))
            table = computed.new_empty(capacity, computed.shape[1])
            if self._table is not None:
                table[:start] = self._table[:start]
            self._table = table
        self._table[start:end] = computed
        ids = np.concatenate([self._ids, types])
        rows = np.concatenate([self._rows, np.where(is_read, np.arange(start, end), UNREAD)])
        counts = np.concatenate([self._counts, np.zeros(len(types), dtype=np.int64)])
        order = np.argsort(ids, kind="stable")
        self._ids, self._rows, self._counts = ids[order], rows[order], counts[order]
