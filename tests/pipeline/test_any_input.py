"""Whatever a text or document holds, every token gets a tag and nothing else changes."""

import tempfile
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pytest
import spacy
from helpers import (
    CRF,
    SOFTMAX,
    TRAIN,
    TRAIN_TEXTS,
    make_docs,
    make_examples,
    make_pipeline,
    tag,
    tags_of,
    train,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from thinc.api import Adam

Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]

ATTRS = [
    *["ORTH", "SPACY", "NORM", "LEMMA", "POS", "MORPH", "HEAD", "DEP", "SENT_START"],
    *["ENT_IOB", "ENT_TYPE", "ENT_ID", "ENT_KB_ID"],
]
WHITE = " \t\n\r\v\f\x1c\x85\xa0\u2003\u2028\u3000"
ODD = (
    "\0\x01\x1b\x7f"  # control characters
    "\u200b\u200d\u200e\u202e\u2066\ufeff"  # zero width, direction of writing
    "\u0301\u0345\u20e3\ufe0f"  # what combines with the character before it
    "אب漢ıİßﬁΩ🙂🏽"
    "\ue000\uffff\U0001d518\U0002070e\U000e0041\U000f0000\U0010ffff"  # other planes, private, no characters
)
EMBED = {"attrs": ["LOWER", "NORM", "SHAPE", "PREFIX"], "widths": [4, 4, 4, 4]}
SMALL = {"embed": {**EMBED, "prefix_lengths": [], "suffix_lengths": []}, "encode": {"width": 8}}

# Texts and documents

texts = st.one_of(
    st.text(max_size=20),
    st.text(alphabet=WHITE, max_size=4),
    st.text(alphabet=ODD + WHITE + "aB.", max_size=12),
    st.sampled_from(TRAIN_TEXTS),
)
words = st.one_of(
    st.text(min_size=1, max_size=8),
    st.text(alphabet=ODD + WHITE, min_size=1, max_size=4),
    st.sampled_from(" ".join(TRAIN_TEXTS).split()),
)
NLP = spacy.blank("xx")
OTHER_VOCAB = spacy.blank("xx").vocab


def cut_out(doc: Doc, draw: Draw) -> Doc:
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(doc))] * 2)))
    return doc[start:end].as_doc(copy_user_data=True)


def merge(doc: Doc, draw: Draw) -> Doc:
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(doc))] * 2)))
    with doc.retokenize() as retokenizer:
        if end - start > 1:
            retokenizer.merge(doc[start:end])
    return doc


def split(doc: Doc, draw: Draw) -> Doc:
    long = [token for token in doc if len(token) > 1]
    if long:
        token = draw(st.sampled_from(long))
        with doc.retokenize() as retokenizer:
            retokenizer.split(token, [token.text[:1], token.text[1:]], heads=[(token, 1), (token, 0)])
    return doc


def store(doc: Doc, draw: Draw) -> Doc:
    (stored,) = DocBin(docs=[doc], store_user_data=True).get_docs(NLP.vocab)
    return stored


def join(doc: Doc, draw: Draw) -> Doc:
    return Doc.from_docs([doc, doc.copy()])


def write_and_read(doc: Doc, draw: Draw) -> Doc:
    return Doc(NLP.vocab).from_bytes(doc.to_bytes())


@st.composite
def documents(draw: Draw) -> Doc:
    """Documents as users have them: from texts or words, annotated or not, and changed by spaCy."""
    vocab = draw(st.sampled_from([NLP.vocab, NLP.vocab, OTHER_VOCAB]))
    if draw(st.booleans()):
        doc = NLP.make_doc(draw(texts))
    else:
        tokens = draw(st.lists(st.tuples(words, st.booleans()), max_size=6))
        doc = Doc(vocab, [word for word, _ in tokens], [space for _, space in tokens])
    for token in doc:
        token.tag_ = draw(st.sampled_from(["", "", "", "N", "X"]))
        token.lemma_ = draw(st.sampled_from(["", "lemma"]))
        if draw(st.booleans()):
            doc.user_data["._.", "note", token.idx, None] = token.i  # as a custom extension's value is
    changes = draw(
        st.lists(st.sampled_from([cut_out, merge, split, store, join, write_and_read]), max_size=2)
    )
    for change in changes:
        doc = change(doc, draw)
    return doc


