"""JSONL as other tools write it: Hugging Face's data sets, Prodigy, doccano, and every list of spaCy's."""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import spacy
from contracts import check_place, count_skipped, is_refused, read
from helpers import NLP, save
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_config_from_str, registry

from spacy_lstm_tagger.bulk import tag_files
from spacy_lstm_tagger.corpora import create_corpus, create_jsonl_corpus
from spacy_lstm_tagger.corpora.spans import align_spans, count_characters, find_spaces
from spacy_lstm_tagger.schemes import Span, find_spans, is_valid


def read_records(folder: Path, *records: object, nlp: Language = NLP, **keys: Any) -> list[Example]:
    path = save(folder, "".join(json.dumps(record) + "\n" for record in records), "corpus.jsonl")
    return list(create_jsonl_corpus(path, **keys)(nlp))


def read_doc(folder: Path, record: object, nlp: Language = NLP, **keys: Any) -> Doc:
    [example] = read_records(folder, record, nlp=nlp, **keys)
    assert [token.text for token in example.predicted] == [token.text for token in example.reference]
    assert example.predicted.text == example.reference.text
    return example.reference


def tagged(doc: Doc) -> list[tuple[str, str]]:
    return [(token.text, token.tag_) for token in doc]


def entities(doc: Doc) -> list[tuple[str, str]]:
    return [(ent.text, ent.label_) for ent in doc.ents]


def expect_error(folder: Path, record: object, *parts: str, nlp: Language = NLP, **keys: Any) -> None:
    """The error of a record in line 2 has these parts in this order."""
    pattern = ".*".join(map(re.escape, ["corpus.jsonl, line 2: ", *parts]))
    good = {
        "words": ["a"],
        "tags": ["A"],
        **{keys.get(f"{key}_key") or key: ["A"] for key in ("words", "tags")},
    }
    with pytest.raises(ValueError, match=pattern):
        read_records(folder, good, record, nlp=nlp, **keys)


# Keys

CONLL2003 = {
    "id": "0",
    "tokens": ["EU", "rejects", "German", "call"],
    "pos_tags": [22, 42, 16, 21],
    "chunk_tags": [11, 21, 11, 12],
    "ner_tags": [3, 0, 7, 0],
}
NER = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC"]
EU = [("EU", "B-ORG"), ("rejects", "O"), ("German", "B-MISC"), ("call", "O")]


@pytest.mark.parametrize("words_key", ["words", "tokens", "forms", "text_tokens"])
@pytest.mark.parametrize(
    "tags_key", ["tags", "labels", "pos_tags", "ner_tags", "chunk_tags", "xpos", "upos", "ner", "slots"]
)
def test_known_keys_are_found(tmp_path: Path, words_key: str, tags_key: str) -> None:
    record = {"label": "positive", words_key: ["a", "b"], tags_key: ["A", None]}
    assert tagged(read_doc(tmp_path, record)) == [("a", "A"), ("b", "")]


def test_usual_keys_come_first(tmp_path: Path) -> None:
    record = {"tokens": ["x"], "words": ["a"], "tags": ["A"], "labels": ["X"], "ner_tags": ["Y"]}
    assert tagged(read_doc(tmp_path, record)) == [("a", "A")]


def test_keys_of_the_config_are_used_alone(tmp_path: Path) -> None:
    record = {"words": ["x"], "tags": ["X"], "w": ["a"], "t": ["A"]}
    assert tagged(read_doc(tmp_path, record, words_key="w", tags_key="t")) == [("a", "A")]
    expect_error(
        tmp_path, {"words": ["x"], "t": ["X"]}, "the key 'w' is missing", "words_key", words_key="w"
    )
    expect_error(tmp_path, {"words": ["x"], "tags": ["X"]}, "the key 't' is missing", tags_key="t")


def test_ambiguous_keys_are_an_error_that_says_what_to_set(tmp_path: Path) -> None:
    expect_error(tmp_path, CONLL2003, "'pos_tags' and 'ner_tags' and 'chunk_tags'", 'tags_key = "pos_tags"')
    expect_error(tmp_path, {"tokens": ["a"], "forms": ["a"], "tags": ["A"]}, "words_key =")
    record = CONLL2003 | {"pos_tags": ["NNP", "VBZ", "JJ", "NN"]}
    doc = read_doc(tmp_path, record, tags_key="pos_tags")
    assert tagged(doc) == [("EU", "NNP"), ("rejects", "VBZ"), ("German", "JJ"), ("call", "NN")]


