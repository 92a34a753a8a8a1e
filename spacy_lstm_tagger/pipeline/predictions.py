"""What `predict` returns, and what is stored of it on a `Doc` besides the labels.

For the annotation "tag" these are `token._.tag_score`, `doc._.tag_scores` with its
`doc._.tag_score_labels`, and `doc._.tag_n_best`. They are kept in `doc.user_data`, and so are serialized
with the document, unless the user data is excluded.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from spacy.strings import get_string_id
from spacy.tokens import Doc, Span, Token
from spacy.training import Example

from ..errors import Errors, LSTMTaggerValueError
from ..ragged import Ragged, split
from ..vocabulary import Ids, Ints
from .labels import MISSING

if TYPE_CHECKING:
    from ..models.labeling import LabelingModel


class PathProbs(NamedTuple):
    """The log posterior of a path of labels, label by label.

    alone (np.ndarray): Of each label, float64 `(tokens,)`.
    given_before (np.ndarray): Of each label, given the label before, float64 `(tokens,)`.
    """

    alone: npt.NDArray[np.float64]
    given_before: npt.NDArray[np.float64]


Scores: TypeAlias = npt.NDArray[np.float32]
ReadLabels: TypeAlias = Callable[[Doc | Span], Ids]
NBest: TypeAlias = list[tuple[list[str], float]]

_NO_IDS: Ints = np.zeros(0, dtype=np.int64)


class Predictions(list[Ints]):
    """For every document the indices of its tokens' labels, `(tokens,)`, and what else was asked for.

    scores (Optional[List[Scores]]): For every document each label's posterior, float32 `(tokens, labels)`.
    n_best (Optional[List[NBest]]): For every document its best paths, best first: the labels and their log
        probability.
    path_probs (Optional[List[PathProbs]]): For every document the posteriors of its labels one by one.
    """

    def __init__(
        self,
        label_ids: Iterable[Ints],
        scores: list[Scores] | None,
        n_best: list[NBest] | None,
        path_probs: list[PathProbs] | None = None,
    ) -> None:
        super().__init__(label_ids)
        self.scores = scores
        self.n_best = n_best
        self.path_probs = path_probs


def decode(
    network: "LabelingModel",
    scores: Ragged,
    labels: Sequence[str],
    *,
    store_scores: bool,
    n_best: int,
    path_probs: bool = False,
) -> list[Ints]:
    """Decode scores.

    network (LabelingModel): The model; it is not asked, and need not be initialized, if there are no
        tokens.
    scores (Ragged): `(tokens, labels)`.
    labels (Sequence[str]): The labels.
    store_scores (bool): Whether to compute every label's posterior.
    n_best (int): How many of the best paths to find.
    path_probs (bool): Whether to compute, with `store_scores`, the posteriors of the path, label by label.
    RETURNS (List[Ints]): The indices of the labels; `Predictions` if more was asked for.
    """
    has_tokens = len(scores.data) > 0
    label_ids = network.decode(scores) if has_tokens else split(Ragged(_NO_IDS, scores.lengths))
    if not (store_scores or n_best):
        return label_ids
    marginals = best = probs = None
    if store_scores:
        marginals = split(network.get_marginals(scores) if has_tokens else scores)
    if store_scores and path_probs and has_tokens:
        probs = [PathProbs(*part) for part in network.get_path_log_probs(scores, label_ids)]
    if n_best and has_tokens:
        paths, log_probs = network.get_n_best(scores, n_best)
        best = [_name_paths(labels, *path) for path in zip(paths, log_probs.tolist(), strict=True)]
    elif n_best:
        best = [[([], 0.0)] for _ in label_ids]
    return Predictions(label_ids, marginals, best, probs)


def _name_paths(labels: Sequence[str], paths: Ints, log_probs: list[float]) -> NBest:
    """RETURNS (NBest): The paths `(tokens, k)` that exist, as labels."""
    existing = [i for i, log_prob in enumerate(log_probs) if log_prob > -np.inf]
    return [([labels[label] for label in paths[:, i].tolist()], log_probs[i]) for i in existing]


# How the labels of each annotation are read from documents; see `set_extensions`.
_readers: dict[str, ReadLabels] = {}


def set_extensions(annotation: str, read_labels: ReadLabels) -> None:
    """Register the extension attributes of an annotation, unless they are registered.

    annotation (str): Names them.
    read_labels (Callable[[Doc | Span], Ids]): Gives the string id of each token's label. A score is that of
        the label that a token has when the score is read, whoever wrote it.
    """
    _readers[annotation] = read_labels
    kept = (f"{annotation}_posteriors", f"{annotation}_score_labels", f"{annotation}_n_best")
    for name in kept:
        if not Doc.has_extension(name):
            Doc.set_extension(name, default=None)
    name = f"{annotation}_scores"
    if not Doc.has_extension(name):
        get, set_ = partial(_get_lists, annotation=annotation), partial(_set_lists, annotation=annotation)
        Doc.set_extension(name, getter=get, setter=set_)
    if not Token.has_extension(f"{annotation}_score"):
        Token.set_extension(f"{annotation}_score", getter=partial(get_score, annotation=annotation))


def _get_lists(doc: Doc, annotation: str) -> list[list[float]] | None:
    """RETURNS (Optional[List[List[float]]]): Posteriors as lists, which `Doc.to_json` can write."""
    posteriors = _get_posteriors(doc, annotation)
    return None if posteriors is None else posteriors.tolist()


def _set_lists(doc: Doc, scores: Any, annotation: str) -> None:
    posteriors = None if scores is None else np.asarray(scores, dtype=np.float32)
    doc._.set(f"{annotation}_posteriors", posteriors)


def _get_posteriors(doc: Doc, annotation: str) -> Scores | None:
    """RETURNS (Optional[Scores]): Every label's posterior `(tokens, labels)`, also if the document was
    retokenized since.
    """
    name = f"{annotation}_posteriors"
    posteriors: Scores | None = doc._.get(name) if Doc.has_extension(name) else None
    return posteriors


def get_scores(doc: Doc, annotation: str) -> Scores | None:
    """RETURNS (Optional[Scores]): The posterior probability of the label that each token has, 0 for one
    that the component does not know, `(tokens,)`. None if posteriors were not stored, or if the document
    was retokenized since.
    """
    posteriors = _get_posteriors(doc, annotation)
    if posteriors is None or len(posteriors) != len(doc):
        return None
    return _pick(doc[:], posteriors, annotation)


def get_score(token: Token, annotation: str) -> float | None:
    """RETURNS (Optional[float]): The score of a token; see `get_scores`."""
    doc = token.doc
    posteriors = _get_posteriors(doc, annotation)
    if posteriors is None or len(posteriors) != len(doc):
        return None
    scores = _pick(doc[token.i : token.i + 1], posteriors, annotation)
    return None if scores is None else float(scores[0])


def require_scores(doc: Doc, annotation: str) -> Scores:
    """RETURNS (Scores): See `get_scores`.
    RAISES (LSTMTaggerValueError): If there are none, or the document was retokenized since.
    """
    posteriors = _get_posteriors(doc, annotation)
    if posteriors is not None and len(posteriors) != len(doc):
        raise LSTMTaggerValueError(Errors.L106.format(text=doc.text[:60]))
    scores = get_scores(doc, annotation)
    if scores is None:
        raise LSTMTaggerValueError(Errors.L104.format(text=doc.text[:60]))
    return scores


def _pick(span: Span, posteriors: Scores, annotation: str) -> Scores | None:
    """RETURNS (Optional[Scores]): The posterior of the label of each token of a span; None if it is not
    known which label the columns are of.
    """
    labels = span.doc._.get(f"{annotation}_score_labels")
    if labels is None:
        return None
    columns = _number_labels(tuple(labels))
    found = [columns.get(label, MISSING) for label in _readers[annotation](span).tolist()]
    places = np.array(found, dtype=np.int64)
    rows = posteriors[span.start : span.end]
    if not rows.size:
        return np.zeros(len(rows), dtype=np.float32)
    return np.where(places == MISSING, np.float32(0), rows[np.arange(len(rows)), places])


@lru_cache(maxsize=16)
def _number_labels(labels: tuple[str, ...]) -> dict[int, int]:
    """RETURNS (Dict[int, int]): The index of each label, by its string id."""
    return {get_string_id(label): index for index, label in enumerate(labels)}


def store(
    docs: Sequence[Doc],
    predictions: Any,
    annotation: str,
    labels: Sequence[str],
    read_labels: ReadLabels,
) -> None:
    """Store scores and best paths on documents.

    docs (Sequence[Doc]): The documents.
    predictions (Any): `Predictions`; of anything else nothing is stored.
    annotation (str): Names the extension attributes.
    labels (Sequence[str]): The labels.
    read_labels (Callable[[Doc | Span], Ids]): See `set_extensions`.
    """
    if not isinstance(predictions, Predictions):
        return
    set_extensions(annotation, read_labels)  # a component that was unpickled in another process did not
    for i, doc in enumerate(docs):
        if predictions.scores is not None:
            doc._.set(f"{annotation}_posteriors", predictions.scores[i])
            doc._.set(f"{annotation}_score_labels", list(labels))
        if predictions.n_best is not None:
            doc._.set(f"{annotation}_n_best", predictions.n_best[i])


def read_confidences(
    examples: Iterable[Example],
    annotation: str,
    get_gold: Callable[[Example], Ids],
    read_labels: ReadLabels,
) -> tuple[Scores, npt.NDArray[np.bool_]]:
    """Read the confidence in predicted labels, and whether they are right.

    examples (Iterable[Example]): The examples, with predictions and their scores.
    annotation (str): Names the extension attributes.
    get_gold (Callable[[Example], Ids]): Gives the string ids of the predicted tokens' gold labels.
    read_labels (Callable[[Doc | Span], Ids]): Gives the string ids of the labels of a document.
    RETURNS (Tuple[Scores, np.ndarray]): For every predicted word with a gold label, `(words,)`.
    RAISES (LSTMTaggerValueError): If a prediction has no scores.
    """
    confidences, is_right = [np.zeros(0, dtype=np.float32)], [np.zeros(0, dtype=np.bool_)]
    for example in examples:
        gold = get_gold(example)
        has_gold = gold != 0
        if has_gold.any():
            confidences.append(require_scores(example.predicted, annotation)[has_gold])
            is_right.append((read_labels(example.predicted) == gold)[has_gold])
    return np.concatenate(confidences), np.concatenate(is_right)


@contextmanager
def storing_scores(component: Any) -> Iterator[None]:
    """Let a component store its scores for a while; one that can't is left unchanged."""
    settings = getattr(component, "cfg", {})
    if "store_scores" not in settings:
        yield
        return
    before, settings["store_scores"] = settings["store_scores"], True
    try:
        yield
    finally:
        settings["store_scores"] = before
