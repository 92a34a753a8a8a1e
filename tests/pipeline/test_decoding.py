"""The component with a CRF, and its confidence."""

import pickle
import subprocess
import sys
from functools import partial
from itertools import pairwise

import helpers
import numpy as np
import pytest
import spacy
import torch
from helpers import CRF, SOFTMAX, make_examples, make_pipeline, tag, tags_of
from spacy.tokens import Doc, DocBin, Token
from spacy.vocab import Vocab

from spacy_lstm_tagger.models.shim import get_shim
from spacy_lstm_tagger.pipeline.predictions import set_extensions
from spacy_lstm_tagger.schemes import is_valid

SLOTS = [
    ("fly to new york today", ["O", "O", "B-city", "I-city", "B-day"]),
    ("to rome", ["O", "B-city"]),
    ("new york", ["B-city", "I-city"]),
    ("fly today", ["O", "B-day"]),
]
TEXTS = ["fly to rome today", "york new", "", "to to york york york today", "Ω ≈"]
make_trained = partial(helpers.make_trained, data=SLOTS)


@pytest.fixture(scope="module")
def with_crf():
    return make_trained(CRF, store_scores=True, n_best=3)


@pytest.fixture(scope="module")
def with_softmax():
    return make_trained(SOFTMAX, store_scores=True, n_best=3)


@pytest.fixture(params=["with_crf", "with_softmax"])
def trained(request):
    return request.getfixturevalue(request.param)


# The CRF


@pytest.mark.parametrize("constraints", ["none", "bio", "seen"])
def test_crf_learns_and_its_weights_move(constraints):
    nlp = make_trained({**CRF, "constraints": constraints})
    assert tag(nlp, [text for text, _ in SLOTS]) == [tags for _, tags in SLOTS]
    crf = get_shim(nlp.get_pipe("lstm_tagger").model.get_ref("decoder")).module.crf
    for parameter in crf.parameters():
        assert parameter.abs().max() > 1e-3


def test_batches_and_single_documents_get_the_same(with_crf):
    assert tags_of(with_crf.pipe(TEXTS, batch_size=4)) == tag(with_crf, TEXTS)


def test_constraints_hold_for_an_untrained_network():
    nlp = make_trained({**CRF, "constraints": "bio"}, steps=0)
    tagger = nlp.get_pipe("lstm_tagger")
    decoder = get_shim(tagger.model.get_ref("decoder")).module
    labels = list(tagger.labels)
    # Emissions that want an I-city everywhere.
    decoder.linear.bias.data[labels.index("I-city")] = 10.0
    assert tag(nlp, ["to to to"]) == [["B-city", "I-city", "I-city"]]
    unconstrained = make_trained(CRF, steps=0)
    bias = get_shim(unconstrained.get_pipe("lstm_tagger").model.get_ref("decoder")).module.linear.bias
    bias.data[labels.index("I-city")] = 10.0
    assert tag(unconstrained, ["to to to"]) == [["I-city"] * 3]


def test_only_seen_pairs_are_predicted():
    nlp = make_trained({**CRF, "constraints": "seen"}, steps=1)
    seen = {pair for _, tags in SLOTS for pair in pairwise(tags)}
    words = ["fly", "to", "new", "york", "today", "rome", "Ω"]
    rng = np.random.default_rng(0)
    for _ in range(50):
        (tags,) = tag(nlp, [" ".join(rng.choice(words, 6))])
        assert set(pairwise(tags)) <= seen
        assert tags[0] in {tags[0] for _, tags in SLOTS}


def test_constraints_travel_with_the_weights(tmp_path):
    nlp = make_trained({**CRF, "constraints": "bio"}, steps=3)
    nlp.to_disk(tmp_path)
    other = make_pipeline({**CRF, "constraints": "bio"}).from_disk(tmp_path)
    assert tag(other, TEXTS) == tag(nlp, TEXTS)
    assert all(is_valid(tags) for tags in tag(other, TEXTS))
    crfs = [get_shim(x.get_pipe("lstm_tagger").model.get_ref("decoder")).module.crf for x in (nlp, other)]
    assert crfs[0].may_follow.tolist() == crfs[1].may_follow.tolist()
    assert not all(crfs[1].may_start.tolist())


def test_labels_of_another_scheme_are_an_error():
    with pytest.raises(ValueError, match=r"L010.*'NN'.*'bio'"):
        make_trained({**CRF, "constraints": "bio"}, data=[("a b", ["O", "NN"])])


def test_annotation_that_the_constraints_forbid_is_reported_and_not_learned():
    data = [*SLOTS, ("bad one", ["I-city", "O"])]
    with pytest.warns(UserWarning, match=r"W002.*'bio'.*1 of 5.*'bad one'"):
        nlp = make_trained({**CRF, "constraints": "bio"}, data=data)
    assert all(is_valid(tags) for tags in tag(nlp, ["bad one", *TEXTS]))