# Labels that are numbers


def test_numbers_are_named(tmp_path: Path) -> None:
    assert tagged(read_doc(tmp_path, CONLL2003, tags_key="ner_tags", labels=NER)) == EU


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(NER),
        "\n".join(NER),
        "\ufeff" + "\r\n".join(NER) + "\r\n\r\n",
        json.dumps(
            {
                "features": {
                    "tokens": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"},
                    "pos_tags": {"feature": {"names": ["X"], "_type": "ClassLabel"}, "_type": "Sequence"},
                    "ner_tags": {"feature": {"names": NER, "_type": "ClassLabel"}, "_type": "List"},
                }
            }
        ),
    ],
    ids=["list", "lines", "lines of Windows", "data set"],
)
def test_names_from_a_file(tmp_path: Path, content: str) -> None:
    path = save(tmp_path, content, "names")
    assert tagged(read_doc(tmp_path, CONLL2003, tags_key="ner_tags", labels=path)) == EU
    assert tagged(read_doc(tmp_path, CONLL2003, tags_key="ner_tags", labels=str(path))) == EU


@pytest.mark.parametrize(
    "content",
    [None, "", "[1]", "[", "{}", '{"features": {"x": 1}}', '[["O"]]', b"\xff", '{"features": [1]}'],
)
def test_files_without_names_are_an_error(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "names" if content is None else save(tmp_path, content, "names")
    with pytest.raises(ValueError, match=r"\[L338\].*" + re.escape(str(path))):
        read_records(tmp_path, CONLL2003, tags_key="ner_tags", labels=path)


def test_a_data_set_with_the_names_of_several_keys(tmp_path: Path) -> None:
    names = {key: {"feature": {"names": [key]}} for key in ("pos_tags", "ner_tags")}
    path = save(tmp_path, json.dumps({"features": names}), "dataset_info.json")
    with pytest.raises(ValueError, match=r"\[L338\].*'ner_tags'.*tags_key"):
        read_records(tmp_path, {"words": ["a"], "tags": [0]}, labels=path)
    record = {"tokens": ["a"], "pos_tags": [0], "ner_tags": [0]}
    assert tagged(read_doc(tmp_path, record, labels=path, tags_key="pos_tags")) == [("a", "pos_tags")]


def test_numbers_without_a_name(tmp_path: Path) -> None:
    keys = {"tags_key": "tags", "labels": ["O", "B-X"]}
    for number in (2, -2, 10**300):
        expect_error(
            tmp_path,
            {"words": ["a", "b"], "tags": [0, number]},
            "entry 1 of 'tags'",
            "there are 2 names",
            **keys,
        )
    expect_error(
        tmp_path, {"words": ["a"], "tags": [True]}, "entry 0 of 'tags'", "is True, but must be", **keys
    )
    expect_error(
        tmp_path, {"words": ["a"], "tags": [1.0]}, "entry 0 of 'tags'", "is 1.0, but must be", **keys
    )
    expect_error(tmp_path, {"words": ["a"], "tags": [1]}, "entry 0 of 'tags'", "Set labels of the corpus")
    record = {"words": ["a", "b", "c", "d"], "tags": [1, -100, -1, None]}
    assert [tag for _, tag in tagged(read_doc(tmp_path, record, **keys))] == ["B-X", "", "", ""]


def test_settings_of_a_config(tmp_path: Path) -> None:
    path = save(tmp_path, json.dumps(CONLL2003), "corpus.jsonl")
    names = save(tmp_path, "\n".join(NER), "names.txt")
    for reader in ("Corpus.v1", "JsonlCorpus.v1"):
        for labels in (json.dumps(NER), json.dumps(str(names))):
            config = load_config_from_str(f"""
[corpus]
@readers = "spacy-lstm-tagger.{reader}"
path = {json.dumps(str(path))}
tags_key = "ner_tags"
labels = {labels}
scheme = "biluo"
""")
            [example] = registry.resolve(config)["corpus"](NLP)
            assert tagged(example.reference) == [(word, tag.replace("B-", "U-")) for word, tag in EU]
    for create in (create_corpus, create_jsonl_corpus):
        with pytest.raises(ValueError, match=r"\[L001\].*'offsets': 'bytes'"):
            create(path, offsets="bytes")


# Every list of spaCy's

ALL = {
    "words": ["He", "slept", "Paris", "slept"],
    "spaces": [True, True, True, False],
    "tags": ["PRP", "VBD", "NNP", "VBD"],
    "pos": ["PRON", "VERB", "PROPN", None],
    "lemmas": ["he", "sleep", "", None],
    "morphs": ["Case=Nom|Number=Sing", None, "", "Tense=Past"],
    "heads": [1, 1, 3, 3],
    "deps": ["nsubj", "root", "nsubj", "ROOT"],
    "ents": ["O", None, "S-LOC", "O"],
    "sent_starts": [True, False, True, False],
}


def test_every_list(tmp_path: Path) -> None:
    doc = read_doc(tmp_path, ALL)
    assert doc.text == "He slept Paris slept"
    assert [token.tag_ for token in doc] == ALL["tags"]
    assert [token.pos_ for token in doc] == ["PRON", "VERB", "PROPN", ""]
    assert [token.lemma_ for token in doc] == ["he", "sleep", "", ""]
    assert [str(token.morph) for token in doc] == ["Case=Nom|Number=Sing", "", "", "Tense=Past"]
    assert [token.head.i for token in doc] == ALL["heads"]
    assert [token.dep_ for token in doc] == ["nsubj", "ROOT", "nsubj", "ROOT"]
    assert [token.ent_iob_ for token in doc] == ["O", "", "B", "O"]
    assert [sentence.text for sentence in doc.sents] == ["He slept", "Paris slept"]


def test_lists_may_be_null_or_the_tags(tmp_path: Path) -> None:
    doc = read_doc(
        tmp_path, {key: values if key in ("words", "tags") else None for key, values in ALL.items()}
    )
    for attribute in ("POS", "LEMMA", "MORPH", "DEP", "ENT_IOB", "SENT_START"):
        assert not doc.has_annotation(attribute)
    doc = read_doc(tmp_path, {"words": ["a"], "pos": ["NN"]}, tags_key="pos")  # no warning: not read twice
    assert (doc[0].tag_, doc[0].pos_) == ("NN", "")


def test_heads_are_of_one_sentence_without_sent_starts(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("parser")
    record = {"words": ["a", "b"], "tags": ["A", "B"], "heads": [1, 1], "deps": ["x", "ROOT"]}
    doc = read_doc(tmp_path, record)
    assert [token.is_sent_start for token in doc] == [True, False]
    for heads in ([0, 1], [1, 0], [1, 2], [1, -1], [10**300, 1]):
        expect_error(tmp_path, record | {"heads": heads}, "'heads' of the sentence from word 0 on", nlp=nlp)
    crossing = {"heads": [1, 2, 3, 3], "sent_starts": [False, False, True, False]}
    expect_error(tmp_path, ALL | crossing, "'heads' of the sentence from word 0 on", nlp=nlp)
    expect_error(tmp_path, ALL | {"heads": [1, 1, 1, 3]}, "'heads' of the sentence from word 2 on", nlp=nlp)


@pytest.mark.parametrize(
    ("change", "message", "component"),
    [
        (
            {"pos": ["PRON", "VERB", "NNP", None]},
            "entry 2 of 'pos', counted from 0, is 'NNP'",
            "morphologizer",
        ),
        ({"morphs": [None, "Tense", None, None]}, "entry 1 of 'morphs'", "morphologizer"),
        ({"ents": ["PER", "O", "O", "O"]}, "entry 0 of 'ents', counted from 0, is 'PER'", "ner"),
        ({"ents": ["O", "B-", "O", "O"]}, "entry 1 of 'ents', counted from 0, is 'B-'", "ner"),
        ({"heads": [1, 1, 1, 3]}, "'heads' of the sentence from word 2 on", "parser"),
    ],
)
def test_values_that_no_component_learns_are_missing(
    tmp_path: Path, change: dict[str, Any], message: str, component: str
) -> None:
    with pytest.warns(UserWarning, match=rf"\[W005\] .*: 1 value.*, line 1: {message}") as caught:
        doc = read_doc(tmp_path, ALL | change)
    assert len(caught) == 1
    assert [token.tag_ for token in doc] == ALL["tags"]
    nlp = spacy.blank("en")
    nlp.add_pipe(component)
    expect_error(tmp_path, ALL | change, message, nlp=nlp)


@pytest.mark.parametrize(
    ("key", "values", "message"),
    [
        ("pos", "NOUN", "'pos' is 'NOUN', but must be a list"),
        ("lemmas", ["a", "b", "c", 1], "entry 3 of 'lemmas'"),
        ("morphs", [{}, None, None, None], "entry 0 of 'morphs'"),
        ("heads", [1, 1, 3, "3"], "entry 3 of 'heads'"),
        ("heads", [True, 1, 3, 3], "entry 0 of 'heads'"),
        ("deps", ["x"], "'deps' has 1 entries for 4 word(s)"),
        ("ents", ["O", "O", 1, "O"], "entry 2 of 'ents'"),
        ("ents", ["O", "O", "\ud800", "O"], "entry 2 of 'ents'"),
        ("sent_starts", [1, 0, 1, 0], "entry 0 of 'sent_starts'"),
    ],
)
def test_malformed_lists(tmp_path: Path, key: str, values: Any, message: str) -> None:
    expect_error(tmp_path, ALL | {key: values}, message)


def test_entities_as_apply_writes_them(tmp_path: Path) -> None:
    record = {"words": ["Ada", "Lovelace", "saw", "Paris"]}
    spans = [{"start": 0, "end": 2, "label": "PER", "score": 0.9}, {"start": 3, "end": 4, "label": "LOC"}]
    doc = read_doc(tmp_path, record | {"ents": spans})
    assert entities(doc) == [("Ada Lovelace", "PER"), ("Paris", "LOC")]
    assert [token.ent_iob_ for token in doc] == ["B", "I", "O", "B"]
    assert [token.tag_ for token in doc] == [""] * 4
    assert tagged(read_doc(tmp_path, ALL | {"ents": spans[1:]})) == [
        *zip(ALL["words"], ALL["tags"], strict=True)
    ]
    doc = read_doc(tmp_path, record | {"ents": []})
    assert [token.ent_iob_ for token in doc] == ["O"] * 4


@pytest.mark.parametrize(
    "spans",
    [
        [{"start": 0, "end": 2, "label": "A"}, {"start": 1, "end": 3, "label": "B"}],
        [{"start": 0, "end": 1, "label": "A"}, {"start": 3, "end": 5, "label": "A"}],
        [{"start": 0, "end": 1, "label": "A"}, {"start": 2, "end": 2, "label": "A"}],
        [{"start": 0, "end": 1, "label": "A"}, {"start": -1, "end": 2, "label": "A"}],
        [{"start": 0, "end": 1, "label": "A"}, {"start": 2, "label": "A"}],
        [{"start": 0, "end": 1, "label": "A"}, {"start": 2, "end": 3, "label": None}],
        [{"start": 0, "end": 1, "label": "A"}, "O"],
    ],
)
def test_malformed_entities(tmp_path: Path, spans: list[Any]) -> None:
    expect_error(tmp_path, {"words": ["a", "b", "c", "d"], "ents": spans}, "entry 1 of 'ents'")


def test_what_a_pipeline_wrote_is_a_corpus(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "FOOD", "pattern": "green eggs"}])
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "in.txt").write_text("I like green eggs .\nham\n")
    tag_files(tmp_path / "model", tmp_path / "in.txt", tmp_path / "out.jsonl", columns=["ents"])
    examples = list(create_corpus(tmp_path / "out.jsonl")(NLP))
    assert [entities(example.reference) for example in examples] == [[("green eggs", "FOOD")], []]


