"""Soft labels: the probabilities of each token's few most probable labels, which a student learns."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt
from spacy.pipeline import Morphologizer, Tagger
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model

from ..errors import Errors, LSTMTaggerValueError
from ..vocabulary import Ints

Probs: TypeAlias = npt.NDArray[np.float32]

MOST_PROBABLE = 4  # labels of a token that are kept: on EWT, the others have 0.1% of the probability
MIN_KNOWN = 0.5  # of a token's probability; if the student has fewer of its labels, it learns nothing there


class SoftLabels(NamedTuple):
    """Probabilities of labels, documents end to end.

    labels (Tuple[str, ...]): The labels that indices are for.
    ids (Ints): The indices of each token's k most probable labels, of any integer type `(tokens, k)`.
    probs (np.ndarray): Their probabilities, of any floating-point type `(tokens, k)`. All are 0 if nothing
        is known of the token.
    """

    labels: tuple[str, ...]
    ids: Ints
    probs: Probs

    def slice(self, start: int, end: int) -> "SoftLabels":
        """RETURNS (SoftLabels): Those of some consecutive tokens."""
        return SoftLabels(self.labels, self.ids[start:end], self.probs[start:end])


@runtime_checkable
class Teacher(Protocol):
    """What a component can learn from, besides spaCy's own components."""

    def predict_soft_labels(self, docs: Sequence[Doc]) -> SoftLabels:
        """RETURNS (SoftLabels): Probabilities of the labels of documents."""


def copy_words(doc: Doc, vocab: Vocab) -> Doc:
    """RETURNS (Doc): The words of a document without their annotation, for a teacher to read; with the
    norms that a tokenizer has set, and what upstream components write to documents: vectors, user data.
    """
    words = [token.text for token in doc]
    copy = Doc(
        vocab,
        words=words,
        spaces=[bool(token.whitespace_) for token in doc],
        user_data=dict(doc.user_data),
    )
    for token, new in zip(doc, copy, strict=True):
        if token.norm_ != new.norm_:
            new.norm_ = token.norm_
    copy.tensor = doc.tensor
    return copy


def keep_most_probable(probs: Any, labels: Sequence[str], k: int = MOST_PROBABLE) -> SoftLabels:
    """RETURNS (SoftLabels): The k most probable labels, of the probabilities of all `(tokens, labels)`."""
    k = min(k, len(labels))
    ids = np.argpartition(-probs, k - 1, axis=1)[:, :k]
    kept = np.take_along_axis(probs, ids, axis=1)
    order = np.argsort(-kept, axis=1, kind="stable")
    return SoftLabels(
        tuple(labels),
        np.take_along_axis(ids, order, 1),
        np.take_along_axis(kept, order, 1).astype(np.float32),
    )


def harden(soft: SoftLabels, labels: Mapping[int, str]) -> SoftLabels:
    """RETURNS (SoftLabels): Soft labels where some tokens have other labels, which are certain.

    soft (SoftLabels): The soft labels.
    labels (Mapping[int, str]): The indices of these tokens, and their labels.
    """
    names = [*soft.labels, *dict.fromkeys(label for label in labels.values() if label not in soft.labels)]
    places = {name: place for place, name in enumerate(names)}
    ids, probs = soft.ids.copy(), soft.probs.copy()
    rows = list(labels)
    ids[rows], probs[rows] = 0, 0.0
    ids[rows, 0] = [places[label] for label in labels.values()]
    probs[rows, 0] = [float(bool(label)) for label in labels.values()]
    return SoftLabels(tuple(names), ids, probs)


def make_hard(labels: Sequence[str]) -> SoftLabels:
    """RETURNS (SoftLabels): Certain labels, one for each token; "" if nothing is known of it."""
    distinct, index = np.unique(np.array(labels, dtype=object), return_inverse=True)
    probs = np.array([bool(label) for label in labels], dtype=np.float32)
    return SoftLabels(tuple(distinct.tolist()), index.reshape(-1, 1).astype(np.int64), probs[:, None])


