"""Files of columns: what each layout says, how it is guessed, and what is wrong with a damaged one."""

import gzip
import json
import logging
import re
from pathlib import Path
from typing import Any

import conllu
import pytest
import spacy
from contracts import check_reader, read
from helpers import NLP, make_pipeline, save, train
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from test_damage import damaged

from spacy_lstm_tagger.corpora import create_column_corpus, create_conllu_corpus, create_corpus
from spacy_lstm_tagger.corpora.readers import COLUMN_SUFFIXES

CONLL2000 = """\
Heavy JJ B-NP
rain NN I-NP
fell VBD B-VP
. . O

Shares NNS B-NP
rose VBD B-VP
# # B-NP
4 CD I-NP
"""
CONLL2003 = """\
-DOCSTART- -X- -X- O

Mary NNP I-NP I-PER
Jones NNP I-NP I-PER
Greenpeace NNP I-NP I-ORG
met VBD I-VP O
# # I-NP O
. . O O

She PRP I-NP O
-DOCSTART- -X- -X- O

Lima NNP I-NP I-LOC
Peru NNP I-NP B-LOC
"""
CONLL2003_GERMAN = """\
-DOCSTART- -X- -X- -X- O

Die die ART I-NC O
Stadt Stadt NN I-NC O
Bonn Bonn NE I-NC I-LOC
schläft schlafen VVFIN I-VC O
"""
WNUT = "Loved\tO\r\nthe\tO\r\nBean\tB-location\r\nbar\tI-location\r\n\r\n@me\tO\r\n\t\r\n"
UNDERSCORES = "The_DT ice_cream_NN melts_VBZ ._.\n\n  She_PRP cries__ \n"
SLASHES = "The/DT ratio/NN is/VBZ 1/2/CD and\\/or/CC 3\\*4/CD ./.\n"
CONLLX = (
    "1\tDe\tde\tArt\tArt\tbep|zijd\t2\tdet\t_\t_\n"
    "2\tman\tman\tN\tN\tsoort|ev\t3\tsu\t_\t_\n"
    "3\tslaapt\tslaap\tV\tV\ttt|3\t0\tROOT\t_\t_\n\n"
)
CONLL09 = (
    "1\tShe\tshe\tshe\tPRP\tPRP\tCase=Nom\t_\t2\t2\tSBJ\tSBJ\t_\t_\tA0\t_\n"
    "2\tsaid\tsay\tsay\tVBD\tVBD\t_\t_\t0\t0\tROOT\tROOT\tY\tsay.01\t_\t_\n"
    "3\tso\tso\tso\tRB\tRB\t_\t_\t2\t2\tADV\tADV\tY\tso.01\tA1\t_\n\n"
    "1\tYes\tyes\tyes\tUH\tUH\t_\t_\t0\t0\tROOT\tROOT\t_\t_\n"
)
CONLLUP = (
    "# global.columns = ID FORM LEMMA UPOS HEAD DEPREL MISC PARSEME:MWE\n"
    "# newdoc\n"
    "# sent_id = 1\n"
    "1\tElle\telle\tPRON\t3\tnsubj\t_\t*\n"
    "2-3\tauprès\t_\t_\t_\t_\tSpaceAfter=No\t*\n"
    "2\tà\tà\tADP\t3\tcase\t_\t*\n"
    "3\tprès\tprès\tADV\t0\troot\t_\t1:VID\n"
    "4\t!\t!\tPUNCT\t3\tpunct\t_\t*\n\n"
    "# newdoc\n"
    "1\tOui\toui\tINTJ\t0\troot\t_\t*\n"
)
CONLLU = (
    "1\tdu\tdu\tDET\tD\tDefinite=Def\t2\tdet\t_\tSpaceAfter=No\n2\tpain\tpain\tNOUN\tN\t_\t0\troot\t_\t_\n"
)
NOT_NUMBERED = "# global.columns = FORM XPOS MISC\n# text = ab\na\tA\tSpaceAfter=No\nb\t_\t_\n"