# Texts with spans

TEXT = "Ada Lovelace wrote it  in London."
PRODIGY = {
    "text": TEXT,
    "_input_hash": 1,
    "tokens": [
        {"text": "Ada", "start": 0, "end": 3, "id": 0, "ws": True},
        {"text": "Lovelace", "start": 4, "end": 12, "id": 1, "ws": True},
        {"text": "wrote", "start": 13, "end": 18, "id": 2, "ws": True},
        {"text": "it", "start": 19, "end": 21, "id": 3, "ws": True},
        {"text": " ", "start": 22, "end": 23, "id": 4, "ws": False},
        {"text": "in", "start": 23, "end": 25, "id": 5, "ws": True},
        {"text": "London.", "start": 26, "end": 33, "id": 6, "ws": False},
    ],
    "spans": [
        {"start": 0, "end": 12, "token_start": 0, "token_end": 1, "label": "PER"},
        {"start": 26, "end": 33, "token_start": 6, "token_end": 6, "label": "LOC"},
    ],
    "_view_id": "ner_manual",
    "answer": "accept",
}
PER_LOC = [[0, 12, "PER"], [26, 32, "LOC"]]
EXPORTS = {
    "doccano": {"id": 1, "text": TEXT, "label": PER_LOC, "Comments": []},
    "older doccano": {"text": TEXT, "labels": PER_LOC},
    "doccano with relations": {
        "text": TEXT,
        "entities": [
            {"id": 3, "label": "LOC", "start_offset": 26, "end_offset": 32},
            {"id": 2, "label": "PER", "start_offset": 0, "end_offset": 12},
        ],
        "relations": [],
    },
    "spaCy": {"text": TEXT, "entities": PER_LOC},
    "Prodigy, not tokenized": {
        "text": TEXT,
        "spans": [{"start": start, "end": end, "label": label} for start, end, label in PER_LOC],
    },
    "numbers": {"text": TEXT, "label": [[0, 12, 0], [26, 32, 1], [13, 18, -1]]},
    "spaces": {"text": TEXT, "label": [[0, 13, "PER"], [25, 32, "LOC"], [0, 12, "PER"]]},
}


