"""From a `Doc` to integer arrays: string ids are fitted on the training data and applied as table rows.

All that a word contributes before the recurrence depends on its *type* (its `ORTH`) alone. A batch is
therefore read as its distinct word types and, for every token, the index of its type; features are
computed once a type. This module knows NumPy and spaCy's `Doc`, not torch.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from spacy.attrs import NAMES, ORTH, SENT_START
from spacy.strings import get_string_id
from spacy.tokens import Doc
from spacy.vectors import Mode as VectorsMode
from spacy.vocab import Vocab

from .errors import Errors

Ids: TypeAlias = npt.NDArray[np.uint64]  # spaCy's string ids: hashes, the same on every machine
Rows: TypeAlias = npt.NDArray[np.int64]

UNKNOWN = 0  # the row of what the training data did not hold
LEXEME_ATTRS = ("ORTH", "LOWER", "NORM", "PREFIX", "SUFFIX", "SHAPE")
MAX_KEPT = 100_000  # word types whose features are kept in training: some 50 MB
N_BYTES = 257  # the bytes 0 to 255, shifted by one: row 0 is padding


class Words(NamedTuple):
    """A batch of documents as word types.

    types (Ids): The distinct ORTH ids, sorted, `(types,)`.
    token_types (Rows): The position in `types` of every token, documents end to end, `(tokens,)`.
    lengths (Rows): The number of tokens of every document, `(docs,)`.
    """

    types: Ids
    token_types: Rows
    lengths: Rows


class TypeFeatures(NamedTuple):
    """What the network reads of each word type.

    rows (Rows): A table row for every column, `(types, columns)`.
    characters (Rows): The word's UTF-8 bytes plus one, padded with 0, `(types, max_bytes)`.
    vectors (np.ndarray): Static vectors, float32 `(types, vector_width)`; width 0 without any.
    is_read (np.ndarray): Whether the network reads words of the type at all, bool `(types,)`: it passes
        over white space if the training data had none.
    """

    rows: Rows
    characters: Rows
    vectors: npt.NDArray[np.float32]
    is_read: npt.NDArray[np.bool_]


def read_words(docs: Sequence[Doc]) -> Words:
    """Read a batch of documents as word types."""
    tokens, lengths = read_tokens(docs)
    types, index = np.unique(tokens, return_inverse=True)
    return Words(types, index.astype(np.int64, copy=False), lengths)


def read_tokens(docs: Sequence[Doc]) -> tuple[Ids, Rows]:
    """RETURNS (Tuple[Ids, Rows]): The ORTH id of every token, documents end to end, and the number of
    tokens of every document.
    """
    orths = [doc.to_array(ORTH) for doc in docs]
    lengths = np.fromiter(map(len, orths), dtype=np.int64, count=len(orths))
    return np.concatenate(orths) if orths else np.zeros(0, dtype=np.uint64), lengths


def get_vocab(docs: Sequence[Doc]) -> Vocab:
    """RETURNS (Vocab): That of the first document. Where others have another one, as spaCy permits, it gets
    their words.
    """
    vocab = docs[0].vocab
    for doc in docs:
        if doc.vocab is not vocab:
            add_words(doc, vocab)
    return vocab


def add_words(doc: Doc, vocab: Vocab) -> None:
    """Let a vocab know the words of a document that another vocab made."""
    for orth in np.unique(doc.to_array(ORTH)).tolist():
        vocab.strings.add(doc.vocab.strings[orth])


def find_sentence_starts(doc: Doc) -> list[int]:
    """RETURNS (List[int]): The first token of every sentence; none where no sentences are set."""
    if not doc.has_annotation("SENT_START"):
        return []
    starts: list[int] = np.flatnonzero(doc.to_array(SENT_START) == 1).tolist()
    return starts


class Column:
    """One embedding table's rows, by string id.

    Fitted, every string of the training data has a row of its own and all others share row 0.
    Unfitted, strings are hashed into a fixed number of rows, so that nothing depends on a sample.
    """

    def __init__(self, hash_rows: int) -> None:
        self.hash_rows = hash_rows
        self.is_fitted = False  # whether a vocabulary was fitted or handed in
        self.strings: list[str] = []
        self.counts = np.zeros(0, dtype=np.int64)
        self._sorted_ids = np.zeros(0, dtype=np.uint64)
        self._sorted_rows = np.zeros(0, dtype=np.int64)

    @property
    def n_rows(self) -> int:
        """The size of the embedding table, with the row of the unknown."""
        return 1 + (len(self.strings) if self.is_fitted else self.hash_rows)

    def set_vocabulary(self, counts: Mapping[str, int]) -> None:
        """Give each string its row, in the order given.

        counts (Mapping[str, int]): The strings and how often each was seen.
        """
        self.is_fitted = True
        self.strings = list(counts)
        self.counts = np.fromiter(counts.values(), dtype=np.int64, count=len(counts))
        ids = np.array([get_string_id(string) for string in self.strings], dtype=np.uint64)
        order = np.argsort(ids)
        self._sorted_ids = ids[order]
        self._sorted_rows = order + 1

    def __call__(self, ids: Ids) -> Rows:
        """Map string ids to rows. Unknown ids map to row 0."""
        if not self.is_fitted:
            hashed: Rows = (ids % np.uint64(self.hash_rows)).astype(np.int64) + 1
            return hashed
        if not self.strings:
            return np.full(len(ids), UNKNOWN, dtype=np.int64)
        place = np.searchsorted(self._sorted_ids, ids)
        place[place == len(self._sorted_ids)] = 0
        known = self._sorted_ids[place] == ids
        rows: Rows = np.where(known, self._sorted_rows[place], UNKNOWN)
        return rows


class FeatureTable:
    """Fit the vocabulary of every column; turn word types into features.

    attrs (Sequence[str]): Lexeme attributes, each a column of its own.
    prefix_lengths (Sequence[int]): Columns for the first n characters, beside the lexeme's `PREFIX`.
    suffix_lengths (Sequence[int]): Columns for the last n characters, beside the lexeme's `SUFFIX`.
    min_freq (int): How often a string must be seen to get a row of its own.
    hash_rows (int): The rows of an unfitted column.
    max_bytes (int): How many bytes of a word are read, half of them from its end; 0 for none.
    static_vectors (bool): Whether to hand over the vocab's vectors.
    """

    def __init__(
        self,
        attrs: Sequence[str],
        *,
        prefix_lengths: Sequence[int] = (),
        suffix_lengths: Sequence[int] = (),
        min_freq: int = 1,
        hash_rows: int = 5000,
        max_bytes: int = 0,
        static_vectors: bool = False,
    ) -> None:
        self.attrs = tuple(attrs)
        self.prefix_lengths = tuple(prefix_lengths)
        self.suffix_lengths = tuple(suffix_lengths)
        self.min_freq = min_freq
        self.max_bytes = max_bytes
        self.static_vectors = static_vectors
        names = [
            *self.attrs,
            *(f"PREFIX{n}" for n in self.prefix_lengths),
            *(f"SUFFIX{n}" for n in self.suffix_lengths),
        ]
        self.columns = {name: Column(hash_rows) for name in names}
        self._get_attrs = attrgetter(*(f"{attr.lower()}_" for attr in self.attrs)) if attrs else None
        self._reads_spaces = True
        self._forget(None)

    def _forget(self, vocab: Vocab | None) -> None:
        """Start anew with what `look_up` keeps: for each ORTH id its place, and there rows and bytes."""
        self._kept: dict[int, int] = {}
        self._kept_features = np.zeros((0, len(self.columns) + self.max_bytes), dtype=np.int64)
        self._kept_vocab = vocab

    def __getstate__(self) -> dict[str, Any]:
        nothing = {"_kept": {}, "_kept_features": self._kept_features[:0], "_kept_vocab": None}
        return {**self.__dict__, **nothing}

    def fit(self, docs: Iterable[Doc]) -> None:
        """Build the vocabulary of every column from all documents given."""
        self._forget(None)
        counts: dict[str, dict[str, int]] = {name: {} for name in self.columns}
        for lexeme_strings, count in self._count_types(docs):
            for name, string in zip(counts, lexeme_strings, strict=True):
                counts[name][string] = counts[name].get(string, 0) + count
        for name, column in self.columns.items():
            frequent = {s: n for s, n in counts[name].items() if n >= self.min_freq and s}
            column.set_vocabulary(dict(sorted(frequent.items(), key=lambda item: (-item[1], item[0]))))
        self._look_for_spaces()

    def _look_for_spaces(self) -> None:
        """White space that the training data did not have is no word to wonder about: it is passed over."""
        strings = [string for column in self.columns.values() for string in column.strings]
        self._reads_spaces = not strings or any(map(str.isspace, strings))

    def _count_types(self, docs: Iterable[Doc]) -> Iterable[tuple[tuple[str, ...], int]]:
        """YIELDS (Tuple[Tuple[str, ...], int]): A type's string in every column, and its count."""
        totals: dict[int, int] = {}
        vocab: Vocab | None = None
        for doc in docs:
            vocab = doc.vocab if vocab is None else vocab
            if doc.vocab is not vocab:
                add_words(doc, vocab)
            for orth, count in zip(*np.unique(doc.to_array(ORTH), return_counts=True), strict=True):
                totals[int(orth)] = totals.get(int(orth), 0) + int(count)
        if vocab is not None:
            strings = self._strings(np.array(list(totals), dtype=np.uint64), vocab)
            yield from zip(strings, totals.values(), strict=True)

    @property
    def vocabulary(self) -> dict[str, dict[str, int]]:
        """Every fitted column's strings and counts, by the column's name; can be written as JSON."""
        return {
            name: dict(zip(column.strings, column.counts.tolist(), strict=True))
            for name, column in self.columns.items()
            if column.is_fitted
        }

    def set_vocabulary(self, vocabulary: Mapping[str, Mapping[str, int]]) -> None:
        """Take over a vocabulary made earlier, with the same columns.

        vocabulary (Mapping[str, Mapping[str, int]]): As given by the property of this name.
        RAISES (ValueError): If a column is missing.
        """
        self._forget(None)
        for name, column in self.columns.items():
            if name not in vocabulary:
                raise ValueError(Errors.L103.format(attr=name, found=list(vocabulary)))
            column.set_vocabulary(vocabulary[name])
        self._look_for_spaces()

    def __call__(self, types: Ids, vocab: Vocab) -> TypeFeatures:
        """Compute the features of word types.

        types (Ids): ORTH ids, `(types,)`.
        vocab (Vocab): The vocab that holds their strings, and the static vectors.
        RETURNS (TypeFeatures): The features, a row for every type.
        """
        strings = self._strings(types, vocab)
        ids = np.array([[get_string_id(s) for s in row] for row in strings], dtype=np.uint64)
        ids = ids.reshape(len(types), len(self.columns))
        columns = [column(ids[:, i]) for i, column in enumerate(self.columns.values())]
        rows = np.stack(columns, axis=1) if columns else np.zeros((len(types), 0), dtype=np.int64)
        return TypeFeatures(
            rows, self._bytes(types, vocab), self._vectors(types, vocab), self._find_read(types, vocab)
        )

    def look_up(self, types: Ids, vocab: Vocab) -> TypeFeatures:
        """As a call, but what was computed once is kept: training sees each type many times."""
        if self._kept_vocab is not vocab or len(self._kept) > MAX_KEPT:
            self._forget(vocab)
        new = np.array([orth for orth in types.tolist() if orth not in self._kept], dtype=np.uint64)
        if len(new):
            self._keep(new, self(new, vocab))
        places = np.array([self._kept[orth] for orth in types.tolist()], dtype=np.int64)
        rows, characters = np.split(self._kept_features[places], [len(self.columns)], axis=1)
        longest = int(np.count_nonzero(characters, axis=1).max(initial=0))
        return TypeFeatures(
            rows,
            characters[:, :longest],
            self._vectors(types, vocab),
            self._find_read(types, vocab),
        )

    def _keep(self, types: Ids, features: TypeFeatures) -> None:
        rows, characters = features.rows, features.characters
        padded = np.pad(characters, ((0, 0), (0, self.max_bytes - characters.shape[1])))
        start = len(self._kept)
        self._kept_features = np.concatenate([self._kept_features, np.concatenate([rows, padded], axis=1)])
        self._kept.update(zip(types.tolist(), range(start, start + len(types)), strict=True))

    def _strings(self, types: Ids, vocab: Vocab) -> list[tuple[str, ...]]:
        """RETURNS (List[Tuple[str, ...]]): For every type, its string in every column."""
        result = []
        for orth in types.tolist():
            lexeme = vocab[orth]
            text = lexeme.lower_
            attrs = self._get_attrs(lexeme) if self._get_attrs else ()
            result.append(
                (
                    *((attrs,) if isinstance(attrs, str) else attrs),
                    *(text[:n] for n in self.prefix_lengths),
                    *(text[-n:] for n in self.suffix_lengths),
                )
            )
        return result

    def _bytes(self, types: Ids, vocab: Vocab) -> Rows:
        """RETURNS (Rows): UTF-8 bytes plus one, `(types, longest)`: a long word's two ends."""
        if not self.max_bytes:
            return np.zeros((len(types), 0), dtype=np.int64)
        half = self.max_bytes // 2
        words = [vocab.strings[orth].encode("utf8") for orth in types.tolist()]
        words = [w if len(w) <= self.max_bytes else w[:half] + w[half - self.max_bytes :] for w in words]
        lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
        matrix = np.zeros((len(words), int(lengths.max(initial=0))), dtype=np.int64)
        filled = np.arange(matrix.shape[1])[None, :] < lengths[:, None]
        matrix[filled] = np.frombuffer(b"".join(words), dtype=np.uint8).astype(np.int64) + 1
        return matrix

    def _find_read(self, types: Ids, vocab: Vocab) -> npt.NDArray[np.bool_]:
        if self._reads_spaces:
            return np.ones(len(types), dtype=np.bool_)
        is_space = (vocab.strings[orth].isspace() for orth in types.tolist())
        return ~np.fromiter(is_space, dtype=np.bool_, count=len(types))

    def _vectors(self, types: Ids, vocab: Vocab) -> npt.NDArray[np.float32]:
        if not self.static_vectors:
            return np.zeros((len(types), 0), dtype=np.float32)
        table = vocab.vectors
        name = NAMES[table.attr].lower()  # vectors may be keyed by another attribute than ORTH
        keys = [getattr(vocab[orth], name) for orth in types.tolist()]
        vectors = table.get_batch(keys)
        if table.mode == VectorsMode.default:  # a word without a vector: -1 would be the last row
            vectors[table.find(keys=keys) < 0] = 0.0
        return np.asarray(vectors.get() if hasattr(vectors, "get") else vectors, dtype=np.float32)
