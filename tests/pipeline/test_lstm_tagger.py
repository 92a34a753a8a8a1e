"""The component's contract, case by case: it keeps the promises of spaCy's own tagger."""

import pickle
import subprocess
import sys
from io import BytesIO

import numpy as np
import pytest
import spacy
import torch
from helpers import (
    TRAIN,
    TRAIN_TAGS,
    TRAIN_TEXTS,
    make_examples,
    make_pipeline,
    make_trained,
    tag,
    tags_of,
    train,
)
from spacy.attrs import TAG
from spacy.lang.en import English
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.util import registry
from spacy.vectors import Vectors
from thinc.api import SGD, Adam, get_current_ops

from spacy_lstm_tagger.pipeline.lstm_tagger import LSTMTagger

TEXTS = ["I like blue eggs", "Eat", "", "She sees ham now , friend", "Ω ≈ 🙂 zzz"]


def scores_of(nlp, texts=TEXTS):
    model = nlp.get_pipe("lstm_tagger").model
    return np.concatenate(model.predict([nlp.make_doc(text) for text in texts]))


# Predicting


def test_learns_and_predicts(trained):
    assert tag(trained, TRAIN_TEXTS) == TRAIN_TAGS


def test_pipe_equals_call_in_any_batch(trained):
    expected = tag(trained, TEXTS)
    for batch_size in (1, 2, 100):
        assert tags_of(trained.pipe(TEXTS, batch_size=batch_size)) == expected


def test_whitespace_does_no_harm(trained):
    """It does not change the tags of the words around it, if it was not in the training data."""
    words = ["She", "sees", "ham", "now", "friend"]
    expected = scores_of(trained, ["She sees ham now friend"])
    doc = Doc(trained.vocab, ["\n", *words[:2], "  ", "\t", *words[2:], "\n\n"])
    model = trained.get_pipe("lstm_tagger").model
    (scores,) = model.predict([doc])
    batch = model.predict([doc, trained.make_doc("Eat"), trained.make_doc(" \n\n "), doc])
    in_training, _ = model.begin_update([doc])
    for found in (scores, batch[0], batch[3], in_training[0]):
        np.testing.assert_allclose(found[[1, 2, 5, 6, 7]], expected, atol=1e-4)
    assert [token.tag_ for token in trained(doc)][1:3] == ["N", "V"]


def test_whitespace_that_was_trained_on_is_read():
    data = [
        (["I", "like", "eggs", "\n"], ["N", "V", "N", "_SP"]),
        (["Eat", "  ", "ham"], ["V", "_SP", "N"]),
    ]
    nlp = make_trained(data=data)
    for words, tags in data:
        assert [token.tag_ for token in nlp(Doc(nlp.vocab, words))] == tags


def test_predict_does_not_modify_docs(trained):
    doc = trained.make_doc("I like eggs")
    guesses = trained.get_pipe("lstm_tagger").predict([doc])
    assert not doc.has_annotation("TAG")
    assert guesses[0].shape == (3,)


def test_docs_without_tokens(trained):
    tagger = trained.get_pipe("lstm_tagger")
    empty = trained.make_doc("")
    assert [list(ids) for ids in tagger.predict([empty, empty])] == [[], []]
    assert [len(ids) for ids in tagger.predict([empty, trained.make_doc("I like")])] == [0, 2]
    assert len(trained("")) == 0


@pytest.mark.parametrize("n_threads", [0, 1, 2])
def test_threads_give_the_same_tags(trained, copy_trained, n_threads):
    nlp = copy_trained(tok2vec={"n_threads": n_threads})
    texts = TEXTS * 60
    expected = tag(trained, TEXTS) * 60
    assert tags_of(nlp.pipe(texts, batch_size=500)) == expected


@pytest.mark.parametrize("overwrite", [False, True])
def test_tags_that_are_set_stay_or_go(overwrite):
    """In one batch: documents with tags, with some, with none, and without words."""
    tagger = make_trained(overwrite=overwrite).get_pipe("lstm_tagger")
    present = [["X", "Y"], [], ["", "X", ""], ["", "", "", ""], [], ["N"]]
    docs = [Doc(tagger.vocab, words=["w"] * len(tags), tags=tags or None) for tags in present]
    rng = np.random.default_rng(0)
    predicted = [rng.integers(0, len(tagger.labels), len(tags)) for tags in present]
    tagger.set_annotations(docs, predicted)
    expected = [
        [old if old and not overwrite else tagger.labels[i] for old, i in zip(tags, ids, strict=True)]
        for tags, ids in zip(present, predicted, strict=True)
    ]
    assert tags_of(docs) == expected