def test_prodigy(tmp_path: Path) -> None:
    """The words are its tokens, which here end with a full stop that spaCy would split off."""
    doc = read_doc(tmp_path, PRODIGY)
    assert tagged(doc) == [
        ("Ada", "B-PER"),
        ("Lovelace", "I-PER"),
        ("wrote", "O"),
        ("it", "O"),
        (" ", "O"),
        ("in", "O"),
        ("London.", "B-LOC"),
    ]
    assert doc.text == TEXT
    assert [bool(token.whitespace_) for token in doc] == [token["ws"] for token in PRODIGY["tokens"]]
    assert entities(doc) == [("Ada Lovelace", "PER"), ("London.", "LOC")]
    assert not doc.has_annotation("SENT_START")


@pytest.mark.parametrize("name", EXPORTS)
def test_exports(tmp_path: Path, name: str) -> None:
    doc = read_doc(tmp_path, EXPORTS[name], labels=["PER", "LOC"])
    assert [token.text for token in doc] == [token.text for token in NLP(TEXT)]
    assert doc.text == TEXT
    assert [tag for _, tag in tagged(doc)] == ["B-PER", "I-PER", "O", "O", "O", "O", "B-LOC", "O"]
    assert entities(doc) == [("Ada Lovelace", "PER"), ("London", "LOC")]
    converted = read_doc(tmp_path, EXPORTS[name], labels=["PER", "LOC"], scheme="bioes")
    assert [tag for _, tag in tagged(converted)] == ["B-PER", "E-PER", "O", "O", "O", "O", "S-LOC", "O"]


