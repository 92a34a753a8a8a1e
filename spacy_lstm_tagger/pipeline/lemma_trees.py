"""Lemmas as edit trees (Chrupała 2008, §2.4): which there are, what they make of a word, and which lemmas
each word had in the training data.

What the training data has is kept in sorted arrays, so that all known words of a batch are looked up at
once. For other words, a tree that was applied is remembered.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from spacy.errors import Errors as SpacyErrors
from spacy.pipeline._edit_tree_internals.edit_trees import EditTrees
from spacy.pipeline._edit_tree_internals.schemas import validate_edit_tree
from spacy.strings import StringStore, get_string_id

from ..errors import LSTMTaggerValueError
from ..vocabulary import Ids, Ints

Bools = npt.NDArray[np.bool_]
Result = TypeVar("Result")

MAX_REMEMBERED = 500_000  # pairs of a word and a tree
Pair = tuple[str, str]  # a word and its lemma
MIXER = 0x9E3779B97F4A7C15  # odd, so that different labels give different multiples


class Outcome(NamedTuple):
    """What a label makes of a word.

    label (int): The label that stands for this lemma of the word.
    is_known (bool): Whether the training data has the lemma.
    """

    label: int
    is_known: bool


class Candidates(NamedTuple):
    """The labels that words have in the training data, most frequent first.

    counts (Ints): How many labels each word has, 0 for an unknown word, `(words,)`.
    starts (Ints): Where they begin in `labels`, `(words,)`.
    labels (Ints): The labels of all words of the training data, `(all labels,)`.
    """

    counts: Ints
    starts: Ints
    labels: Ints

    def expand(self, words: Ints) -> tuple[Ints, Ints]:
        """RETURNS (Tuple[Ints, Ints]): Every pair of one of some known words, by its index, and one of its
        labels, `(pairs,)` each.
        """
        counts, starts = self.counts[words], self.starts[words]
        ends = counts.cumsum()
        places = np.arange(counts.sum()) + np.repeat(starts - ends + counts, counts)
        return np.repeat(words, counts), self.labels[places]


class _Memory(dict[tuple[Any, ...], Result], Generic[Result]):
    """Remembers what was computed, by the arguments; all is forgotten when there is too much.

    compute (Callable): What computes it.
    """

    def __init__(self, compute: Callable[..., Result]) -> None:
        super().__init__()
        self.compute = compute

    def __missing__(self, arguments: tuple[Any, ...]) -> Result:
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        found = self.compute(*arguments)
        self[arguments] = found
        return found


class LemmaTrees:
    """The edit trees of a lemmatizer, by the index of its labels.

    strings (StringStore): That of the vocab. The lemmas of the training data are added.
    data (Mapping[str, Any]): What `make_tree_data` gave: the trees, which of them are labels, and the
        words' labels.
    """

    def __init__(self, strings: StringStore, data: Mapping[str, Any]) -> None:
        self.trees = EditTrees(strings)
        self.trees.from_json([_encode(tree, strings) for tree in data["trees"]])
        self.tree_ids: list[int] = [int(tree) for tree in data["labels"]]
        self.lexicon: dict[str, list[int]] = data.get("lexicon", {})
        self._numbers = {tree: number for number, tree in enumerate(self.tree_ids)}
        self._applied = _Memory(self._apply)
        self._outcomes = _Memory(self._find_outcome)
        self._found = _Memory(self._search)
        lemmas = [self.apply(word, label) for word, label in self._pairs]
        self._lemma_ids = np.array([strings.add(lemma or "") for lemma in lemmas], dtype=np.uint64)
        self.known_lemmas = {*lemmas}

    @property
    def _pairs(self) -> Iterable[tuple[str, int]]:
        return ((word, label) for word, labels in self._sorted_lexicon for label in labels)

    @cached_property
    def _sorted_lexicon(self) -> list[tuple[str, list[int]]]:
        return sorted(self.lexicon.items(), key=lambda item: get_string_id(item[0]))

    @cached_property
    def _words(self) -> tuple[Ids, Ints, Ints, Ints]:
        """The words of the lexicon by their string ids, sorted, `(words,)`; how many labels each has, where
        these begin, `(words,)`; and the labels, `(pairs,)`.
        """
        ids = np.array([get_string_id(word) for word, _ in self._sorted_lexicon], dtype=np.uint64)
        counts = np.array([len(labels) for _, labels in self._sorted_lexicon], dtype=np.int64)
        labels = np.array([label for _, label in self._pairs], dtype=np.int64)
        return ids, counts, counts.cumsum() - counts, labels

    @cached_property
    def _known_pairs(self) -> tuple[Ids, Ids, Ints, Ids]:
        """The pairs of the lexicon, sorted by `_mix`: these, the words' string ids, the labels and the
        lemmas' string ids, `(pairs,)` each.
        """
        words, counts, _, labels = self._words
        orths = np.repeat(words, counts)
        mixed = _mix(orths, labels)
        order = np.argsort(mixed)
        return mixed[order], orths[order], labels[order], self._lemma_ids[order]

    def find_candidates(self, orths: Ids) -> Candidates:
        """RETURNS (Candidates): The labels of words, by the words' string ids, `(words,)`."""
        ids, counts, starts, labels = self._words
        if not len(ids):
            zeros = np.zeros(len(orths), dtype=np.int64)
            return Candidates(zeros, zeros, labels)
        places = np.minimum(np.searchsorted(ids, orths), len(ids) - 1)
        is_known = ids[places] == orths
        return Candidates(np.where(is_known, counts[places], 0), starts[places], labels)

    def look_up(self, orths: Ids, labels: Ints) -> tuple[Ids, Bools]:
        """Look up the lemmas that labels make of words that have them in the training data.

        orths (Ids): The string id of each word, `(words,)`.
        labels (Ints): The label of each word, `(words,)`.
        RETURNS (Tuple[Ids, np.ndarray]): The string id of each word's lemma; and whether it was found.
        """
        mixed, known_orths, known_labels, lemmas = self._known_pairs
        if not len(mixed):
            return np.zeros(len(orths), dtype=np.uint64), np.zeros(len(orths), dtype=np.bool_)
        places = np.minimum(np.searchsorted(mixed, _mix(orths, labels)), len(mixed) - 1)
        return lemmas[places], (known_orths[places] == orths) & (known_labels[places] == labels)

    def find_outcome(self, word: str, label: int) -> Outcome | None:
        """RETURNS (Optional[Outcome]): What a label makes of a word, if it applies to it."""
        return self._outcomes[word, label]

    def _find_outcome(self, word: str, label: int) -> Outcome | None:
        lemma = self.apply(word, label)
        return None if lemma is None else Outcome(self.find(word, lemma), lemma in self.known_lemmas)

    def apply(self, word: str, label: int) -> str | None:
        """RETURNS (Optional[str]): The lemma that a label makes of a word, if it applies to it."""
        return self._applied[word, label]

    def _apply(self, word: str, label: int) -> str | None:
        lemma: str | None = self.trees.apply(self.tree_ids[label], word)
        return lemma

    def find(self, word: str, lemma: str) -> int:
        """RETURNS (int): The label that stands for a lemma of a word: its own tree, if that is a label, or
        the first one that makes it; -1 if there is none.
        """
        return self._found[word, lemma]

    def _search(self, word: str, lemma: str) -> int:
        own = self._numbers.get(self.trees.add(word, lemma))
        if own is not None:
            return own
        labels = range(len(self.tree_ids))
        return next(
            (label for label in labels if self.trees.apply(self.tree_ids[label], word) == lemma), -1
        )


