"""Lemmas as edit trees (Chrupała 2008, §2.4): which there are, what they make of a word, and which lemmas
each word had in the training data.

A tree that was applied to a word is remembered, so that a word costs a few lookups when it is seen again.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from spacy.errors import Errors as SpacyErrors
from spacy.pipeline._edit_tree_internals.edit_trees import EditTrees
from spacy.pipeline._edit_tree_internals.schemas import validate_edit_tree
from spacy.strings import StringStore, get_string_id

from ..errors import LSTMTaggerValueError

MAX_REMEMBERED = 500_000  # pairs of a word and a tree
Pair = tuple[str, str]  # a word and its lemma


class LemmaTrees:
    """The edit trees of a lemmatizer, by the index of its labels.

    strings (StringStore): That of the vocab.
    data (Mapping[str, Any]): What `make_tree_data` gave: the trees, which of them are labels, and the
        words' labels.
    """

    def __init__(self, strings: StringStore, data: Mapping[str, Any]) -> None:
        self.trees = EditTrees(strings)
        self.trees.from_json([_encode(tree, strings) for tree in data["trees"]])
        self.tree_ids: list[int] = [int(tree) for tree in data["labels"]]
        self.lexicon: dict[str, list[int]] = data.get("lexicon", {})
        self.labels_of = {get_string_id(word): labels for word, labels in self.lexicon.items()}
        self._numbers = {tree: number for number, tree in enumerate(self.tree_ids)}
        self._applied: dict[tuple[str, int], str | None] = {}
        self._found: dict[Pair, int] = {}
        self.known_lemmas = {
            self.apply(word, label) for word, labels in self.lexicon.items() for label in labels
        }

    def apply(self, word: str, label: int) -> str | None:
        """RETURNS (Optional[str]): The lemma that a label makes of a word, if it applies to it."""
        pair = word, label
        try:
            return self._applied[pair]
        except KeyError:
            if len(self._applied) >= MAX_REMEMBERED:
                self._applied.clear()
            lemma: str | None = self.trees.apply(self.tree_ids[label], word)
            self._applied[pair] = lemma
            return lemma

    def find(self, word: str, lemma: str) -> int:
        """RETURNS (int): The label that stands for a lemma of a word: its own tree, if that is a label, or
        the first one that makes it; -1 if there is none.
        """
        pair = word, lemma
        if pair not in self._found:
            if len(self._found) >= MAX_REMEMBERED:
                self._found.clear()
            self._found[pair] = self._search(word, lemma)
        return self._found[pair]

    def _search(self, word: str, lemma: str) -> int:
        own = self._numbers.get(self.trees.add(word, lemma))
        if own is not None:
            return own
        labels = range(len(self.tree_ids))
        return next(
            (label for label in labels if self.trees.apply(self.tree_ids[label], word) == lemma), -1
        )


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
