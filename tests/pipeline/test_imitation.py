"""A component learns the probabilities of another one."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from helpers import CRF, SOFTMAX, make_docs, make_examples, make_pipeline, make_trained, tag
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam

from spacy_lstm_tagger.errors import LSTMTaggerValueError
from spacy_lstm_tagger.models.labeling import LabelingModel
from spacy_lstm_tagger.pipeline.soft_labels import SoftLabels
from spacy_lstm_tagger.ragged import Ragged

DECODERS = pytest.mark.parametrize("decoder", [SOFTMAX, CRF], ids=["softmax", "crf"])
LABELS = 4  # of `TRAIN`
# Sentences that the teacher has never seen, and no labels for them.
RAW = ["Eat green eggs now", "I like old dogs", "She likes ham", "green ham", "dogs eat blue eggs now"]


def make_network(decoder: dict[str, Any]) -> LabelingModel:
    """RETURNS (LabelingModel): A network whose transitions, if it has some, are not 0."""
    model = LabelingModel(make_trained(decoder, steps=3).get_pipe("lstm_tagger").model)
    with torch.no_grad():
        for weight in model._shim.module.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    return model


def make_scores(*lengths: int) -> Ragged:
    scores = np.random.default_rng(0).normal(size=(sum(lengths), LABELS)).astype(np.float32)
    return Ragged(scores, np.array(lengths))


@DECODERS
def test_certain_labels_are_learned_like_gold(decoder: dict[str, Any]) -> None:
    network, scores = make_network(decoder), make_scores(3, 0, 2, 1)
    gold = np.array([2, 0, 3, 1, 1, 0])
    expected = network.compute_loss(scores, gold, np.full(6, -1), 0.0)
    found = network.imitate(scores, np.eye(LABELS, dtype=np.float32)[gold])
    np.testing.assert_allclose(found.d_scores.data, expected.d_scores.data, atol=1e-5)
    assert found.d_scores.lengths.tolist() == [3, 0, 2, 1]
    for mine, other in zip(found.d_weights, expected.d_weights, strict=True):
        assert (mine is None) == (other is None)
        if mine is not None:
            torch.testing.assert_close(mine, other)


def test_the_gradient_of_a_softmax_is_that_of_the_cross_entropy() -> None:
    network, scores = make_network(SOFTMAX), make_scores(3)
    targets = np.random.default_rng(1).dirichlet(np.ones(LABELS), size=3).astype(np.float32)
    data = torch.tensor(scores.data, requires_grad=True)
    torch.nn.functional.cross_entropy(data, torch.tensor(targets), reduction="sum").backward()
    np.testing.assert_allclose(network.imitate(scores, targets).d_scores.data, data.grad, atol=1e-6)


def test_the_gradient_of_a_crf_is_that_of_the_cross_entropy_of_paths() -> None:
    """All paths are enumerated, of the teacher as well."""
    network, scores = make_network(CRF), make_scores(3)
    crf = network._shim.module.crf
    paths = torch.tensor([*product(range(LABELS), repeat=3)])
    teacher = torch.softmax(torch.randn(len(paths)), 0)

    def score_paths(emissions: torch.Tensor) -> torch.Tensor:
        own = emissions.gather(1, paths.t()).sum(0)
        steps = crf.transitions[paths[:, :-1], paths[:, 1:]].sum(1)
        return own + steps + crf.start[paths[:, 0]] + crf.end[paths[:, -1]]

    data = torch.tensor(scores.data, requires_grad=True)
    (-(teacher * torch.log_softmax(score_paths(data), 0)).sum()).backward()
    one_hot = torch.nn.functional.one_hot(paths, LABELS).float()  # (paths, tokens, labels)
    marginals = torch.einsum("p,ptl->tl", teacher, one_hot).numpy()
    np.testing.assert_allclose(network.imitate(scores, marginals).d_scores.data, data.grad, atol=1e-5)


@DECODERS
def test_what_is_unknown_is_not_learned(decoder: dict[str, Any]) -> None:
    network, scores = make_network(decoder), make_scores(2, 1)
    targets = np.zeros((3, LABELS), dtype=np.float32)
    targets[0, 1] = 1.0
    gradient = network.imitate(scores, targets).d_scores.data
    assert gradient[0].any()
    assert not gradient[1:].any()


def test_what_the_constraints_forbid_is_not_learned() -> None:
    """Where an entity's text was cut, for example."""
    network = make_network({**CRF, "constraints": "seen"})
    crf = network._shim.module.crf
    forbidden = torch.ones(LABELS, dtype=torch.bool)
    forbidden[2] = False
    crf.constrain(forbidden, torch.ones(LABELS, LABELS, dtype=torch.bool), torch.ones(LABELS).bool())
    scores = make_scores(2)
    gradient = network.imitate(scores, np.eye(LABELS, dtype=np.float32)[[2, 1]]).d_scores.data
    assert not gradient[0].any()
    assert gradient[1].any()
    targets = np.array([[0.4, 0.3, 0.3, 0], [0, 1, 0, 0]], dtype=np.float32)
    gradient = network.imitate(scores, targets).d_scores.data
    assert gradient[0, 2] == 0
    assert gradient[0].any()
    np.testing.assert_allclose(gradient[0].sum(), 0, atol=1e-6)