def _mix(orths: Ids, labels: Ints) -> Ids:
    """RETURNS (Ids): A hash of pairs of a word and a label, `(words,)`."""
    mixed: Ids = orths + labels.astype(np.uint64) * np.uint64(MIXER)
    return mixed


def make_tree_data(pairs: Counter[Pair], min_tree_freq: int, with_lexicon: bool) -> dict[str, Any]:
    """Make edit trees.

    pairs (Counter[Pair]): The words of the training data with their lemmas.
    min_tree_freq (int): How often a tree must occur to be a label.
    with_lexicon (bool): Whether words' labels are remembered.
    RETURNS (Dict[str, Any]): Plain data, for `LemmaTrees`.
    """
    strings = StringStore()
    trees, counts = EditTrees(strings), Counter[int]()
    found = {pair: trees.add(*pair) for pair in pairs}
    for pair, tree in found.items():
        counts[tree] += pairs[pair]
    kept = [tree for tree, n in counts.items() if n >= min_tree_freq]
    # Only what these consist of: first a tree's parts, then the tree.
    strings = StringStore()
    trees = EditTrees(strings)
    examples = {tree: pair for pair, tree in found.items()}
    labels = {tree: trees.add(*examples[tree]) for tree in kept}
    numbers = {tree: number for number, tree in enumerate(kept)}
    lexicon: defaultdict[str, list[int]] = defaultdict(list)
    for (word, lemma), _ in pairs.most_common() if with_lexicon else []:
        if found[word, lemma] in numbers:
            lexicon[word].append(numbers[found[word, lemma]])
    return {
        "trees": [_decode(trees[i], strings) for i in range(len(trees))],
        "labels": list(labels.values()),
        "lexicon": dict(lexicon),
    }


def _decode(tree: Mapping[str, Any], strings: StringStore) -> dict[str, Any]:
    return {key: strings[value] if key in ("orig", "subst") else value for key, value in tree.items()}


def _encode(tree: Mapping[str, Any], strings: StringStore) -> dict[str, Any]:
    errors = validate_edit_tree(dict(tree))
    if errors:
        raise LSTMTaggerValueError(SpacyErrors.E1026.format(errors="\n".join(errors)))
    return {key: strings.add(value) if key in ("orig", "subst") else value for key, value in tree.items()}