def test_spaces_and_words_are_those_of_the_tokenizer(tmp_path: Path) -> None:
    for text in ("a  b \n\nc ", " a", "don't", "x\u00a0y", "日本"):
        doc, expected = read_doc(tmp_path, {"text": text, "spans": []}), NLP(text)
        assert [token.text_with_ws for token in doc] == [token.text_with_ws for token in expected]
        assert {token.tag_ for token in doc} == {"O"}


def test_answers(tmp_path: Path) -> None:
    """What was rejected or ignored is no example; what was accepted without a span has none."""
    answers = [PRODIGY | {"answer": answer} for answer in ("reject", "accept", "ignore")]
    without = {"text": "Yes", "answer": "accept"}
    examples = read_records(tmp_path, *answers, without)
    assert [example.reference.text for example in examples] == [TEXT, "Yes"]
    assert tagged(examples[1].reference) == [("Yes", "O")]


def test_emojis(tmp_path: Path) -> None:
    """Characters are code points; JavaScript counts an emoji twice."""
    text = "😀😀 go to Rome"
    assert entities(read_doc(tmp_path, {"text": text, "label": [[9, 13, "LOC"]]})) == [("Rome", "LOC")]
    record = {"text": text, "label": [[11, 15, "LOC"]]}
    expect_error(tmp_path, record, "entry 0 of 'label'", "<= 13", 'offsets = "utf-16"')
    assert entities(read_doc(tmp_path, record, offsets="utf-16")) == [("Rome", "LOC")]
    half = {"text": text, "label": [[0, 1, "X"]]}
    expect_error(tmp_path, half, "entry 0 of 'label'", offsets="utf-16")