def test_set_annotations_of_documents_without_words(trained):
    docs = [trained.make_doc("") for _ in range(2)]
    trained.get_pipe("lstm_tagger").set_annotations(docs, [np.zeros(0, dtype=np.int64)] * 2)
    trained.get_pipe("lstm_tagger").set_annotations([], [])
    assert [len(doc) for doc in docs] == [0, 0]


@pytest.mark.parametrize("overwrite", [False, True])
def test_overwrite(overwrite):
    nlp = make_trained(overwrite=overwrite)
    doc = nlp.make_doc("I like green eggs")
    doc[1].tag_ = "X"
    doc = nlp.get_pipe("lstm_tagger")(doc)
    assert [token.tag_ for token in doc] == ["N", "V" if overwrite else "X", "J", "N"]


def test_set_annotations_takes_one_doc_as_well(trained):
    tagger = trained.get_pipe("lstm_tagger")
    doc = trained.make_doc("I like")
    tagger.set_annotations(doc, [np.array([tagger.labels.index("V"), tagger.labels.index("J")])])
    assert [token.tag_ for token in doc] == ["V", "J"]


def test_other_annotation_is_left_alone(trained):
    doc = Doc(
        trained.vocab,
        words=["I", "like", "eggs"],
        lemmas=["i", "like", "egg"],
        pos=["PRON", "VERB", "NOUN"],
        morphs=["", "Tense=Pres", "Number=Plur"],
        heads=[1, 1, 2],
        deps=["nsubj", "ROOT", "ROOT"],
        ents=["O", "O", "B-FOOD"],
    )
    expected = {key: value for key, value in doc.to_json().items() if key != "tokens"}
    others = [(t.lemma_, t.pos_, str(t.morph), t.head.i, t.dep_, t.is_sent_start) for t in doc]
    trained.get_pipe("lstm_tagger")(doc)
    assert [(t.lemma_, t.pos_, str(t.morph), t.head.i, t.dep_, t.is_sent_start) for t in doc] == others
    assert {key: value for key, value in doc.to_json().items() if key != "tokens"} == expected
    assert all(token.tag_ for token in doc)


def test_error_handler(copy_trained):
    nlp = copy_trained()
    tagger = nlp.get_pipe("lstm_tagger")
    failed = []
    tagger.set_error_handler(lambda name, proc, docs, error: failed.append((name, len(docs), str(error))))
    tagger.set_annotations = None  # anything that makes the component fail
    assert list(tagger.pipe([nlp.make_doc("a b"), nlp.make_doc("c")], batch_size=2)) == []
    tagger(nlp.make_doc("d"))
    assert [(name, n) for name, n, _ in failed] == [("lstm_tagger", 2), ("lstm_tagger", 1)]


def test_two_processes_give_the_same_tags(trained):
    texts = [text for text in TEXTS if text] * 4
    expected = tag(trained, texts)
    docs = trained.pipe(texts, n_process=2, batch_size=3)
    assert tags_of(docs) == expected


