"""From a `Doc` to integer arrays.

Everything that a word contributes before the recurrence depends on its *type*, its `ORTH`, alone. A batch
is therefore read as its distinct word types and, for every token, the index of its type; features are
computed once per type. This module knows NumPy and spaCy's `Doc`, not torch.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from spacy.attrs import NAMES, ORTH, SENT_START
from spacy.strings import get_string_id
from spacy.tokens import Doc
from spacy.vectors import Mode as VectorsMode
from spacy.vocab import Vocab

from .vocabulary import Ids, Ints, Vocabulary, VocabularyData

LEXEME_ATTRS = ("ORTH", "LOWER", "NORM", "PREFIX", "SUFFIX", "SHAPE")
MAX_KEPT = 100_000  # word types whose features are kept in training: about 50 MB
N_BYTES = 257  # the bytes 0 to 255, shifted by one: row 0 is padding


class TypeBatch(NamedTuple):
    """A batch of documents as word types.

    types (Ids): The distinct ORTH ids, sorted, `(types,)`.
    token_types (Ints): The index in `types` of every token, documents end to end, `(tokens,)`.
    lengths (Ints): The number of tokens of every document, `(docs,)`.
    """

    types: Ids
    token_types: Ints
    lengths: Ints


class TypeFeatures(NamedTuple):
    """What the network reads of each word type.

    rows (Ints): A table row for every feature, `(types, features)`.
    characters (Ints): The word's UTF-8 bytes plus one, padded with 0, `(types, max_bytes)`.
    vectors (np.ndarray): Static vectors, float32 `(types, vector_width)`; width 0 without any.
    is_read (np.ndarray): Whether the network reads words of the type at all, bool `(types,)`. It skips
        whitespace, unless the training data has some.
    """

    rows: Ints
    characters: Ints
    vectors: npt.NDArray[np.float32]
    is_read: npt.NDArray[np.bool_]


def read_types(docs: Sequence[Doc]) -> TypeBatch:
    """RETURNS (TypeBatch): A batch of documents as word types."""
    tokens, lengths = read_tokens(docs)
    types, index = np.unique(tokens, return_inverse=True)
    return TypeBatch(types, index.astype(np.int64, copy=False), lengths)


def read_tokens(docs: Sequence[Doc]) -> tuple[Ids, Ints]:
    """RETURNS (Tuple[Ids, Ints]): The ORTH id of every token, documents end to end, and the number of
    tokens of every document.
    """
    orths = [doc.to_array(ORTH) for doc in docs]
    lengths = np.fromiter(map(len, orths), dtype=np.int64, count=len(orths))
    return np.concatenate(orths) if orths else np.zeros(0, dtype=np.uint64), lengths


def get_vocab(docs: Sequence[Doc]) -> Vocab:
    """RETURNS (Vocab): That of the first document. Words of documents with another vocab, which spaCy
    permits, are added to it.
    """
    vocab = docs[0].vocab
    for doc in docs:
        add_words(doc, vocab)
    return vocab


def add_words(doc: Doc, vocab: Vocab) -> None:
    """Add the words of a document with another vocab to a vocab."""
    if doc.vocab is not vocab:
        for orth in np.unique(doc.to_array(ORTH)).tolist():
            vocab.strings.add(doc.vocab.strings[orth])


def find_sentence_starts(doc: Doc) -> list[int]:
    """RETURNS (List[int]): The first token of every sentence; empty if sentences are not set."""
    if not doc.has_annotation("SENT_START"):
        return []
    starts: list[int] = np.flatnonzero(doc.to_array(SENT_START) == 1).tolist()
    return starts


class FeatureTable:
    """Turns word types into features, and fits the vocabulary that this takes.

    attrs (Sequence[str]): Lexeme attributes, each a feature.
    prefix_lengths (Sequence[int]): Features for the first n characters, next to the lexeme's `PREFIX`.
    suffix_lengths (Sequence[int]): Features for the last n characters, next to the lexeme's `SUFFIX`.
    min_freq (int): How often a string must occur to get a row of its own.
    hash_rows (int): The rows of a table that is not fitted.
    max_bytes (int): How many bytes of a word are read, half of them from its end; 0 for none.
    static_vectors (bool): Whether to read the vocab's vectors.
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
        self.max_bytes = max_bytes
        self.static_vectors = static_vectors
        names = [
            *self.attrs,
            *(f"PREFIX{n}" for n in self.prefix_lengths),
            *(f"SUFFIX{n}" for n in self.suffix_lengths),
        ]
        self.vocabulary = Vocabulary(names, min_freq=min_freq, hash_rows=hash_rows)
        self._get_attrs = attrgetter(*(f"{attr.lower()}_" for attr in self.attrs)) if attrs else None
        self._reads_spaces = True
        self._forget(None)

    def _forget(self, vocab: Vocab | None) -> None:
        """Clear what `look_up` keeps: the row of each ORTH id, and there its table rows and bytes."""
        self._kept: dict[int, int] = {}
        n_features = len(self.vocabulary.tables) + self.max_bytes
        self._kept_features = np.zeros((0, n_features), dtype=np.int64)
        self._kept_vocab = vocab

    def __getstate__(self) -> dict[str, Any]:
        nothing = {"_kept": {}, "_kept_features": self._kept_features[:0], "_kept_vocab": None}
        return {**self.__dict__, **nothing}

    def fit(self, docs: Iterable[Doc]) -> None:
        """Fit the vocabulary on all documents given."""
        self._forget(None)
        self.vocabulary.fit(self._count_types(docs))
        self._reads_spaces = self.vocabulary.has_spaces

    def _count_types(self, docs: Iterable[Doc]) -> Iterable[tuple[tuple[str, ...], int]]:
        """YIELDS (Tuple[Tuple[str, ...], int]): A type's string for every feature, and its count."""
        totals: dict[int, int] = {}
        vocab: Vocab | None = None
        for doc in docs:
            vocab = doc.vocab if vocab is None else vocab
            add_words(doc, vocab)
            for orth, count in zip(*np.unique(doc.to_array(ORTH), return_counts=True), strict=True):
                totals[int(orth)] = totals.get(int(orth), 0) + int(count)
        if vocab is not None:
            strings = self._get_strings(np.array(list(totals), dtype=np.uint64), vocab)
            yield from zip(strings, totals.values(), strict=True)

    def load_vocabulary(self, data: VocabularyData) -> None:
        """Take over a vocabulary that was fitted earlier.

        RAISES (LSTMTaggerValueError): If a feature is missing.
        """
        self._forget(None)
        self.vocabulary.load(data)
        self._reads_spaces = self.vocabulary.has_spaces

    def __call__(self, types: Ids, vocab: Vocab) -> TypeFeatures:
        """Compute the features of word types.

        types (Ids): ORTH ids, `(types,)`.
        vocab (Vocab): The vocab that has their strings, and the static vectors.
        RETURNS (TypeFeatures): The features, one row per type.
        """
        strings = self._get_strings(types, vocab)
        ids = np.array([[get_string_id(s) for s in row] for row in strings], dtype=np.uint64)
        rows = self.vocabulary.look_up(ids.reshape(len(types), len(self.vocabulary.tables)))
        return TypeFeatures(
            rows,
            self._get_bytes(types, vocab),
            self._get_vectors(types, vocab),
            self._find_read(types, vocab),
        )

    def look_up(self, types: Ids, vocab: Vocab) -> TypeFeatures:
        """As a call, but computed features are kept: training sees each type many times."""
        if self._kept_vocab is not vocab or len(self._kept) > MAX_KEPT:
            self._forget(vocab)
        new = np.array([orth for orth in types.tolist() if orth not in self._kept], dtype=np.uint64)
        if len(new):
            self._keep(new, self(new, vocab))
        places = np.array([self._kept[orth] for orth in types.tolist()], dtype=np.int64)
        rows, characters = np.split(self._kept_features[places], [len(self.vocabulary.tables)], axis=1)
        longest = int(np.count_nonzero(characters, axis=1).max(initial=0))
        return TypeFeatures(
            rows,
            characters[:, :longest],
            self._get_vectors(types, vocab),
            self._find_read(types, vocab),
        )

    def _keep(self, types: Ids, features: TypeFeatures) -> None:
        rows, characters = features.rows, features.characters
        padded = np.pad(characters, ((0, 0), (0, self.max_bytes - characters.shape[1])))
        start = len(self._kept)
        self._kept_features = np.concatenate([self._kept_features, np.concatenate([rows, padded], axis=1)])
        self._kept.update(zip(types.tolist(), range(start, start + len(types)), strict=True))

    def _get_strings(self, types: Ids, vocab: Vocab) -> list[tuple[str, ...]]:
        """RETURNS (List[Tuple[str, ...]]): For every type, its string for every feature."""
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

    def _get_bytes(self, types: Ids, vocab: Vocab) -> Ints:
        """RETURNS (Ints): UTF-8 bytes plus one, `(types, longest)`: both ends of a long word."""
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
        """RETURNS (np.ndarray): Which types are read: all but whitespace unless seen in training."""
        if self._reads_spaces:
            return np.ones(len(types), dtype=np.bool_)
        is_space = (vocab.strings[orth].isspace() for orth in types.tolist())
        return ~np.fromiter(is_space, dtype=np.bool_, count=len(types))

    def _get_vectors(self, types: Ids, vocab: Vocab) -> npt.NDArray[np.float32]:
        if not self.static_vectors:
            return np.zeros((len(types), 0), dtype=np.float32)
        table = vocab.vectors
        name = NAMES[table.attr].lower()  # vectors may be keyed by another attribute than ORTH
        keys = [getattr(vocab[orth], name) for orth in types.tolist()]
        vectors = table.get_batch(keys)
        if table.mode == VectorsMode.default:  # for a word without a vector, -1 would be the last row
            vectors[table.find(keys=keys) < 0] = 0.0
        return np.asarray(vectors.get() if hasattr(vectors, "get") else vectors, dtype=np.float32)
