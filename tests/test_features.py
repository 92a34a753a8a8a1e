"""Features are compared with what a plain loop over tokens, strings and dictionaries gives."""

from collections import Counter
from copy import deepcopy

import numpy as np
import pytest
import spacy
import srsly
from helpers import NLP, make_docs
from hypothesis import example, given
from hypothesis import strategies as st
from spacy.lang.en import English
from spacy.strings import get_string_id
from spacy.tokens import Doc, Token
from spacy.vectors import Vectors
from spacy.vocab import Vocab

from spacy_lstm_tagger import features as features_module
from spacy_lstm_tagger.features import (
    TOKEN_ATTRS,
    FeatureTable,
    TypeFeatures,
    find_sentence_starts,
    get_vocab,
    make_keys,
    read_tokens,
)
from spacy_lstm_tagger.vocabulary import Ints, StringTable

WORDS = ["The", "the", "cat", "Cat-like", "sat", "3.5", "naïve", "😀", "x"]

words = st.text(min_size=1, max_size=12)
texts = st.lists(st.lists(words, max_size=6), max_size=4)
few_words = st.lists(st.lists(st.sampled_from(WORDS), max_size=8), max_size=4)


def make_table(**settings: int) -> FeatureTable:
    return FeatureTable(TOKEN_ATTRS, prefix_lengths=(1, 2, 3), suffix_lengths=(1, 2, 4), **settings)


def token_strings(token: Token) -> list[str]:
    """The strings of `make_table`'s columns, one token at a time."""
    lower = token.text.lower()
    attrs = [token.text, lower, token.norm_, token.prefix_, token.suffix_, token.shape_]
    return [*attrs, lower[:1], lower[:2], lower[:3], lower[-1:], lower[-2:], lower[-4:]]


def rows_of_tokens(table: FeatureTable, docs: list[Doc]) -> Ints:
    found = table.read_types(docs)
    vocab = docs[0].vocab if docs else NLP.vocab
    return table(found.types, vocab).rows[found.token_types]


def ids(*strings: str) -> np.ndarray:
    return np.array([get_string_id(string) for string in strings], dtype=np.uint64)


# Words


@given(texts)
def test_words_are_the_tokens_by_type(sentences: list[list[str]]) -> None:
    found = FeatureTable([]).read_types(make_docs(sentences))
    tokens = [NLP.vocab.strings[word] for sentence in sentences for word in sentence]
    assert found.types[found.token_types, 0].tolist() == tokens
    assert found.types[:, 0].tolist() == sorted(set(tokens))
    assert found.lengths.tolist() == [len(sentence) for sentence in sentences]


@given(texts)
def test_tokens_lie_end_to_end(sentences: list[list[str]]) -> None:
    tokens, lengths = read_tokens(make_docs(sentences))
    assert tokens.dtype == np.uint64
    assert tokens[:, 0].tolist() == [NLP.vocab.strings[word] for sentence in sentences for word in sentence]
    assert lengths.tolist() == [len(sentence) for sentence in sentences]


@example([True, None])
@given(st.lists(st.sampled_from([True, False, None]), max_size=12))
def test_sentence_starts_are_those_of_the_tokens(sent_starts: list[bool | None]) -> None:
    doc = Doc(NLP.vocab, words=["x"] * len(sent_starts), sent_starts=sent_starts)
    # A first token is always the start of a sentence: only the others decide.
    is_set = any(sent_start is not None for sent_start in sent_starts[1:] or sent_starts)
    expected = [token.i for token in doc if token.is_sent_start] if is_set else []
    assert find_sentence_starts(doc) == expected


# Columns


@given(st.dictionaries(words, st.integers(1, 9), min_size=1), st.lists(words))
def test_fitted_column_is_a_dictionary(counts: dict[str, int], others: list[str]) -> None:
    column = StringTable(hash_rows=10)
    column.fit(counts)
    expected = {string: row for row, string in enumerate(counts, start=1)}
    queries = [*others, *reversed(counts)]
    assert column(ids(*queries)).tolist() == [expected.get(string, 0) for string in queries]
    assert column.n_rows == 1 + len(counts)
    assert column.counts.tolist() == list(counts.values())


@given(st.lists(words), st.integers(1, 50))
def test_hashed_column_never_gives_the_unknown_row(strings: list[str], hash_rows: int) -> None:
    column = StringTable(hash_rows)
    rows = column(ids(*strings))
    assert all(1 <= row < column.n_rows for row in rows.tolist())
    one_by_one = [int(column(ids(string))[0]) for string in strings]
    assert rows.tolist() == one_by_one


def test_hashed_column_uses_all_its_rows() -> None:
    column = StringTable(hash_rows=7)
    rows = column(ids(*(f"word{i}" for i in range(200))))
    assert set(rows.tolist()) == set(range(1, 8))
    assert column.n_rows == 8