def test_documents_that_are_forbidden_are_reported_when_training_is_resumed():
    nlp = make_trained({**CRF, "constraints": "bio"}, steps=3)
    harmless = make_examples(nlp, [("to to", ["", ""]), ("", []), *SLOTS])
    nlp.update(harmless, sgd=nlp.resume_training())  # warnings are errors
    bad = make_examples(nlp, [("bad one", ["I-city", "O"]), ("worse", ["I-city"])])
    with pytest.warns(UserWarning, match=r"W004.*'bio'.*'bad one'"):
        nlp.update(bad, sgd=nlp.resume_training())
    nlp.update(bad, sgd=nlp.resume_training())  # reported once


def test_partial_annotation_is_learned():
    data = [("new york", ["B-city", ""]), ("new york", ["", "!B-city"]), ("to york", ["O", "I-city"])]
    nlp = make_trained(CRF, data=[*data, ("to", ["O"])])
    (tags,) = tag(nlp, ["new york"])
    assert tags[0] == "B-city"
    assert tags[1] != "B-city"


def test_label_smoothing_of_a_crf_is_an_error():
    with pytest.raises(ValueError, match="L011"):
        make_pipeline(CRF, label_smoothing=0.1)


def test_unknown_constraints_are_an_error():
    with pytest.raises(ValueError, match=r"constraints"):
        make_pipeline({**CRF, "constraints": "iob2"})


def test_a_text_in_pieces_is_an_error():
    """A CRF that decided each piece by itself would give other tags, such as a `B-` instead of an `I-`."""
    nlp = make_trained(CRF, steps=0, tok2vec={"encode": {"bidirectional": False}})
    with pytest.raises(ValueError, match=r"L012.*'lstm_tagger'"):
        nlp.get_pipe("lstm_tagger").predict_on([nlp.make_doc("new")])


# Confidence


def test_scores_are_posteriors_in_the_order_of_the_labels(trained):
    tagger = trained.get_pipe("lstm_tagger")
    decoder = get_shim(tagger.model.get_ref("decoder")).module
    for text in TEXTS:
        doc = trained(text)
        if not len(doc):
            continue
        scores = torch.from_numpy(tagger.model.predict([trained.make_doc(text)])[0])
        with torch.no_grad():
            expected = decoder.marginals(scores, torch.tensor([len(doc)]))
        np.testing.assert_allclose(doc._.tag_scores, expected, atol=1e-5)
        np.testing.assert_allclose(np.sum(doc._.tag_scores, axis=1), 1, atol=1e-5)
        assert doc._.tag_score_labels == list(tagger.labels)
        for token, scores in zip(doc, doc._.tag_scores, strict=True):
            assert token._.tag_score == pytest.approx(scores[tagger.labels.index(token.tag_)])


def test_n_best_are_the_tags_and_their_probabilities(trained):
    doc = trained("fly to rome today")
    paths = doc._.tag_n_best
    assert len(paths) == 3
    assert paths[0][0] == [token.tag_ for token in doc]
    assert len({tuple(tags) for tags, _ in paths}) == 3
    log_probs = [log_prob for _, log_prob in paths]
    assert log_probs == sorted(log_probs, reverse=True)
    assert sum(np.exp(log_probs)) <= 1 + 1e-5


def test_n_best_of_independent_tags_multiplies_their_scores(with_softmax):
    doc = with_softmax("fly to rome today")
    labels = with_softmax.get_pipe("lstm_tagger").labels
    for tags, log_prob in doc._.tag_n_best:
        scores = [doc._.tag_scores[i][labels.index(tag)] for i, tag in enumerate(tags)]
        assert log_prob == pytest.approx(np.log(scores).sum(), abs=1e-4)


def test_fewer_paths_than_asked_for():
    nlp = make_trained(CRF, steps=1, n_best=1000)
    doc = nlp("fly today")
    n_labels = len(nlp.get_pipe("lstm_tagger").labels)
    assert len(doc._.tag_n_best) == n_labels**2
    assert sum(np.exp(log_prob) for _, log_prob in doc._.tag_n_best) == pytest.approx(1, abs=1e-4)


def test_nothing_is_stored_unless_asked_for(with_crf):
    doc = make_trained(SOFTMAX, steps=1)("fly to rome")
    assert doc.user_data == {}
    assert doc._.tag_scores is None
    assert doc._.tag_n_best is None
    assert doc[0]._.tag_score is None


