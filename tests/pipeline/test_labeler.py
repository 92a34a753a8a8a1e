"""The seam between a labeler and its annotation: another annotation is a few lines."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import spacy
from helpers import CRF, SOFTMAX, TRAIN, make_examples, make_pipeline, train
from spacy.lang.en import English
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Model

from spacy_lstm_tagger import DEFAULT_MODEL, LSTMTagger, SequenceLabeler
from spacy_lstm_tagger.models import decoder, tagger, tok2vec
from spacy_lstm_tagger.models.shim import get_shim

TYPES = [
    ("Ann flew to Rome", ["PERSON", "", "", "CITY"]),
    ("Rome saw Ann", ["CITY", "", "PERSON"]),
    ("Bob saw Oslo", ["PERSON", "", "CITY"]),
]


class EntityTyper(SequenceLabeler):
    """Writes `token.ent_type`; "-" stands for a word that is not part of an entity."""

    annotation = "ent_type"

    def read_labels(self, doc: Doc | Span) -> Any:
        strings = doc.vocab.strings
        return np.array([strings.add(token.ent_type_ or "-") for token in doc], dtype=np.uint64)

    def write_labels(self, docs: Sequence[Doc], label_ids: Sequence[Any]) -> None:
        for doc, ids in zip(docs, label_ids, strict=True):
            for token, label in zip(doc, ids, strict=True):
                token.ent_type_ = self.labels[label].strip("-")


@Language.factory("entity_typer", default_config={"model": DEFAULT_MODEL, "store_scores": False})
def make_entity_typer(nlp: Language, name: str, model: Model, store_scores: bool) -> EntityTyper:
    return EntityTyper(nlp.vocab, model, name, store_scores=store_scores)


def make_typed(nlp: Language) -> list[Example]:
    examples = []
    for text, types in TYPES:
        gold = nlp.make_doc(text)
        for token, entity_type in zip(gold, types, strict=True):
            token.ent_type_ = entity_type
        examples.append(Example(nlp.make_doc(text), gold))
    return examples


def get_types(nlp: Language) -> list[list[str]]:
    return [[token.ent_type_ for token in nlp(text)] for text, _ in TYPES]


@pytest.fixture(scope="module")
def typer() -> Language:
    nlp = English()
    nlp.add_pipe("entity_typer", config={"store_scores": True})
    examples = make_typed(nlp)
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(30):
        nlp.update(examples, sgd=optimizer)
    return nlp


def test_another_annotation_is_learned(typer: Language) -> None:
    assert typer.get_pipe("entity_typer").labels == ("-", "CITY", "PERSON")
    assert get_types(typer) == [types for _, types in TYPES]


def test_its_confidence_has_its_own_name(typer: Language) -> None:
    doc = typer("Ann saw Rome")
    labels = typer.get_pipe("entity_typer").labels
    for token, scores in zip(doc, doc._.ent_type_scores, strict=True):
        assert token._.ent_type_score == scores[labels.index(token.ent_type_ or "-")]
    assert not Doc.has_extension("tag_scores") or doc._.tag_scores is None


def test_it_is_saved_calibrated_and_rehearsed(typer: Language, tmp_path: Any) -> None:
    typer.to_disk(tmp_path)
    other = spacy.load(tmp_path)
    assert get_types(other) == get_types(typer)
    assert other.get_pipe("entity_typer").calibrate(make_typed(other)) != 1.0
    optimizer = other.resume_training()
    assert other.rehearse(make_typed(other), sgd=optimizer)["entity_typer"] >= 0
    assert get_types(other) == get_types(typer)


def test_two_labelers_write_side_by_side(typer: Language) -> None:
    """Over one document: each reads its own gold labels, and writes its own annotation."""
    nlp = English()
    nlp.add_pipe("lstm_tagger")
    nlp.add_pipe("entity_typer")
    examples = make_typed(nlp)
    for example in examples:
        for token in example.reference:
            token.tag_ = "N" if token.text.istitle() else "V"
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(30):
        nlp.update(examples, sgd=optimizer)
    assert get_types(nlp) == [types for _, types in TYPES]
    assert [token.tag_ for token in nlp("Bob saw Oslo")] == ["N", "V", "N"]


# What crosses the border between lists and flat arrays


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({}, 0),
        ({"tok2vec": {"@architectures": "spacy-lstm-tagger.Ensemble.v1", "members": 2}}, 0),
        ({"tok2vec": {"@architectures": "spacy.Tok2VecListener.v1", "width": 96}}, 2),
    ],
    ids=["LSTM", "Ensemble", "Listener"],
)
def test_an_update_converts_only_what_a_listener_needs(
    monkeypatch: pytest.MonkeyPatch, model: dict[str, Any], expected: int
) -> None:
    """A listener gets and gives lists: its vectors are joined, and their gradient is split."""
    nlp = English()
    if "width" in model.get("tok2vec", {}):
        nlp.add_pipe("tok2vec")
    elif model:
        model["tok2vec"]["member"] = DEFAULT_MODEL["tok2vec"]
    component = nlp.add_pipe("lstm_tagger", config={"model": model})
    examples = [Example.from_dict(nlp.make_doc("a b"), {"tags": ["A", "B"]}) for _ in range(3)]
    optimizer = nlp.initialize(lambda: examples)
    calls = []
    for module in (decoder, tagger, tok2vec):
        for name in ("join", "split"):
            original = getattr(module, name)
            monkeypatch.setattr(module, name, lambda x, f=original, n=name: calls.append(n) or f(x))
    before = component.model.to_bytes()
    nlp.update(examples, sgd=optimizer)
    assert component.model.to_bytes() != before
    assert len(calls) == expected, calls


def test_get_loss_accumulates_nothing() -> None:
    """The transitions of a CRF learn in `update`; asking for the loss changes nothing."""
    nlp = make_pipeline(CRF)
    component = nlp.get_pipe("lstm_tagger")
    examples = make_examples(nlp, [("a b", ["A", "B"])])
    nlp.initialize(lambda: examples)
    network = get_shim(component.model.get_ref("decoder")).module
    scores, _ = component.model.begin_update([example.predicted for example in examples])
    loss, gradients = component.get_loss(examples, scores)
    assert loss == pytest.approx(sum(float((gradient**2).sum()) for gradient in gradients))
    assert all(parameter.grad is None for parameter in network.parameters())
    losses = component.update(examples)
    assert losses["lstm_tagger"] == pytest.approx(loss)
    assert network.crf.transitions.grad.abs().max() > 0.1


@pytest.mark.parametrize("decoder", [CRF, SOFTMAX])
def test_thousands_of_labels_are_worth_a_warning_if_the_decoder_compares_them(decoder: Any) -> None:
    nlp = make_pipeline(decoder)
    for i in range(1001):
        nlp.get_pipe("lstm_tagger").add_label(f"L{i}")
    examples = make_examples(nlp, [("a", ["L1"])])
    if decoder is SOFTMAX:
        nlp.initialize(lambda: examples)
        return
    with pytest.warns(UserWarning, match=r"\[W010\].*'lstm_tagger' has 1001 labels.*CRF"):
        nlp.initialize(lambda: examples)


# spaCy's own expectation


@pytest.mark.filterwarnings("ignore:.*W013")  # four of the seven words
@pytest.mark.parametrize("seed", range(12))
def test_incomplete_annotation_is_generalized(seed: int) -> None:
    """spaCy's `test_incomplete_data`: a word that never had a tag gets that of its context."""
    spacy.util.fix_random_seed(seed)
    nlp = make_pipeline()
    data = [("I like green eggs", ["", "V", "J", ""]), ("Eat blue ham", ["V", "", ""])]
    losses = train(nlp, make_examples(nlp, data), steps=50)
    assert losses["lstm_tagger"] < 0.00001
    assert [token.tag_ for token in nlp("I like blue eggs")][1:3] == ["V", "J"]


@pytest.mark.parametrize("seed", range(12))
def test_a_few_updates_overfit(seed: int) -> None:
    """spaCy's `test_overfitting_IO`: fifty updates with spaCy's default optimizer suffice."""
    spacy.util.fix_random_seed(seed)
    nlp = make_pipeline()
    losses = train(nlp, make_examples(nlp, TRAIN[:2]), steps=50)
    assert losses["lstm_tagger"] < 0.00001
    assert [token.tag_ for token in nlp("I like blue eggs")] == ["N", "V", "J", "N"]


def test_a_tagger_is_a_labeler() -> None:
    assert isinstance(English().add_pipe("lstm_tagger"), LSTMTagger)
    assert issubclass(LSTMTagger, SequenceLabeler)