# Fitting


@given(few_words, st.integers(1, 3))
def test_fitting_counts_tokens(sentences: list[list[str]], min_freq: int) -> None:
    docs = make_docs(sentences)
    table = make_table(min_freq=min_freq)
    table.fit(docs)
    strings = [token_strings(token) for doc in docs for token in doc]
    for i, (name, column) in enumerate(table.vocabulary.tables.items()):
        counts = Counter(token[i] for token in strings if token[i])
        expected = {string: n for string, n in counts.items() if n >= min_freq}
        assert dict(zip(column.strings, column.counts.tolist(), strict=True)) == expected, name


def test_rows_are_ordered_by_frequency_and_then_by_string() -> None:
    table = FeatureTable(["ORTH"])
    table.fit(make_docs([["b", "c", "a"], [], ["c"]]))
    assert table.vocabulary.tables["ORTH"].strings == ["c", "a", "b"]


def test_order_of_documents_does_not_change_the_vocabulary() -> None:
    sentences = [["b", "a"], ["a", "d", "c"], ["c"]]
    there, back = make_table(), make_table()
    there.fit(make_docs(sentences))
    back.fit(make_docs(sentences[::-1]))
    assert srsly.json_dumps(there.vocabulary.data) == srsly.json_dumps(back.vocabulary.data)


def test_empty_strings_have_no_row() -> None:
    docs = make_docs([["a"]], Vocab())  # knows no language: every attribute but ORTH is empty
    table = FeatureTable(["ORTH", "LOWER"])
    table.fit(docs)
    assert [column.strings for column in table.vocabulary.tables.values()] == [["a"], []]
    assert rows_of_tokens(table, docs).tolist() == [[1, 0]]


@pytest.mark.parametrize(("min_freq", "known"), [(1, "abc"), (2, "ab"), (3, "a")])
def test_rare_words_are_unknown(min_freq: int, known: str) -> None:
    docs = make_docs(["aabc", "ab"])
    table = FeatureTable(["ORTH"], min_freq=min_freq)
    table.fit(docs)
    rows = dict(zip("abcz", rows_of_tokens(table, make_docs(["abcz"]))[:, 0].tolist(), strict=True))
    assert {word for word, row in rows.items() if row} == set(known)


def test_new_word_shares_the_parts_that_are_known() -> None:
    table = make_table()
    table.fit(make_docs([["walking", "Talks"]]))
    row = dict(
        zip(
            table.vocabulary.tables,
            rows_of_tokens(table, make_docs([["stalking"]]))[0].tolist(),
            strict=True,
        )
    )
    known = {name for name, value in row.items() if value}
    # "ing", the shape "xxxx", and -g, -ng, -king; no word begins with "s".
    assert known == {"SUFFIX", "SHAPE", "SUFFIX1", "SUFFIX2", "SUFFIX4"}


@given(few_words, few_words, st.integers(1, 3))
def test_vocabulary_survives_json(
    training: list[list[str]], sentences: list[list[str]], min_freq: int
) -> None:
    table, copy = make_table(min_freq=min_freq), make_table(min_freq=min_freq)
    table.fit(make_docs(training))
    if table.vocabulary.data:
        copy.load_vocabulary(srsly.json_loads(srsly.json_dumps(table.vocabulary.data)))
    docs = make_docs(sentences)
    np.testing.assert_array_equal(rows_of_tokens(copy, docs), rows_of_tokens(table, docs))
    assert copy.vocabulary.data == table.vocabulary.data


def test_column_in_which_nothing_is_frequent_knows_nothing() -> None:
    table = FeatureTable(["ORTH", "SHAPE"], min_freq=2)
    table.fit(make_docs([["a", "b"]]))
    assert rows_of_tokens(table, make_docs([["a", "c"]])).tolist() == [[0, 1], [0, 1]]


def test_vocabulary_without_a_column_is_refused() -> None:
    table = FeatureTable(["ORTH", "SHAPE"])
    with pytest.raises(ValueError, match=r"L103.*'SHAPE'.*\['ORTH'\]"):
        table.load_vocabulary({"ORTH": {"a": 1}})


# Applying


@given(texts)
def test_rows_equal_a_loop_over_tokens(sentences: list[list[str]]) -> None:
    table = make_table()
    table.fit(make_docs([WORDS, ["a", "B", "0", " "]]))
    docs = make_docs(sentences)
    vocabulary = {name: ["", *strings] for name, strings in table.vocabulary.data.items()}
    expected = [
        [
            known.index(string) if string in known else 0
            for known, string in zip(vocabulary.values(), token_strings(token), strict=True)
        ]
        for doc in docs
        for token in doc
    ]
    assert rows_of_tokens(table, docs).tolist() == expected


