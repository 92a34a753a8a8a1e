"""Content that nothing can be learned from is named, once, where it is read."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import spacy
from helpers import make_trained, save
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from spacy_lstm_tagger.corpora import create_corpus

ROOT = Path(__file__).parent.parent.parent


def row(number: int, form: str = "w", **columns: str) -> str:
    names = ("lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
    return "\t".join([str(number), form, *(columns.get(name, "_") for name in names)]) + "\n"


def make(*components: str) -> Language:
    nlp = spacy.blank("en")
    for component in components:
        nlp.add_pipe(component)
    return nlp


def find_warnings(path: Path, nlp: Language, epochs: int = 1, **settings: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        reader = create_corpus(path, **settings)
        for _ in range(epochs):
            list(reader(nlp))
    return [str(warning.message) for warning in caught]


def save_words(folder: Path, *tags: str, suffix: str = ".conllu") -> Path:
    """RETURNS (Path): A corpus of one sentence; "" is no tag."""
    words = [f"w{i}" for i in range(len(tags))]
    if suffix == ".spacy":
        path = folder / "corpus.spacy"
        DocBin(docs=[Doc(spacy.blank("en").vocab, words=words, tags=list(tags))]).to_disk(path)
        return path
    content = "".join(
        row(i, word, xpos=tag or "_") for i, (word, tag) in enumerate(zip(words, tags, strict=True), 1)
    )
    return save(folder, content, "corpus.conllu")


@pytest.mark.parametrize("suffix", [".conllu", ".spacy"])
@pytest.mark.parametrize(
    ("tags", "code"),
    [("AA", ""), ("A ", ""), ("A  ", "W031"), ("   ", "W030"), ("AB  ", "")],
)
@pytest.mark.parametrize("component", ["lstm_tagger", "tagger"])
def test_missing_tags(tmp_path: Path, suffix: str, tags: str, code: str, component: str) -> None:
    path = save_words(tmp_path, *(tag.strip() for tag in tags), suffix=suffix)
    found = find_warnings(path, make(component), epochs=3)
    assert [message[1:5] for message in found] == ([code] if code else [])
    if code == "W031":
        assert f"2 of the 3 words of {path} are not annotated with 'tag'" in found[0]


def test_what_no_component_learns_may_be_missing(tmp_path: Path) -> None:
    path = save_words(tmp_path, "", "")
    assert find_warnings(path, make()) == find_warnings(path, make("sentencizer")) == []
    assert len(find_warnings(path, make("parser", "trainable_lemmatizer", "morphologizer"))) == 3
    assert find_warnings(save(tmp_path, row(1, misc="NER=O"), "a.conllu"), make("ner")) == []


def test_tags_that_a_component_does_not_know(tmp_path: Path) -> None:
    """Nothing is unknown before it is initialized. Negative annotation is known."""
    nlp = make_trained(steps=1)
    path = save_words(tmp_path, "N", "NOUN", "VERB", "NOUN", "!V", "")
    [message] = find_warnings(path, nlp, epochs=2)
    assert message.startswith(f"[W032] 3 of the 6 words of {path} have tags that component 'lstm_tagger' ")
    assert "NOUN, VERB" in message
    assert find_warnings(path, make("lstm_tagger")) == []
    path = save_words(tmp_path, *["N"] * 199, "NEW")
    assert find_warnings(path, nlp) == [], "a few new tags are no reason to worry"


def test_treebanks_without_text(tmp_path: Path) -> None:
    path = save(tmp_path, row(1, "_", xpos="A") + row(2, "_", xpos="B"), "corpus.conllu")
    with pytest.raises(ValueError, match=rf"\[L360\] All 2 words of {path} are '_'"):
        list(create_corpus(path)(make("lstm_tagger")))
    path = save(tmp_path, row(1, "_", xpos="A") + row(2, "b", xpos="B"), "corpus.conllu")
    assert len(list(create_corpus(path)(make("lstm_tagger")))) == 1


@pytest.mark.parametrize("name", ["en/train.jsonl", "en/dev.jsonl"])
def test_the_corpora_of_the_project_are_clean(name: str) -> None:
    assert find_warnings(ROOT / "corpus" / name, make("lstm_tagger")) == []