def read_columns(path: Path, nlp: Language = NLP, **settings: Any) -> list[Doc]:
    return [example.reference for example in create_column_corpus(path, **settings)(nlp)]


def pairs(docs: list[Doc]) -> list[list[str]]:
    return [[f"{token.text} {token.tag_}".rstrip(" ") for token in doc] for doc in docs]


def trees(doc: Doc) -> list[tuple[int, str]]:
    return [(token.head.i, token.dep_) for token in doc]


def ents(doc: Doc) -> list[tuple[str, str]]:
    return [(ent.text, ent.label_) for ent in doc.ents]


# Each layout, guessed


def test_conll2000(tmp_path: Path) -> None:
    docs = read_columns(save(tmp_path, CONLL2000))
    assert pairs(docs) == [
        ["Heavy JJ", "rain NN", "fell VBD", ". ."],
        ["Shares NNS", "rose VBD", "# #", "4 CD"],
    ]
    assert [token.is_sent_start for token in docs[0]] == [True, False, False, False]
    assert docs[0].has_unknown_spaces
    assert not docs[0].has_annotation("ENT_IOB")


def test_conll2003(tmp_path: Path) -> None:
    docs = read_columns(save(tmp_path, CONLL2003))
    assert pairs(docs) == [
        ["Mary NNP", "Jones NNP", "Greenpeace NNP", "met VBD", "# #", ". ."],
        ["She PRP"],
        ["Lima NNP", "Peru NNP"],
    ]
    assert [ents(doc) for doc in docs] == [
        [("Mary Jones", "PER"), ("Greenpeace", "ORG")],
        [],
        [("Lima", "LOC"), ("Peru", "LOC")],
    ]
    whole = read_columns(save(tmp_path, CONLL2003), sentences_per_doc=0)
    assert [[len(sentence) for sentence in doc.sents] for doc in whole] == [[6, 1], [2]]


@pytest.mark.parametrize(
    "start", ["-DOCSTART-", "-DOCSTART- -X- O", "# newdoc", "#newdoc id = 7", "#begin document 7"]
)
def test_documents(tmp_path: Path, start: str) -> None:
    path = save(tmp_path, f"a A\n\nb B\n{start}\nc C\n\n{start}\n\nd D\n\ne E\n")
    for size, expected in ((0, [2, 1, 2]), (1, [1] * 5), (2, [2, 1, 2])):
        docs = read_columns(path, columns=["word", "tag"], sentences_per_doc=size)
        assert [len(doc) for doc in docs] == expected


def test_conll2003_in_german(tmp_path: Path) -> None:
    [doc] = read_columns(save(tmp_path, CONLL2003_GERMAN))
    assert pairs([doc]) == [["Die ART", "Stadt NN", "Bonn NE", "schläft VVFIN"]]
    assert [token.lemma_ for token in doc] == ["die", "Stadt", "Bonn", "schlafen"]
    assert ents(doc) == [("Bonn", "LOC")]


def test_words_and_labels_in_two_columns(tmp_path: Path) -> None:
    docs = read_columns(save(tmp_path, WNUT), scheme="bioes")
    assert pairs(docs) == [["Loved O", "the O", "Bean B-location", "bar E-location"], ["@me O"]]


def test_words_joined_with_tags(tmp_path: Path) -> None:
    assert pairs(read_columns(save(tmp_path, UNDERSCORES))) == [
        ["The DT", "ice_cream NN", "melts VBZ", ". ."],
        ["She PRP", "cries_"],
    ]
    assert pairs(read_columns(save(tmp_path, SLASHES))) == [
        ["The DT", "ratio NN", "is VBZ", "1/2 CD", "and/or CC", "3*4 CD", ". ."]
    ]


def test_sentences_on_lines_join_into_documents(tmp_path: Path) -> None:
    [doc] = read_columns(save(tmp_path, UNDERSCORES), sentences_per_doc=0)
    assert [len(sentence) for sentence in doc.sents] == [4, 2]