def test_two_processes_where_torch_has_threads(trained, tmp_path):
    """Forked processes must not wait for torch's threads, which a fork does not copy."""
    trained.to_disk(tmp_path / "model")
    code = (
        "import sys, spacy, torch; torch.set_num_threads(2); nlp = spacy.load(sys.argv[1]);"
        "texts = ['I like green eggs'] * 300;"
        "tag = lambda **how: {' '.join(token.tag_ for token in doc) for doc in nlp.pipe(texts, **how)};"
        "torch.ones(500, 500) @ torch.ones(500, 500);"  # starts torch's threads
        "print(tag(batch_size=300));"  # starts ours
        "print(tag(n_process=2, batch_size=50));"
        "print(tag(batch_size=300))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "model")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert result.stdout == "{'N V J N'}\n" * 3


def test_untrained_component():
    nlp = make_pipeline()
    with pytest.raises(ValueError, match=r"\[L201\].*initialize"):
        nlp("I like eggs")


def test_a_document_that_another_vocab_made(trained):
    doc = Doc(English().vocab, words=["I", "like", "quokkas"])
    tags = trained.get_pipe("lstm_tagger").predict([doc])
    same = trained.get_pipe("lstm_tagger").predict([Doc(trained.vocab, words=["I", "like", "quokkas"])])
    assert np.array_equal(tags[0], same[0])


def test_another_vocab_or_other_vectors_are_not_looked_up_in_the_cache():
    def make(value):
        nlp = English()
        nlp.vocab.vectors = Vectors(data=np.full((1, 4), value, dtype="f"), keys=["eggs"], name="v")
        return nlp

    nlp = make_pipeline(tok2vec={"embed": {"include_static_vectors": True}}, nlp=make(1.0))
    nlp.initialize(lambda: make_examples(nlp))
    tok2vec = nlp.get_pipe("lstm_tagger").model.get_ref("tok2vec")
    first = tok2vec.predict([nlp.make_doc("eggs")])[0]
    assert not np.allclose(tok2vec.predict([make(9.0).make_doc("eggs")])[0], first)
    assert np.allclose(tok2vec.predict([nlp.make_doc("eggs")])[0], first)
    nlp.vocab.vectors = make(5.0).vocab.vectors
    assert not np.allclose(tok2vec.predict([nlp.make_doc("eggs")])[0], first)


def test_predicting_within_inference_mode_and_after_it(copy_trained):
    nlp = copy_trained()
    with torch.inference_mode():
        nlp("one two three four")
        nlp("five")
    # Three new words have a place in what was kept for up to eight.
    assert tag(nlp, ["Eat blue ham"]) == [["V", "J", "N"]]


def test_an_interrupted_update_leaves_predictions_as_they_were(copy_trained, monkeypatch):
    nlp = copy_trained()
    before = scores_of(nlp)
    network = nlp.get_pipe("lstm_tagger").model.get_ref("tok2vec").shims[0].module

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(network.lstm, "forward", interrupt)
    with pytest.raises(KeyboardInterrupt):
        nlp.update(make_examples(nlp), drop=0.5)
    assert not network.training
    assert np.array_equal(scores_of(nlp), before)


# Training


def test_negative_annotation_does_not_become_a_label():
    nlp = English()
    tagger = nlp.add_pipe("lstm_tagger")
    data = [("a b", ["N", "V"]), ("c d", ["!N", "!"]), ("e", ["!X"])]
    nlp.initialize(lambda: make_examples(nlp, data))
    assert tagger.labels == ("!", "!X", "N", "V")


def test_initialize_finds_labels_in_all_examples():
    nlp = English()
    tagger = nlp.add_pipe("lstm_tagger")
    examples = make_examples(nlp, [("a b", ["N", "N"])] * 20 + [("c", ["LATE"])])
    nlp.initialize(lambda: examples)
    assert tagger.labels == ("LATE", "N")
    words = tagger.label_data["vocabulary"]["LOWER"]
    assert words == {"a": 20, "b": 20, "c": 1}


def test_label_data_makes_the_same_component_again():
    nlp = English()
    tagger = nlp.add_pipe("lstm_tagger")
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    other = English()
    again = other.add_pipe("lstm_tagger")
    again.initialize(lambda: make_examples(other, [("x", ["N"])]), nlp=other, labels=tagger.label_data)
    assert again.labels == tagger.labels
    assert again.label_data == tagger.label_data


def test_only_labels_can_be_given():
    nlp = English()
    tagger = nlp.add_pipe("lstm_tagger")
    tagger.initialize(lambda: make_examples(nlp), nlp=nlp, labels=["R", "N", "V", "J", "EXTRA"])
    assert tagger.labels == ("R", "N", "V", "J", "EXTRA")
    assert tagger.model.get_dim("nO") == 5


@pytest.mark.parametrize("labels", ["NN", {"tags": ["NN"]}, {"labels": ["NN"], "vocabulary": ["a"]}])
def test_labels_of_another_form(labels):
    nlp = English()
    tagger = nlp.add_pipe("lstm_tagger")
    with pytest.raises(ValueError, match=r"\[L102\].*'lstm_tagger'"):
        tagger.initialize(lambda: make_examples(nlp), nlp=nlp, labels=labels)


def test_add_label():
    tagger = Language().add_pipe("lstm_tagger")
    assert tagger.add_label("N") == 1
    assert tagger.add_label("N") == 0
    assert tagger.labels == ("N",)
    with pytest.raises(ValueError, match="E187"):
        tagger.add_label(9)


def test_no_label_after_initialization(trained):
    with pytest.raises(ValueError, match="E922"):
        trained.get_pipe("lstm_tagger").add_label("NEW")


def test_no_labels_no_data():
    nlp = make_pipeline()
    with pytest.raises(ValueError, match="L111"):  # spaCy makes an example without tags
        nlp.initialize()
    untagged = [Example.from_dict(nlp.make_doc("a b"), {"words": ["a", "b"]})]
    with pytest.raises(ValueError, match=r"\[L111\] None of the 2 words .*'lstm_tagger'.*\"upos\""):
        nlp.initialize(lambda: untagged)


@pytest.mark.parametrize("get_examples", [lambda: None, lambda: [], None, [1]])
def test_initialize_wants_a_function_that_gives_examples(get_examples):
    nlp = English()
    nlp.add_pipe("lstm_tagger").add_label("N")
    with pytest.raises(TypeError, match="E930"):
        nlp.get_pipe("lstm_tagger").initialize(get_examples)


def test_initialize_wants_examples_each_time_that_it_asks():
    nlp = English()
    tagger = nlp.add_pipe("lstm_tagger")
    examples = iter(make_examples(nlp))
    with pytest.raises(ValueError, match=r"\[E923\].*'lstm_tagger'"):
        tagger.initialize(lambda: examples, labels=["N"])


def test_update_wants_examples(trained):
    with pytest.raises(TypeError, match="E978"):
        trained.get_pipe("lstm_tagger").update([trained.make_doc("a")])


def test_unknown_tag_in_update(copy_trained):
    nlp = copy_trained()
    example = Example.from_dict(nlp.make_doc("I like"), {"tags": ["N", "NEVER_SEEN"]})
    before = scores_of(nlp)
    with pytest.raises(ValueError, match=r"\[L101\].*'NEVER_SEEN'.*'like'"):
        nlp.update([example])
    assert np.array_equal(scores_of(nlp), before)


def test_nothing_annotated_nothing_learned(copy_trained):
    nlp = copy_trained()
    before = scores_of(nlp)
    examples = make_examples(nlp, [("I like green eggs", ["", "", "", ""])])
    optimizer = Adam(0.1, L2=0.0)
    losses = nlp.update(examples, sgd=optimizer, losses={})
    assert losses == {"lstm_tagger": 0.0}
    assert np.allclose(scores_of(nlp), before, atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*W013")
def test_partial_annotation_is_learned():
    data = [("I like green eggs", ["N", "", "J", ""]), ("Eat green ham", ["V", "", ""])]
    nlp = make_trained(data=data)
    doc = nlp("I like green eggs")
    assert (doc[0].tag_, doc[2].tag_) == ("N", "J")


def test_negative_annotation_unlearns(copy_trained):
    nlp = copy_trained()
    assert nlp("I like green eggs")[0].tag_ == "N"
    optimizer = nlp.resume_training()
    example = Example.from_dict(nlp.make_doc("I like green eggs"), {"tags": ["!N", "V", "J", "N"]})
    for _ in range(25):
        nlp.update([example], sgd=optimizer)
    assert tag(nlp, ["I like green eggs"])[0][1:] == ["V", "J", "N"]
    assert nlp("I like green eggs")[0].tag_ != "N"


def test_tag_set_with_the_exclamation_mark():
    nlp = make_trained(data=[("Stop !", ["V", "!"]), ("Go now !", ["V", "R", "!"])])
    assert nlp.get_pipe("lstm_tagger").labels == ("!", "R", "V")
    assert tag(nlp, ["Go now !"]) == [["V", "R", "!"]]


def test_label_smoothing_scales_the_gradient():
    nlp = English()
    plain = nlp.add_pipe("lstm_tagger", "plain")
    smooth = nlp.add_pipe("lstm_tagger", "smooth", config={"label_smoothing": 0.3})
    examples = make_examples(nlp, TRAIN[:2])
    nlp.initialize(lambda: examples)
    scores = plain.model.predict([eg.predicted for eg in examples])  # all labels equally likely
    expected = 1 - 0.3 * 3 / 2  # (1/3 - (1 - 0.3)) / (1/3 - 1), and (1/3 - 0.3/2) / (1/3)
    ratio = smooth.get_loss(examples, scores)[1][0] / plain.get_loss(examples, scores)[1][0]
    assert np.allclose(get_current_ops().to_numpy(ratio), expected, atol=1e-6)


def test_label_smoothing_out_of_range():
    with pytest.raises(ValueError, match=r"\[L001\].*label_smoothing.*1.5"):
        English().add_pipe("lstm_tagger", config={"label_smoothing": 1.5})


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_scores_that_are_not_a_number(copy_trained, value):
    """The error names the documents and the cause."""
    nlp = copy_trained()
    linear = nlp.get_pipe("lstm_tagger").model.get_ref("decoder").shims[0].module.linear
    linear.weight.data[0, 0] = float(value)
    with pytest.raises(ValueError, match=r"\[E940\].*\[L107\].*of the batch's 3 .*head: linear.weight"):
        nlp.update(make_examples(nlp))


def test_numbers_that_grow_too_large(copy_trained):
    nlp = copy_trained()
    nlp.get_pipe("lstm_tagger").model.get_ref("decoder").shims[0].module.linear.weight.data.fill_(3e38)
    with pytest.raises(ValueError, match=r"\[L107\].*\[L110\]"):
        nlp.update(make_examples(nlp))


def test_vectors_that_are_not_a_number():
    nlp = English()
    vectors = np.ones((3, 4), dtype=np.float32)
    vectors[1, 2] = np.nan
    nlp.vocab.vectors = Vectors(data=vectors, keys=["green", "blue", "eggs"])
    make_pipeline(tok2vec={"embed": {"include_static_vectors": True}}, nlp=nlp)
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    # The decoder starts at zero, and zero times NaN is NaN.
    with pytest.raises(ValueError, match=r"1 of the batch's 3 .*'Eat blue ham'.*\[L109\].*'blue'"):
        nlp.update(examples, sgd=optimizer)


@pytest.mark.filterwarnings("ignore:overflow encountered")  # in the optimizer
@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_training_that_diverges_says_so():
    nlp = make_pipeline()
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)

    def learn_too_fast():
        for _ in range(10):
            nlp.update(examples, sgd=SGD(1e38, grad_clip=0.0))

    with pytest.raises(ValueError, match=r"\[E940\].*\[L107\].*\[L1(08|10)\].*learn_rate.*grad_clip"):
        learn_too_fast()


def test_gradients_add_up_until_finish_update(copy_trained):
    nlp = copy_trained()
    tagger = nlp.get_pipe("lstm_tagger")
    before = scores_of(nlp)
    tagger.update(make_examples(nlp, [("I like green eggs", ["R", "R", "R", "R"])]))
    assert np.array_equal(scores_of(nlp), before)
    tagger.finish_update(Adam(0.01))
    assert not np.allclose(scores_of(nlp), before)


@pytest.mark.parametrize("optimizer", ["Adam.v1", "spacy-lstm-tagger.LazyAdam.v1", "RAdam.v1"])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_any_optimizer_will_do(optimizer, accumulate):
    nlp = English()
    tagger = nlp.add_pipe("lstm_tagger")
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    sgd = registry.resolve({"optimizer": {"@optimizers": optimizer, "learn_rate": 0.003}})["optimizer"]
    weights = dict(tagger.model.get_ref("tok2vec").shims[0].module.named_parameters())
    before = {name: parameter.detach().clone() for name, parameter in weights.items()}
    for _ in range(80):
        for _ in range(accumulate):
            tagger.update(examples, drop=0.1)
        tagger.finish_update(sgd)
    assert tag(nlp, TRAIN_TEXTS) == TRAIN_TAGS
    for name, parameter in weights.items():
        assert not torch.equal(parameter, before[name]), name


def test_averages_of_the_lazy_optimizer_are_those_of_all_steps():
    nlp = English()
    tagger = nlp.add_pipe("lstm_tagger")
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    sgd = registry.resolve({"optimizer": {"@optimizers": "spacy-lstm-tagger.LazyAdam.v1"}})["optimizer"]
    shim, ops = tagger.model.get_ref("tok2vec").shims[0], get_current_ops()
    expected = {name: np.zeros(p.shape, dtype="f") for name, p in shim.module.named_parameters()}
    for step in range(1, 7):
        nlp.update([examples[step % 3]], sgd=sgd)
        last = {name: p.detach().clone() for name, p in shim.module.named_parameters()}
        for name, average in expected.items():
            ops.update_averages(average, last[name].numpy(), step)
    scores = scores_of(nlp)
    with nlp.use_params(sgd.averages):
        for name, parameter in shim.module.named_parameters():
            assert np.allclose(parameter.detach().numpy(), expected[name], atol=1e-5), name
        assert not np.allclose(scores_of(nlp), scores, atol=1e-3)
    assert all(torch.equal(parameter, last[name]) for name, parameter in shim.module.named_parameters())
    assert np.array_equal(scores_of(nlp), scores)


def test_dropout_of_an_update_reaches_torch(copy_trained):
    nlp = copy_trained()
    tagger = nlp.get_pipe("lstm_tagger")
    tagger.update(make_examples(nlp), drop=0.35)
    network = tagger.model.get_ref("tok2vec").shims[0].module
    assert network.dropout_rate == 0.35
    assert not network.training


def test_averages_are_used_within_use_params_only():
    nlp = make_pipeline()
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    optimizer = Adam(0.01, use_averages=True)
    for _ in range(5):
        nlp.update(examples, sgd=optimizer)
    last = scores_of(nlp)
    with nlp.use_params(optimizer.averages):
        averaged = scores_of(nlp)
        tagger = nlp.get_pipe("lstm_tagger")
        weights = tagger.model.get_ref("decoder").shims[0].module.linear.weight.detach().numpy()
        key = (tagger.model.get_ref("decoder").shims[0].id, "linear.weight")
        assert np.array_equal(weights, optimizer.averages[key])
    assert not np.allclose(averaged, last)
    assert np.array_equal(scores_of(nlp), last)


def test_rehearsal_holds_on_to_old_predictions(copy_trained):
    """Trained only on new examples it forgets; also rehearsed, it forgets less."""
    new = [("Eat green eggs", ["R", "R", "R"])]

    def distance(rehearse):
        nlp = copy_trained()
        optimizer = nlp.resume_training()
        optimizer.learn_rate = 0.01
        old = scores_of(nlp)
        for _ in range(10):
            nlp.update(make_examples(nlp, new), sgd=optimizer)
            if rehearse:
                losses = nlp.rehearse(make_examples(nlp), sgd=optimizer, losses={})
                assert losses["lstm_tagger"] > 0
        return np.abs(scores_of(nlp) - old).mean()

    assert distance(rehearse=True) < distance(rehearse=False)


def test_rehearse_without_a_teacher_does_nothing(trained):
    before = scores_of(trained)
    tagger = trained.get_pipe("lstm_tagger")
    assert tagger.rehearse(make_examples(trained), sgd=Adam(0.1)) == {"lstm_tagger": 0.0}
    assert np.array_equal(scores_of(trained), before)


def test_empty_documents_in_training():
    nlp = English()
    tagger = nlp.add_pipe("lstm_tagger")
    empty = Example.from_dict(nlp.make_doc(""), {"tags": []})
    examples = [*make_examples(nlp), empty]
    train(nlp, examples)
    assert tag(nlp, TRAIN_TEXTS) == TRAIN_TAGS
    assert tagger.update([empty, empty], losses={}) == {"lstm_tagger": 0.0}


def test_score(trained):
    examples = make_examples(trained)
    for example in examples:
        example.predicted = trained(example.predicted)
    examples[0].reference[0].tag_ = "R"
    assert trained.get_pipe("lstm_tagger").score(examples) == {"tag_acc": 11 / 12}


# Streams


@pytest.fixture(scope="module")
def forward_only():
    return make_trained(tok2vec={"encode": {"bidirectional": False}})


def test_text_read_in_pieces_gets_the_tags_of_the_whole(forward_only):
    nlp, tagger = forward_only, forward_only.get_pipe("lstm_tagger")
    texts = ["I like green eggs", "She sees old dogs now", "Eat"]
    whole = tagger.predict([nlp.make_doc(text) for text in texts])
    words = [text.split() for text in texts]
    state, pieces = None, []
    for step in range(5):
        docs = [Doc(nlp.vocab, words=sentence[step : step + 1]) for sentence in words]
        tags, state = tagger.predict_on(docs, state)
        pieces.append(tags)
    streamed = [np.concatenate([piece[i] for piece in pieces]) for i in range(len(texts))]
    assert all(map(np.array_equal, streamed, whole))
    assert len({tuple(tags) for tags in whole}) == 3
    alone, _ = tagger.predict_on([Doc(nlp.vocab, words=["eggs"])])
    assert len(alone[0]) == 1


def test_a_bidirectional_tagger_cannot_read_in_pieces(trained):
    with pytest.raises(ValueError, match=r"\[L006\].*bidirectional = false"):
        trained.get_pipe("lstm_tagger").predict_on([trained.make_doc("I like")])


def test_a_state_of_other_texts(forward_only):
    nlp, tagger = forward_only, forward_only.get_pipe("lstm_tagger")
    _, state = tagger.predict_on([nlp.make_doc("I"), nlp.make_doc("Eat")])
    with pytest.raises(ValueError, match=r"\[L008\].*2 texts.*1 documents"):
        tagger.predict_on([nlp.make_doc("like")], state)


# Composition


def test_a_model_of_another_architecture():
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": {"@architectures": "spacy.HashEmbedCNN.v2"}}
    model["tok2vec"] |= {"width": 8, "depth": 1, "embed_size": 10, "pretrained_vectors": None}
    model["tok2vec"] |= {"window_size": 1, "maxout_pieces": 2, "subword_features": False}
    with pytest.raises(ValueError, match=r"\[L007\].*'lstm_tagger'.*LSTMTagger.v1"):
        LSTMTagger(English().vocab, registry.resolve({"model": model})["model"])


def test_a_listener_of_another_width():
    nlp = English()
    nlp.add_pipe("tok2vec")  # 96 wide
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 95, "upstream": "*"}
    make_pipeline(tok2vec=listener, nlp=nlp)
    nlp.initialize(lambda: make_examples(nlp))
    with pytest.raises(ValueError, match=r"\[L009\].*width 96.*95.*listener"):
        nlp.update(make_examples(nlp))


