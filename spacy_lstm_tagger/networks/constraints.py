"""Which tags may follow which: from the scheme that they are written in, or as seen."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

OUTSIDE = "O"
# What may follow a prefix within the same span. All that begins may follow all that ends.
CONTINUES = {"bio": {"B": "I", "I": "I"}, "biluo": {"B": "IL", "I": "IL"}}
BEGINS = {"bio": "B", "biluo": "BU"}
ENDS = {"bio": "BI", "biluo": "LU"}


class Constraints(NamedTuple):
    """What is permitted of the paths through labels.

    may_start (Tensor): Whether a sequence may start with a label, bool `(labels,)`.
    may_follow (Tensor): Whether the column's label may follow the row's, bool `(labels, labels)`.
    may_end (Tensor): Whether a sequence may end with a label, bool `(labels,)`.
    """

    may_start: Tensor
    may_follow: Tensor
    may_end: Tensor


def follow_scheme(scheme: str, labels: Sequence[str]) -> Constraints:
    """Permit the valid sequences of a scheme of spans.

    scheme (str): "bio" or "biluo".
    labels (Sequence[str]): The labels, each "O" or a prefix of the scheme, "-" and the span's label.
    RAISES (ValueError): For a label that is not of the scheme; the argument is that label.
    """
    parts = [(label, "") if label == OUTSIDE else tuple(label.partition("-")[::2]) for label in labels]
    prefixes = {OUTSIDE, *CONTINUES[scheme], *BEGINS[scheme], *ENDS[scheme]}
    for label, (prefix, _) in zip(labels, parts, strict=True):
        if prefix not in prefixes or (prefix == OUTSIDE and label != OUTSIDE):
            raise ValueError(label)
    begins = [prefix in (OUTSIDE, *BEGINS[scheme]) for prefix, _ in parts]
    ends = [prefix in (OUTSIDE, *ENDS[scheme]) for prefix, _ in parts]
    may_start, may_end = torch.tensor(begins), torch.tensor(ends)
    continues = [
        [
            span == next_span and next_prefix in CONTINUES[scheme].get(prefix, "")
            for next_prefix, next_span in parts
        ]
        for prefix, span in parts
    ]
    return Constraints(may_start, torch.tensor(continues) | (may_end[:, None] & may_start), may_end)


def permit_seen(sequences: Iterable[Tensor], n_labels: int) -> Constraints:
    """Permit what training data holds.

    sequences (Iterable[Tensor]): The gold label of every token of a sequence, int64 `(tokens,)`; -1 where
        there is none.
    n_labels (int): Labels.
    """
    # One more row and column, for the tokens without a label.
    seen = torch.zeros(n_labels + 1, n_labels + 1, dtype=torch.bool)
    starts, ends = seen[0].clone(), seen[0].clone()
    for gold in sequences:
        seen[gold[:-1], gold[1:]] = True
        starts[gold[:1]] = True
        ends[gold[-1:]] = True
    return Constraints(starts[:-1], seen[:-1, :-1], ends[:-1])