def test_spans_that_do_not_fit_the_words(tmp_path: Path) -> None:
    records = [
        {"text": "New York City is big", "spans": [[0, 7, "LOC"], [10, 13, "X"], [14, 16, "V"]]},
        {"text": "a b", "spans": [[0, 3, "X"], [2, 3, "Y"]]},
        {"text": "fine here", "spans": [[0, 4, "X"]]},
    ]
    path = tmp_path / "corpus.jsonl"
    message = rf"\[W006\] {re.escape(str(path))}: 4 span\(s\).*The first is 'New Yor' in line 1\."
    with pytest.warns(UserWarning, match=message) as caught:
        examples = read_records(tmp_path, *records)
    assert len(caught) == 1
    assert [[tag for _, tag in tagged(example.reference)] for example in examples] == [
        ["", "", "", "B-V", "O"],
        ["", ""],
        ["B-X", "O"],
    ]
    assert [token.ent_iob_ for token in examples[0].reference] == ["", "", "", "B", "O"]


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        ({"text": TEXT, "tags": ["A"]}, ["a text, but neither words nor spans", "words_key"]),
        ({"text": TEXT}, ["a text, but neither words nor spans"]),
        ({"text": TEXT, "words": None}, ["a text, but neither words nor spans"]),
        ({"text": TEXT, "label": "positive"}, ["a text, but neither words nor spans"]),
        ({"text": TEXT, "labels": ["O", "B-PER"]}, ["entry 0 of 'labels'", "is 'O'", "need 'words'"]),
        ({"text": TEXT, "label": [], "entities": []}, ["'entities' and 'label'", "tags_key ="]),
        ({"text": TEXT, "spans": None}, ["'spans' is None, but must be a list"]),
        ({"text": TEXT, "spans": [[0, 34, "X"]]}, ["entry 0 of 'spans'", "<= 33"]),
        ({"text": TEXT, "spans": [[0, 3, "X"], [-3, 3, "X"]]}, ["entry 1 of 'spans'"]),
        ({"text": TEXT, "spans": [[3, 3, "X"]]}, ["entry 0 of 'spans'"]),
        ({"text": TEXT, "spans": [[4, 3, "X"]]}, ["entry 0 of 'spans'"]),
        ({"text": TEXT, "spans": [["0", "3", "X"]]}, ["entry 0 of 'spans'"]),
        ({"text": TEXT, "spans": [[0.0, 3.0, "X"]]}, ["entry 0 of 'spans'"]),
        ({"text": TEXT, "spans": [[False, 3, "X"]]}, ["entry 0 of 'spans'"]),
        ({"text": TEXT, "spans": [[0, 3, ""]]}, ["entry 0 of 'spans'"]),
        ({"text": TEXT, "spans": [[0, 3, None]]}, ["entry 0 of 'spans'"]),
        ({"text": TEXT, "spans": [[0, 3]]}, ["entry 0 of 'spans'"]),
        ({"text": TEXT, "spans": [{"start": 0, "end": 3}]}, ["entry 0 of 'spans'"]),
        ({"text": TEXT, "spans": [[0, 3, "\udfff"]]}, ["entry 0 of 'spans'"]),
        ({"text": TEXT, "spans": [[0, 3, 1]]}, ["entry 0 of 'spans'", "Set labels of the corpus"]),
        ({"text": 1, "spans": []}, ["the text can't be split into words: it is 1"]),
        ({"text": "\ud800", "spans": []}, ["the text can't be split into words"]),
        ({"tokens": [{"text": "a"}], "tags": ["A"]}, ["entry 0 of 'tokens'", "must be a non-empty string"]),
        (
            PRODIGY | {"tokens": [{"text": "ada", "start": 0, "end": 3}]},
            ["entry 0 of 'tokens'", "next token"],
        ),
        (PRODIGY | {"tokens": [{"start": 0, "end": 3}, {"start": 2, "end": 5}]}, ["entry 1 of 'tokens'"]),
        (PRODIGY | {"tokens": [{"start": 0, "end": 99}]}, ["entry 0 of 'tokens'"]),
        (PRODIGY | {"tokens": [{"start": 0, "end": 0}]}, ["entry 0 of 'tokens'"]),
        (PRODIGY | {"tokens": [{}]}, ["entry 0 of 'tokens'"]),
    ],
)
def test_malformed_texts(tmp_path: Path, change: dict[str, Any], messages: list[str]) -> None:
    expect_error(tmp_path, change, *messages)


