"""The corpus readers return what tiny hand-written files say, or report where they are wrong."""

import gzip
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import spacy
from helpers import NLP, save
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.training.augment import create_lower_casing_augmenter

from spacy_lstm_tagger.corpora import create_conllu_corpus, create_corpus, create_jsonl_corpus
from spacy_lstm_tagger.corpora.annotations import is_tree

SENTENCE = """\
# sent_id = 1
# text = He sleeps.
1	He	he	PRON	PRP	Case=Nom|Number=Sing	2	nsubj	_	_
2	sleeps	sleep	VERB	VBZ	Number=Sing	0	root	_	SpaceAfter=No|Gloss=x
3	.	.	PUNCT	.	_	2	punct	_	_

"""


def row(number: int | str, form: str = "w", **columns: str) -> str:
    """Write a CoNLL-U line; the columns that a test is not about are `_`."""
    names = ("lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
    return "\t".join([str(number), form, *(columns.get(name, "_") for name in names)]) + "\n"


def one_word(form: str, comment: str = "") -> str:
    return comment + row(1, form) + "\n"


def save_records(folder: Path, *records: object) -> Path:
    return save(folder, "".join(json.dumps(record) + "\n" for record in records))


def read_conllu(path: Path, nlp: Language = NLP, **settings: Any) -> list[Example]:
    return list(create_conllu_corpus(path, **settings)(nlp))


def read_jsonl(path: Path, nlp: Language = NLP, **settings: Any) -> list[Example]:
    return list(create_jsonl_corpus(path, **settings)(nlp))


def words(doc: Doc) -> list[str]:
    return [token.text for token in doc]


def tags(doc: Doc) -> list[str]:
    return [token.tag_ for token in doc]


def spaces(doc: Doc) -> list[bool]:
    return [bool(token.whitespace_) for token in doc]


def forms(examples: list[Example]) -> list[str]:
    return [" ".join(words(example.reference)) for example in examples]


# CoNLL-U: what is read


def test_conllu_annotation(tmp_path: Path) -> None:
    [example] = read_conllu(save(tmp_path, SENTENCE))
    doc = example.reference
    assert doc.text == "He sleeps. "
    assert words(doc) == ["He", "sleeps", "."]
    assert tags(doc) == ["PRP", "VBZ", "."]
    assert [token.pos_ for token in doc] == ["PRON", "VERB", "PUNCT"]
    assert [token.lemma_ for token in doc] == ["he", "sleep", "."]
    assert [str(token.morph) for token in doc] == ["Case=Nom|Number=Sing", "Number=Sing", ""]
    assert [token.is_sent_start for token in doc] == [True, False, False]


def test_conllu_predicted_doc_has_words_only(tmp_path: Path) -> None:
    [example] = read_conllu(save(tmp_path, SENTENCE))
    assert words(example.predicted) == ["He", "sleeps", "."]
    assert example.predicted.text == "He sleeps. "
    for attribute in ("TAG", "POS", "LEMMA", "MORPH", "SENT_START"):
        assert not example.predicted.has_annotation(attribute)


def test_conllu_tags_from_upos(tmp_path: Path) -> None:
    [example] = read_conllu(save(tmp_path, SENTENCE), tag="upos")
    assert tags(example.reference) == ["PRON", "VERB", "PUNCT"]


def test_conllu_underscore_is_missing(tmp_path: Path) -> None:
    [example] = read_conllu(save(tmp_path, row(1, "a", xpos="A") + row(2, "b")))
    assert example.get_aligned("TAG", as_string=True) == ["A", ""]
    assert example.reference[1].pos_ == ""
    assert not example.reference.has_annotation("LEMMA")


def test_conllu_word_underscore_has_lemma(tmp_path: Path) -> None:
    [example] = read_conllu(save(tmp_path, row(1, "_", lemma="_")))
    assert example.reference[0].lemma_ == "_"


def test_conllu_multiword_tokens(tmp_path: Path) -> None:
    lines = [
        row("1-2", "vámonos"),
        row(1, "vamos", misc="SpaceAfter=No"),
        row(2, "nos", misc="SpaceAfter=No"),
        row("3-4", "al", misc="SpaceAfter=No"),
        row(3, "a"),
        row(4, "el"),
        row(5, "!"),
        row(6, "!", misc="SpaceAfter=No"),
    ]
    [example] = read_conllu(save(tmp_path, "".join(lines)))
    assert words(example.reference) == ["vamos", "nos", "a", "el", "!", "!"]
    assert spaces(example.reference) == [False, True, False, False, True, False]
    assert example.reference.text == example.predicted.text == "vamosnos ael! !"


def test_conllu_range_of_one_word(tmp_path: Path) -> None:
    content = row("1-1", "ab", misc="SpaceAfter=No") + row(1, "a") + row(2, "b")
    [example] = read_conllu(save(tmp_path, content))
    assert example.reference.text == "ab "


def test_conllu_empty_nodes_are_left_out(tmp_path: Path) -> None:
    content = row("0.1", "x") + row(1, "a") + row("1.1", "y") + row("1.2", "z") + row(2, "b")
    [example] = read_conllu(save(tmp_path, content))
    assert words(example.reference) == ["a", "b"]


TWO_SENTENCES = SENTENCE + one_word("Oh")


@pytest.mark.parametrize(
    "content",
    [
        TWO_SENTENCES.replace("\n", "\r\n"),
        "\ufeff" + TWO_SENTENCES,
        TWO_SENTENCES.rstrip("\n"),
        TWO_SENTENCES + "\n\n",
        "\n" + TWO_SENTENCES.replace("\n\n", "\n\n\n"),
        "# a comment by itself\n\n" + TWO_SENTENCES + "# and another",
    ],
    ids=["crlf", "bom", "no final newline", "empty end", "empty lines", "lone comments"],
)
def test_conllu_harmless_variants(tmp_path: Path, content: str) -> None:
    examples = read_conllu(save(tmp_path, content))
    assert forms(examples) == ["He sleeps .", "Oh"]
    assert tags(examples[0].reference) == ["PRP", "VBZ", "."]
    assert examples[0].reference.text == "He sleeps. "


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\r"])
def test_unicode_line_separators_do_not_end_lines(tmp_path: Path, separator: str) -> None:
    word = f"a{separator}b"
    [example] = read_conllu(save(tmp_path, row(1, word)))
    assert words(example.reference) == [word]
    record = json.dumps({"words": [word], "tags": ["X"]}, ensure_ascii=False)
    [example] = read_jsonl(save(tmp_path, record))
    assert words(example.reference) == [word]


# CoNLL-U: sentences and documents

DOCUMENTS = (
    one_word("a", "#newdoc\n# newpar\n")
    + one_word("b")
    + one_word("c", "# newpar\n")
    + one_word("d", "# newdoc id = 2\n# sent_id = 4\n")
    + one_word("e", "# newdocument = no\n")
)


@pytest.mark.parametrize(
    ("sentences_per_doc", "expected"),
    [
        (0, ["a b c", "d e"]),
        (1, ["a", "b", "c", "d", "e"]),
        (2, ["a b", "c", "d e"]),
        (3, ["a b c", "d e"]),
        (9, ["a b c", "d e"]),
    ],
)
def test_conllu_documents(tmp_path: Path, sentences_per_doc: int, expected: list[str]) -> None:
    examples = read_conllu(save(tmp_path, DOCUMENTS), sentences_per_doc=sentences_per_doc)
    assert forms(examples) == expected
    for example in examples:
        assert all(token.is_sent_start for token in example.reference)


def test_conllu_newdoc_apart_from_its_sentence(tmp_path: Path) -> None:
    content = one_word("a") + "#newdoc\n\n" + one_word("b")
    assert forms(read_conllu(save(tmp_path, content), sentences_per_doc=0)) == ["a", "b"]


def test_conllu_documents_end_with_the_file(tmp_path: Path) -> None:
    save(tmp_path, one_word("a") + one_word("b"), "1.conllu")
    save(tmp_path, one_word("c"), "2.conllu")
    assert forms(read_conllu(tmp_path, sentences_per_doc=0)) == ["a b", "c"]


def test_conllu_spaces_and_sentences_in_a_doc(tmp_path: Path) -> None:
    content = row("1-2", "ab") + row(1, "a") + row(2, "b") + "\n" + row(1, "c") + row(2, "d")
    [example] = read_conllu(save(tmp_path, content), sentences_per_doc=2)
    assert example.reference.text == "ab c d "
    assert [sentence.text for sentence in example.reference.sents] == ["ab", "c d"]


# JSONL: what is read


def test_jsonl_annotation(tmp_path: Path) -> None:
    record = {
        "words": ["Hi", "you", "!"],
        "tags": ["UH", "", None],
        "spaces": [True, False, False],
    }
    [example] = read_jsonl(save_records(tmp_path, record))
    assert example.reference.text == example.predicted.text == "Hi you!"
    assert words(example.reference) == words(example.predicted) == ["Hi", "you", "!"]
    assert example.get_aligned("TAG", as_string=True) == ["UH", "", ""]
    assert not example.predicted.has_annotation("TAG")
    assert not example.reference.has_annotation("SENT_START")
    assert not example.reference.has_unknown_spaces


@pytest.mark.parametrize("spaces_entry", [{}, {"spaces": None}])
def test_jsonl_without_spaces(tmp_path: Path, spaces_entry: dict[str, None]) -> None:
    path = save_records(tmp_path, {"words": ["a", "b"], "tags": ["A", "B"]} | spaces_entry)
    [example] = read_jsonl(path)
    assert example.reference.has_unknown_spaces
    assert example.predicted.has_unknown_spaces
    assert tags(example.reference) == ["A", "B"]


def test_jsonl_harmless_variants(tmp_path: Path) -> None:
    content = '\ufeff{"words": ["a"], "tags": ["_"]}\r\n\r\n  \n{"words": [], "tags": []}\n'
    content += '{"tags": ["B"], "words": ["b"], "id": 2}'
    examples = read_jsonl(save(tmp_path, content))
    assert [tags(example.reference) for example in examples] == [["_"], ["B"]]


# Both readers: files, limits, streaming


@pytest.mark.parametrize(
    ("create", "suffix", "template"),
    [
        (create_conllu_corpus, ".conllu", "1\t{}\t_\t_\t_\t_\t_\t_\t_\t_\n"),
        (create_jsonl_corpus, ".jsonl", '{{"words": ["{}"], "tags": [""]}}\n'),
    ],
)
def test_folder(tmp_path: Path, create: Any, suffix: str, template: str) -> None:
    names = ["b", "a", "sub/deep/c", ".hidden", ".folder/hidden", "._a"]
    for name in names:
        save(tmp_path, template.format(name), name + suffix)
    save(tmp_path, "not a corpus", "readme.txt")
    (tmp_path / f"folder{suffix}").mkdir()
    assert forms(list(create(tmp_path)(NLP))) == ["a", "b", "sub/deep/c"]
    assert forms(list(create(str(tmp_path / f".hidden{suffix}"))(NLP))) == [".hidden"]


LENGTHS = [3, 1, 2, 3, 2]


@pytest.fixture(params=["conllu", "jsonl"])
def lengths_corpus(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Any, Path]:
    """Make a reader function and a corpus of docs as long as LENGTHS says."""
    if request.param == "jsonl":
        records = ({"words": ["w"] * length, "tags": ["T"] * length} for length in LENGTHS)
        return create_jsonl_corpus, save_records(tmp_path, *records)
    sentences = ("".join(row(i + 1) for i in range(length)) for length in LENGTHS)
    return create_conllu_corpus, save(tmp_path, "\n".join(sentences))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [3, 1, 2, 3, 2]),
        ({"max_length": 3}, [3, 1, 2, 3, 2]),
        ({"max_length": 2}, [1, 2, 2]),
        ({"limit": 2}, [3, 1]),
        ({"limit": 5}, [3, 1, 2, 3, 2]),
        ({"limit": 9}, [3, 1, 2, 3, 2]),
        ({"limit": 2, "max_length": 2}, [1, 2]),
    ],
)
def test_limits(lengths_corpus: tuple[Any, Path], settings: dict[str, int], expected: list[int]) -> None:
    create, path = lengths_corpus
    reader = create(path, **settings)
    assert [len(example.reference) for example in reader(NLP)] == expected
    # The second epoch is like the first.
    assert [len(example.reference) for example in reader(NLP)] == expected


