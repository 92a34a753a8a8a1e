"""The confidence of entities, `span._.score`: the posterior probability of a whole span."""

from typing import Any

import numpy as np
import numpy.typing as npt
from spacy.tokens import Doc, Span

from .entity_labels import find_starts, read_entities
from .predictions import PathProbs

Bools = npt.NDArray[np.bool_]
_KEPT = "ent_span_scores"


def set_span_score() -> None:
    """Register the extension attributes, unless they are registered."""
    if not Doc.has_extension(_KEPT):
        Doc.set_extension(_KEPT, default=None)
    if not Span.has_extension("score"):
        Span.set_extension("score", getter=get_span_score)


def store_span_scores(doc: Doc, kept: Bools, probs: PathProbs) -> None:
    """Store the posterior of every predicted entity: that its first token has its label, times that each
    further one has its own, given the one before.

    doc (Doc): The document, with its entities.
    kept (Bools): The tokens whose annotation was there before; nothing is known about these entities.
    probs (PathProbs): Of the tokens' labels.
    """
    set_span_score()
    entities = read_entities(doc)
    starts, ends = find_starts(entities)
    sums = np.append(0.0, np.cumsum(probs.given_before))
    log_probs = probs.alone[starts] + sums[ends] - sums[starts + 1]
    new = ~kept[starts]
    scores = np.exp(np.minimum(log_probs, 0.0))[new].tolist()
    types = entities[starts[new], 1].tolist()
    rows = [
        _describe(doc, *row)
        for row in zip(starts[new].tolist(), ends[new].tolist(), types, scores, strict=True)
    ]
    doc._.set(_KEPT, {"tokens": len(doc), "spans": rows})


def _describe(doc: Doc, start: int, end: int, label: int, score: float) -> list[Any]:
    return [start, end, doc.vocab.strings[label], score]


def get_span_score(span: Span) -> float | None:
    """RETURNS (Optional[float]): The posterior probability of a predicted entity, from 0 to 1; None for any
    other span, or if the document was retokenized since.
    """
    kept = span.doc._.get(_KEPT) if Doc.has_extension(_KEPT) else None
    if not kept or kept["tokens"] != len(span.doc):
        return None
    for start, end, label, score in kept["spans"]:
        if (start, end, label) == (span.start, span.end, span.label_):
            return float(score)
    return None
