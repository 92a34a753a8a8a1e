"""Labels: which there are, and the gold labels of a batch of examples as their indices."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from spacy.attrs import ORTH
from spacy.strings import get_string_id
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from ..errors import Errors, LSTMTaggerValueError, Warnings
from ..vocabulary import Ids, Ints

MISSING = -1


class GoldLabels(NamedTuple):
    """What the annotation says about every token of `example.predicted`, documents end to end.

    gold (Ints): The index of the token's label, -1 if it is missing, `(tokens,)`.
    excluded (Ints): The index of the label that a negative annotation excludes, or -1, `(tokens,)`.
    lengths (Ints): The number of tokens of every document, `(docs,)`.
    """

    gold: Ints
    excluded: Ints
    lengths: Ints


def collect_labels(docs: Iterable[Doc], read_labels: Callable[[Doc], Ids], neg_prefix: str) -> list[str]:
    """RETURNS (List[str]): The labels of documents, sorted. A label that could be the negative annotation
    of another one is taken for that.
    """
    found: set[str] = set()
    for doc in docs:
        found.update(doc.vocab.strings[label] for label in np.unique(read_labels(doc)).tolist() if label)
    negative = {neg_prefix + label for label in found} if neg_prefix else set()
    return sorted(found - negative)


def read_attrs(doc: Doc | Span, *attrs: int) -> Ids:
    """RETURNS (Ids): The values of attributes of each token, `(tokens, attrs)`."""
    values: Any = doc.to_array(list(attrs))  # type: ignore[union-attr]
    return np.asarray(values, dtype=np.uint64).reshape(-1, len(attrs))


def write_attrs(doc: Doc, values: Ids, *attrs: int) -> None:
    """Write attributes of each token of a document that is not empty, `(tokens, attrs)`."""
    doc.from_array(list(attrs), values)  # type: ignore[arg-type]


def group_by_vocab(docs: Sequence[Doc]) -> list[tuple[Vocab, list[int]]]:
    """RETURNS (List[Tuple[Vocab, List[int]]]): Each vocab, usually a single one, and the indices of its
    documents that have tokens.
    """
    groups: dict[int, tuple[Vocab, list[int]]] = {}
    for index, doc in enumerate(docs):
        if len(doc):
            groups.setdefault(id(doc.vocab), (doc.vocab, []))[1].append(index)
    return list(groups.values())


class WordCount:
    """Counts the words of training data, and those without a label.

    read_labels (Callable[[Doc], Ids]): Gives the string id of each token's label, 0 if it is missing.
    name (str): The component's name.
    """

    def __init__(self, read_labels: Callable[[Doc], Ids], name: str) -> None:
        self.read_labels = read_labels
        self.name = name
        self.words = 0
        self.missing = 0

    def count(self, examples: Iterable[Example]) -> Iterator[Example]:
        """YIELDS (Example): The examples, as they are counted."""
        for example in examples:
            labels = self.read_labels(example.reference)
            self.words += len(labels)
            self.missing += int((labels == 0).sum())
            yield example

    def check(self, has_labels: bool) -> None:
        """Warn if most words have no label. Labels that were added beforehand need no examples.

        has_labels (bool): Whether there are any.
        RAISES (LSTMTaggerValueError): If no word has a label, and there are none.
        """
        if has_labels:
            return
        if self.words and self.missing == self.words:
            raise LSTMTaggerValueError(Errors.L111.format(words=self.words, name=self.name))
        if 2 * self.missing > self.words:
            message = Warnings.W013.format(name=self.name, missing=self.missing, words=self.words)
            warnings.warn(message, stacklevel=3)


class UnknownLabels(NamedTuple):
    """Gold labels that a component does not know.

    words (int): The number of words with a gold label.
    unknown (int): How many of these it does not know.
    labels (List[str]): The unknown labels, most frequent first.
    """

    words: int
    unknown: int
    labels: list[str]

    def list_labels(self) -> str:
        """RETURNS (str): The most frequent of the unknown labels, for a message."""
        return ", ".join(self.labels[:5])


def find_unknown_labels(
    docs: Iterable[Doc], read_labels: Callable[[Doc], Ids], labels: Iterable[str], neg_prefix: str = "!"
) -> UnknownLabels:
    """Compare gold labels with those of a component.

    docs (Iterable[Doc]): Documents with gold labels. Negative annotation does not count.
    read_labels (Callable[[Doc], Ids]): Gives the string id of each token's label, 0 if it is missing.
    labels (Iterable[str]): The component's labels.
    neg_prefix (str): What a negative annotation begins with.
    """
    counts: Counter[str] = Counter()
    for doc in docs:
        found, n_words = np.unique(read_labels(doc), return_counts=True)
        for label, n in zip(found.tolist(), n_words.tolist(), strict=True):
            counts[doc.vocab.strings[label]] += n
    known = {*labels}
    negative = {neg_prefix + label for label in known} if neg_prefix else set()
    gold = Counter({label: n for label, n in counts.items() if label and label not in negative - known})
    unknown = Counter({label: n for label, n in gold.items() if label not in known})
    return UnknownLabels(gold.total(), unknown.total(), [label for label, _ in unknown.most_common()])


class LabelData(NamedTuple):
    """What `initialize` gets as `labels`.

    labels (Optional[List[str]]): The labels; None if they are found in the examples.
    vocabulary (Mapping): What the tables of the embedding were fitted on; empty if they are to be fitted.
    words (Mapping[str, int]): Words that the tables are fitted on besides those of the examples, and how
        often each occurs.
    """

    labels: list[str] | None
    vocabulary: Mapping[str, Any]
    words: Mapping[str, int]


def read_label_data(data: Any, name: str) -> LabelData:
    """RETURNS (LabelData): What `initialize` gets as `labels`: nothing, a list, or an object with some of
    "labels", "vocabulary" and "words".
    RAISES (LSTMTaggerValueError): If it has another form. The message has the component's name.
    """
    parts = data if isinstance(data, Mapping) and {*LabelData._fields} & {*data} else {"labels": data}
    labels, vocabulary, words = (parts.get(field) for field in LabelData._fields)
    is_valid = all(part is None or isinstance(part, Mapping) for part in (vocabulary, words))
    if isinstance(labels, (str, Mapping)) or not is_valid:
        raise LSTMTaggerValueError(Errors.L102.format(name=name, found=type(labels).__name__))
    return LabelData(None if labels is None else list(labels), vocabulary or {}, words or {})


def align(example: Example, labels: Ids) -> Ids:
    """Align labels of the reference with the predicted tokens, as `Example.get_aligned` does.

    example (Example): The example.
    labels (Ids): The string id of the label of each token of the reference, 0 if it is missing,
        `(tokens,)`.
    RETURNS (Ids): That of each predicted token; missing if it is aligned with none, or with several tokens
        whose labels differ.
    """
    predicted, reference = example.predicted, example.reference
    if np.array_equal(predicted.to_array(ORTH), reference.to_array(ORTH)):
        return labels
    aligned = np.zeros(len(predicted), dtype=np.uint64)
    for i in range(len(predicted)):
        found = labels[example.alignment.x2y[i]]
        if len(found) and (found == found[0]).all():
            aligned[i] = found[0]
    return aligned


def encode_gold(
    examples: Sequence[Example],
    found: Sequence[Ids],
    labels: Sequence[str],
    *,
    neg_prefix: str,
    name: str,
    unknown_is_missing: bool = False,
) -> GoldLabels:
    """Encode gold labels as indices.

    A gold label that is among the labels means just that, even if it begins with the negative prefix (some
    treebanks tag the exclamation mark "!").

    examples (Sequence[Example]): The examples.
    found (Sequence[Ids]): For every example the string id of each predicted token's gold label, 0 if it is
        missing, `(tokens,)`.
    labels (Sequence[str]): The component's labels.
    neg_prefix (str): What a negative annotation begins with.
    name (str): The component's name, for errors.
    unknown_is_missing (bool): Whether a gold label that is not among the labels counts as missing.
    RAISES (LSTMTaggerValueError): If a gold label is not among the labels.
    """
    indices = {label: i for i, label in enumerate(labels)}
    meaning: dict[str, tuple[int, int]] = {"": (MISSING, MISSING)}
    meaning |= {neg_prefix + label: (MISSING, i) for label, i in indices.items()}
    meaning |= {label: (i, MISSING) for label, i in indices.items()}
    by_id = {get_string_id(label): pair for label, pair in meaning.items()}
    distinct, index = np.unique(np.concatenate([np.zeros(0, dtype=np.uint64), *found]), return_inverse=True)
    unknown = [label for label in distinct.tolist() if label not in by_id]
    if unknown and not unknown_is_missing:
        _raise_unknown(examples, found, unknown, labels, neg_prefix=neg_prefix, name=name)
    pairs = [by_id.get(label, (MISSING, MISSING)) for label in distinct.tolist()]
    gold, excluded = np.array(pairs, dtype=np.int64).reshape(-1, 2)[index].T
    return GoldLabels(gold, excluded, np.array([len(ids) for ids in found], dtype=np.int64))


def _raise_unknown(
    examples: Iterable[Example],
    found: Iterable[Ids],
    unknown: Sequence[int],
    labels: Sequence[str],
    *,
    neg_prefix: str,
    name: str,
) -> None:
    """RAISES (LSTMTaggerValueError): For the first token with an unknown label."""
    example, index, label = next(
        (example, int(i), int(ids[i]))
        for example, ids in zip(examples, found, strict=True)
        for i in np.flatnonzero(np.isin(ids, unknown))
    )
    message = Errors.L101.format(
        label=example.reference.vocab.strings[label],
        index=index,
        word=example.predicted[index].text,
        text=example.predicted.text[:60],
        n_labels=len(labels),
        name=name,
        neg_prefix=neg_prefix,
    )
    raise LSTMTaggerValueError(message)