def test_limit_spans_files(tmp_path: Path) -> None:
    save(tmp_path, one_word("a") + one_word("b"), "1.conllu")
    save(tmp_path, one_word("c") + one_word("d"), "2.conllu")
    assert forms(read_conllu(tmp_path, limit=3)) == ["a", "b", "c"]


def test_examples_come_before_the_file_is_read_to_its_end(tmp_path: Path) -> None:
    wrong = one_word("a") + one_word("b") + one_word("c") + "wrong"
    examples = iter(create_conllu_corpus(save(tmp_path, wrong))(NLP))
    assert next(examples).reference.text == "a "
    path = save(tmp_path, '{"words": ["a"], "tags": ["A"]}\nwrong')
    examples = iter(create_jsonl_corpus(path)(NLP))
    assert next(examples).reference.text == "a "


def test_docs_share_the_vocab_of_the_pipeline(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    [example] = read_conllu(save(tmp_path, SENTENCE), nlp)
    assert example.reference.vocab is example.predicted.vocab is nlp.vocab


# CoNLL-U: heads, relations, entities


def heads_of(doc: Doc) -> list[tuple[int, str]]:
    return [(token.head.i, token.dep_) for token in doc]


def test_heads_and_relations(tmp_path: Path) -> None:
    [example] = read_conllu(save(tmp_path, SENTENCE * 2), sentences_per_doc=0)
    tree = [(1, "nsubj"), (1, "ROOT"), (1, "punct")]
    assert heads_of(example.reference) == tree + [(head + 3, dep) for head, dep in tree]
    assert [token.is_sent_start for token in example.reference] == [True, False, False] * 2
    assert not example.predicted.has_annotation("DEP")


def test_sentences_without_heads_stay_sentences(tmp_path: Path) -> None:
    bare = row(1, "a") + row(2, "b") + "\n"
    part = row(1, "c", head="2", deprel="det") + row(2, "d", head="0", deprel="root") + row(3, "e") + "\n"
    [example] = read_conllu(save(tmp_path, bare + part + bare), sentences_per_doc=0)
    assert [token.is_sent_start for token in example.reference] == [
        *(True, False),
        *(True, False, False),
        *(True, False),
    ]
    heads, deps = example.get_aligned_parse()
    assert deps == ["", "", "det", "ROOT", "", "", ""]
    assert heads[2:4] == [3, 3]


def test_a_document_without_heads_has_no_parse(tmp_path: Path) -> None:
    [example] = read_conllu(save(tmp_path, row(1, "a") + row(2, "b")))
    assert not example.reference.has_annotation("DEP")
    assert [token.is_sent_start for token in example.reference] == [True, False]


@given(parents=st.lists(st.integers(0, 9), min_size=1, max_size=10))
def test_trees_are_told_from_other_graphs(parents: list[int]) -> None:
    heads = [head % len(parents) for head in parents]

    def climb(word: int) -> int:
        for _ in heads:
            word = heads[word]
        return word

    roots = [word for word, head in enumerate(heads) if word == head]
    assert is_tree(heads) == (len(roots) == 1 and {climb(word) for word in range(len(heads))} == {*roots})


@pytest.mark.parametrize("key", ["NER", "NE", "name"])
def test_entities_of_the_last_column(tmp_path: Path, key: str) -> None:
    labels = ["B-PER", "E-PER", "O", "S-ORG"]
    content = "".join(row(i, misc=f"SpaceAfter=No|{key}={label}") for i, label in enumerate(labels, 1))
    [example] = read_conllu(save(tmp_path, content))
    assert [(ent.start, ent.end, ent.label_) for ent in example.reference.ents] == [
        (0, 2, "PER"),
        (3, 4, "ORG"),
    ]


def test_spaces_around_cells_do_not_count(tmp_path: Path) -> None:
    content = row(" 1", " a ", xpos="NN ", upos="NOUN ", feats=" Number=Sing", misc="X=y | SpaceAfter=No ")
    [example] = read_conllu(
        save(tmp_path, content + row(2, "b", xpos="NN") + " \n" + one_word("c")), limit=1
    )
    assert words(example.reference) == ["a", "b"]
    assert tags(example.reference) == ["NN", "NN"]
    assert example.reference[0].pos_ == "NOUN"
    assert str(example.reference[0].morph) == "Number=Sing"
    assert example.reference.text == "ab "


# CoNLL-U: multiword tokens

DU = "".join(
    [
        row(1, "fin", lemma="fin", upos="NOUN", xpos="N", head="0", deprel="root"),
        row("2-3", "du", misc="SpaceAfter=No"),
        row(2, "de", lemma="de", upos="ADP", xpos="P", head="4", deprel="case"),
        row(3, "le", lemma="le", upos="DET", xpos="D", feats="Definite=Def", head="4", deprel="det"),
        row(4, "mois", lemma="mois", upos="NOUN", xpos="N", head="1", deprel="nmod"),
    ]
)


@pytest.mark.parametrize(
    ("how", "tag", "pos", "lemma", "dep"),
    [
        ("first", "P", "ADP", "de", "case"),
        ("last", "D", "DET", "le", "case"),
        ("head", "P", "ADP", "de", "case"),
        ("join", "P_D", "ADP", "de le", "case"),
    ],
)
def test_surface_tokens(tmp_path: Path, how: Any, tag: str, pos: str, lemma: str, dep: str) -> None:
    [example] = read_conllu(save(tmp_path, DU), multiword_tokens=how)
    doc = example.reference
    assert doc.text == "fin dumois "
    assert words(doc) == words(example.predicted) == ["fin", "du", "mois"]
    assert tags(doc) == ["N", tag, "N"]
    assert (doc[1].pos_, doc[1].lemma_, doc[1].dep_) == (pos, lemma, dep)
    assert heads_of(doc) == [(0, "ROOT"), (2, "case"), (0, "nmod")]


def test_the_head_of_a_multiword_token(tmp_path: Path) -> None:
    """The word that the others depend on, here the verb before its pronouns."""
    content = row("1-3", "dímelo") + "".join(
        [
            row(1, "lo", xpos="P", head="2", deprel="obj"),
            row(2, "di", xpos="V", head="0", deprel="root"),
            row(3, "me", head="2", deprel="iobj"),
        ]
    )
    for how, tag in (("head", "V"), ("first", "P"), ("last", ""), ("join", "")):
        [example] = read_conllu(save(tmp_path, content), multiword_tokens=how)
        assert tags(example.reference) == [tag]
        assert heads_of(example.reference) == [(0, "ROOT")]


# Schemes, augmenters, compression


@pytest.mark.parametrize("name", ["conllu", "jsonl"])
def test_labels_are_converted_sentence_by_sentence(tmp_path: Path, name: str) -> None:
    """In IOB1, a span at the end of a sentence does not continue in the next."""
    first, second = ["O", "I-X"], ["I-X", "I-X"]
    if name == "jsonl":
        path = save_records(tmp_path, *({"words": ["a", "b"], "tags": tags} for tags in (first, second)))
        path = path.rename(tmp_path / "corpus.jsonl")
    else:
        content = "\n".join(row(1, xpos=a) + row(2, xpos=b) for a, b in (first, second))
        path = save(tmp_path, content, "corpus.conllu")
    examples = list(create_corpus(path, scheme="bioes")(NLP))
    assert [tags(example.reference) for example in examples] == [["O", "S-X"], ["B-X", "E-X"]]
    whole = create_conllu_corpus(path, scheme="bio", sentences_per_doc=0) if name == "conllu" else None
    if whole:
        [example] = whole(NLP)
        assert tags(example.reference) == ["O", "B-X", "B-X", "I-X"]


def test_labels_of_no_scheme_are_an_error(tmp_path: Path) -> None:
    path = save(tmp_path, row(1, "w", xpos="NN"))
    expect_error(create_conllu_corpus(path, scheme="bio")(NLP), "[L328]", path, "'w'", "[L330]", "'NN'")


@pytest.mark.parametrize("suffix", [".conllu", ".jsonl", ".spacy"])
def test_augmenters(tmp_path: Path, suffix: str) -> None:
    """spaCy's own augmenter, on every format; the limit is that of the file's examples, as with spaCy's."""
    path = save(tmp_path, one_word("Abc") * 3, "corpus.conllu")
    if suffix == ".jsonl":
        records = [{"words": ["Abc"], "tags": ["A"]}] * 3
        path = save_records(tmp_path, *records).rename(tmp_path / "corpus.jsonl")
    elif suffix == ".spacy":
        path = tmp_path / "corpus.spacy"
        DocBin(docs=[Doc(NLP.vocab, words=["Abc"], spaces=[False])] * 3).to_disk(path)
    augmenter = create_lower_casing_augmenter(1.0)

    def double(nlp: Language, example: Example) -> Iterable[Example]:
        yield example
        yield from augmenter(nlp, example)

    reader = create_corpus(path, augmenter=double, limit=2)
    assert forms(list(reader(NLP))) == ["Abc", "abc", "Abc", "abc"]


@pytest.mark.parametrize("name", ["a.conllu.gz", "A.CoNLLU", "b.CONLLU.GZ", "c.JSONL", "d.Jsonl.gz"])
def test_endings_in_any_case_and_compressed(tmp_path: Path, name: str) -> None:
    content = one_word("é") if "conllu" in name.lower() else '{"words": ["é"], "tags": ["A"]}\n'
    data = gzip.compress(content.encode()) if name.lower().endswith(".gz") else content.encode()
    path = save(tmp_path, data, name)
    assert forms(list(create_corpus(path)(NLP))) == ["é"]
    assert forms(list(create_corpus(tmp_path)(NLP))) == ["é"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(b"x", mtime=0), "compressed with gzip. Rename it"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 9\n", "Git LFS pointer"),
        (b"\n<!DOCTYPE html>\n<html></html>", "an HTML page"),
        ("1\tw".encode("utf-16"), "UTF-16"),
        (row(1).replace("\n", "\r").encode() * 2, "lines end with CR alone"),
        (b"PK\x03\x04", "a ZIP archive"),
    ],
)
@pytest.mark.parametrize("suffix", [".conllu", ".jsonl"])
def test_files_that_are_something_else_are_named(
    tmp_path: Path, content: bytes, message: str, suffix: str
) -> None:
    path = save(tmp_path, content, f"corpus{suffix}")
    expect_error(create_corpus(path)(NLP), "[L326]", path, message)
    expect_error(create_corpus(path, on_error="skip")(NLP), "[L326]", path, message)