def test_frozen_and_annotating(copy_trained):
    nlp = copy_trained()
    seen = []

    @Language.component("spy_on_tags")
    def spy(doc):
        seen.append([token.tag_ for token in doc])
        return doc

    nlp.add_pipe("spy_on_tags")
    before = scores_of(nlp)
    nlp.update(make_examples(nlp), exclude=["lstm_tagger"], sgd=Adam(0.1))
    assert np.array_equal(scores_of(nlp), before)
    nlp.update(make_examples(nlp), annotates=["lstm_tagger", "spy_on_tags"], sgd=Adam(0.0))
    assert seen == TRAIN_TAGS


def test_source_from_another_pipeline(trained):
    nlp = English()
    nlp.add_pipe("lstm_tagger", source=trained)
    assert tag(nlp, TEXTS) == tag(trained, TEXTS)
    assert np.allclose(scores_of(nlp), scores_of(trained))


def test_two_taggers_in_one_pipeline_keep_apart():
    nlp = English()
    nlp.add_pipe("lstm_tagger", "one")
    nlp.add_pipe("lstm_tagger", "two", config={"overwrite": True})
    examples = make_examples(nlp)
    losses = train(nlp, examples)
    assert losses.keys() == {"one", "two"}
    assert tag(nlp, TRAIN_TEXTS) == TRAIN_TAGS


