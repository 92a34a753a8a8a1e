"""spaCy's memory zones forget the strings and lexemes of a text; the cache stays right."""

import gc

import numpy as np
import pytest
from helpers import TRAIN, make_pipeline, make_trained
from spacy.language import Language
from spacy.lexeme import Lexeme
from spacy.tokens import Doc, Span, Token

CACHE_SIZE = 12


def make() -> Language:
    return make_pipeline(tok2vec={"cache_size": CACHE_SIZE, "encode": {"width": 8}})


@pytest.fixture(scope="module")
def data() -> bytes:
    return make_trained(data=TRAIN[:2], steps=20, tok2vec={"encode": {"width": 8}}).to_bytes()


def make_texts(number: int) -> list[str]:
    """Most of these words are new with each number, some are repeated, and some were trained on."""
    return [f"I like Zürich{number}x{i % 9} gr{number % 2}{i}een eggs" for i in range(6)]


def read(nlp: Language, texts: list[str]) -> list[list[list[float]]]:
    tagger = nlp.get_pipe("lstm_tagger")
    docs = list(nlp.pipe(texts))
    assert all(token.tag_ in tagger.labels for doc in docs for token in doc)
    return [scores.tolist() for scores in tagger.model.predict(docs)]


def count_cached(nlp: Language) -> int:
    tok2vec = nlp.get_pipe("lstm_tagger").model.get_ref("tok2vec")
    return len(tok2vec.shims[0].derived["predictor"].cache)


def test_predictions_within_zones_and_between_them(data: bytes) -> None:
    nlp, plain = make().from_bytes(data), make().from_bytes(data)
    n_strings = []
    for number in (0, 1, 2, 0, 3, 1):
        expected = read(plain, make_texts(number))
        with nlp.memory_zone():
            within = read(nlp, make_texts(number))
        n_strings.append(len(nlp.vocab.strings))
        for found, scores in zip(within, expected, strict=True):
            np.testing.assert_allclose(found, scores, atol=1e-4)
        assert count_cached(nlp) <= CACHE_SIZE
    assert len(set(n_strings)) == 1, "strings outlive their zone"
    for found, scores in zip(read(nlp, make_texts(3)), read(plain, make_texts(3)), strict=True):
        np.testing.assert_allclose(found, scores, atol=1e-4)


def test_nothing_of_a_document_is_kept(data: bytes) -> None:
    nlp = make().from_bytes(data)

    def count() -> int:
        gc.collect()
        return sum(type(thing) in (Doc, Span, Token, Lexeme) for thing in gc.get_objects())

    read(nlp, make_texts(0))
    before = count()
    for number in range(1, 4):
        read(nlp, make_texts(number))
        with nlp.memory_zone():
            read(nlp, make_texts(number))
        nlp(make_texts(number)[0])
    assert count() == before
    docs = list(nlp.pipe(make_texts(5)))
    assert count() >= before + len(docs), "documents that are held are counted"
