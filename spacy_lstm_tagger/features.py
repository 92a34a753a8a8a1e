"""From a `Doc` to integer arrays.

Everything that a word contributes before the recurrence depends on its *type*: the values of the
attributes that features are made of, `ORTH` among them. A batch is therefore read as its distinct word
types and, for every token, the index of its type; features are computed once per type. Attributes are those
of the token, as spaCy's own models see them: a tokenizer or a component may have set its `NORM`. This
module knows NumPy and spaCy's `Doc`, not torch.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from spacy.attrs import IDS, LOWER, NAMES, ORTH, SENT_START
from spacy.strings import get_string_id
from spacy.tokens import Doc
from spacy.vectors import Mode as VectorsMode
from spacy.vocab import Vocab

from .vocabulary import Ids, Ints, Vocabulary, VocabularyData

Normalization: TypeAlias = Literal["NFC", "NFKC"]

TOKEN_ATTRS = ("ORTH", "LOWER", "NORM", "PREFIX", "SUFFIX", "SHAPE")
MAX_KEPT = 100_000  # word types whose features are kept in training: about 50 MB
N_BYTES = 257  # the bytes 0 to 255, shifted by one: row 0 is padding

# Odd numbers that mix the attributes of a word type, or the numbers of its vector, into one.
_FACTORS = np.random.default_rng(0).integers(2**63, size=4096, dtype=np.uint64) * 2 + 1


class TypeBatch(NamedTuple):
    """A batch of documents as word types.

    types (Ids): The attributes of the distinct types, `(types, attrs)`.
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


def read_tokens(docs: Sequence[Doc], attrs: Sequence[int] = (ORTH,)) -> tuple[Ids, Ints]:
    """RETURNS (Tuple[Ids, Ints]): The attributes of every token, documents end to end, `(tokens, attrs)`,
    and the number of tokens of every document.
    """
    values = [doc.to_array([*attrs]).reshape(-1, len(attrs)) for doc in docs]
    lengths = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
    return np.concatenate(values) if values else np.zeros((0, len(attrs)), dtype=np.uint64), lengths


def make_keys(tokens: Ids) -> Ids:
    """RETURNS (Ids): A number for the type of each token `(tokens, attrs)`, so that what is kept by it is
    never used for other values of the attributes, `(tokens,)`. Attributes are hashes, so two types share a
    number as rarely as two strings share a hash.
    """
    keys: Ids = tokens[:, 0] if tokens.shape[1] == 1 else tokens @ _FACTORS[: tokens.shape[1]]
    return keys


def find_types(tokens: Ids) -> tuple[Ids, Ints, Ints]:
    """RETURNS (Tuple[Ids, Ints, Ints]): The attributes of the distinct types of tokens `(tokens, attrs)`,
    `(types, attrs)`, sorted by the first attribute; the index of the type of each token; and how many
    tokens each type has.
    """
    _, places, index, counts = np.unique(
        make_keys(tokens), return_index=True, return_inverse=True, return_counts=True
    )
    types = tokens[places]
    order = np.argsort(types[:, 0], kind="stable")
    return types[order], np.argsort(order)[index], counts[order]


def get_vocab(docs: Sequence[Doc], attrs: Sequence[int] = (ORTH,)) -> Vocab:
    """RETURNS (Vocab): That of the first document. Strings of documents with another vocab, which spaCy
    permits, are added to it.
    """
    vocab = docs[0].vocab
    for doc in docs:
        add_strings(doc, vocab, attrs)
    return vocab


def add_strings(doc: Doc, vocab: Vocab, attrs: Sequence[int] = (ORTH,)) -> None:
    """Add the attributes of a document with another vocab to a vocab."""
    if doc.vocab is not vocab:
        for string_id in np.unique(doc.to_array([*attrs])).tolist():
            vocab.strings.add(doc.vocab.strings[string_id])


def find_sentence_starts(doc: Doc) -> list[int]:
    """RETURNS (List[int]): The first token of every sentence; empty if sentences are not set."""
    if not doc.has_annotation("SENT_START"):
        return []
    starts: list[int] = np.flatnonzero(doc.to_array(SENT_START) == 1).tolist()
    return starts