@pytest.mark.parametrize("n_process", [1, 2])
def test_pipe_stores_the_same(trained, n_process):
    for doc, text in zip(trained.pipe(TEXTS, n_process=n_process), TEXTS, strict=True):
        expected = trained(text)
        if not len(doc):
            continue
        np.testing.assert_allclose(doc._.tag_scores, expected._.tag_scores, atol=1e-5)
        assert [tags for tags, _ in doc._.tag_n_best] == [tags for tags, _ in expected._.tag_n_best]


def test_confidence_is_serialized_with_the_document_and_only_if_wanted(trained):
    doc = trained("fly to rome today")
    copy = Doc(Vocab()).from_bytes(doc.to_bytes())
    assert copy._.tag_scores == doc._.tag_scores
    assert copy[2]._.tag_score == doc[2]._.tag_score
    assert [list(path[0]) for path in copy._.tag_n_best] == [path[0] for path in doc._.tag_n_best]
    assert Doc(Vocab()).from_bytes(doc.to_bytes(exclude=["user_data"]))._.tag_scores is None
    for store in (True, False):
        bin_ = DocBin(store_user_data=store, docs=[doc]).to_bytes()
        (read,) = DocBin().from_bytes(bin_).get_docs(Vocab())
        assert (read._.tag_scores is not None) == store


def test_confidence_of_a_retokenized_document_is_gone(trained):
    doc = trained("fly to new york")
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[2:4])
    assert doc[0]._.tag_score is None


@pytest.mark.parametrize("is_saved_with", [True, False])
def test_what_is_stored_can_be_set_at_loading(is_saved_with, tmp_path):
    make_trained(SOFTMAX, steps=1, store_scores=is_saved_with).to_disk(tmp_path)
    for is_wanted in (True, False):
        config = {"components": {"lstm_tagger": {"store_scores": is_wanted, "n_best": int(is_wanted)}}}
        doc = spacy.load(tmp_path, config=config)("fly")
        assert (doc._.tag_scores is not None) == is_wanted
        assert (doc._.tag_n_best is not None) == is_wanted
    assert (spacy.load(tmp_path)("fly")._.tag_scores is not None) == is_saved_with


def test_documents_without_tokens_among_others(trained):
    docs = list(trained.pipe(["", "fly", ""]))
    assert np.shape(docs[1]._.tag_scores) == (1, len(trained.get_pipe("lstm_tagger").labels))


@pytest.mark.parametrize("texts", [[""], ["", ""], ["", "fly"]])
def test_a_document_without_tokens_has_empty_scores_whatever_its_batch(trained, texts):
    doc = next(trained.pipe(texts))
    assert doc._.tag_scores == []
    assert doc._.tag_n_best == [([], 0.0)]


def test_an_unpickled_component_registers_the_attributes(with_crf):
    """In another process nothing did; here they are taken away."""
    tagger = pickle.loads(pickle.dumps(with_crf.get_pipe("lstm_tagger")))
    for name in ("tag_scores", "tag_posteriors", "tag_score_labels", "tag_n_best"):
        Doc.remove_extension(name)
    Token.remove_extension("tag_score")
    try:
        doc = tagger(Doc(tagger.vocab, words=["to", "rome"]))
        assert doc[0]._.tag_score == pytest.approx(doc._.tag_scores[0][tagger.labels.index(doc[0].tag_)])
    finally:
        set_extensions("tag", tagger.read_labels)


def test_negative_n_best_is_an_error():
    with pytest.raises(ValueError, match=r"L001.*n_best"):
        make_pipeline(n_best=-1)


# Calibration


def negative_log_likelihood(nlp, examples):
    labels = nlp.get_pipe("lstm_tagger").labels
    terms = []
    for example in examples:
        doc = nlp(example.reference.text)
        gold = [token.tag_ for token in example.reference]
        terms += [-np.log(s[labels.index(t)]) for s, t in zip(doc._.tag_scores, gold, strict=True) if t]
    return np.mean(terms)


@pytest.mark.parametrize("decoder", [CRF, SOFTMAX])
def test_calibration_finds_the_temperature_of_the_least_loss(decoder, tmp_path):
    nlp = make_trained(decoder, store_scores=True)
    # Half of the annotation contradicts what was learned, and one tag was never seen.
    data = [
        *SLOTS,
        ("to rome", ["B-city", "O"]),
        ("fly today", ["B-day", "O"]),
        ("new york", ["", "I-new"]),
    ]
    examples = make_examples(nlp, data)
    before = tag(nlp, TEXTS)
    temperature = nlp.get_pipe("lstm_tagger").calibrate(examples)
    assert temperature > 1.5, "it was overconfident"
    assert tag(nlp, TEXTS) == before
    module = get_shim(nlp.get_pipe("lstm_tagger").model.get_ref("decoder")).module
    assert module.temperature == temperature
    known = make_examples(nlp, data[:-1])
    least = negative_log_likelihood(nlp, known)
    for factor in (0.9, 1.1):
        module.temperature = temperature * factor
        assert negative_log_likelihood(nlp, known) > least
    module.temperature = temperature
    nlp.to_disk(tmp_path)
    loaded = make_pipeline(decoder, store_scores=True).from_disk(tmp_path)
    assert negative_log_likelihood(loaded, known) == pytest.approx(least, abs=1e-5)