def test_three_parts_of_a_word(tmp_path: Path) -> None:
    path = save(tmp_path, "Mr.|NNP|O Li|NNP|S-PER ||SYM|O\n")
    [doc] = read_columns(path, columns=["word", "tag", "ent"], separator="|")
    assert pairs([doc]) == [["Mr. NNP", "Li NNP", "| SYM"]]
    assert ents(doc) == [("Li", "PER")]


def test_conllx(tmp_path: Path) -> None:
    [doc] = read_columns(save(tmp_path, CONLLX))
    assert pairs([doc]) == [["De Art", "man N", "slaapt V"]]
    assert [token.lemma_ for token in doc] == ["de", "man", "slaap"]
    assert trees(doc) == [(1, "det"), (2, "su"), (2, "ROOT")]
    assert doc.has_unknown_spaces
    [doc] = read_columns(save(tmp_path, CONLLX.replace("\tN\tN\t", "\tN\tNN\t")), tag="CPOSTAG")
    assert pairs([doc]) == [["De Art", "man N", "slaapt V"]]


def test_conll09(tmp_path: Path) -> None:
    docs = read_columns(save(tmp_path, CONLL09))
    assert pairs(docs) == [["She PRP", "said VBD", "so RB"], ["Yes UH"]]
    assert trees(docs[0]) == [(1, "SBJ"), (1, "ROOT"), (1, "ADV")]
    assert str(docs[0][0].morph) == "Case=Nom"
    with_sentences = re.sub(r"^(?=\d)", "7_", CONLL09, flags=re.MULTILINE)
    assert "7_1\tShe" in with_sentences
    assert [pairs([doc]) for doc in read_columns(save(tmp_path, with_sentences))] == [
        pairs([doc]) for doc in docs
    ]


def test_conllu_plus(tmp_path: Path) -> None:
    docs = read_columns(save(tmp_path, CONLLUP), tag="parseme:MWE")
    assert pairs(docs) == [["Elle *", "à *", "près 1:VID", "! *"], ["Oui *"]]
    assert [token.pos_ for token in docs[0]] == ["PRON", "ADP", "ADV", "PUNCT"]
    assert trees(docs[0]) == [(2, "nsubj"), (2, "case"), (2, "ROOT"), (2, "punct")]
    assert docs[0].text == "Elle àprès! "
    [doc] = read_columns(
        save(tmp_path, CONLLUP), tag="upos", multiword_tokens="join", sentences_per_doc=0, limit=1
    )
    assert pairs([doc]) == [["Elle PRON", "auprès ADP_ADV", "! PUNCT"]]
    assert doc.text == "Elle auprès! "


def test_conllu_plus_without_ids(tmp_path: Path) -> None:
    [doc] = read_columns(save(tmp_path, NOT_NUMBERED))
    assert pairs([doc]) == [["a A", "b"]]
    assert doc.text == "ab "