# Saving


def test_bytes_round_trip(trained):
    other = make_pipeline().from_bytes(trained.to_bytes())
    assert tag(other, TEXTS) == tag(trained, TEXTS)
    assert np.allclose(scores_of(other), scores_of(trained), atol=1e-5)
    assert other.get_pipe("lstm_tagger").label_data == trained.get_pipe("lstm_tagger").label_data


def test_disk_round_trip(trained, tmp_path):
    trained.to_disk(tmp_path / "model")
    other = spacy.load(tmp_path / "model")
    assert tag(other, TEXTS) == tag(trained, TEXTS)
    assert np.allclose(scores_of(other), scores_of(trained), atol=1e-5)


def test_component_alone_on_another_vocab(trained, tmp_path):
    trained.get_pipe("lstm_tagger").to_disk(tmp_path / "tagger", exclude=["vocab"])
    nlp = English()
    tagger = nlp.add_pipe("lstm_tagger").from_disk(tmp_path / "tagger", exclude=["vocab"])
    assert tagger.labels == trained.get_pipe("lstm_tagger").labels
    assert np.allclose(scores_of(nlp), scores_of(trained), atol=1e-5)
    assert tag(nlp, TEXTS) == tag(trained, TEXTS)


def test_exclude(trained):
    tagger = trained.get_pipe("lstm_tagger")
    without_model = English().add_pipe("lstm_tagger").from_bytes(tagger.to_bytes(exclude=["model"]))
    assert without_model.labels == tagger.labels
    assert not without_model.model.get_ref("tok2vec").shims[0].is_initialized


