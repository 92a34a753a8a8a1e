"""Which labels may follow each other: by the scheme they are written in, or as seen in the data."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ...schemes import find_transitions


class Constraints(NamedTuple):
    """Which paths of labels are permitted.

    may_start (Tensor): Whether a sequence may start with a label, bool `(labels,)`.
    may_follow (Tensor): Whether the column's label may follow the row's, bool `(labels, labels)`.
    may_end (Tensor): Whether a sequence may end with a label, bool `(labels,)`.
    """

    may_start: Tensor
    may_follow: Tensor
    may_end: Tensor


def follow_scheme(scheme: str, labels: Sequence[str]) -> Constraints:
    """Permit the valid sequences of a scheme.

    scheme (str): "bio", "iob1", "bioes" or "biluo".
    labels (Sequence[str]): The labels.
    RAISES (LSTMTaggerValueError): If a label does not belong to the scheme.
    """
    return Constraints(*map(torch.tensor, find_transitions(scheme, labels)))


def permit_seen(sequences: Iterable[Tensor], n_labels: int) -> Constraints:
    """Permit what the training data has.

    sequences (Iterable[Tensor]): The gold label of every token of a sequence, int64 `(tokens,)`; -1 where
        it is missing.
    n_labels (int): Number of labels.
    """
    # One more row and column, at -1, for tokens without a label.
    seen = torch.zeros(n_labels + 1, n_labels + 1, dtype=torch.bool)
    starts, ends = seen[0].clone(), seen[0].clone()
    for gold in sequences:
        seen[gold[:-1], gold[1:]] = True
        starts[gold[:1]] = True
        ends[gold[-1:]] = True
    return Constraints(starts[:-1], seen[:-1, :-1], ends[:-1])