@pytest.mark.parametrize("content", [b"not compressed", gzip.compress(b"x" * 9999, mtime=0)[:-9]])
def test_damaged_compressed_files(tmp_path: Path, content: bytes) -> None:
    path = save(tmp_path, content, "corpus.jsonl.gz")
    expect_error(create_corpus(path)(NLP), "[L327]", path, "can't be decompressed")


# Round trips

CONLLU_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\t\n"), min_size=1)
CONLLU_WORD = CONLLU_TEXT.filter(lambda word: word == word.strip(" "))
CONLLU_TAG = CONLLU_TEXT.filter(lambda tag: tag == tag.strip())
CONLLU_WORDS = st.lists(st.tuples(CONLLU_WORD, CONLLU_TAG, st.booleans()), min_size=1)
JSONL_TEXT = st.text(st.characters(codec="utf-8"), min_size=1)
JSONL_TAG = st.none() | st.text(st.characters(codec="utf-8"))
JSONL_WORDS = st.lists(st.tuples(JSONL_TEXT, JSONL_TAG, st.booleans()), min_size=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("round_trips")


@given(sentences=st.lists(CONLLU_WORDS, min_size=1, max_size=4))
def test_conllu_round_trip(folder: Path, sentences: list[list[tuple[str, str, bool]]]) -> None:
    content = ""
    for sentence in sentences:
        for i, (word, tag, space) in enumerate(sentence, start=1):
            content += row(i, word, xpos=tag, misc="_" if space else "SpaceAfter=No")
        content += "\n"
    examples = read_conllu(save(folder, content))
    assert len(examples) == len(sentences)
    for example, sentence in zip(examples, sentences, strict=True):
        assert words(example.reference) == words(example.predicted) == [w for w, _, _ in sentence]
        assert tags(example.reference) == ["" if tag == "_" else tag for _, tag, _ in sentence]
        assert spaces(example.reference) == [space for _, _, space in sentence]


@given(texts=st.lists(JSONL_WORDS, min_size=1, max_size=4), escape=st.booleans())
def test_jsonl_round_trip(
    folder: Path, texts: list[list[tuple[str, str | None, bool]]], escape: bool
) -> None:
    keys = ("words", "tags", "spaces")
    records = [dict(zip(keys, zip(*text, strict=True), strict=True)) for text in texts]
    content = "".join(json.dumps(record, ensure_ascii=escape) + "\n" for record in records)
    examples = read_jsonl(save(folder, content))
    assert len(examples) == len(texts)
    for example, text in zip(examples, texts, strict=True):
        assert words(example.reference) == words(example.predicted) == [word for word, _, _ in text]
        assert tags(example.reference) == [tag or "" for _, tag, _ in text]
        assert spaces(example.reference) == [space for _, _, space in text]


# Settings and files that are wrong


@pytest.mark.parametrize("create", [create_conllu_corpus, create_jsonl_corpus])
def test_path_none(create: Any) -> None:
    with pytest.raises(ValueError, match="path can't be None"):
        create()


@pytest.mark.parametrize(
    ("create", "setting", "value"),
    [
        (create_conllu_corpus, "tag", "pos"),
        (create_conllu_corpus, "sentences_per_doc", -1),
        (create_conllu_corpus, "max_length", -2),
        (create_conllu_corpus, "limit", -3),
        (create_jsonl_corpus, "max_length", -2),
        (create_jsonl_corpus, "limit", -3),
        (create_corpus, "tag", "pos"),
        (create_corpus, "max_length", -2),
        (create_corpus, "limit", -3),
    ],
)
@pytest.mark.parametrize("suffix", [".conllu", ".jsonl", ".spacy"])
def test_invalid_setting_is_named_with_its_reader(
    create: Any, setting: str, value: Any, suffix: str
) -> None:
    name = {
        create_corpus: "Corpus.v1",
        create_conllu_corpus: "ConlluCorpus.v1",
        create_jsonl_corpus: "JsonlCorpus.v1",
    }[create]
    message = rf"\[L001\].*'{setting}': {value!r}\..*'spacy-lstm-tagger\.{name}'"
    with pytest.raises(ValueError, match=message):
        create(Path("corpus" + suffix), **{setting: value})


def expect_error(examples: Iterable[Example], *parts: object) -> None:
    """Exhaust a reader, whose error must have these parts of a message in this order."""
    with pytest.raises(ValueError, match=".*".join(re.escape(str(part)) for part in parts)):
        list(examples)


@pytest.mark.parametrize("create", [create_conllu_corpus, create_jsonl_corpus])
def test_missing_path(tmp_path: Path, create: Any) -> None:
    path = tmp_path / "missing"
    expect_error(create(path)(NLP), "There is no file or folder", path)


def test_folder_without_files(tmp_path: Path) -> None:
    save(tmp_path, "", "corpus.txt")
    expect_error(create_conllu_corpus(tmp_path)(NLP), tmp_path, "has no file that ends in .conllu")
    expect_error(create_jsonl_corpus(tmp_path)(NLP), tmp_path, "has no file that ends in .jsonl")


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", "# newdoc\n", row("0.1")])
def test_conllu_without_sentences(tmp_path: Path, content: str) -> None:
    path = save(tmp_path, content)
    expect_error(create_conllu_corpus(path)(NLP), path, "has no sentences")


@pytest.mark.parametrize("content", ["", "\n \n", "\ufeff", '{"words": [], "tags": []}'])
def test_jsonl_without_sentences(tmp_path: Path, content: str) -> None:
    path = save(tmp_path, content)
    expect_error(create_jsonl_corpus(path)(NLP), path, "has no sentences")


def test_empty_file_among_others(tmp_path: Path) -> None:
    save(tmp_path, one_word("a"), "1.conllu")
    path = save(tmp_path, "", "2.conllu")
    expect_error(create_conllu_corpus(tmp_path)(NLP), path, "has no sentences")


# What follows SENTENCE, from line 7 of the file; the line and the message of the error.
MALFORMED_CONLLU = {
    "few columns": ("1\tw\n", 7, "found 2 column(s) instead of 10"),
    "many columns": (row(1).rstrip() + "\t_\n", 7, "found 11 column(s) instead of 10"),
    "spaces": (row(1).replace("\t", " "), 7, "single tabs, not spaces"),
    "line of white space": (row(1) + " \t \n", 8, "found 2 column(s) instead of 10"),
    "word as id": (row("one"), 7, "the ID is 'one'"),
    "empty id": (row(""), 7, "the ID is ''"),
    "zero before id": (row("01"), 7, "the ID is '01'"),
    "foreign digit as id": (row("١"), 7, "the ID is '١'"),
    "huge id": (row("9" * 5000), 7, "the ID is '999"),
    "open range": (row("1-"), 7, "the ID is '1-'"),
    "range of three": (row("1-2-3"), 7, "the ID is '1-2-3'"),
    "id 0": (row(0), 7, "ID 0 is out of sequence: 0 word(s)"),
    "first id 2": (row(2), 7, "ID 2 is out of sequence: 0 word(s)"),
    "gap": (row(1) + row(3), 8, "ID 3 is out of sequence: 1 word(s)"),
    "same id": (row(1) + row(1), 8, "ID 1 is out of sequence: 1 word(s)"),
    "no empty line": (row(1) + "# text\n" + row(1), 9, "every sentence with an empty line"),
    "late range": (row(1) + row("1-2"), 8, "ID 1-2 is out of sequence"),
    "early range": (row("2-3"), 7, "ID 2-3 is out of sequence"),
    "early empty node": (row("1.1"), 7, "ID 1.1 is out of sequence"),
    "late empty node": (row(1) + row(2) + row("1.1"), 9, "ID 1.1 is out of sequence"),
    "same range": (row("1-2") * 2, 8, "the word range 1-2 overlaps"),
    "overlap": (row("1-2") + row(1) + row("2-3"), 9, "the word range 2-3 overlaps"),
    "backward range": (
        row(1) + row("2-1"),
        8,
        "the word range 2-1 overlaps the range before it, or",
    ),
    "long range": (row("1-3") + row(1) + row(2), 7, "ends at word 3, but the sentence has 2"),
    "range alone": (row("1-2"), 7, "ends at word 2, but the sentence has 0"),
    "empty form": (row(1, ""), 7, "FORM column is empty"),
    "form of spaces": (row(1, "  "), 7, "FORM column is empty"),
}

# What damages a sentence only if a component assigns the annotation: the component, and as above.
UNREADABLE_VALUES = {
    "unknown upos": ("morphologizer", row(1, upos="NN"), 7, "UPOS column is 'NN'"),
    "feats without value": ("morphologizer", row(1, feats="Case"), 7, "FEATS column is 'Case'"),
    "feats with two": ("morphologizer", row(1, feats="A=b|C=d=e"), 7, "FEATS column is 'A=b|C=d=e'"),
    "head is a word": ("parser", row(1, head="root"), 7, "HEAD column is 'root'"),
    "negative head": ("parser", row(1, head="-1"), 7, "HEAD column is '-1'"),
    "head beyond the sentence": ("parser", row(1, head="2"), 7, "heads of the sentence"),
    "cycle": ("parser", row(1, head="2") + row(2, head="1"), 7, "heads of the sentence"),
    "head of itself": ("parser", row(1, head="0") + row(2, head="2"), 7, "heads of the sentence"),
    "two roots": ("parser", row(1, head="0") + row(2, head="0"), 7, "heads of the sentence"),
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("case", MALFORMED_CONLLU)
def test_malformed_conllu(tmp_path: Path, case: str, newline: str) -> None:
    content, number, message = MALFORMED_CONLLU[case]
    path = save(tmp_path, (SENTENCE + content + "\n" + SENTENCE).replace("\n", newline))
    expect_error(create_conllu_corpus(path)(NLP), f"{path}, line {number}: ", message)


@pytest.mark.parametrize("case", UNREADABLE_VALUES)
def test_values_that_no_component_learns_are_missing_with_a_warning(tmp_path: Path, case: str) -> None:
    _, content, number, message = UNREADABLE_VALUES[case]
    path = save(tmp_path, SENTENCE + content + "\n" + content + "\n" + SENTENCE)
    message = rf"\[W005\] .*: 2 value.*{re.escape(f'{path}, line {number}: ')}.*{re.escape(message)}"
    with pytest.warns(UserWarning, match=message) as caught:
        examples = read_conllu(path)
    assert len(caught) == 1
    assert [len(example.reference) for example in examples] == [
        3,
        content.count("\n"),
        content.count("\n"),
        3,
    ]
    for example in examples[1:3]:
        for attribute in ("POS", "MORPH", "DEP"):
            assert not example.reference.has_annotation(attribute)


@pytest.mark.parametrize("case", UNREADABLE_VALUES)
def test_values_that_a_component_learns_damage_the_sentence(tmp_path: Path, case: str) -> None:
    component, content, number, message = UNREADABLE_VALUES[case]
    path = save(tmp_path, SENTENCE + content + "\n" + SENTENCE)
    nlp = spacy.blank("en")
    nlp.add_pipe(component)
    expect_error(create_conllu_corpus(path)(nlp), f"{path}, line {number}: ", message)
    with pytest.warns(UserWarning, match=r"\[W003\]"):
        assert forms(read_conllu(path, nlp, on_error="skip")) == ["He sleeps ."] * 2


MALFORMED_JSONL = {
    "not json": ("{'words': []}", "not valid JSON ("),
    "cut off": ('{"words": ["a"', "not valid JSON ("),
    "two objects": ("{} {}", "not valid JSON ("),
    "list": ("[1]", "expected a JSON object, not [1]"),
    "null": ("null", "expected a JSON object, not None"),
    "no words": ('{"tags": ["A"]}', "the key 'words' is missing"),
    "no tags": ('{"words": ["a"]}', "the key 'tags' is missing"),
    "words are text": ('{"words": "a b", "tags": []}', "'words' is 'a b', but must be a list"),
    "tags are null": ('{"words": [], "tags": null}', "'tags' is None, but must be a list"),
    "spaces are true": (
        '{"words": [], "tags": [], "spaces": true}',
        "'spaces' is True, but must be a list",
    ),
    "number as word": (
        '{"words": ["a", 1], "tags": ["A", "B"]}',
        "entry 1 of 'words', counted from 0, is 1, but must be a non-empty string",
    ),
    "null as word": (
        '{"words": [null], "tags": ["A"]}',
        "is None, but must be a non-empty string",
    ),
    "empty word": ('{"words": [""], "tags": ["A"]}', "is '', but must be a non-empty string"),
    "half a pair": (r'{"words": ["\ud800"], "tags": [""]}', "entry 0 of 'words'"),
    "number as tag": (
        '{"words": ["a"], "tags": [0]}',
        "entry 0 of 'tags', counted from 0, is 0, but must be a string or null",
    ),
    "half a pair in tag": (r'{"words": ["a"], "tags": ["\udfff"]}', "entry 0 of 'tags'"),
    "number as space": (
        '{"words": ["a"], "tags": ["A"], "spaces": [1]}',
        "entry 0 of 'spaces', counted from 0, is 1, but must be true or false",
    ),
    "few tags": ('{"words": ["a", "b"], "tags": ["A"]}', "'tags' has 1 entries for 2 word(s)"),
    "tags only": ('{"words": [], "tags": ["A"]}', "'tags' has 1 entries for 0 word(s)"),
    "many spaces": (
        '{"words": ["a"], "tags": ["A"], "spaces": [true, false]}',
        "'spaces' has 2 entries for 1 word(s)",
    ),
    "no spaces": (
        '{"words": ["a"], "tags": ["A"], "spaces": []}',
        "'spaces' has 0 entries for 1 word(s)",
    ),
}


@pytest.mark.parametrize("case", MALFORMED_JSONL)
def test_malformed_jsonl(tmp_path: Path, case: str) -> None:
    line, message = MALFORMED_JSONL[case]
    path = save(tmp_path, '{"words": ["a"], "tags": ["A"]}\n\n' + line + "\n")
    expect_error(create_jsonl_corpus(path)(NLP), f"{path}, line 3: ", message)


@pytest.mark.parametrize("case", MALFORMED_CONLLU)
def test_malformed_conllu_is_skipped(tmp_path: Path, case: str) -> None:
    content, number, message = MALFORMED_CONLLU[case]
    path = save(tmp_path, SENTENCE + content + "\n" + SENTENCE)
    first_error = f"1 of 3 sentence.*{re.escape(f'{path}, line {number}: ')}.*{re.escape(message)}"
    with pytest.warns(UserWarning, match=rf"\[W003\].*{first_error}") as caught:
        assert forms(read_conllu(path, on_error="skip")) == ["He sleeps ."] * 2
    assert len(caught) == 1


@pytest.mark.parametrize("case", MALFORMED_JSONL)
def test_malformed_jsonl_is_skipped(tmp_path: Path, case: str) -> None:
    line, message = MALFORMED_JSONL[case]
    good = '{"words": ["a"], "tags": ["A"]}\n'
    path = save(tmp_path, good + "\n" + line + "\n" + good)
    first_error = f"1 of 3 line.*{re.escape(f'{path}, line 3: ')}.*{re.escape(message)}"
    with pytest.warns(UserWarning, match=rf"\[W003\].*{first_error}") as caught:
        assert forms(read_jsonl(path, on_error="skip")) == ["a", "a"]
    assert len(caught) == 1


@pytest.mark.parametrize("create", [create_conllu_corpus, create_jsonl_corpus])
def test_not_utf8(tmp_path: Path, create: Any) -> None:
    path = save(tmp_path, b"\n\n" + "é".encode() + "é\n".encode("latin-1"))
    expect_error(create(path)(NLP), f"{path}, line 3: byte 2, counted", "not UTF-8")


def test_braces_in_a_message(tmp_path: Path) -> None:
    path = save(tmp_path, row("{path}"), "{x}")
    expect_error(create_conllu_corpus(path)(NLP), "the ID is '{path}'")


# The reader that goes by the extension


@pytest.mark.parametrize("suffix", [".conllu", ".jsonl", ".spacy"])
def test_a_folder_is_read_by_the_kind_of_its_files(tmp_path: Path, suffix: str) -> None:
    docs = {name: Doc(NLP.vocab, words=[name, "w"], tags=["A", "B"]) for name in ("a", "b")}
    for name, doc in docs.items():
        path = save(tmp_path, "", f"deep/{name}{suffix}")
        if suffix == ".spacy":
            DocBin(docs=[doc]).to_disk(path)
        elif suffix == ".jsonl":
            save_records(path.parent, {"words": words(doc), "tags": tags(doc)}).rename(path)
        else:
            path.write_text(row(1, name, xpos="A") + row(2, xpos="B") + "\n")
    save(tmp_path, "not a corpus", "readme.txt")
    found = [example.reference for example in create_corpus(tmp_path)(NLP)]
    assert [(words(doc), tags(doc)) for doc in found] == [
        (["a", "w"], ["A", "B"]),
        (["b", "w"], ["A", "B"]),
    ]


def test_a_path_of_no_known_kind(tmp_path: Path) -> None:
    save(tmp_path, "not a corpus", "readme.rst")
    for path in (tmp_path, tmp_path / "readme.rst", tmp_path / "missing"):
        with pytest.raises(ValueError, match=r"\[L322\].*" + re.escape(str(path))):
            create_corpus(path)
