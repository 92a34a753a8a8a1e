"""What is kept by word type notices each way in which what it was computed from can change."""

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from helpers import make_pipeline, tags_of, train
from hypothesis import example, given
from hypothesis import strategies as st
from spacy.attrs import NORM
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vectors import Vectors

from spacy_lstm_tagger.features import FeatureTable
from spacy_lstm_tagger.models.settings import EmbeddingSettings

EMBED = {"@architectures": "spacy-lstm-tagger.WordEmbedding.v1"}
# Nothing that the embedding sees, to be added to.
PARTS = {
    "attrs": [],
    "widths": [],
    "prefix_lengths": [],
    "suffix_lengths": [],
    "word_dropout": 0.0,
    "characters": None,
}
WORDS = ["cat", "dog", "runs", "sleeps"]
TAGS = ["N", "N", "V", "V"]


def make_examples(nlp: Language, extra: tuple[str, str] | None = None) -> list[Example]:
    """RETURNS (List[Example]): Each word alone, so that nothing but the word decides its tag."""
    pairs = [*zip(WORDS, TAGS, strict=True), *([extra] if extra else [])]
    return [Example(Doc(nlp.vocab, [word]), Doc(nlp.vocab, [word], tags=[tag])) for word, tag in pairs]


def make(nlp: Language | None = None, extra: tuple[str, str] | None = None, **embed: Any) -> Language:
    """RETURNS (Language): A pipeline that sees what these settings say of a word, and nothing else."""
    nlp = make_pipeline(tok2vec={"embed": {**EMBED, **PARTS, **embed}}, nlp=nlp)
    train(nlp, make_examples(nlp, extra), steps=100)
    assert [tag_of(nlp, word) for word in WORDS] == TAGS
    return nlp


def tag_of(nlp: Language, word: str) -> str:
    tag: str = nlp(Doc(nlp.vocab, words=[word]))[0].tag_
    return tag


# Static vectors

NOUN, VERB = np.eye(2, 8, dtype="f")


def make_with_vectors(attr: str = "ORTH") -> Language:
    nlp = spacy.blank("en")
    data = np.array([NOUN, NOUN * 0.9, VERB, VERB * 0.9], dtype="f")
    nlp.vocab.vectors = Vectors(data=data, keys=WORDS, attr=attr, strings=nlp.vocab.strings)
    return make(nlp, include_static_vectors=True)


def set_by_vocab(nlp: Language, word: str) -> None:
    nlp.vocab.set_vector(word, VERB)


def set_by_lexeme(nlp: Language, word: str) -> None:
    nlp.vocab[word].vector = VERB


def set_in_place(nlp: Language, word: str) -> None:
    vectors = nlp.vocab.vectors
    vectors.data[vectors.key2row[nlp.vocab.strings[word]]] = VERB


def set_row(nlp: Language, word: str) -> None:
    nlp.vocab.vectors.add(word, row=2)


def resize(nlp: Language, word: str) -> None:
    nlp.vocab.vectors.resize((50, 8))
    nlp.vocab.set_vector(word, VERB)


def replace(nlp: Language, word: str) -> None:
    nlp.vocab.vectors = Vectors(data=np.array([VERB]), keys=[word], attr="ORTH", strings=nlp.vocab.strings)


@pytest.mark.parametrize("change", [set_by_vocab, set_by_lexeme, set_in_place, set_row, resize, replace])
def test_a_changed_vector(change: Callable[[Language, str], None]) -> None:
    nlp = make_with_vectors()
    change(nlp, "cat")
    assert tag_of(nlp, "cat") == "V"


def test_a_vector_for_a_word_that_had_none() -> None:
    nlp = make_with_vectors()
    before = nlp.get_pipe("lstm_tagger").model.predict([Doc(nlp.vocab, words=["mouse"])])[0]
    for vector, tag in ((NOUN, "N"), (VERB, "V"), (NOUN, "N")):
        nlp.vocab.set_vector("mouse", vector)
        assert tag_of(nlp, "mouse") == tag
    nlp.vocab.set_vector("mouse", np.zeros(8, dtype="f"))
    after = nlp.get_pipe("lstm_tagger").model.predict([Doc(nlp.vocab, words=["mouse"])])[0]
    np.testing.assert_allclose(after, before, atol=1e-6)