def test_transitions_stay_in_rehearsal() -> None:
    """The teacher has the same; from its most probable labels, they would become too certain."""
    nlp = make_trained(CRF)
    crf = nlp.get_pipe("lstm_tagger")._network._shim.module.crf
    before = crf.transitions.detach().clone()
    optimizer = nlp.resume_training(sgd=Adam(0.1))
    for _ in range(3):
        assert nlp.rehearse(make_examples(nlp), sgd=optimizer)["lstm_tagger"] > 0
    torch.testing.assert_close(crf.transitions.detach(), before)


def test_annotation_of_the_texts_is_not_used() -> None:
    """An entity that is there already would keep the teacher from predicting it."""
    teacher = spacy.blank("en")
    ner = teacher.add_pipe("lstm_ner")
    gold = [
        Example.from_dict(teacher.make_doc("Ada saw Rome"), {"entities": [(0, 3, "PER"), (8, 12, "LOC")]})
    ]
    optimizer = teacher.initialize(lambda: gold)
    for _ in range(30):
        teacher.update(gold, sgd=optimizer)
    bare = [Example(teacher.make_doc("Ada saw Rome"), teacher.make_doc("Ada saw Rome"))]
    assert ner.distill(ner, gold) == pytest.approx(ner.distill(ner, bare), abs=1e-6)


def learn(teacher: Language, student: Language, steps: int = 60) -> None:
    """Distill from raw text alone: the student has only the names of the labels from annotation."""
    student.initialize(lambda: make_examples(student))
    raw = [text.split() for text in RAW]
    examples = [
        Example(*pair)
        for pair in zip(make_docs(raw, student.vocab), make_docs(raw, teacher.vocab), strict=True)
    ]
    optimizer = Adam(0.01)
    for _ in range(steps):
        student.get_pipe("lstm_tagger").distill(teacher.get_pipe("lstm_tagger"), examples, sgd=optimizer)


@pytest.mark.parametrize("of_teacher", [SOFTMAX, CRF], ids=["from softmax", "from crf"])
@DECODERS
def test_a_student_agrees_with_its_teacher_on_raw_text(
    of_teacher: dict[str, Any], decoder: dict[str, Any]
) -> None:
    teacher, student = make_trained(of_teacher), make_pipeline(decoder)
    learn(teacher, student, steps=0)
    assert tag(student, RAW) != tag(teacher, RAW)
    learn(teacher, student)
    assert tag(student, RAW) == tag(teacher, RAW)