@given(texts)
def test_hashed_rows_equal_a_loop_over_tokens(sentences: list[list[str]]) -> None:
    table = make_table(hash_rows=11)
    docs = make_docs(sentences)
    column = StringTable(11)
    expected = [column(ids(*token_strings(token))).tolist() for doc in docs for token in doc]
    assert rows_of_tokens(table, docs).tolist() == expected


@pytest.mark.parametrize("fitted", [True, False])
def test_another_vocab_gives_the_same_rows(fitted: bool) -> None:
    table = make_table(max_bytes=8)
    if fitted:
        table.fit(make_docs([WORDS[:5]]))
    other = spacy.blank("en").vocab
    make_docs([["strings", "that", "came", "before"]], other)
    docs, other_docs = make_docs([WORDS]), make_docs([WORDS], other)
    np.testing.assert_array_equal(rows_of_tokens(table, docs), rows_of_tokens(table, other_docs))
    types = table.read_types(docs).types
    np.testing.assert_array_equal(
        table(types, NLP.vocab).characters, table(table.read_types(other_docs).types, other).characters
    )


@given(texts, st.integers(2, 9))
def test_characters_are_both_ends_of_the_bytes(sentences: list[list[str]], max_bytes: int) -> None:
    table = FeatureTable([], max_bytes=max_bytes)
    types = table.read_types(make_docs(sentences)).types
    characters = table(types, NLP.vocab).characters
    half = max_bytes // 2
    for orth, row in zip(types[:, 0].tolist(), characters.tolist(), strict=True):
        word = list(NLP.vocab.strings[orth].encode())
        if len(word) > max_bytes:
            word = word[:half] + word[len(word) - (max_bytes - half) :]
        assert row == [byte + 1 for byte in word] + [0] * (len(row) - len(word))
    if len(types):
        assert characters[:, -1].any(), "the width is that of the longest word"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("abcdef", b"abcdef"),
        ("abcdefg", b"abcefg"),
        ("a", b"a"),
        ("\x00", b"\x00"),
        ("😀", b"\xf0\x9f\x98\x80"),
        ("😀😀", b"\xf0\x9f\x98\x9f\x98\x80"),
    ],
)
def test_characters_of_a_word(word: str, expected: bytes) -> None:
    table = FeatureTable([], max_bytes=6)
    characters = table(table.read_types(make_docs([[word]])).types, NLP.vocab).characters
    assert characters.tolist() == [[byte + 1 for byte in expected]]


@given(st.lists(st.text(), max_size=4))
def test_any_text_has_features(strings: list[str]) -> None:
    docs = [NLP.make_doc(string) for string in strings]
    fitted, hashed = make_table(max_bytes=8), make_table(max_bytes=8)
    fitted.fit([*docs, NLP.make_doc("x")])
    assert rows_of_tokens(hashed, docs).all()
    # Fitted on these very documents, only empty strings are unknown: they have no row.
    expected = [[string != "" for string in token_strings(token)] for doc in docs for token in doc]
    assert (rows_of_tokens(fitted, docs) > 0).tolist() == expected


@pytest.mark.parametrize("sentences", [[], [[]], [[], []]])
def test_no_tokens(sentences: list[list[str]]) -> None:
    table = make_table(max_bytes=4)
    table.fit(make_docs(sentences))
    table.fit(make_docs([["a"], *sentences]))
    features = table(table.read_types(make_docs(sentences)).types, NLP.vocab)
    assert [len(part) for part in features] == [0, 0, 0, 0]
    assert features.rows.shape[1] == len(table.vocabulary.tables)


def test_static_vectors_are_the_vocabs() -> None:
    vocab = spacy.blank("en").vocab
    vocab.set_vector("cat", np.array([1.0, 2.0, 3.0], dtype="f"))
    vocab.set_vector("dog", np.array([4.0, 5.0, 6.0], dtype="f"))
    docs = make_docs([["dog", "zebra"], ["cat", "dog"]], vocab)
    table = FeatureTable([], static_vectors=True)
    found = table.read_types(docs)
    vectors = table(found.types, vocab).vectors
    assert vectors.dtype == np.float32
    assert vectors[found.token_types].tolist() == [[4, 5, 6], [0, 0, 0], [1, 2, 3], [4, 5, 6]]
    assert FeatureTable([])(found.types, vocab).vectors.shape == (3, 0)


@pytest.mark.parametrize("attr", ["ORTH", "LOWER"])
def test_static_vectors_are_looked_up_as_spacy_does(attr: str) -> None:
    vocab = English().vocab
    data = np.arange(1, 9, dtype="f").reshape(2, 4)
    vocab.vectors = Vectors(data=data, keys=["foo", "bar"], attr=attr, strings=vocab.strings)
    doc = Doc(vocab, words=["bar", "FOO", "unknown", "foo"])
    table = FeatureTable(["ORTH"], static_vectors=True)
    words = table.read_types([doc])
    features = table(words.types, vocab)
    expected = [data[1], data[0] if attr == "LOWER" else np.zeros(4), np.zeros(4), data[0]]
    assert np.array_equal(features.vectors[words.token_types], expected)


