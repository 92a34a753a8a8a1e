"""How sure the tagger is, on the `Doc`: `token._.tag_score`, `doc._.tag_scores` and `doc._.tag_n_best`.

All are kept in `doc.user_data`, and so are serialized with the document, unless the user data is left out.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from spacy.tokens import Doc, Token

TagIds = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
NBest = list[tuple[list[str], float]]


class Predictions(list[TagIds]):
    """For every document the indices of its tokens' labels, `(tokens,)`, and what else was asked for.

    scores (Optional[List[Scores]]): For every document each label's posterior, float32 `(tokens, labels)`.
    n_best (Optional[List[NBest]]): For every document its best paths, best first: the tags and their log
        probability.
    """

    def __init__(
        self, tag_ids: Iterable[TagIds], scores: list[Scores] | None, n_best: list[NBest] | None
    ) -> None:
        super().__init__(tag_ids)
        self.scores = scores
        self.n_best = n_best


def set_extensions() -> None:
    """Register the attributes, unless they are."""
    for name in ("tag_scores", "predicted_tag_scores", "tag_n_best"):
        if not Doc.has_extension(name):
            Doc.set_extension(name, default=None)
    if not Token.has_extension("tag_score"):
        Token.set_extension("tag_score", getter=get_tag_score)


def get_tag_score(token: Token) -> float | None:
    """RETURNS (Optional[float]): The posterior probability of the tag that was predicted for a token, None
    if it was not stored, or if the document was retokenized since.
    """
    scores = token.doc._.predicted_tag_scores
    return float(scores[token.i]) if scores is not None and len(scores) == len(token.doc) else None


def write(docs: Sequence[Doc], predictions: Any) -> None:
    """Write what `predict` gave beside the tags to the documents.

    docs (Sequence[Doc]): The documents.
    predictions (Any): `Predictions`; of anything else nothing is written.
    """
    if not isinstance(predictions, Predictions):
        return
    set_extensions()  # a component that was unpickled in another process did not
    for i, (doc, tag_ids) in enumerate(zip(docs, predictions, strict=True)):
        if predictions.scores is not None:
            scores = predictions.scores[i]
            doc._.tag_scores = scores
            doc._.predicted_tag_scores = scores[np.arange(len(tag_ids)), tag_ids]
        if predictions.n_best is not None:
            doc._.tag_n_best = predictions.n_best[i]
