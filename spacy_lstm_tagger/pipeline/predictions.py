"""What `predict` returns, and what is stored of it on a `Doc` besides the labels.

For the annotation "tag" these are `token._.tag_score`, `doc._.tag_scores` and `doc._.tag_n_best`. They are
kept in `doc.user_data`, and so are serialized with the document, unless the user data is excluded.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from spacy.tokens import Doc, Token
from spacy.training import Example

from ..errors import Errors, LSTMTaggerValueError
from ..ragged import Ragged, split
from ..vocabulary import Ids, Ints

if TYPE_CHECKING:
    from ..models.labeling import LabelingModel

Scores: TypeAlias = npt.NDArray[np.float32]
NBest: TypeAlias = list[tuple[list[str], float]]

_NO_IDS: Ints = np.zeros(0, dtype=np.int64)


class Predictions(list[Ints]):
    """For every document the indices of its tokens' labels, `(tokens,)`, and what else was asked for.

    scores (Optional[List[Scores]]): For every document each label's posterior, float32 `(tokens, labels)`.
    n_best (Optional[List[NBest]]): For every document its best paths, best first: the labels and their log
        probability.
    """

    def __init__(
        self, label_ids: Iterable[Ints], scores: list[Scores] | None, n_best: list[NBest] | None
    ) -> None:
        super().__init__(label_ids)
        self.scores = scores
        self.n_best = n_best


def decode(
    network: "LabelingModel", scores: Ragged, labels: Sequence[str], *, store_scores: bool, n_best: int
) -> list[Ints]:
    """Decode scores.

    network (LabelingModel): The model; it is not asked, and need not be initialized, if there are no
        tokens.
    scores (Ragged): `(tokens, labels)`.
    labels (Sequence[str]): The labels.
    store_scores (bool): Whether to compute every label's posterior.
    n_best (int): How many of the best paths to find.
    RETURNS (List[Ints]): The indices of the labels; `Predictions` if more was asked for.
    """
    has_tokens = len(scores.data) > 0
    label_ids = network.decode(scores) if has_tokens else split(Ragged(_NO_IDS, scores.lengths))
    if not (store_scores or n_best):
        return label_ids
    marginals = best = None
    if store_scores:
        marginals = split(network.get_marginals(scores) if has_tokens else scores)
    if n_best and has_tokens:
        paths, log_probs = network.get_n_best(scores, n_best)
        best = [_name_paths(labels, *path) for path in zip(paths, log_probs.tolist(), strict=True)]
    elif n_best:
        best = [[([], 0.0)] for _ in label_ids]
    return Predictions(label_ids, marginals, best)


def _name_paths(labels: Sequence[str], paths: Ints, log_probs: list[float]) -> NBest:
    """RETURNS (NBest): The paths `(tokens, k)` that exist, as labels."""
    existing = [i for i, log_prob in enumerate(log_probs) if log_prob > -np.inf]
    return [([labels[label] for label in paths[:, i].tolist()], log_probs[i]) for i in existing]


def set_extensions(annotation: str) -> None:
    """Register the extension attributes of an annotation, unless they are registered."""
    for name in (f"{annotation}_scores", f"predicted_{annotation}_scores", f"{annotation}_n_best"):
        if not Doc.has_extension(name):
            Doc.set_extension(name, default=None)
    if not Token.has_extension(f"{annotation}_score"):
        Token.set_extension(f"{annotation}_score", getter=partial(get_score, annotation=annotation))


def get_scores(doc: Doc, annotation: str) -> Scores | None:
    """RETURNS (Optional[Scores]): The posterior probability of the label that was predicted for each token,
    `(tokens,)`. None if it was not stored, or if the document was retokenized since.
    """
    scores = _get_stored(doc, annotation)
    return scores if scores is not None and len(scores) == len(doc) else None


def _get_stored(doc: Doc, annotation: str) -> Scores | None:
    """RETURNS (Optional[Scores]): As `get_scores`, also if the document was retokenized since."""
    name = f"predicted_{annotation}_scores"
    scores: Scores | None = doc._.get(name) if Doc.has_extension(name) else None
    return scores


def get_score(token: Token, annotation: str) -> float | None:
    """RETURNS (Optional[float]): The score of a token; see `get_scores`."""
    scores = get_scores(token.doc, annotation)
    return None if scores is None else float(scores[token.i])


def require_scores(doc: Doc, annotation: str) -> Scores:
    """RETURNS (Scores): See `get_scores`.
    RAISES (LSTMTaggerValueError): If there are none, or the document was retokenized since.
    """
    scores = _get_stored(doc, annotation)
    if scores is None:
        raise LSTMTaggerValueError(Errors.L104.format(text=doc.text[:60]))
    if len(scores) != len(doc):
        raise LSTMTaggerValueError(Errors.L106.format(text=doc.text[:60]))
    return scores


def store(docs: Sequence[Doc], predictions: Any, annotation: str) -> None:
    """Store scores and best paths on documents.

    docs (Sequence[Doc]): The documents.
    predictions (Any): `Predictions`; of anything else nothing is stored.
    annotation (str): Names the extension attributes.
    """
    if not isinstance(predictions, Predictions):
        return
    set_extensions(annotation)  # a component that was unpickled in another process did not
    for i, (doc, label_ids) in enumerate(zip(docs, predictions, strict=True)):
        if predictions.scores is not None:
            scores = predictions.scores[i]
            doc._.set(f"{annotation}_scores", scores)
            doc._.set(f"predicted_{annotation}_scores", scores[np.arange(len(label_ids)), label_ids])
        if predictions.n_best is not None:
            doc._.set(f"{annotation}_n_best", predictions.n_best[i])


def read_confidences(
    examples: Iterable[Example],
    annotation: str,
    get_gold: Callable[[Example], Ids],
    read_labels: Callable[[Doc], Ids],
) -> tuple[Scores, npt.NDArray[np.bool_]]:
    """Read the confidence in predicted labels, and whether they are right.

    examples (Iterable[Example]): The examples, with predictions and their scores.
    annotation (str): Names the extension attributes.
    get_gold (Callable[[Example], Ids]): Gives the string ids of the predicted tokens' gold labels.
    read_labels (Callable[[Doc], Ids]): Gives the string ids of the labels of a document.
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