# What must hold


def describe(doc: Doc) -> tuple[Any, ...]:
    """RETURNS (Tuple): All that a document holds except tags and the tagger's confidences."""
    ours = {"tag_posteriors", "tag_score_labels", "tag_n_best"}
    user_data = {key: value for key, value in doc.user_data.items() if key[1] not in ours}
    spans = [(span.start, span.end, span.label_) for group in doc.spans.values() for span in group]
    return doc.text, doc.to_array(ATTRS).tolist(), user_data, spans, doc.cats


def make(decoder: dict[str, Any], **config: Any) -> Language:
    return make_pipeline(decoder, SMALL, Language(NLP.vocab), **config)


@pytest.fixture(scope="module", params=[SOFTMAX, CRF], ids=["Softmax", "CRF"])
def trained(request: pytest.FixtureRequest) -> Language:
    nlp = make(request.param, store_scores=True, n_best=2)
    train(nlp, make_examples(nlp), optimizer=Adam(0.02))
    return nlp


@given(st.lists(documents(), max_size=4), st.booleans())
def test_every_token_gets_a_tag_and_nothing_else_changes(
    trained: Language, docs: list[Doc], overwrite: bool
) -> None:
    tagger = trained.get_pipe("lstm_tagger")
    tagger.cfg["overwrite"] = overwrite
    before, present = [describe(doc) for doc in docs], tags_of(docs)
    alone = [tagger(doc.copy()) for doc in docs]
    together = list(trained.pipe(docs))
    assert [describe(doc) for doc in together] == before
    assert tags_of(together) == tags_of(alone)
    predicted = [[tagger.labels[i] for i in tag_ids] for tag_ids in tagger.predict(docs)]
    for doc, single, tags, old in zip(together, alone, predicted, present, strict=True):
        kept = [tag if tag and not overwrite else new for tag, new in zip(old, tags, strict=True)]
        assert [token.tag_ for token in doc] == kept
        np.testing.assert_allclose(doc._.tag_scores, single._.tag_scores, atol=1e-4)
        np.testing.assert_allclose([sum(row) for row in doc._.tag_scores], 1.0, atol=1e-4)
        assert doc._.tag_n_best[0][0] == tags
        log_probs = [[log_prob for _, log_prob in found._.tag_n_best] for found in (doc, single)]
        np.testing.assert_allclose(*log_probs, atol=1e-3)


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(documents(), max_size=4), st.sampled_from([SOFTMAX, CRF]))
def test_training_and_saving(docs: list[Doc], decoder: dict[str, Any]) -> None:
    """Tags that are set are learned; others are missing."""
    nlp = make(decoder)
    examples = [Example(doc.copy(), doc) for doc in docs] + make_examples(nlp)
    train(nlp, examples, 2, Adam(0.02))
    tagger = nlp.get_pipe("lstm_tagger")
    assert set(tagger.labels) == {tag for eg in examples for tag in tags_of([eg.reference])[0] if tag}
    expected = [tag_ids.tolist() for tag_ids in tagger.predict(docs)]
    from_bytes, from_disk = (make(decoder).get_pipe("lstm_tagger") for _ in range(2))
    from_bytes.from_bytes(tagger.to_bytes())
    with tempfile.TemporaryDirectory() as folder:
        tagger.to_disk(folder)
        from_disk.from_disk(folder)
    for loaded in (from_bytes, from_disk):
        assert loaded.labels == tagger.labels
        assert [tag_ids.tolist() for tag_ids in loaded.predict(docs)] == expected