def test_calibration_without_known_tags_is_an_error():
    nlp = make_trained(SOFTMAX, steps=1)
    with pytest.raises(ValueError, match="L105"):
        nlp.get_pipe("lstm_tagger").calibrate(make_examples(nlp, [("fly", ["XX"])]))


def test_words_that_a_later_component_merges_have_no_score():
    """The scores of the document are of the words that were tagged."""
    nlp = make_trained(CRF, steps=1, store_scores=True)
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "CITY", "pattern": "new york"}])
    nlp.add_pipe("merge_entities")
    merged, other = nlp.pipe(["fly to new york today", "to rome"])
    assert [token.text for token in merged] == ["fly", "to", "new york", "today"]
    assert [token._.tag_score for token in merged] == [None] * 4
    assert len(merged._.tag_scores) == 5
    assert [token._.tag_score is None for token in other] == [False, False]


def test_of_a_batch_only_the_forbidden_document_teaches_nothing():
    nlp = make_trained({**CRF, "constraints": "bio"}, steps=3)
    tagger = nlp.get_pipe("lstm_tagger")
    examples = make_examples(nlp, [SLOTS[0], ("bad one", ["I-city", "O"]), SLOTS[1]])
    scores = tagger.model.predict([example.predicted for example in examples])
    with pytest.warns(UserWarning, match=r"W004.*'bio'.*'bad one'"):
        _, gradients = tagger.get_loss(examples, scores)
    assert not gradients[1].any()
    for i in (0, 2):
        _, [alone] = tagger.get_loss([examples[i]], [scores[i]])
        assert np.abs(alone).max() > 0.01
        np.testing.assert_allclose(gradients[i], alone, atol=1e-5)


def test_loading_a_pipeline_registers_the_attributes(model):
    """In a new process, before anything is predicted."""
    code = f"""
import spacy
from spacy.tokens import Doc
nlp = spacy.load({str(model)!r})
doc = Doc(nlp.vocab, words=["a"])
assert doc._.tag_scores is doc._.tag_n_best is doc[0]._.tag_score is None
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_calibration_ignores_words_whose_label_is_forbidden():
    """They are impossible at every temperature."""
    nlp = make_trained({**CRF, "constraints": "bio"})
    tagger = nlp.get_pipe("lstm_tagger")
    data = [*SLOTS, ("to rome", ["B-city", "O"]), ("fly today", ["B-day", "O"])]
    expected = tagger.calibrate(make_examples(nlp, data))
    found = tagger.calibrate(make_examples(nlp, [*data, ("york", ["I-city"])]))
    assert found == pytest.approx(expected, rel=0.002)


def test_confidence_before_calibration_is_the_softmax_of_the_scores(with_softmax):
    doc = with_softmax("fly to rome today")
    [scores] = with_softmax.get_pipe("lstm_tagger").model.predict([doc])
    likelihoods = np.exp(scores)
    np.testing.assert_allclose(doc._.tag_scores, likelihoods / likelihoods.sum(1, keepdims=True), atol=1e-5)


def test_gradients_of_the_transitions_add_up_until_they_are_used():
    nlp = make_trained(CRF, steps=3)
    tagger = nlp.get_pipe("lstm_tagger")
    crf = get_shim(tagger.model.get_ref("decoder")).module.crf

    def accumulate(*examples):
        for parameter in crf.parameters():
            parameter.grad = None
        for example in examples:
            tagger.update([example])
        return np.concatenate([parameter.grad.numpy().ravel() for parameter in crf.parameters()])

    first, second, *_ = make_examples(nlp, SLOTS)
    both = accumulate(first, second)
    assert np.abs(both).max() > 0.01
    np.testing.assert_allclose(both, accumulate(first) + accumulate(second), atol=1e-5)


def test_what_the_decoder_can_not_do_is_said_with_its_name():
    with pytest.raises(ValueError, match=r"L011.*'lstm_tagger' is 0\.1.*'spacy-lstm-tagger\.CRF\.v1'"):
        make_pipeline(CRF, label_smoothing=0.1)
    nlp = make_trained(CRF, steps=0, tok2vec={"encode": {"bidirectional": False}})
    with pytest.raises(ValueError, match=r"L012.*'lstm_tagger'.*'spacy-lstm-tagger\.CRF\.v1'"):
        nlp.get_pipe("lstm_tagger").predict_stream([nlp.make_doc("new")])