# Features that are kept


def make_vocab(norm: str) -> Vocab:
    """A new vocab with static vectors, and with this norm for "cat"."""
    vocab = spacy.blank("en").vocab
    vocab["cat"].norm_ = norm
    for i, word in enumerate(WORDS[:5]):
        vocab.set_vector(word, np.array([1.0 + i, 2.0, 3.0], dtype="f"))
    return vocab


VOCABS = (make_vocab("cat"), make_vocab("the"))


def assert_same(found: TypeFeatures, expected: TypeFeatures) -> None:
    for part, other in zip(found, expected, strict=True):
        assert part.dtype == other.dtype
        np.testing.assert_array_equal(part, other)


sets_of_words = st.sets(st.one_of(st.sampled_from(WORDS), words), min_size=1, max_size=9)


@pytest.mark.parametrize("max_kept", [0, 4, 100])
@pytest.mark.parametrize("max_bytes", [0, 2, 9])
@given(batches=st.lists(st.tuples(sets_of_words, st.booleans()), max_size=8))
def test_features_looked_up_are_those_computed(
    max_kept: int, max_bytes: int, batches: list[tuple[set[str], bool]]
) -> None:
    """Whatever was looked up before, of this vocab or another, which may have other attributes."""
    table = make_table(max_bytes=max_bytes, static_vectors=True)
    table.fit(make_docs([WORDS[:6]]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features_module, "MAX_KEPT", max_kept)
        for strings, is_second in batches:
            vocab = VOCABS[is_second]
            types = table.read_types(make_docs([sorted(strings)], vocab)).types
            for _ in range(2):
                assert_same(table.look_up(types, vocab), table(types, vocab))


def test_features_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    table, computed = make_table(max_bytes=8), Counter[int]()
    compute = FeatureTable.__call__

    def count(self: FeatureTable, types: np.ndarray, vocab: Vocab) -> TypeFeatures:
        computed.update(make_keys(types).tolist())
        return compute(self, types, vocab)

    monkeypatch.setattr(FeatureTable, "__call__", count)
    batches = [table.read_types(make_docs([part])).types for part in (WORDS[:4], WORDS[2:], WORDS)]
    for types in batches:
        table.look_up(types, NLP.vocab)
    assert computed == Counter(make_keys(batches[2]).tolist())
    copy = deepcopy(table)
    copy.look_up(batches[2], NLP.vocab)
    assert set(computed.values()) == {2}, "a copy keeps nothing"


def test_no_more_features_are_kept_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features_module, "MAX_KEPT", 20)
    table = make_table()
    for start in range(0, 200, 10):
        words = [f"w{i}" for i in range(start, start + 10)]
        table.look_up(table.read_types(make_docs([words])).types, NLP.vocab)
        assert len(table._kept) <= 20 + 10


@pytest.mark.parametrize("space", [" ", "\n\n", "\u2003"])
def test_whitespace_is_read_if_the_training_data_had_any(space: str) -> None:
    table = make_table()
    types = table.read_types(make_docs([["cat", space]])).types
    is_space = types[:, 0] == NLP.vocab.strings[space]

    def find_read() -> list[bool]:
        assert_same(table.look_up(types, NLP.vocab), table(types, NLP.vocab))
        read: list[bool] = table(types, NLP.vocab).is_read.tolist()
        return read

    assert find_read() == [True, True], "hashed: nothing is known of the training data"
    table.fit(make_docs([["the", "cat"]]))
    assert find_read() == (~is_space).tolist()
    vocabulary = table.vocabulary.data
    table.fit(make_docs([["the", "\t", "cat"]]))
    assert find_read() == [True, True]
    table.load_vocabulary(vocabulary)
    assert find_read() == (~is_space).tolist()


# Documents of several vocabs


def test_words_of_another_vocab_are_added_to_the_first() -> None:
    sentences = [["The", "cat"], ["naïve", "😀", "The"]]
    first, second = spacy.blank("en"), spacy.blank("en")
    docs = [*make_docs(sentences[:1], first.vocab), *make_docs(sentences[1:], second.vocab)]
    assert "naïve" not in first.vocab.strings
    assert get_vocab(docs) is first.vocab
    found = [first.vocab.strings[word] for [word] in read_tokens(docs)[0].tolist()]
    assert found == ["The", "cat", "naïve", "😀", "The"]
    table, expected = make_table(), make_table()
    table.fit(docs)
    expected.fit(make_docs(sentences))
    assert table.vocabulary.data == expected.vocabulary.data