def test_vectors_of_an_attribute_of_the_token() -> None:
    """As `spacy.StaticVectors.v2` looks them up: by the token's attribute, whoever set it."""
    nlp = make_with_vectors("NORM")
    doc = Doc(nlp.vocab, words=["feline"])
    doc[0].norm_ = "runs"
    assert nlp(doc)[0].tag_ == "V"
    doc = Doc(nlp.vocab, words=["feline"])
    doc[0].norm_ = "dog"
    assert nlp(doc)[0].tag_ == "N"


# Attributes of lexemes and tokens


@pytest.mark.parametrize("attr", ["NORM", "LOWER", "PREFIX", "SUFFIX", "SHAPE"])
def test_a_changed_attribute_of_a_lexeme(attr: str) -> None:
    nlp = make(attrs=["ORTH"], widths=[8])  # predicts by ORTH, so that the test can tell
    table = FeatureTable([attr])
    docs = [Doc(nlp.vocab, words=[word]) for word in WORDS]
    table.fit(docs)
    before = table.look_up(table.read_types(docs[:1]).types, nlp.vocab).rows
    setattr(nlp.vocab["cat"], f"{attr.lower()}_", "new")
    for find in (table.look_up, table):
        assert find(table.read_types(docs[:1]).types, nlp.vocab).rows.tolist() == [[0]]
    assert before.tolist() != [[0]]


@pytest.mark.parametrize("attr", ["NORM", "LOWER"])
def test_predictions_notice_a_changed_attribute(attr: str) -> None:
    nlp = make(attrs=[attr], widths=[8])
    setattr(nlp.vocab["cat"], f"{attr.lower()}_", "runs")
    assert tag_of(nlp, "cat") == "V"
    setattr(nlp.vocab["cat"], f"{attr.lower()}_", "dog")
    assert tag_of(nlp, "cat") == "N"


def test_affixes_are_those_of_the_lowercase_form() -> None:
    nlp = make(suffix_lengths=[4])
    nlp.vocab["cat"].lower_ = "xruns"
    assert tag_of(nlp, "cat") == "V"


def test_norms_of_the_tokenizer_are_seen() -> None:
    """ "n't" has the norm "not" only as part of a word that the tokenizer knows."""
    nlp = make(attrs=["NORM"], widths=[8], extra=("not", "R"))
    doc = nlp("don't")
    assert (doc[1].text, doc[1].norm_, doc[1].tag_) == ("n't", "not", "R")
    assert Doc(nlp.vocab, words=["n't"])[0].norm_ != "not"


@Language.component("normalize_slang")
def normalize_slang(doc: Doc) -> Doc:
    for token in doc:
        if token.text == "kitteh":
            token.norm_ = "cat"
        elif token.text == "zzz":
            token.norm_ = "sleeps"
    return doc


def test_components_that_normalize_tokens_have_an_effect() -> None:
    nlp = make(attrs=["NORM"], widths=[8])
    nlp.add_pipe("normalize_slang", first=True)
    docs = [nlp(Doc(nlp.vocab, words=[word])) for word in ("kitteh", "zzz")]
    assert tags_of(docs) == [["N"], ["V"]]


def test_one_word_of_two_norms_in_one_document() -> None:
    nlp = make(attrs=["NORM"], widths=[8])
    scores = []
    for norms in (["cat", "runs", "cat"], ["runs", "cat", "cat"]):
        doc = Doc(nlp.vocab, words=["x", "x", "x"])
        for token, norm in zip(doc, norms, strict=True):
            token.norm_ = norm
        words = Doc(nlp.vocab, words=norms)
        assert doc.to_array(NORM).tolist() == words.to_array(NORM).tolist()
        expected, found = nlp.get_pipe("lstm_tagger").model.predict([words, doc])
        np.testing.assert_allclose(found, expected, atol=1e-5)
        scores.append(found)
    assert np.abs(scores[0] - scores[1]).max() > 0.01


