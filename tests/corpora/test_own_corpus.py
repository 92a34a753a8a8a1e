"""The corpus of this project: its form, its tag sets, its splits."""

from collections import Counter
from pathlib import Path

import pytest
import srsly
from spacy.lang.en import English

from spacy_lstm_tagger.corpora import create_jsonl_corpus

CORPUS = Path(__file__).parent.parent.parent / "corpus"
PENN = """CC CD DT EX FW IN JJ JJR JJS LS MD NN NNP NNPS NNS PDT POS PRP PRP$ RB RBR RBS RP SYM TO UH
    VB VBD VBG VBN VBP VBZ WDT WP WP$ WRB . , : `` '' -LRB- -RRB- $ HYPH NFP ADD AFX GW"""
CTB = """AD AS BA CC CD CS DEC DEG DER DEV DT ETC FW IJ JJ LB LC M MSP NN NR NT OD ON P PN PU SB SP
    VA VC VE VV"""
LANGUAGES = {"en": set(PENN.split()), "zh": set(CTB.split())}
SPLITS = [(lang, split) for lang in LANGUAGES for split in ("train", "dev", "test")]


def read(lang, split):
    return list(srsly.read_jsonl(CORPUS / lang / f"{split}.jsonl"))


SIZES = [("en", "train", 400), ("en", "dev", 60), ("en", "test", 60)]
SIZES += [("zh", "train", 150), ("zh", "dev", 30), ("zh", "test", 30)]


@pytest.mark.parametrize(("lang", "split", "least"), SIZES)
def test_size(lang, split, least):
    assert len(read(lang, split)) >= least


@pytest.mark.parametrize(("lang", "split"), SPLITS)
def test_form(lang, split):
    for sentence in read(lang, split):
        assert sentence.keys() == {"words", "tags", "spaces"}
        assert len(sentence["words"]) == len(sentence["tags"]) == len(sentence["spaces"]) > 0
        assert all(word and word == word.strip() and " " not in word for word in sentence["words"])
        assert all(isinstance(space, bool) for space in sentence["spaces"])
        assert set(sentence["tags"]) <= LANGUAGES[lang], sentence


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_tag_can_be_learned(lang):
    seen = Counter(tag for sentence in read(lang, "train") for tag in sentence["tags"])
    assert all(seen[tag] >= 2 for tag in LANGUAGES[lang]), LANGUAGES[lang] - seen.keys()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_sentence_twice(lang):
    sentences = Counter(
        tuple(word.lower() for word in sentence["words"])
        for split in ("train", "dev", "test")
        for sentence in read(lang, split)
    )
    assert [sentence for sentence, count in sentences.items() if count > 1] == []


@pytest.mark.parametrize(("lang", "split"), SPLITS)
def test_the_reader_takes_it(lang, split):
    examples = list(create_jsonl_corpus(CORPUS / lang / f"{split}.jsonl")(English()))
    words = [[token.text for token in example.reference] for example in examples]
    assert words == [sentence["words"] for sentence in read(lang, split)]


def test_chinese_is_written_without_spaces():
    for sentence in read("zh", "train"):
        for word, space in zip(sentence["words"], sentence["spaces"], strict=True):
            assert not space or word.isascii()