def predict_soft_labels(pipe: Any, docs: Sequence[Doc]) -> SoftLabels:
    """Ask a component for the probabilities of its labels.

    pipe (TrainablePipe): A labeler of this package, or spaCy's tagger or morphologizer. Documents must have
        been through the components that it listens to.
    docs (Sequence[Doc]): The documents; they are not modified.
    RETURNS (SoftLabels): The probabilities.
    RAISES (LSTMTaggerValueError): If the component gives none.
    """
    if isinstance(pipe, Teacher):
        return pipe.predict_soft_labels(docs)
    if find_annotation(pipe) is None:
        raise LSTMTaggerValueError(Errors.L114.format(found=type(pipe).__name__))
    labels = pipe.labels
    if not any(len(doc) for doc in docs):
        return keep_most_probable(np.zeros((0, len(labels)), dtype=np.float32), labels)
    scores: Any = pipe.model.ops.to_numpy(pipe.model.ops.xp.vstack(pipe.model.predict(list(docs))))
    return keep_most_probable(scores if _is_normalized(pipe.model) else _softmax(scores), labels)


def find_annotation(pipe: Any) -> str | None:
    """RETURNS (Optional[str]): The annotation whose probabilities a component gives, such as "tag"."""
    if isinstance(pipe, Teacher):
        annotation: str | None = getattr(pipe, "annotation", None)
        return annotation
    return {Tagger: "tag", Morphologizer: "morph"}.get(type(pipe))


def _is_normalized(model: Model[Any, Any]) -> bool:
    """RETURNS (bool): Whether a model of spaCy's returns probabilities at prediction, not scores."""
    return all(node.attrs.get("softmax_normalize", True) for node in model.walk())


def _softmax(scores: Any) -> Any:
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def make_targets(taught: Sequence[SoftLabels], outputs: Sequence[str]) -> Probs:
    """Bring soft labels to the labels of a student. Those that it does not have are left out, and the
    others of the token become more probable.

    taught (Sequence[SoftLabels]): Those of one or more teachers, of the same tokens. They are averaged.
    outputs (Sequence[str]): The student's labels.
    RETURNS (np.ndarray): Probabilities, float32 `(tokens, labels)`: each row sums to 1, or to 0 if no
        teacher says anything about the token, or mostly labels that the student does not have.
    """
    places = {label: place for place, label in enumerate(outputs)}
    total = np.zeros((len(taught[0].ids), len(outputs) + 1), dtype=np.float32)  # the last: unknown labels
    rows = np.arange(len(total))
    for soft in taught:
        columns = np.array([places.get(label, len(outputs)) for label in soft.labels], dtype=np.int64)
        for ids, probs in zip(soft.ids.T, soft.probs.T, strict=True):  # k times
            total[rows, columns[ids]] += probs
    known = total[:, :-1].sum(axis=1, keepdims=True)
    is_learned = known > MIN_KNOWN * np.maximum(total.sum(axis=1, keepdims=True), 1e-9)
    targets: Probs = np.where(is_learned, total[:, :-1] / np.maximum(known, 1e-9), 0.0).astype(np.float32)
    return targets


def join_soft_labels(parts: Sequence[SoftLabels]) -> SoftLabels:
    """RETURNS (SoftLabels): Those of one or more texts, which may have different labels, end to end."""
    places: dict[str, int] = {}
    k = max(part.ids.shape[1] for part in parts)
    ids, columns, known = [], np.zeros(0, dtype=np.int64), None
    for part in parts:
        if part.labels is not known:  # texts of one file share them
            known = part.labels
            columns = np.array([places.setdefault(label, len(places)) for label in known], dtype=np.int64)
        ids.append(_pad(columns[part.ids], k))
    return SoftLabels(tuple(places), np.concatenate(ids), np.concatenate([_pad(p.probs, k) for p in parts]))


def _pad(columns: Any, k: int) -> Any:
    """RETURNS (np.ndarray): `(tokens, k)`, from fewer columns."""
    return columns if columns.shape[1] == k else np.pad(columns, ((0, 0), (0, k - columns.shape[1])))


def name_best(soft: SoftLabels) -> list[str]:
    """RETURNS (List[str]): Each token's most probable label, "" if nothing is known."""
    best = soft.ids[:, 0].tolist()
    return [soft.labels[i] if p > 0 else "" for i, p in zip(best, soft.probs[:, 0].tolist(), strict=True)]