def test_training_sees_norms() -> None:
    """Two tokens of one word are learned apart."""
    nlp = make_pipeline(tok2vec={"embed": {**EMBED, **PARTS, "attrs": ["NORM"], "widths": [8]}})
    examples = []
    for norm, tag in (("cat", "N"), ("runs", "V")):
        doc = Doc(nlp.vocab, words=["x"])
        doc[0].norm_ = norm
        examples.append(Example(doc, Doc(nlp.vocab, words=["x"], tags=[tag])))
    assert train(nlp, examples, steps=150)["lstm_tagger"] < 0.1
    assert tags_of([nlp(example.predicted) for example in examples]) == [["N"], ["V"]]


# Unicode normalization

letters = st.characters(codec="utf-8", categories=["L", "M", "N", "P"])


def features_of(table: FeatureTable, word: str, vocab: Any) -> Any:
    doc = Doc(vocab, words=[word])
    found = table(table.read_types([doc]).types, vocab)
    return found.rows.tolist(), found.characters.tolist(), found.vectors.tolist(), found.is_read.tolist()


@example(word="é")
@example(word="한국")
@example(word="ﬁn")
@example(word="Ệ")
@given(word=st.text(letters, min_size=1, max_size=8))
def test_features_of_equivalent_words_are_the_same(word: str) -> None:
    nlp = spacy.blank("xx")
    attrs = ["ORTH", "LOWER", "NORM", "PREFIX", "SUFFIX", "SHAPE"]
    composed = unicodedata.normalize("NFC", word)
    nlp.vocab.set_vector(composed, np.ones(3, dtype="f"))
    for form, others in (("NFC", ["NFC", "NFD"]), ("NFKC", ["NFC", "NFD", "NFKC", "NFKD"])):
        table = FeatureTable(
            attrs,
            prefix_lengths=[2],
            suffix_lengths=[2],
            max_bytes=16,
            static_vectors=True,
            normalization=form,
        )
        expected = features_of(table, unicodedata.normalize(form, word), nlp.vocab)
        for other in others:
            assert features_of(table, unicodedata.normalize(other, word), nlp.vocab) == expected
        plain = FeatureTable(
            attrs, prefix_lengths=[2], suffix_lengths=[2], max_bytes=16, static_vectors=True
        )
        assert features_of(plain, unicodedata.normalize(form, word), nlp.vocab) == expected


FRENCH = [("élève été", ["N", "V"]), ("été élevé", ["V", "J"])]


def decompose(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def test_decomposed_text_gets_the_tags_of_composed_text(tmp_path: Path) -> None:
    def make_french(normalization: str | None) -> Language:
        nlp = make_pipeline(tok2vec={"embed": {**EMBED, "normalization": normalization}})
        docs = [(Doc(nlp.vocab, words=text.split()), tags) for text, tags in FRENCH]
        train(nlp, [Example(doc, Doc(nlp.vocab, [t.text for t in doc], tags=tags)) for doc, tags in docs])
        return nlp

    def scores(nlp: Language, text: str) -> Any:
        return nlp.get_pipe("lstm_tagger").model.predict([Doc(nlp.vocab, words=text.split())])[0]

    nlp = make_french("NFC")
    for text, tags in FRENCH:
        doc = nlp(Doc(nlp.vocab, words=decompose(text).split()))
        assert [token.tag_ for token in doc] == tags
        assert [token.text for token in doc] == decompose(text).split(), "the text stays"
        np.testing.assert_allclose(scores(nlp, decompose(text)), scores(nlp, text), atol=1e-5)
    plain = make_french(None)
    assert np.abs(scores(plain, decompose("élève")) - scores(plain, "élève")).max() > 0.01
    plain.to_disk(tmp_path)
    config = {"components.lstm_tagger.model.tok2vec.embed.normalization": "NFC"}
    loaded = spacy.load(tmp_path, config=config)
    np.testing.assert_allclose(scores(loaded, decompose("élève")), scores(plain, "élève"), atol=1e-5)


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(ValueError, match=r"L001.*'normalization': 'nfc'.*\"NFKC\".*WordEmbedding"):
        EmbeddingSettings(normalization="nfc")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"(?s)WordEmbedding.*normalization.*NFKC"):
        make_pipeline(tok2vec={"embed": {**EMBED, "normalization": "nfc"}})