def test_members_of_an_ensemble_all_learn() -> None:
    ensemble = {"@architectures": "spacy-lstm-tagger.Ensemble.v1", "members": 2}
    member = make_pipeline().config["components"]["lstm_tagger"]["model"]["tok2vec"]
    teacher, student = make_trained(), make_pipeline(tok2vec={**ensemble, "member": member})
    learn(teacher, student)
    assert tag(student, RAW) == tag(teacher, RAW)
    network = LabelingModel(student.get_pipe("lstm_tagger").model)
    docs = [student.make_doc(text) for text in RAW]
    scores, _ = network.begin_update(docs)  # of each member
    first, second = np.split(scores.data, 2, axis=1)
    assert first.argmax(1).tolist() == second.argmax(1).tolist()
    assert not np.allclose(first, second)


def test_confidences_are_learned_not_only_labels() -> None:
    """Where the teacher doubts, so does the student."""
    student = make_pipeline()
    student.initialize(lambda: make_examples(student))
    tagger = student.get_pipe("lstm_tagger")

    class Doubtful:
        def predict_soft_labels(self, docs: Sequence[Doc]) -> SoftLabels:
            ids = np.tile([[0, 1]], (sum(map(len, docs)), 1))
            return SoftLabels(tuple(tagger.labels), ids, np.full(ids.shape, [0.7, 0.3], dtype=np.float32))

    doc = student.make_doc("I like green eggs")
    optimizer = Adam(0.01)
    for _ in range(60):
        tagger.distill(Doubtful(), [Example(doc, doc.copy())], sgd=optimizer)
    probs = tagger._network.predict_probs([doc])
    np.testing.assert_allclose(probs[:, :2], [[0.7, 0.3]] * 4, atol=0.02)


def test_distill_accumulates_without_an_optimizer() -> None:
    teacher, student = make_trained(), make_trained(steps=1)
    examples = make_examples(student)
    before = student.get_pipe("lstm_tagger").model.to_bytes()
    losses = student.get_pipe("lstm_tagger").distill(teacher.get_pipe("lstm_tagger"), examples, losses={})
    assert losses["lstm_tagger"] > 0
    assert student.get_pipe("lstm_tagger").model.to_bytes() == before
    student.get_pipe("lstm_tagger").finish_update(Adam(0.01))
    assert student.get_pipe("lstm_tagger").model.to_bytes() != before


def test_other_words_are_refused() -> None:
    nlp = make_trained(steps=1)
    tagger = nlp.get_pipe("lstm_tagger")
    example = Example(nlp.make_doc("I like ham"), Doc(nlp.vocab, words=["I", "like"]))
    with pytest.raises(LSTMTaggerValueError, match=r"L115.*'I like"):
        tagger.distill(tagger, [example])


def test_a_teacher_with_other_labels_is_refused() -> None:
    teacher = make_trained(data=[("I like ham", ["PRON", "VERB", "NOUN"])], steps=1)
    student = make_trained(steps=1)
    examples = [Example(student.make_doc("ham"), teacher.make_doc("ham"))]
    with pytest.raises(LSTMTaggerValueError, match=r"L479.*'lstm_tagger'.*NOUN, PRON, VERB.*J, N, R, V"):
        student.get_pipe("lstm_tagger").distill(teacher.get_pipe("lstm_tagger"), examples)


def test_nothing_is_learned_from_nothing() -> None:
    nlp = make_trained(steps=1)
    tagger = nlp.get_pipe("lstm_tagger")
    assert tagger.distill(tagger, []) == {"lstm_tagger": 0.0}
    assert tagger.distill(tagger, [Example(nlp.make_doc(""), nlp.make_doc(""))]) == {"lstm_tagger": 0.0}


def test_a_student_of_itself_has_nothing_to_learn() -> None:
    nlp = make_trained()
    tagger = nlp.get_pipe("lstm_tagger")
    losses = tagger.distill(tagger, make_examples(nlp))
    assert losses["lstm_tagger"] == pytest.approx(0.0, abs=1e-6)
