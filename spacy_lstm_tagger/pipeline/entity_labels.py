"""Entities as BILUO labels and back, in arrays: `token.ent_iob` and `token.ent_type` for every token."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from spacy.attrs import ENT_IOB, ENT_TYPE, IS_SPACE
from spacy.strings import StringStore
from spacy.tokens import Doc, Span

from ..schemes import OUTSIDE, split_label
from ..vocabulary import Ids, Ints
from .labels import read_attrs

# The values of `token.ent_iob`; without a type, a token that begins an entity is blocked from being in one.
MISSING, INSIDE, OUT, BEGIN = range(4)


def read_entities(doc: Doc | Span) -> Ids:
    """RETURNS (Ids): `token.ent_iob` and `token.ent_type`, `(tokens, 2)`."""
    return read_attrs(doc, ENT_IOB, ENT_TYPE)


def read_biluo(doc: Doc | Span) -> Ids:
    """RETURNS (Ids): The string id of each token's BILUO label, 0 if it is missing, `(tokens,)`."""
    whole = doc if isinstance(doc, Doc) else doc.doc
    start, end = (0, len(doc)) if isinstance(doc, Doc) else (doc.start, doc.end)
    entities = read_entities(whole[start : min(end + 1, len(whole))])  # and the token after
    iob, types = entities[: end - start].T
    goes_on = np.append(entities[1:, 0] == INSIDE, False)[: end - start]
    prefix = np.where(iob == BEGIN, np.where(goes_on, "B", "U"), np.where(goes_on, "I", "L"))
    labels: Ids = np.zeros(len(iob), dtype=np.uint64)
    is_outside = (iob == OUT) | ((iob == BEGIN) & (types == 0))
    is_entity = ((iob == BEGIN) | (iob == INSIDE)) & (types != 0)
    strings = whole.vocab.strings
    if is_outside.any():
        labels[is_outside] = strings.add(OUTSIDE)
    for label in np.unique(types[is_entity]).tolist():
        for letter in "BILU":
            labels[is_entity & (types == label) & (prefix == letter)] = strings.add(
                f"{letter}-{strings[label]}"
            )
    return labels


def fill_spaces(doc: Doc, labels: Ids) -> Ids:
    """RETURNS (Ids): Labels where whitespace in an annotated document is outside of entities."""
    if not labels.any() or labels.all():
        return labels
    is_space = np.asarray(doc.to_array(IS_SPACE)).astype(bool)
    return np.where((labels == 0) & is_space, np.uint64(doc.vocab.strings.add(OUTSIDE)), labels)


class EntityCodes:
    """What BILUO labels mean for `token.ent_iob` and `token.ent_type`.

    labels (Sequence[str]): The labels.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        parts = [split_label(label) for label in labels]
        self.types = [span_type for _, span_type in parts]
        self._begins = np.array([prefix in "BU" and prefix != OUTSIDE for prefix, _ in parts], dtype=bool)
        self._is_outside = np.array([label == OUTSIDE for label in labels], dtype=bool)
        self._is_open = np.array([prefix in "BI" for prefix, _ in parts], dtype=bool)

    def decode(self, label_ids: Ints, lengths: Ints, strings: StringStore) -> Ids:
        """Decode the labels of documents. What continues no entity of its type begins one.

        label_ids (Ints): The index of each token's label, documents end to end, `(tokens,)`.
        lengths (Ints): The number of tokens of every document, one or more, `(docs,)`.
        strings (StringStore): The documents' strings.
        RETURNS (Ids): `token.ent_iob` and `token.ent_type`, `(tokens, 2)`.
        """
        ids = [strings.add(label) if label else 0 for label in self.types]
        types = np.array(ids, dtype=np.uint64)[label_ids]
        continues = np.zeros(len(label_ids), dtype=bool)
        continues[1:] = self._is_open[label_ids[:-1]] & (types[1:] == types[:-1])
        continues[np.cumsum(lengths)[:-1]] = False  # first tokens
        iob = np.where(self._begins[label_ids] | ~continues, BEGIN, INSIDE)
        iob[self._is_outside[label_ids]] = OUT
        return np.stack([iob.astype(np.uint64), types], axis=1)


def find_starts(entities: Ids) -> tuple[Ints, Ints]:
    """RETURNS (Tuple[Ints, Ints]): The first token of every entity, and the one after its last."""
    iob, types = entities.T
    starts = np.flatnonzero((iob == BEGIN) & (types != 0))
    is_inside: npt.NDArray[np.bool_] = iob == INSIDE
    ends = np.append(np.flatnonzero(~is_inside), len(iob))
    return starts, ends[np.searchsorted(ends, starts, side="right")]