def test_a_library_reads_the_same_of_conllu_plus_and_conllx(tmp_path: Path) -> None:
    fields = ["id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "phead", "pdeprel"]
    for content, names, tag in ((CONLLUP, None, "parseme:mwe"), (CONLLX, fields, "xpos")):
        docs = read_columns(save(tmp_path, content), tag=tag)
        expected = [
            [token for token in sentence if isinstance(token["id"], int)]
            for sentence in conllu.parse(content, fields=names)
        ]
        assert [[token.text for token in doc] for doc in docs] == [
            [token["form"] for token in sentence] for sentence in expected
        ]
        assert [[token.tag_ for token in doc] for doc in docs] == [
            [token[tag] for token in sentence] for sentence in expected
        ]
        assert [[0 if token.head == token else token.head.i + 1 for token in doc] for doc in docs] == [
            [token["head"] for token in sentence] for sentence in expected
        ]


def test_conllu_of_another_name(tmp_path: Path) -> None:
    path = save(tmp_path, CONLLU)
    [doc], [expected] = read_columns(path), [e.reference for e in create_conllu_corpus(path)(NLP)]
    assert doc.to_bytes() == expected.to_bytes()


# What is guessed, and what is not

GUESSED = {
    "conll2000": (CONLL2000, '["word", "tag", "_"]', " "),
    "conll2003": (CONLL2003, '["word", "tag", "_", "ent"]', " "),
    "german": (CONLL2003_GERMAN, '["word", "lemma", "tag", "_", "ent"]', " "),
    "wnut": (WNUT, '["word", "tag"]', "\t"),
    "underscores": (UNDERSCORES, '["word", "tag"]', "_"),
    "slashes": (SLASHES, '["word", "tag"]', "/"),
    "conllx": (CONLLX, '["id", "word", "lemma", "_", "tag", "_", "head", "dep", "_", "_"]', "\t"),
    "conll09": (
        CONLL09,
        '["id", "word", "lemma", "_", "tag", "_", "morph", "_", "head", "_", "dep", "_", "_", "_", "..."]',
        "\t",
    ),
    "conllup": (NOT_NUMBERED, '["word", "tag", "misc"]', "\t"),
    "aligned": ("a  \t DT\nlonger   NN \n\n\fb JJ", '["word", "tag"]', " "),
    "damaged": ("word tag\n\n" * 30 + "word\n\nother word tag\n", '["word", "tag"]', " "),
    "with a link": ("see UH\nand/or_x CC\nhttp://a_b.c/d ADD\n", '["word", "tag"]', " "),
}


@pytest.mark.parametrize("name", GUESSED)
def test_what_is_guessed_is_logged_once_and_can_be_set(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    content, columns, separator = GUESSED[name]
    path = save(tmp_path, content)
    with caplog.at_level(logging.INFO, logger="spacy"):
        for _ in range(2):
            guessed = read(create_column_corpus, path, on_error="skip")
    message = f"{path} is read with columns = {columns}, separator = {json.dumps(separator)}"
    assert caplog.messages == [message]
    assert guessed.examples
    caplog.clear()
    for known in (separator, None):
        assert (
            read(
                create_column_corpus,
                path,
                columns=json.loads(columns),
                separator=known,
                on_error="skip",
            )
            == guessed
        )
    assert len(caplog.messages) == 0


UNKNOWN = {
    "text": "This is a text .\nIt is not annotated .\nWhy ?\n",
    "three columns": "a DT x\nb NN x\n",
    "three columns of labels": "a B-X B-X\nb O O\n",
    "four columns": "a DT x O\nb NN x O\n",
    "IDs": "1\tword\tNN\n2\tother\tVB\n",
    "wide": "\t".join(["w"] * 50) + "\n",
    "one column": "this\nis\nnot\nenough\n",
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_to_set_if_columns_cannot_be_guessed(tmp_path: Path, name: str) -> None:
    path = save(tmp_path, "\n" + UNKNOWN[name])
    for on_error in ("raise", "skip"):
        outcome = read(create_column_corpus, path, on_error=on_error)
        assert outcome.error.startswith(f"[L340] {path}, line ")
        assert len(outcome.error) < 900 + len(str(path))
    example = json.loads(re.search(r"columns = (\[.*?\]),", outcome.error)[1])
    advised = read(create_column_corpus, path, columns=example)
    if name == "text":
        assert "[L341]" in advised.error
    else:
        assert not advised.error
        assert advised.examples


def test_the_guess_needs_no_whole_file(tmp_path: Path) -> None:
    path = save(tmp_path, "a A\n\n" * 1000 + "wrong\n")
    examples = iter(create_column_corpus(path)(NLP))
    assert next(examples).reference.text == "a "
    with pytest.raises(
        ValueError, match=rf"\[L341\] {re.escape(str(path))}, line 2001: .* 1 column.* 2 are"
    ):
        list(examples)


# Columns that are set


def test_entities_of_conll2003_as_tags(tmp_path: Path) -> None:
    """Any column can be learned, here by a tagger whose spans are scored."""
    path = save(tmp_path, CONLL2003, "train.conll")
    corpus = create_corpus(path, columns=["word", "_", "_", "tag"], scheme="bio")
    nlp = make_pipeline(scorer={"@scorers": "spacy-lstm-tagger.slot_scorer.v1"})
    examples = list(corpus(nlp))
    train(nlp, examples, 60)
    assert pairs([examples[0].reference[:4]]) == [
        ["Mary B-PER", "Jones I-PER", "Greenpeace B-ORG", "met O"]
    ]
    scores = nlp.evaluate(list(corpus(nlp)))
    assert scores["slots_f"] == 1.0
    assert set(scores["slots_per_type"]) == {"PER", "ORG", "LOC"}


def test_names_of_columns(tmp_path: Path) -> None:
    content = "2 nsubj she PRON PRP Case=Nom She\n0 root sleep VERB VBZ _ sleeps\n"
    ours = ["head", "dep", "lemma", "pos", "tag", "morph", "word"]
    theirs = ["HEAD", "DEPREL", "Lemma", "UPOS", "XPOS", "FEATS", "FORM"]
    for columns in (ours, theirs):
        [doc] = read_columns(save(tmp_path, content), columns=columns)
        assert pairs([doc]) == [["She PRP", "sleeps VBZ"]]
        assert [token.pos_ for token in doc] == ["PRON", "VERB"]
        assert [token.lemma_ for token in doc] == ["she", "sleep"]
        assert str(doc[0].morph) == "Case=Nom"
        assert trees(doc) == [(1, "nsubj"), (1, "ROOT")]
    for tag in ("upos", "pos"):
        assert pairs(read_columns(save(tmp_path, content), columns=ours, tag=tag)) == [
            ["She PRON", "sleeps VERB"]
        ]
    assert pairs(read_columns(save(tmp_path, content), columns=["_"] * 6 + ["word"])) == [["She", "sleeps"]]


def test_further_columns(tmp_path: Path) -> None:
    path = save(tmp_path, "a\tA\tx\tx\nb\tB\n")
    assert pairs(read_columns(path, columns=["word", "tag", "..."])) == [["a A", "b B"]]
    with pytest.raises(ValueError, match="line 1: the row has 4 column"):
        read_columns(path, columns=["word", "tag"])


@pytest.mark.parametrize("how", ["a\tA\t\nb\tB\t\t\n", "a A \t\nb  B\r\n", " a\tA\r\nb \tB \r\n\r\n\r\n"])
def test_white_space_around_columns(tmp_path: Path, how: str) -> None:
    assert pairs(read_columns(save(tmp_path, how), columns=["word", "tag"])) == [["a A", "b B"]]


@pytest.mark.parametrize("space", ["\u00a0", "\u2009", "\u3000", "\u0085", "\u2028", "\x1c"])
@pytest.mark.parametrize("separator", ["\t", " ", "_", "/"])
def test_only_spaces_and_tabs_separate(tmp_path: Path, separator: str, space: str) -> None:
    path = save(tmp_path, f"1{space}000{separator}CD\n\n{space}{separator}X\n")
    assert pairs(read_columns(path, columns=["word", "tag"], separator=separator)) == [
        [f"1{space}000 CD"],
        [f"{space} X"],
    ]


@pytest.mark.parametrize("separator", ["\t", " "])
def test_missing_values(tmp_path: Path, separator: str) -> None:
    lines = ["_ A", "a _", "_ _", "-X- -X-"] if separator == " " else ["_\tA", "a\t", "_\t_", "-X-\t-X-"]
    [doc] = read_columns(save(tmp_path, "\n".join(lines)), columns=["word", "tag"], separator=separator)
    assert pairs([doc]) == [["_ A", "a", "_", "-X- -X-"]]
    assert not doc.has_annotation("LEMMA")


COMMENTS = [
    "# sent_id = 3",
    "#text = a b",
    "# text = ",
    "# newdoc id = 4",
    "# newpar",
    "# id 00a9f domain=en",
]


@pytest.mark.parametrize("comment", COMMENTS)
@pytest.mark.parametrize("separator", ["\t", " "])
def test_comments(tmp_path: Path, comment: str, separator: str) -> None:
    path = save(tmp_path, f"{comment}\na{separator}A\n\n{comment}\nb{separator}B\n\n{comment}\n")
    assert pairs(read_columns(path, columns=["word", "tag"], separator=separator)) == [["a A"], ["b B"]]


@pytest.mark.parametrize(
    "row", ["# SYM", "#\tSYM", "#1 =", "# =", "#newdoc\tN", "# sent_id = 3\tN", "## X"]
)
def test_words_that_begin_like_comments(tmp_path: Path, row: str) -> None:
    separator = "\t" if "\t" in row else " "
    word, tag = row.split(separator)
    path = save(tmp_path, f"a{separator}A\n{row}\n")
    if row == "#1 =":  # "key =" is what a comment without a value looks like
        assert pairs(read_columns(path)) == [["a A"]]
    else:
        assert pairs(read_columns(path)) == [["a A", f"{word} {tag}"]]


# What is wrong with a damaged file

DAMAGED = {
    "too few": ("a\n", ["word", "tag"], " ", "L341", "1 column(s), where 2"),
    "too many": ("a A A\n", ["word", "tag"], " ", "L341", "3 column(s), where 2"),
    "no tab": ("a A\n", ["word", "tag"], "\t", "L341", "1 column(s), where 2"),
    "further columns": ("a\n", ["word", "tag", "..."], " ", "L341", "1 column(s), where 2"),
    "no word": ("\tA\n", ["word", "tag"], "\t", "L342", "no word"),
    "joined without word": ("_A\n", ["word", "tag"], "_", "L342", "no word"),
    "not joined": ("a/A b\n", ["word", "tag"], "/", "L343", "'b' has 1 part(s) instead of 2"),
    "not UTF-8": (b"caf\xe9 N\n", ["word", "tag"], " ", "L307", "byte 3"),
    "not UTF-8, joined": (b"caf\xe9/N\n", ["word", "tag"], "/", "L307", "byte 3"),
    "no ID": ("a A\n", ["id", "word"], " ", "L309", "the ID is 'a'"),
    "wrong ID": ("2 A\n", ["id", "word"], " ", "L310", "2"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_rows(tmp_path: Path, name: str) -> None:
    content, columns, separator, code, message = DAMAGED[name]
    content = content if isinstance(content, bytes) else content.encode()
    good = (
        separator.join(["1" if column == "id" else "w" for column in columns if column != "..."]) + "\n\n"
    )
    path = save(tmp_path, good.encode() + content + b"\n" + good.encode())
    strict, tolerant = check_reader(create_column_corpus, path, columns=columns, separator=separator)
    assert strict.error.startswith(f"[{code}] {path}, line 3: ")
    assert message in strict.error
    assert len(tolerant.examples) == 2


def test_annotation_that_cannot_be_read(tmp_path: Path) -> None:
    """It is missing, unless a component learns it; in CoNLL-U as well."""
    plain = save(tmp_path, "a A B-X\nb B PER\nc C -\n", "plain")
    row = "{0}\t{1}\t_\t_\t{2}\t_\t_\t_\t_\tNER={3}\n".format
    misc = row(1, "a", "A", "B-X") + row(2, "b", "B", "PER") + row(3, "c", "C", "B-")
    for path, create in (
        (plain, lambda: create_column_corpus(plain, columns=["word", "tag", "ent"])),
        (save(tmp_path, misc, "misc"), lambda: create_conllu_corpus(tmp_path / "misc")),
    ):
        with pytest.warns(UserWarning, match=r"\[W005\].*\[L344\].*line 2: .*'PER'"):
            [example] = create()(NLP)
        assert [token.tag_ for token in example.reference] == ["A", "B", "C"]
        assert [token.ent_iob_ for token in example.reference] == ["B", "", ""]
        nlp = spacy.blank("en")
        nlp.add_pipe("ner")
        with pytest.raises(ValueError, match=rf"\[L344\] {re.escape(str(path))}, line 2: .*'PER'"):
            list(create()(nlp))


def test_a_column_that_the_file_lacks(tmp_path: Path) -> None:
    path = save(tmp_path, CONLLUP)
    with pytest.raises(ValueError, match=r"\[L345\].*line 4: there is no column 'xpos'.*form.*parseme:mwe"):
        read_columns(path)
    with pytest.raises(ValueError, match=r"\[L345\].*line 1: there is no column 'upos'.*form, xpos"):
        read_columns(save(tmp_path, WNUT), tag="upos")
    no_word = save(tmp_path, "# global.columns = ID XPOS\n1\tA\n")
    with pytest.raises(ValueError, match=r"\[L345\].*line 2: there is no column 'form'"):
        read_columns(no_word)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("columns", []),
        ("columns", ["tag"]),
        ("columns", ["word", "wrod"]),
        ("columns", ["word", "tag", "xpos"]),
        ("columns", ["word", "...", "tag"]),
        ("separator", ""),
        ("separator", "  "),
        ("separator", "x"),
        ("separator", " /"),
        ("multiword_tokens", "both"),
        ("sentences_per_doc", -1),
        ("scheme", "bilou"),
    ],
)
def test_invalid_settings(tmp_path: Path, setting: str, value: Any) -> None:
    makers = {"Corpus": create_corpus, "ColumnCorpus": create_column_corpus}
    for name, create in makers.items():
        if name == "ColumnCorpus" or setting != "sentences_per_doc":
            with pytest.raises(
                ValueError, match=rf"\[L001\].*'{setting}'.*'spacy-lstm-tagger\.{name}\.v1'"
            ):
                create(tmp_path / "a.conll", **{setting: value})


def test_a_tag_that_no_column_is(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\[L001\].*'columns'"):
        create_column_corpus(tmp_path, columns=["word", "tag"], tag="upos")


# Files and folders


@pytest.mark.parametrize("suffix", [*COLUMN_SUFFIXES, ".txt", ".train", ".testa", ".testb", ".CoNLL"])
@pytest.mark.parametrize("end", ["", ".gz"])
def test_extensions(tmp_path: Path, suffix: str, end: str) -> None:
    content = b"a A\nb B\n"
    path = save(tmp_path, gzip.compress(content, mtime=0) if end else content, f"corpus{suffix}{end}")
    assert pairs([example.reference for example in create_corpus(path)(NLP)]) == [["a A", "b B"]]


def test_folders(tmp_path: Path) -> None:
    """Files of several layouts, but no other text."""
    save(tmp_path, "a A\n", "1.tsv")
    save(tmp_path, CONLL2000, "2.conll2000")
    save(tmp_path, "Read me first.", "readme.txt")
    for create in (create_corpus, create_column_corpus):
        docs = [example.reference for example in create(tmp_path)(NLP)]
        assert [len(doc) for doc in docs] == [1, 4, 4]


def test_settings_in_a_config(tmp_path: Path) -> None:
    path = save(tmp_path, "a B-X\tA\n", "corpus.conll")
    for name in ("Corpus", "ColumnCorpus"):
        block = f"""
[corpus]
@readers = "spacy-lstm-tagger.{name}.v1"
path = "{path}"
columns = ["word", "ent", "tag"]
separator = " "
"""
        resolved = spacy.registry.resolve(spacy.util.Config().from_str(block))
        examples: list[Example] = list(resolved["corpus"](NLP))
        assert pairs([example.reference for example in examples]) == [["a A"]]


# For any content


def is_cell(text: str) -> bool:
    return text.strip(" \t\r\f\v") == text and not text.startswith("\ufeff")


ANY = st.text(st.characters(codec="utf-8", exclude_characters="\t\n "), min_size=1, max_size=4)
CELL = ANY.filter(is_cell)
WORD = st.sampled_from(["#", "_", "a/b", "a_b", "\\", "\\/", "*", "1\u00a0000", "-X-"]) | CELL
TAG = st.text(st.sampled_from("ABC-$#,.|:"), min_size=1, max_size=4)
SENTENCES = st.lists(st.lists(st.tuples(WORD, TAG | st.just("_")), min_size=1, max_size=4), min_size=1)
ENDS = st.sampled_from(["\n", "\r\n"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("columns")


def expected_pairs(sentences: list[list[tuple[str, str]]]) -> list[list[tuple[str, str]]]:
    return [[(word, "" if tag == "_" else tag) for word, tag in sentence] for sentence in sentences]


def found_pairs(docs: list[Doc]) -> list[list[tuple[str, str]]]:
    return [[(token.text, token.tag_) for token in doc] for doc in docs]


@pytest.mark.parametrize("separator", ["\t", " "])
@settings(max_examples=150)
@given(sentences=SENTENCES, end=ENDS, gap=st.integers(1, 3))
def test_rows_that_are_written_are_read(
    folder: Path, separator: str, sentences: list[list[tuple[str, str]]], end: str, gap: int
) -> None:
    lines = [[f"{word}{separator}x{separator}{tag}{end}" for word, tag in part] for part in sentences]
    path = save(folder, (end * gap).join(map("".join, lines)))
    docs = read_columns(path, columns=["word", "_", "tag"], separator=separator)
    assert found_pairs(docs) == expected_pairs(sentences)


@pytest.mark.parametrize("separator", ["_", "/", "|||"])
@settings(max_examples=150)
@given(sentences=SENTENCES, end=ENDS)
def test_joined_words_that_are_written_are_read(
    folder: Path, separator: str, sentences: list[list[tuple[str, str]]], end: str
) -> None:
    def write(word: str, tag: str) -> str:
        word = re.sub(r"([/*])", r"\\\1", word) if separator == "/" else word
        return word + separator + ("" if tag == "_" else tag.replace("|", "!"))

    path = save(folder, end.join(" ".join(write(*pair) for pair in part) for part in sentences))
    docs = read_columns(path, columns=["word", "tag"], separator=separator)
    expected = [[(word, tag.replace("|", "!")) for word, tag in part] for part in sentences]
    assert found_pairs(docs) == expected_pairs(expected)


LAYOUTS: dict[str, tuple[list[str] | None, str | None]] = {
    "tab": (["word", "tag"], "\t"),
    "space": (["word", "tag", "_"], " "),
    "IDs": (["id", "word", "_", "tag", "..."], "\t"),
    "entities": (["word", "tag", "ent"], " "),
    "joined": (["word", "tag"], "/"),
    "guessed": (None, None),
}


@pytest.mark.parametrize("name", LAYOUTS)
@settings(max_examples=120)
@given(data=st.data(), sentences=SENTENCES)
def test_any_file_is_read_or_refused_with_its_line(
    folder: Path, name: str, data: st.DataObject, sentences: list[list[tuple[str, str]]]
) -> None:
    columns, separator = LAYOUTS[name]
    mark = separator or data.draw(st.sampled_from(["\t", " ", "_"]))
    names = [column for column in columns or ["word", "tag"] if column != "..."]
    parts = []
    for sentence in sentences:
        cells = [
            [{"id": str(i), "word": word, "tag": tag, "ent": "B-X", "_": "x"}[column] for column in names]
            for i, (word, tag) in enumerate(sentence, 1)
        ]
        parts.append((" " if mark in "_/" else "\n").join(map(mark.join, cells)))
    content = ("\n" if mark in "_/" else "\n\n").join(parts).encode()
    path = save(folder, data.draw(damaged(content)))
    outcome = read(create_column_corpus, path, columns=columns, separator=separator)
    if outcome.error.startswith("[L34") and columns is None and "[L340]" in outcome.error:
        assert re.match(rf"\[L340\] {re.escape(str(path))}, line \d+: ", outcome.error)
        assert read(create_column_corpus, path, on_error="skip") == outcome
    elif not outcome.error.startswith("[L345]"):
        check_reader(create_column_corpus, path, columns=columns, separator=separator)