def test_training_continues_after_loading(copy_trained):
    nlp = copy_trained()
    optimizer = nlp.resume_training()
    data = make_examples(nlp, [("I like green eggs", ["R", "V", "J", "N"])])
    for _ in range(40):
        nlp.update(data, sgd=optimizer)
    assert tag(nlp, ["I like green eggs"]) == [["R", "V", "J", "N"]]


def test_pickle(trained):
    tagger = pickle.loads(pickle.dumps(trained.get_pipe("lstm_tagger")))
    assert isinstance(tagger, LSTMTagger)
    docs = [trained.make_doc(text) for text in TEXTS]
    expected = trained.get_pipe("lstm_tagger").predict(docs)
    assert all(map(np.array_equal, tagger.predict(docs), expected))


def test_doc_bin(trained):
    docs = list(trained.pipe([text for text in TEXTS if text]))
    stored = DocBin(attrs=["TAG"], docs=docs).to_bytes()
    loaded = DocBin().from_bytes(stored).get_docs(English().vocab)
    assert [doc.to_array(TAG).tolist() for doc in loaded] == [doc.to_array(TAG).tolist() for doc in docs]


def test_weights_of_another_config(trained):
    data = trained.get_pipe("lstm_tagger").to_bytes()
    narrow = {"tok2vec": {"encode": {"@architectures": "spacy-lstm-tagger.LSTM.v1", "width": 16}}}
    other = English().add_pipe("lstm_tagger", config={"model": narrow})
    width = trained.get_pipe("lstm_tagger").model.get_ref("tok2vec").get_dim("nO")
    with pytest.raises(ValueError, match=rf"\[L205\].*from 32 to {width}"):
        other.from_bytes(data)