class FeatureTable:
    """Turns word types into features, and fits the vocabulary that this takes.

    attrs (Sequence[str]): Attributes of tokens, each a feature.
    prefix_lengths (Sequence[int]): Features for the first n characters of `LOWER`, next to `PREFIX`.
    suffix_lengths (Sequence[int]): Features for the last n characters of `LOWER`, next to `SUFFIX`.
    min_freq (int): How often a string must occur to get a row of its own.
    hash_rows (int): The rows of a table that is not fitted.
    max_bytes (int): How many bytes of a word are read, half of them from its end; 0 for none.
    static_vectors (bool): Whether to read the vocab's vectors.
    normalization (Optional[str]): The Unicode normalization form of what features see, "NFC" or "NFKC". The
        text stays as it is.
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
        normalization: Normalization | None = None,
    ) -> None:
        self.attrs = tuple(attrs)
        self.prefix_lengths = tuple(prefix_lengths)
        self.suffix_lengths = tuple(suffix_lengths)
        self.max_bytes = max_bytes
        self.static_vectors = static_vectors
        self.normalization: Normalization | None = normalization
        names = [
            *self.attrs,
            *(f"PREFIX{n}" for n in self.prefix_lengths),
            *(f"SUFFIX{n}" for n in self.suffix_lengths),
        ]
        self.vocabulary = Vocabulary(names, min_freq=min_freq, hash_rows=hash_rows)
        self._reads_spaces = True
        self._forget(None)

    def _forget(self, vocab: Vocab | None) -> None:
        """Clear what `look_up` keeps: the place of each type's key, and there its table rows and bytes."""
        self._kept: dict[int, int] = {}
        n_features = len(self.vocabulary.tables) + self.max_bytes
        self._kept_features = np.zeros((0, n_features), dtype=np.int64)
        self._kept_vocab = vocab

    def __getstate__(self) -> dict[str, Any]:
        nothing = {"_kept": {}, "_kept_features": self._kept_features[:0], "_kept_vocab": None}
        return {**self.__dict__, **nothing}

    @cached_property
    def _own_attrs(self) -> list[int]:
        affixes = [LOWER] if self.prefix_lengths or self.suffix_lengths else []
        return list(dict.fromkeys([ORTH, *(IDS[attr] for attr in self.attrs), *affixes]))

    def get_attrs(self, vocab: Vocab) -> list[int]:
        """RETURNS (List[int]): The attributes that make a word type, `ORTH` first: all that its features
        are computed from, except the contents of vectors.
        """
        if not self.static_vectors or vocab.vectors.attr in self._own_attrs:
            return self._own_attrs
        return [*self._own_attrs, vocab.vectors.attr]

    def read_types(self, docs: Sequence[Doc]) -> TypeBatch:
        """RETURNS (TypeBatch): A batch of documents as word types; their vocab is that of the first one."""
        attrs = self.get_attrs(docs[0].vocab) if docs else self._own_attrs
        tokens, lengths = read_tokens(docs, attrs)
        types, index, _ = find_types(tokens)
        return TypeBatch(types, index, lengths)

    def make_keys(self, tokens: Ids, vocab: Vocab) -> Ids:
        """RETURNS (Ids): A number for everything that the features of each token's type are computed from:
        its attributes `(tokens, attrs)`, and the contents of its vector, which may be set at any time. A
        floret table is computed as a whole, and can't be set word by word: its contents are not read.
        """
        if not self.static_vectors or vocab.vectors.mode == VectorsMode.floret:
            return make_keys(tokens)
        types, index, _ = find_types(tokens)
        vectors = self._get_vectors(self._normalize(types, vocab), vocab).view(np.uint32)
        mixed = vectors.astype(np.uint64) @ np.resize(_FACTORS, vectors.shape[1])
        return make_keys(tokens) + mixed[index]

    def fit(self, docs: Iterable[Doc], words: Mapping[str, int] | None = None) -> None:
        """Fit the vocabulary on all documents given.

        docs (Iterable[Doc]): The documents.
        words (Optional[Mapping[str, int]]): Words of other texts, and how often each occurs there.
        """
        self._forget(None)
        self.vocabulary.fit(self._count_types(docs, words or {}))
        self._reads_spaces = self.vocabulary.has_spaces

    def _count_types(
        self, docs: Iterable[Doc], words: Mapping[str, int]
    ) -> Iterable[tuple[tuple[str, ...], int]]:
        """YIELDS (Tuple[Tuple[str, ...], int]): A type's string for every feature, and its count."""
        totals: dict[tuple[int, ...], int] = {}
        vocab: Vocab | None = None
        for doc in docs:
            vocab = doc.vocab if vocab is None else vocab
            attrs = self.get_attrs(vocab)
            add_strings(doc, vocab, attrs)
            types, _, counts = find_types(read_tokens([doc], attrs)[0])
            _add_counts(totals, types, counts)
        if vocab is not None and words:
            types, index, _ = find_types(
                read_tokens([Doc(vocab, words=list(words))], self.get_attrs(vocab))[0]
            )
            _add_counts(totals, types, np.bincount(index, weights=list(words.values())).astype(np.int64))
        if vocab is not None:
            types = np.array(list(totals), dtype=np.uint64).reshape(-1, len(self.get_attrs(vocab)))
            yield from zip(
                self._get_strings(self._normalize(types, vocab), vocab), totals.values(), strict=True
            )

    def load_vocabulary(self, data: VocabularyData) -> None:
        """Take over a vocabulary that was fitted earlier.

        RAISES (LSTMTaggerValueError): If a feature is missing.
        """
        self._forget(None)
        self.vocabulary.load(data)
        self._reads_spaces = self.vocabulary.has_spaces

    def __call__(self, types: Ids, vocab: Vocab) -> TypeFeatures:
        """Compute the features of word types.

        types (Ids): Their attributes, `(types, attrs)`, see `get_attrs`.
        vocab (Vocab): The vocab that has their strings, and the static vectors.
        RETURNS (TypeFeatures): The features, one row per type.
        """
        types = self._normalize(types, vocab)
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
        keys = make_keys(types).tolist()
        is_new = [key not in self._kept for key in keys]
        if any(is_new):
            self._keep(
                [key for key, new in zip(keys, is_new, strict=True) if new], self(types[is_new], vocab)
            )
        places = np.array([self._kept[key] for key in keys], dtype=np.int64)
        rows, characters = np.split(self._kept_features[places], [len(self.vocabulary.tables)], axis=1)
        longest = int(np.count_nonzero(characters, axis=1).max(initial=0))
        types = self._normalize(types, vocab) if self.static_vectors else types
        return TypeFeatures(
            rows,
            characters[:, :longest],
            self._get_vectors(types, vocab),
            self._find_read(types, vocab),
        )

    def _keep(self, keys: Sequence[int], features: TypeFeatures) -> None:
        rows, characters = features.rows, features.characters
        padded = np.pad(characters, ((0, 0), (0, self.max_bytes - characters.shape[1])))
        start = len(self._kept)
        self._kept_features = np.concatenate([self._kept_features, np.concatenate([rows, padded], axis=1)])
        self._kept.update(zip(keys, range(start, start + len(keys)), strict=True))

    def _normalize(self, types: Ids, vocab: Vocab) -> Ids:
        """RETURNS (Ids): The attributes that the types would have if their words were normalized; those
        that a token does not have from its lexeme stay, such as a `NORM` of its own.
        """
        if self.normalization is None:
            return types
        attrs = self.get_attrs(vocab)
        normalized: Ids = types.copy()
        for row, orth in enumerate(types[:, 0].tolist()):
            word = vocab.strings[orth]
            if unicodedata.is_normalized(self.normalization, word):
                continue
            old, new = vocab[orth], vocab[unicodedata.normalize(self.normalization, word)]
            for column, attr in enumerate(attrs):
                if types[row, column] == _get_attr(old, attr):
                    normalized[row, column] = _get_attr(new, attr)
        return normalized

    def _get_strings(self, types: Ids, vocab: Vocab) -> list[tuple[str, ...]]:
        """RETURNS (List[Tuple[str, ...]]): For every type, its string for every feature."""
        strings, attrs = vocab.strings, self.get_attrs(vocab)
        columns = [attrs.index(IDS[attr]) for attr in self.attrs]
        lower = attrs.index(LOWER) if LOWER in attrs else 0
        result = []
        for row in types.tolist():
            text = strings[row[lower]]
            result.append(
                (
                    *(strings[row[column]] for column in columns),
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
        words = [vocab.strings[orth].encode("utf8") for orth in types[:, 0].tolist()]
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
        is_space = (vocab.strings[orth].isspace() for orth in types[:, 0].tolist())
        return ~np.fromiter(is_space, dtype=np.bool_, count=len(types))

    def _get_vectors(self, types: Ids, vocab: Vocab) -> npt.NDArray[np.float32]:
        if not self.static_vectors:
            return np.zeros((len(types), 0), dtype=np.float32)
        table = vocab.vectors
        # Vectors may be keyed by another attribute than ORTH.
        keys = types[:, self.get_attrs(vocab).index(table.attr)].tolist()
        vectors = table.get_batch(keys)
        if table.mode == VectorsMode.default:  # for a word without a vector, -1 would be the last row
            vectors[table.find(keys=keys) < 0] = 0.0
        return np.asarray(vectors.get() if hasattr(vectors, "get") else vectors, dtype=np.float32)


def _add_counts(totals: dict[tuple[int, ...], int], types: Ids, counts: Ints) -> None:
    for row, count in zip(map(tuple, types.tolist()), counts.tolist(), strict=True):
        totals[row] = totals.get(row, 0) + count


def _get_attr(lexeme: Any, attr: int) -> int:
    """RETURNS (int): The string id of an attribute of a lexeme."""
    value: int = getattr(lexeme, NAMES[attr].lower())
    return value
