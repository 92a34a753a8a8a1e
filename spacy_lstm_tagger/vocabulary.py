"""The rows of embedding tables: fitted on the training data, or hashed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from spacy.strings import get_string_id

from .errors import Errors, LSTMTaggerValueError

Ids: TypeAlias = npt.NDArray[np.uint64]  # spaCy's string ids: hashes, the same on every machine
Ints: TypeAlias = npt.NDArray[np.int64]
VocabularyData: TypeAlias = Mapping[str, Mapping[str, int]]  # by feature: the strings and their counts

UNKNOWN = 0  # the row of strings that the training data does not have


class StringTable:
    """Maps the strings of one feature to rows of its embedding table.

    Fitted, every string of the training data has its own row, and all others share row 0. Hashed, all
    strings share a fixed number of rows, so that nothing depends on a sample of the data.
    """

    _sorted_ids: Ids  # of the strings, once they are fitted
    _sorted_rows: Ints

    def __init__(self, hash_rows: int) -> None:
        self.hash_rows = hash_rows
        self.is_fitted = False
        self.strings: list[str] = []
        self.counts = np.zeros(0, dtype=np.int64)

    @property
    def n_rows(self) -> int:
        """The size of the embedding table, including the row for unknown strings."""
        return 1 + (len(self.strings) if self.is_fitted else self.hash_rows)

    def fit(self, counts: Mapping[str, int]) -> None:
        """Give each string its own row, in the order given.

        counts (Mapping[str, int]): The strings, and how often each occurs.
        """
        self.is_fitted = True
        self.strings = list(counts)
        self.counts = np.fromiter(counts.values(), dtype=np.int64, count=len(counts))
        ids = np.array([get_string_id(string) for string in self.strings], dtype=np.uint64)
        order = np.argsort(ids)
        self._sorted_ids = ids[order]
        self._sorted_rows = order + 1

    def __call__(self, ids: Ids) -> Ints:
        """RETURNS (Ints): The row of each string id, 0 if it is unknown, `(ids,)`."""
        if not self.is_fitted:
            hashed: Ints = (ids % np.uint64(self.hash_rows)).astype(np.int64) + 1
            return hashed
        if not self.strings:
            return np.full(len(ids), UNKNOWN, dtype=np.int64)
        place = np.searchsorted(self._sorted_ids, ids)
        place[place == len(self._sorted_ids)] = 0
        is_known = self._sorted_ids[place] == ids
        rows: Ints = np.where(is_known, self._sorted_rows[place], UNKNOWN)
        return rows


class Vocabulary:
    """The tables of all features of a word.

    names (Sequence[str]): The features.
    min_freq (int): How often a string must occur to get a row of its own.
    hash_rows (int): The rows of a table that is not fitted.
    """

    def __init__(self, names: Sequence[str], *, min_freq: int, hash_rows: int) -> None:
        self.min_freq = min_freq
        self.tables = {name: StringTable(hash_rows) for name in names}

    def fit(self, types: Iterable[tuple[Sequence[str], int]]) -> None:
        """Fit all tables.

        types (Iterable[Tuple[Sequence[str], int]]): The string of every feature of a word type, and how
            often the type occurs.
        """
        counts: dict[str, dict[str, int]] = {name: {} for name in self.tables}
        for strings, count in types:
            for of_feature, string in zip(counts.values(), strings, strict=True):
                of_feature[string] = of_feature.get(string, 0) + count
        for name, table in self.tables.items():
            frequent = {s: n for s, n in counts[name].items() if n >= self.min_freq and s}
            table.fit(dict(sorted(frequent.items(), key=lambda item: (-item[1], item[0]))))

    @property
    def data(self) -> dict[str, dict[str, int]]:
        """Every fitted table's strings and counts by the feature's name; can be written as JSON."""
        return {
            name: dict(zip(table.strings, table.counts.tolist(), strict=True))
            for name, table in self.tables.items()
            if table.is_fitted
        }

    def load(self, data: VocabularyData) -> None:
        """Take over what was fitted earlier, with the same features.

        data (VocabularyData): As `data` gives it.
        RAISES (LSTMTaggerValueError): If a feature is missing.
        """
        for name, table in self.tables.items():
            if name not in data:
                raise LSTMTaggerValueError(Errors.L103.format(attr=name, found=list(data)))
            table.fit(data[name])

    def look_up(self, ids: Ids) -> Ints:
        """RETURNS (Ints): A table row for every feature, from string ids, both `(types, features)`."""
        rows = np.zeros(ids.shape, dtype=np.int64)
        for i, table in enumerate(self.tables.values()):
            rows[:, i] = table(ids[:, i])
        return rows

    @property
    def has_spaces(self) -> bool:
        """Whether the training data has whitespace tokens; true as well if nothing is fitted."""
        strings = [string for table in self.tables.values() for string in table.strings]
        return not strings or any(map(str.isspace, strings))
