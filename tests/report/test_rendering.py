"""Tagged text as HTML: every word above its tag, escaped, colored by confidence."""

import sys
from html.parser import HTMLParser
from types import ModuleType

import pytest
from spacy.tokens import Doc

from spacy_lstm_tagger.report import render


class Elements(HTMLParser):
    """All elements with their attributes, and all text."""

    def __init__(self, html):
        super().__init__()
        self.found, self.text = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data.split()


def test_words_tags_and_confidences(nlp):
    doc = nlp("Eat blue ham")
    page = Elements(render(doc))
    assert page.text == [
        part for token in doc for part in (token.text, token.tag_, str(int(100 * token._.tag_score)))
    ]
    assert page.text[1::3] == ["V", "J", "N"]
    titles = [attributes["title"] for name, attributes in page.found if "title" in attributes]
    assert titles == [f"{100 * token._.tag_score:.1f}%" for token in doc]
    hues = [attributes["style"] for name, attributes in page.found if name == "small"]
    assert all(
        f"hsl({round(120 * token._.tag_score)}, " in hue for token, hue in zip(doc, hues, strict=True)
    )


def test_markup_in_words_and_tags_is_text(nlp):
    doc = Doc(nlp.vocab, words=["<script>alert(1)</script>", '"&'], tags=["<b>", "x"])
    page = Elements(render(doc))
    assert page.text == ["<script>alert(1)</script>", "<b>", '"&', "x"]
    assert {name for name, _ in page.found} == {"div", "span", "br", "small"}


def test_documents_without_confidences_are_gray(nlp):
    html = render([Doc(nlp.vocab, words=["a"], tags=["N"]), Doc(nlp.vocab, words=["b"])])
    assert html.count("<div") == 2
    assert html.count("#ddd") == 2
    assert "hsl" not in html


def test_part_of_a_document(nlp):
    assert Elements(render(nlp("Eat blue ham")[1:])).text[::3] == ["blue", "ham"]


def test_in_a_notebook_it_is_displayed(nlp, monkeypatch):
    shown = []
    fake = ModuleType("IPython.display")
    fake.HTML, fake.display = str, shown.append
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", fake)
    assert render(nlp("ham"), jupyter=True) is None
    assert Elements(shown[0]).text[:2] == ["ham", "N"]
    monkeypatch.setattr("spacy_lstm_tagger.report.rendering.is_in_jupyter", lambda: True)
    assert render(nlp("ham")) is None
    assert isinstance(render(nlp("ham"), jupyter=False), str)
    assert len(shown) == 2


@pytest.mark.parametrize("language", ["he", "en"])
def test_direction_is_that_of_the_language(language):
    import spacy

    doc = Doc(spacy.blank(language).vocab, words=["a"])
    assert f"direction: {'rtl' if language == 'he' else 'ltr'}" in render(doc)
