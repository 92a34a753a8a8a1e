"""Examples joined to documents: nothing is lost or doubled, and as many are joined as asked for."""

import random
import re
from itertools import accumulate
from typing import Any

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.batchers import configure_minibatch, configure_minibatch_by_padded_size

from spacy_lstm_tagger.batchers import create_joining_batcher, join

NLP = spacy.blank("en")


def make_examples(lengths: list[int]) -> list[Example]:
    """No two words are the same, and each tag is made from its word."""
    starts = [0, *accumulate(lengths)]
    examples = []
    for start, length in zip(starts, lengths, strict=False):
        words = [f"w{i}" for i in range(start, start + length)]
        tags = [word.upper() for word in words]
        examples.append(Example(Doc(NLP.vocab, words), Doc(NLP.vocab, words, tags=tags)))
    return examples


def batch(examples: list[Example], joined: float, **settings: Any) -> list[Example]:
    """RETURNS (List[Example]): What comes out, all batches end to end."""
    batcher = create_joining_batcher(configure_minibatch(**{"size": 3} | settings), joined)
    return [example for part in batcher(iter(examples)) for example in part]


@given(st.lists(st.integers(0, 4), max_size=40), st.sampled_from([0.0, 0.1, 0.5, 1.0]))
def test_the_same_words_in_the_same_order(lengths: list[int], joined: float) -> None:
    examples = make_examples(lengths)
    found = batch(examples, joined)
    words = [token.text for example in found for token in example.predicted]
    assert words == [f"w{i}" for i in range(sum(lengths))]
    assert [token.tag_ for example in found for token in example.reference] == [w.upper() for w in words]
    assert len(found) >= len(lengths) / 4
    if joined == 0:
        assert found == examples
    if joined == 1 and all(lengths):
        shortest = [len(example.predicted) for example in found[:-1]]
        assert all(n >= 2 for n in shortest)


def test_predicted_documents_stay_without_annotation() -> None:
    for example in batch(make_examples([3] * 20), 1.0):
        assert not example.predicted.has_annotation("TAG")
        assert example.get_aligned("TAG", as_string=True) == [t.tag_ for t in example.reference]


@pytest.mark.parametrize("joined", [0.0, 0.3, 0.6])
def test_share(joined: float) -> None:
    alone = sum(len(example.predicted) == 1 for example in batch(make_examples([1] * 6000), joined))
    # Some thousand draws, each of which counts for up to four: within five standard deviations.
    assert alone / 6000 == pytest.approx(1 - joined, abs=0.05)


def test_others_are_joined_each_time_but_the_seed_says_which() -> None:
    examples = make_examples([1] * 200)

    def read_lengths(seed: int) -> list[int]:
        random.seed(seed)
        return [len(example.predicted) for example in batch(examples, 0.5)]

    assert read_lengths(0) == read_lengths(0)
    assert read_lengths(0) != read_lengths(1)


def test_annotation_of_all_kinds_is_joined() -> None:
    """Heads, sentences, entities and spans stay those of the same words."""
    docs = []
    for start in (0, 10):
        doc = Doc(
            NLP.vocab,
            [f"w{start + i}" for i in range(3)],
            heads=[1, 1, 1],
            deps=["x", "ROOT", "y"],
            ents=["B-A", "I-A", "O"],
        )
        doc.spans["s"] = [doc[1:3]]
        docs.append(doc)
    examples = [Example(Doc(NLP.vocab, [t.text for t in doc]), doc) for doc in docs]
    reference = join(examples).reference
    assert [token.head.text for token in reference] == ["w1"] * 3 + ["w11"] * 3
    assert [sent.text for sent in reference.sents] == ["w0 w1 w2", "w10 w11 w12"]
    assert [ent.text for ent in reference.ents] == ["w0 w1", "w10 w11"]
    assert [span.text for span in reference.spans["s"]] == ["w1 w2", "w11 w12"]


def test_documents_with_data_of_their_own_stay_apart() -> None:
    examples = make_examples([1] * 50)
    for example in examples:
        example.reference.user_data["source"] = "a user's"
    assert batch(examples, 1.0) == examples


def test_any_batcher_will_do() -> None:
    batcher = configure_minibatch_by_padded_size(size=12, buffer=8, discard_oversize=False)
    batches = list(create_joining_batcher(batcher, 0.5)(make_examples([3] * 30)))
    assert sum(len(example.predicted) for part in batches for example in part) == 90
    assert all(len(part) * max(len(example.predicted) for example in part) <= 12 for part in batches)


@pytest.mark.parametrize("joined", [-0.1, 1.5])
def test_invalid_share(joined: float) -> None:
    with pytest.raises(ValueError, match=re.escape(f"[L001] Invalid value for 'joined': {joined}.")):
        batch([], joined)
