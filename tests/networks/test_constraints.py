"""Constraints against spaCy's own rules, and against the data that they were seen in."""

from itertools import pairwise, product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_lstm_tagger.networks import Constraints, follow_scheme, permit_seen
from spacy_lstm_tagger.schemes import SCHEMES, find_transitions, is_valid

LABELS = {
    "bio": ["I-x", "O", "B-x", "B-y", "I-y"],
    "biluo": ["U-y", "I-x", "O", "B-x", "L-x", "B-y", "I-y", "L-y", "U-x"],
}


def is_permitted(constraints: Constraints, path: tuple[int, ...]) -> bool:
    return bool(
        constraints.may_start[path[0]]
        and constraints.may_end[path[-1]]
        and all(constraints.may_follow[pair] for pair in pairwise(path))
    )


@pytest.mark.parametrize("scheme", ["bio", "biluo"])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_permitted_is_what_is_valid(scheme: str, length: int) -> None:
    labels = LABELS[scheme]
    constraints = follow_scheme(scheme, labels)
    for path in product(range(len(labels)), repeat=length):
        tags = [labels[i] for i in path]
        if scheme == "biluo" and not {tag[0] for tag in tags} & set("LU"):
            continue  # the scorer takes such a sequence for one of BIO
        assert is_permitted(constraints, path) == is_valid(tags), tags


def test_a_span_that_is_begun_is_ended_in_biluo() -> None:
    constraints = follow_scheme("biluo", ["B-x", "I-x", "O"])
    assert not constraints.may_end[:2].any()
    assert not constraints.may_follow[:2, 2].any()


@pytest.mark.parametrize(
    ("scheme", "label"), [("bio", "NN"), ("bio", "L-x"), ("biluo", "S-x"), ("bio", "O-x")]
)
def test_labels_of_no_scheme_are_named(scheme: str, label: str) -> None:
    with pytest.raises(ValueError, match=f"L010.*'{label}'.*'{scheme}'"):
        follow_scheme(scheme, ["O", "B-x", label])


@pytest.mark.parametrize("scheme", [*SCHEMES])
def test_followers_are_those_of_each_pair(scheme: str) -> None:
    rules = SCHEMES[scheme]
    prefixes = sorted({*rules.begins, *rules.ends, *rules.continues})
    labels = ["O", *(f"{prefix}-{kind}" for kind in ("x", "y", "x-y", "") for prefix in prefixes)]
    expected = [
        [find_transitions(scheme, [*dict.fromkeys([before, after])]).may_follow[0][-1] for after in labels]
        for before in labels
    ]
    assert find_transitions(scheme, labels).may_follow == expected


@given(st.lists(st.lists(st.integers(-1, 3), max_size=5), max_size=4))
def test_what_was_seen_is_permitted_and_nothing_else(sequences: list[list[int]]) -> None:
    constraints = permit_seen([torch.tensor(s, dtype=torch.int64) for s in sequences], 4)
    pairs = {pair for s in sequences for pair in pairwise(s)}
    for pair in product(range(4), repeat=2):
        assert bool(constraints.may_follow[pair]) == (pair in pairs)
    for label in range(4):
        assert bool(constraints.may_start[label]) == any(s[:1] == [label] for s in sequences)
        assert bool(constraints.may_end[label]) == any(s[-1:] == [label] for s in sequences)
