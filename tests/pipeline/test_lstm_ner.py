"""Entities: partial and negative annotation, entities that are set, scores of spans."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Adam

from spacy_lstm_tagger.networks import CRFDecoder, SoftmaxDecoder
from spacy_lstm_tagger.networks.decoder import Path
from spacy_lstm_tagger.pipeline.entity_labels import EntityCodes, find_starts, read_biluo, read_entities
from spacy_lstm_tagger.schemes import find_spans, is_valid

TRAIN = [
    (["Anna", "lives", "in", "New", "York"], ["U-PER", "O", "O", "B-LOC", "L-LOC"]),
    (["Mary", "Ann", "Smith", "saw", "Paris"], ["B-PER", "I-PER", "L-PER", "O", "U-LOC"]),
    (["We", "like", "green", "eggs"], ["O", "O", "O", "O"]),
]
VALID = ["O", "B-A", "I-A", "L-A", "U-A", "B-B", "I-B", "L-B", "U-B"]


def make(**config: Any) -> Language:
    nlp = spacy.blank("en")
    encode = {"@architectures": "spacy-lstm-tagger.LSTM.v1", "width": 16}
    nlp.add_pipe("lstm_ner", config={"model": {"tok2vec": {"encode": encode}}, **config})
    return nlp


def make_examples(nlp: Language, data: list[tuple[list[str], list[str]]] = TRAIN) -> list[Example]:
    return [
        Example.from_dict(Doc(nlp.vocab, words), {"words": words, "entities": entities})
        for words, entities in data
    ]


def learn(nlp: Language, examples: list[Example], steps: int = 80) -> Language:
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(steps):
        nlp.update(examples, sgd=optimizer)
    return nlp


def get_entities(doc: Doc) -> list[tuple[int, int, str]]:
    return [(ent.start, ent.end, ent.label_) for ent in doc.ents]


def read(nlp: Language, words: list[str]) -> list[tuple[int, int, str]]:
    return get_entities(nlp(Doc(nlp.vocab, words)))


@pytest.fixture(scope="module")
def trained() -> Language:
    nlp = make(store_scores=True)
    return learn(nlp, make_examples(nlp))


@st.composite
def labels(draw: st.DrawFn) -> list[str]:
    """RETURNS (List[str]): A valid sequence of BILUO labels; adjacent entities of a type occur."""
    found: list[str] = []
    for kind, length in draw(
        st.lists(st.tuples(st.sampled_from("OAB-"), st.integers(1, 4)), min_size=1, max_size=6)
    ):
        prefixes = "U" if length == 1 else "B" + "I" * (length - 2) + "L"
        found += [kind if kind in "O-" else f"{prefix}-{kind}" for prefix in prefixes]
    return found


@given(labels())
def test_biluo_labels_are_those_of_the_entities(expected: list[str]) -> None:
    nlp = spacy.blank("en")
    words = ["w"] * len(expected)
    doc = Example.from_dict(Doc(nlp.vocab, words), {"words": words, "entities": expected}).reference
    found = [nlp.vocab.strings[label] or "-" for label in read_biluo(doc).tolist()]
    assert found == expected
    for start in range(len(doc)):  # read from a span, whose end may be inside an entity
        part = read_biluo(doc[start : start + 2]).tolist()
        assert [nlp.vocab.strings[label] or "-" for label in part] == expected[start : start + 2]


@given(st.lists(st.sampled_from(VALID), max_size=8))
def test_any_sequence_of_labels_is_written_as_the_spans_that_it_means(sequence: list[str]) -> None:
    nlp = spacy.blank("en")
    doc = Doc(nlp.vocab, ["w"] * len(sequence))
    codes = EntityCodes(VALID)
    if sequence:
        label_ids = np.array([VALID.index(label) for label in sequence])
        doc.from_array(
            ["ENT_IOB", "ENT_TYPE"], codes.decode(label_ids, np.array([len(doc)]), nlp.vocab.strings)
        )
    assert get_entities(doc) == [(start, end, label) for label, start, end in find_spans(sequence)]
    starts, ends = find_starts(read_entities(doc))
    assert [(*pair,) for pair in zip(starts.tolist(), ends.tolist(), strict=True)] == [
        (ent.start, ent.end) for ent in doc.ents
    ]


def test_labels_are_types(trained: Language) -> None:
    component = trained.get_pipe("lstm_ner")
    assert component.labels == ("LOC", "PER")
    assert set(component.outputs) == {"O", *(f"{p}-{t}" for p in "BILU" for t in ("PER", "LOC"))}
    nlp = make()
    assert nlp.get_pipe("lstm_ner").add_label("ORG") == 1
    assert nlp.get_pipe("lstm_ner").add_label("ORG") == 0
    assert nlp.pipe_labels["lstm_ner"] == ["ORG"]


def test_every_prediction_is_valid(trained: Language) -> None:
    """Also those of an untrained model, whose scores say nothing."""
    nlp = make()
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    for pipeline in (trained, nlp):
        component = pipeline.get_pipe("lstm_ner")
        docs = [Doc(pipeline.vocab, ["York", "Smith", "Ann", word, "New"]) for word in "abcdefgh"]
        for label_ids in component.predict(docs):
            assert is_valid([component.outputs[label] for label in label_ids], "biluo")


def test_scores_are_those_of_spacy(trained: Language) -> None:
    scores = trained.evaluate(make_examples(trained))
    assert (scores["ents_p"], scores["ents_r"], scores["ents_f"]) == (1.0, 1.0, 1.0)
    assert set(scores["ents_per_type"]) == {"PER", "LOC"}


@pytest.mark.parametrize("overwrite", [False, True])
def test_entities_that_are_set(overwrite: bool, trained: Language) -> None:
    nlp = make(overwrite=overwrite, store_scores=True)
    nlp.get_pipe("lstm_ner").from_bytes(trained.get_pipe("lstm_ner").to_bytes())
    nlp.get_pipe("lstm_ner").cfg["overwrite"] = overwrite
    doc = Doc(nlp.vocab, TRAIN[1][0])
    doc.ents = [Span(doc, 1, 2, "OTHER", kb_id="Q1")]
    nlp(doc)
    if overwrite:
        assert get_entities(doc) == [(0, 3, "PER"), (4, 5, "LOC")]
        assert doc.ents[0].kb_id == 0
    else:
        found = get_entities(doc)
        assert (1, 2, "OTHER") in found
        assert (4, 5, "LOC") in found
        kept = next(ent for ent in doc.ents if ent.label_ == "OTHER")
        assert (kept.kb_id_, kept._.score) == ("Q1", None)


@pytest.mark.parametrize("overwrite", [False, True])
def test_blocked_tokens_stay_outside(overwrite: bool, trained: Language) -> None:
    nlp = make()
    nlp.get_pipe("lstm_ner").from_bytes(trained.get_pipe("lstm_ner").to_bytes())
    nlp.get_pipe("lstm_ner").cfg["overwrite"] = overwrite
    doc = Doc(nlp.vocab, TRAIN[0][0])
    doc.set_ents([], blocked=[doc[0:1]], default="missing")
    assert get_entities(nlp(doc)) == [(3, 5, "LOC")]


def test_tokens_that_were_outside_are_predicted_again(trained: Language) -> None:
    doc = Doc(trained.vocab, TRAIN[0][0])
    doc.ents = []
    assert get_entities(trained(doc)) == [(0, 1, "PER"), (3, 5, "LOC")]


def test_partial_annotation_is_learned_and_says_nothing_about_the_rest() -> None:
    nlp = make()
    partial = [
        (words, [label if (label == "O") == is_outside else "-" for label in entities])
        for words, entities in TRAIN
        for is_outside in (False, True)
    ]
    learn(nlp, make_examples(nlp, partial))
    assert [read(nlp, words) for words, _ in TRAIN[:2]] == [
        [(0, 1, "PER"), (3, 5, "LOC")],
        [(0, 3, "PER"), (4, 5, "LOC")],
    ]


def test_incorrect_spans_are_unlearned() -> None:
    nlp = make(incorrect_spans_key="wrong")
    examples = make_examples(nlp)
    learn(nlp, examples)
    optimizer = Adam(0.01, L2=0.0)
    for words, start, end, label in (
        (["Anna", "lives", "in", "New", "York"], 0, 1, "PER"),
        (["Mary", "Ann", "Smith", "saw", "Paris"], 0, 3, "PER"),
    ):
        assert (start, end, label) in read(nlp, words)
        example = Example.from_dict(Doc(nlp.vocab, words), {"words": words})
        example.reference.spans["wrong"] = [Span(example.reference, start, end, label)]
        for _ in range(20):
            nlp.update([example], sgd=optimizer)
        assert (start, end, label) not in read(nlp, words)


def test_a_span_that_is_known_to_be_wrong_only_need_not_be_annotated_otherwise() -> None:
    nlp = make(incorrect_spans_key="wrong")
    examples = make_examples(nlp)
    examples[2].reference.spans["wrong"] = [Span(examples[2].reference, 0, 1, "MISC")]
    nlp.initialize(lambda: examples)
    assert nlp.get_pipe("lstm_ner").labels == ("LOC", "MISC", "PER")


@pytest.mark.parametrize("decoder_class", [CRFDecoder, SoftmaxDecoder])
@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_probabilities_of_paths_are_sums_over_all_paths(decoder_class: Any, temperature: float) -> None:
    """By brute force: the posterior of a part of a path is that of all paths that have it."""
    torch.manual_seed(1)
    n_labels, lengths = 3, torch.tensor([4, 0, 1, 3])
    decoder = decoder_class(5, n_labels, temperature)
    for parameter in decoder.parameters():
        torch.nn.init.normal_(parameter)
    emissions = torch.randn(int(lengths.sum()), n_labels)
    labels = torch.randint(n_labels, (len(emissions),))
    with torch.no_grad():
        alone, given_before = decoder.path_log_probs(emissions, lengths, labels)
        end = 0
        for i, length in enumerate(lengths.tolist()):
            start, end = end, end + length
            own, n_tokens = emissions[start:end], torch.tensor([length])
            paths, log_probs = decoder.n_best(own, n_tokens, n_labels**length)  # all of them
            for first, last in combinations(range(length + 1), 2):
                part = labels[start + first : start + last].tolist()
                has_part = [path[first:last] == part for path in paths.tolist()]
                expected = float(log_probs[0].exp()[torch.tensor(has_part)].sum())
                total = alone[start + first] + given_before[start + first + 1 : start + last].sum()
                assert total.exp().item() == pytest.approx(expected, abs=1e-5)
                if temperature == 1.0:  # those of training
                    allowed = torch.ones(length, n_labels, dtype=torch.bool)
                    allowed[first:last] = torch.eye(n_labels, dtype=torch.bool)[part]
                    assert decoder.log_prob(own, n_tokens, allowed).exp().item() == pytest.approx(
                        expected, abs=1e-5
                    )
                    loss = decoder.rejection_loss(emissions, lengths, [Path(i, first, part)])
                    assert loss.item() == pytest.approx(-np.log1p(-expected), rel=1e-3, abs=1e-4)


def test_the_score_of_a_span_is_its_posterior(trained: Language) -> None:
    """All other sequences of labels that have the span, among the best, add up to it."""
    trained.get_pipe("lstm_ner").cfg["n_best"] = 1000
    try:
        doc = trained(Doc(trained.vocab, ["Mary", "Smith", "in", "Paris"]))
    finally:
        trained.get_pipe("lstm_ner").cfg["n_best"] = 0
    assert doc.ents
    for ent in doc.ents:
        expected = sum(
            np.exp(log_prob)
            for sequence, log_prob in doc._.ent_n_best
            if (ent.label_, ent.start, ent.end) in find_spans(sequence)
        )
        assert ent._.score == pytest.approx(expected, abs=1e-3)
    assert doc[1:3]._.score is None  # no entity


def test_scores_of_spans_are_serialized_and_end_with_retokenization(trained: Language) -> None:
    doc = trained(Doc(trained.vocab, TRAIN[1][0]))
    scores = [ent._.score for ent in doc.ents]
    assert all(0.5 < score <= 1.0 for score in scores)
    again = Doc(spacy.blank("en").vocab).from_bytes(doc.to_bytes())
    assert [ent._.score for ent in again.ents] == scores
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[0:3])
    assert doc.ents[0]._.score is None


def test_misaligned_entities_are_missing() -> None:
    nlp = make()
    words = ["Anna", "lives", "in", "New", "York"]
    doc = Doc(nlp.vocab, ["Anna", "lives", "inNew", "York"], spaces=[True, True, True, False])
    gold = {"words": words, "spaces": [True, True, False, True, False], "entities": TRAIN[0][1]}
    example = Example.from_dict(doc, gold)
    nlp.initialize(lambda: [example])
    found = nlp.get_pipe("lstm_ner").get_gold(example).tolist()
    assert [nlp.vocab.strings[label] for label in found] == ["U-PER", "O", "", ""]