def test_a_foreign_model_folder(trained, tmp_path):
    nlp = English()
    nlp.add_pipe("tagger").add_label("N")
    nlp.initialize()
    foreign = nlp.get_pipe("tagger").to_bytes(exclude=["vocab"])
    with pytest.raises(ValueError, match=r"\[L205\].*'lstm_tagger'.*mismatched structure"):
        English().add_pipe("lstm_tagger").from_bytes(foreign)


def test_a_damaged_model_folder(trained, tmp_path):
    trained.to_disk(tmp_path / "model")
    file = tmp_path / "model" / "lstm_tagger" / "model"
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"\[L205\].*'lstm_tagger'.*\[L206\] 'model'"):
        spacy.load(tmp_path / "model")


def test_nothing_of_a_saved_model_is_pickled(trained):
    data = trained.get_pipe("lstm_tagger").model.to_bytes()
    for module in (b"torch._utils", b"collections\n", b"cnumpy", b"ctorch"):
        assert module not in data
    assert BytesIO(data).read(2) != b"PK"  # the zip of torch.save


def test_rehearsal_updates_with_an_optimizer_only(copy_trained):
    nlp = copy_trained()
    tagger = nlp.get_pipe("lstm_tagger")
    nlp.resume_training()
    teacher = scores_of(nlp)
    tagger.update(make_examples(nlp, [("Eat green eggs", ["R", "R", "R"])]), sgd=Adam(0.01))
    student = scores_of(nlp)
    tagger.rehearse(make_examples(nlp))
    assert np.array_equal(scores_of(nlp), student)
    tagger.rehearse(make_examples(nlp), sgd=Adam(0.001))
    assert np.abs(scores_of(nlp) - teacher).mean() < np.abs(student - teacher).mean()