def test_texts_without_words_are_skipped(tmp_path: Path) -> None:
    empty = [
        {"text": "", "tokens": [], "ner_tags": []},
        {"text": "", "tokens": [], "spans": [], "answer": "accept"},
        {"text": "", "label": []},
    ]
    examples = read_records(tmp_path, *empty, {"text": "a", "words": None, "label": [[0, 1, "X"]]})
    assert [tagged(example.reference) for example in examples] == [[("a", "B-X")]]


def test_words_of_a_text_are_its_words(tmp_path: Path) -> None:
    """A text next to words is not read: its words may be others."""
    record = {"text": "ab", "tokens": ["a", "b"], "ner_tags": ["B-X", "O"], "spans": ["X: a"]}
    assert tagged(read_doc(tmp_path, record)) == [("a", "B-X"), ("b", "O")]


@pytest.mark.parametrize(
    ("tokenize", "message"),
    [
        (
            lambda text: Doc(NLP.vocab, words=text.lower().split()),
            "the tokenizer of the pipeline changes it",
        ),
        (int, "invalid literal"),
    ],
)
def test_tokenizers_that_fail(tmp_path: Path, tokenize: Any, message: str) -> None:
    nlp = spacy.blank("en")
    nlp.tokenizer = tokenize
    expect_error(
        tmp_path, {"text": "A b", "spans": []}, "the text can't be split into words", message, nlp=nlp
    )


def test_an_entity_recognizer_learns_from_the_same_file(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    recognizer = nlp.add_pipe("ner")
    nlp.initialize(lambda: read_records(tmp_path, EXPORTS["doccano"], nlp=nlp))
    assert recognizer.labels == ("LOC", "PER")


# Any text, words and spans


@st.composite
def split_text(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]]]:
    """A text, and the bounds of its words, some of which are apart."""
    text, bounds = "", []
    for word in draw(st.lists(st.text("ab-é😀", min_size=1, max_size=3), max_size=8)):
        text += draw(st.sampled_from(["", " ", "  ", "\n"]))
        bounds.append((len(text), len(text) + len(word)))
        text += word
    return text + draw(st.sampled_from(["", " "])), bounds


@given(found=split_text(), data=st.data())
def test_spans_of_whole_words_come_back(
    found: tuple[str, list[tuple[int, int]]], data: st.DataObject
) -> None:
    text, words = found
    cuts = sorted(data.draw(st.sets(st.integers(0, len(words)))))
    spans = [Span(data.draw(st.sampled_from("XY")), *cut) for cut in pairwise(cuts)]
    spans = [span for span in spans if data.draw(st.booleans())]
    by_character = [Span(label, words[start][0], words[end - 1][1]) for label, start, end in spans]
    labels, unaligned = align_spans(text, words, data.draw(st.permutations(by_character)))
    assert unaligned == []
    assert is_valid(labels, "bio")
    assert find_spans(labels) == spans
    # White space around them does not count.
    wider = [_widen(text, span) for span in by_character]
    assert align_spans(text, words, wider) == (labels, [])


def _widen(text: str, span: Span) -> Span:
    _, start, end = span
    while start and text[start - 1].isspace():
        start -= 1
    while end < len(text) and text[end].isspace():
        end += 1
    return Span(span.label, start, end)


