"""Gold annotation → label indices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_lstm_tagger.pipeline.labels import align, encode_gold
from spacy_lstm_tagger.pipeline.lstm_tagger import read_tags


def make_example(words, tags, gold_words=None):
    vocab = Vocab()
    predicted = Doc(vocab, words=words, spaces=[False] * len(words))
    gold_words = gold_words or words
    reference = Doc(vocab, words=gold_words, spaces=[False] * len(gold_words), tags=tags)
    return Example(predicted, reference)


def get_aligned_tags(example):
    return align(example, read_tags(example.reference))


def encode(examples, labels, neg_prefix="!"):
    found = [get_aligned_tags(example) for example in examples]
    return encode_gold(examples, found, labels, neg_prefix=neg_prefix, name="lstm_tagger")


def read(examples, labels, neg_prefix="!"):
    gold = encode(examples, labels, neg_prefix)
    return gold.gold.tolist(), gold.excluded.tolist()


def test_gold_missing_and_excluded():
    examples = [make_example(["a", "b", "c"], ["N", "", "!V"]), make_example(["d"], ["V"])]
    assert read(examples, ["V", "N"]) == ([1, -1, -1, 0], [-1, -1, 0, -1])


@pytest.mark.parametrize(
    ("labels", "tag", "expected"),
    [
        (["!", "N"], "!", ([0], [-1])),  # the tag of the exclamation mark
        (["!", "N"], "!!", ([-1], [0])),  # not that tag
        (["!N", "N"], "!N", ([0], [-1])),  # what is among the labels is a tag
        (["!N", "N"], "!!N", ([-1], [0])),
        (["N"], "!N", ([-1], [0])),
    ],
)
def test_label_that_begins_with_the_negative_prefix(labels, tag, expected):
    assert read([make_example(["x"], [tag])], labels) == expected


def test_another_negative_prefix_or_none():
    assert read([make_example(["x"], ["not:N"])], ["N"], neg_prefix="not:") == ([-1], [0])
    with pytest.raises(ValueError, match=r"\[L101\].*'!N'"):
        read([make_example(["x"], ["!N"])], ["N"], neg_prefix="")


def test_unknown_tag_names_word_document_and_component():
    examples = [make_example(["fine"], ["N"]), make_example(["so", "odd"], ["N", "XYZ"])]
    with pytest.raises(ValueError, match=r"\[L101\].*'XYZ'.*word 1, 'odd'.*'soodd'.*'lstm_tagger'"):
        read(examples, ["N"])


def test_misaligned_tokens_are_missing():
    split = make_example(["I", "cannot", "go"], ["N", "M", "R", "V"], ["I", "can", "not", "go"])
    assert read([split], ["M", "N", "R", "V"]) == ([1, -1, 3], [-1, -1, -1])


def test_documents_without_tokens():
    assert read([make_example([], [])], ["N"]) == ([], [])


@given(st.lists(st.sampled_from(["ab", "c", "d", "efg"]), max_size=8), st.data())
def test_alignment_agrees_with_spacy(words, data):
    """With or without the shortcut for equal words, the result is that of spaCy's alignment."""
    tags = data.draw(st.lists(st.sampled_from(["N", "V", ""]), min_size=len(words), max_size=len(words)))
    gold_words, gold_tags = [], []
    for word, tag in zip(words, tags, strict=True):
        is_split = len(word) > 1 and data.draw(st.booleans())
        pieces = list(word) if is_split else [word]
        gold_words += pieces
        gold_tags += [tag] * len(pieces)
    example = make_example(words, gold_tags, gold_words)
    expected = [tag or "" for tag in example.get_aligned("TAG", as_string=True)]
    strings = example.reference.vocab.strings
    assert [strings[tag] for tag in get_aligned_tags(example).tolist()] == expected


def test_index_arrays_are_aligned_with_tokens():
    examples = [make_example(["a"] * n, ["N"] * n) for n in (0, 3, 1)]
    gold = encode(examples, ["V", "N"])
    assert np.array_equal(gold.gold, [1, 1, 1, 1])
    assert np.array_equal(gold.lengths, [0, 3, 1])