def test_documents_of_several_vocabs() -> None:
    """As with spaCy's tagger: each of them may hold words and tags that no other knows."""
    nlp = make(SOFTMAX)
    vocabs = [nlp.vocab, *(spacy.blank("xx").vocab for _ in range(2))]
    examples = [
        Example.from_dict(Doc(vocab, words=[f"word{i}", "eggs"]), {"tags": [f"TAG{i}", "EGGS"]})
        for i, vocab in enumerate(vocabs)
    ]
    train(nlp, examples, optimizer=Adam(0.02))
    assert nlp.get_pipe("lstm_tagger").labels == ("EGGS", "TAG0", "TAG1", "TAG2")
    expected = [["TAG0", "EGGS"], ["TAG1", "EGGS"], ["TAG2", "EGGS"], ["TAG2", "EGGS"]]
    new = spacy.blank("xx").vocab
    docs = [Doc(vocab, words=[f"word{min(i, 2)}", "eggs"]) for i, vocab in enumerate([*vocabs, new])]
    assert tags_of(nlp.pipe(docs)) == expected
    unknown = [Doc(spacy.blank("xx").vocab, words=[f"never-seen-{i}", "eggs"]) for i in range(3)]
    assert [tags[1] for tags in tags_of(nlp.pipe(unknown))] == ["EGGS"] * 3


@pytest.mark.parametrize("text", ["\ud800", "eggs \udfff", "\udc80\ud800 ham"])
def test_lone_surrogates_are_refused_by_spacy(trained: Language, text: str) -> None:
    """They are not text. What was read before and what comes after gets its tags."""
    good = "I like green eggs"
    expected = tag(trained, [good])
    with pytest.raises(UnicodeEncodeError):
        trained(text)
    with pytest.raises(UnicodeEncodeError):
        list(trained.pipe([good, text, good]))
    assert tags_of(trained.pipe([good, good])) == expected * 2


# Very long


def test_a_document_of_100_000_words(trained: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    """Far from its ends, a text that repeats one sentence is read and tagged the same everywhere."""
    tagger = trained.get_pipe("lstm_tagger")
    monkeypatch.setitem(tagger.cfg, "n_best", 0)
    sentence = TRAIN_TEXTS[2].split()
    short, doc = (trained(Doc(trained.vocab, words=sentence * n)) for n in (40, 20_000))
    for values in (*tagger.model.predict([doc]), np.array(doc._.tag_scores)):
        inner = values[500:-500].reshape(-1, len(sentence), len(tagger.labels))
        assert np.ptp(inner, axis=0).max() < 1e-3
    assert tags_of([doc[:100], doc[-100:]]) == tags_of([short[:100], short[-100:]])
    assert tags_of([doc[100:-100]]) == [tags_of([short[100:105]])[0] * (20_000 - 40)]


def test_training_on_a_document_of_100_000_words() -> None:
    nlp = make(CRF)
    text, tags = TRAIN[2]
    train(nlp, make_examples(nlp, [(text.split() * 20_000, tags * 20_000)]), 1, Adam(0.02))


@pytest.mark.parametrize("decoder", [SOFTMAX, CRF], ids=["Softmax", "CRF"])
def test_a_word_of_100_000_characters(decoder: dict[str, Any]) -> None:
    nlp = make(decoder)
    long = "é" * 50_000 + "ß" * 50_000
    data = [([long, "eggs"], ["LONG", "N"]), (["green", "eggs"], ["J", "N"])]
    train(nlp, make_examples(nlp, data), optimizer=Adam(0.02))
    docs = make_docs([words for words, _ in data], nlp.vocab)
    assert tags_of(nlp.pipe(docs)) == [tags for _, tags in data]
    loaded = make(decoder).from_bytes(nlp.to_bytes())
    assert tag(loaded, [f"{long} eggs"]) == [["LONG", "N"]]