@given(found=split_text(), data=st.data())
def test_labels_are_those_of_spans_that_fit(
    found: tuple[str, list[tuple[int, int]]], data: st.DataObject
) -> None:
    """Compared with the definition, word by word and character by character."""
    text, words = found
    bounds = st.tuples(*[st.integers(0, len(text))] * 2).filter(lambda pair: pair[0] < pair[1])
    drawn = data.draw(st.lists(st.tuples(st.sampled_from("XY"), bounds), max_size=4)) if text else []
    spans = {Span(label, *pair) for label, pair in drawn}
    labels, unaligned = align_spans(text, words, spans)
    characters = {span: {i for i in range(span.start, span.end) if not text[i].isspace()} for span in spans}
    in_words = [set(range(start, end)) for start, end in words]
    distinct = {(span.label, frozenset(characters[span])) for span in spans}
    fitting = set()
    for label, content in distinct:
        touched = [i for i, word in enumerate(in_words) if word & content]
        fits = bool(touched) and content == set().union(*(in_words[i] for i in touched))
        others = [other for other in distinct if other != (label, content)]
        if fits and not any(in_words[i] & other for _, other in others for i in touched):
            fitting.add((label, content))
    assert len(unaligned) == len(_trimmed(text, spans)) - len(fitting)
    for i, word in enumerate(in_words):
        owners = {label for label, content in distinct if word & content}
        sure = {label for label, content in fitting if word & content}
        expected = sure or ({""} if owners else {"O"})
        assert {labels[i][2:] if labels[i][1:2] == "-" else labels[i]} == expected


def _trimmed(text: str, spans: set[Span]) -> set[tuple[Any, ...]]:
    """The spans without white space around them; those of white space alone by where they begin."""
    return {
        (span.label, len(text[: span.end].rstrip()), text[span.start :].lstrip())
        if text[span.start : span.end].strip()
        else (span.label, span.end)
        for span in spans
    }


@given(found=split_text())
def test_spaces_are_found(found: tuple[str, list[tuple[int, int]]]) -> None:
    text, words = found
    expected = [text[end : end + 1].isspace() for _, end in words]
    assert find_spaces(text, words) == expected


@given(text=st.text(st.characters(codec="utf-8")), data=st.data())
def test_utf16_offsets_mean_their_characters(text: str, data: st.DataObject) -> None:
    positions = count_characters(text)
    assert len(positions) == len(text.encode("utf-16-le")) // 2 + 1
    for index in range(len(text) + 1):
        assert positions[len(text[:index].encode("utf-16-le")) // 2] == index


# Damage


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jsonl")


SEEDS = [PRODIGY, *EXPORTS.values(), ALL, CONLL2003]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 40),
    st.floats(),
    st.sampled_from(
        ["", "x", "B-", "B-X", "\ud800", "accept", "😀", 10**300, [], {}, [[0, 3, "X"]], [0, 3, "X"]]
    ),
)


def change(data: st.DataObject, value: Any) -> Any:
    """Replace, or remove, something in an object."""
    if isinstance(value, (dict, list)) and value and data.draw(st.booleans()):
        copy = dict(value) if isinstance(value, dict) else list(value)
        key = data.draw(st.sampled_from(list(copy) if isinstance(copy, dict) else range(len(copy))))
        if data.draw(st.integers(0, 4)):
            copy[key] = change(data, copy[key])
        else:
            del copy[key]
        return copy
    return data.draw(VALUES)


@settings(max_examples=150)
@given(data=st.data())
def test_any_object_is_read_or_refused_with_its_line(folder: Path, data: st.DataObject) -> None:
    """The contract of all readers (`contracts.check_reader`), where spans may not fit the words."""
    records = data.draw(st.lists(st.sampled_from(SEEDS), min_size=1, max_size=3))
    at = data.draw(st.integers(0, len(records) - 1))
    records[at] = change(data, records[at])
    path = save(folder, "".join(json.dumps(record) + "\n" for record in records))
    keys = {"labels": NER, "tags_key": data.draw(st.sampled_from([None, "ner_tags"]))}
    strict, tolerant = (
        read(create_jsonl_corpus, path, on_error=on_error, **keys) for on_error in ("raise", "skip")
    )
    for outcome in (strict, tolerant):
        assert len(list(_of_spans(path, outcome.warnings))) <= 1
    if not strict.error:
        assert tolerant == strict
    elif not is_refused(strict.error, path):
        check_place(strict.error, path)
        assert tolerant.examples[: len(strict.examples)] == strict.examples
        [message] = [
            found for found in (*tolerant.warnings, tolerant.error) if found[1:5] in ("W003", "L323")
        ]
        assert count_skipped(message)[1] == len(records)


def _of_spans(path: Path, messages: list[str]) -> Iterator[str]:
    for message in messages:
        assert len(message) < 1000 + len(str(path))
        if message.startswith("[W006]"):
            assert re.match(rf"\[W006\] {re.escape(str(path))}: [1-9]\d* span", message)
            yield message
