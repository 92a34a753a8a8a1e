"""The tok2vec layer: the same vectors in every way, and good ones under spaCy's own components."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import spacy
import srsly
import torch
from helpers import NLP, assert_close, make_docs
from spacy import registry
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import SGD, Adam, Optimizer, set_dropout_rate

from spacy_lstm_tagger.features import FeatureTable, TypeFeatures
from spacy_lstm_tagger.models.settings import CharacterSettings, EmbeddingSettings, LSTMSettings
from spacy_lstm_tagger.models.shim import get_shim
from spacy_lstm_tagger.models.tok2vec import (
    Tok2Vec,
    build_lstm_tok2vec,
    fit_vocabulary,
    get_vocabulary,
    set_vocabulary,
)
from spacy_lstm_tagger.optimizers import create_lazy_adam

WIDTH = 6
NO_TABLES: dict[str, Any] = {"attrs": [], "widths": [], "prefix_lengths": [], "suffix_lengths": []}
SENTENCES = [
    ["The", "cat", "sat", "on", "the", "mat", "."],
    [],
    ["A", "dog", "barked"],
    ["the", "cat"],
    [],
    ["42"],
]


DOCS = make_docs(SENTENCES)


def build(
    *,
    characters: bool | CharacterSettings = False,
    encode: dict[str, Any] | None = None,
    prediction: dict[str, Any] | None = None,
    **embed: Any,
) -> Tok2Vec:
    small: dict[str, Any] = {
        "attrs": ["LOWER", "SHAPE"],
        "widths": [5, 3],
        "prefix_lengths": [2],
        "suffix_lengths": [1, 3],
        "affix_width": 2,
        "word_dropout": 0.0,
        "hash_rows": 50,
        "vectors_width": 4,
    }
    if characters is True:
        characters = CharacterSettings(symbol_width=3, filters=2, max_bytes=8)
    if characters:
        small["characters"] = characters
    return build_lstm_tok2vec(
        EmbeddingSettings(**small | embed),
        LSTMSettings(**{"width": WIDTH} | (encode or {})),
        **{"cache_size": 100} | (prediction or {}),
    )


def make(*, fitted: bool = False, docs: list[Doc] = DOCS, **settings: Any) -> Tok2Vec:
    """An initialized layer; the docs are its training data."""
    model = build(**settings)
    if fitted:
        fit_vocabulary(model, lambda: docs)
    model.initialize(X=docs[:1])
    return model


def copy_of(model: Tok2Vec, **settings: Any) -> Tok2Vec:
    return build(**settings).from_bytes(model.to_bytes())


def update(model: Tok2Vec, docs: list[Doc] = DOCS, learn_rate: float = 1.0) -> None:
    outputs, backprop = model.begin_update(docs)
    backprop([np.ones_like(output) for output in outputs])
    model.finish_update(SGD(learn_rate))


KINDS = pytest.mark.parametrize(
    "kind",
    [
        {},
        {"fitted": True},
        {"characters": True},
        {"fitted": True, "characters": True, "encode": {"depth": 2}},
        {"encode": {"bidirectional": False, "bias": False, "initial_state": "learned"}},
        {"fitted": True, "encode": {"depth": 3, "skip_connections": True}},
        {"encode": {"depth": 2, "skip_connections": True}, "prediction": {"cache_size": 3}},
        {"prediction": {"cache_size": 0}},
        {"prediction": {"cache_size": 3, "n_threads": 2}},
        {"prediction": {"window": 2, "overlap": 10}},  # each piece is read in the whole document
    ],
    ids=str,
)


# The same vectors in every way


@KINDS
def test_prediction_equals_training(kind: dict[str, Any]) -> None:
    model = make(**kind)
    predicted = model.predict(DOCS)
    assert [x.shape for x in predicted] == [(len(doc), model.get_dim("nO")) for doc in DOCS]
    outputs, _ = model.begin_update(DOCS)
    assert_close(predicted, outputs)
    assert_close(model.predict(DOCS), predicted)  # now every word is a known one


@KINDS
def test_documents_do_not_depend_on_their_batch(kind: dict[str, Any]) -> None:
    model = make(**kind)
    alone = [model.predict([doc])[0] for doc in DOCS if len(doc)]
    in_batch = model.predict(DOCS)
    assert_close([x for x in in_batch if len(x)], alone)
    assert_close(model.predict(DOCS[::-1]), in_batch[::-1])


def test_context_counts() -> None:
    there, back = make().predict(make_docs([["the", "cat"], ["cat", "the"]]))
    assert np.abs(there[0] - back[1]).max() > 1e-3
    one_way = make(encode={"bidirectional": False})
    first, second = one_way.predict(make_docs([["the", "cat"], ["the", "dog"]]))
    np.testing.assert_allclose(first[0], second[0], atol=1e-6)
    assert np.abs(first[1] - second[1]).max() > 1e-3


@pytest.mark.parametrize("n_docs", [0, 1, 2])
@pytest.mark.parametrize("warm", [False, True])
def test_documents_without_tokens(n_docs: int, warm: bool) -> None:
    model = make(characters=True)
    if warm:
        model.predict(DOCS)
    assert [x.shape for x in model.predict(make_docs([[]] * n_docs))] == [(0, 2 * WIDTH)] * n_docs


def test_update_on_documents_without_tokens_changes_nothing() -> None:
    model = make(characters=True)
    before = model.to_bytes()
    update(model, make_docs([[], []]))
    assert model.to_bytes() == before


@pytest.mark.parametrize("fitted", [False, True])
def test_unknown_words(fitted: bool) -> None:
    model = make(fitted=fitted)
    first, second = model.predict(make_docs([["the", "zyz"], ["the", "zwz"]]))
    # Hashed, each has its own vector; fitted, nothing that is known tells them apart.
    assert np.allclose(first, second, atol=1e-6) == fitted


def test_another_vocab_gives_the_same_vectors() -> None:
    for fitted in (False, True):
        model = make(fitted=fitted, characters=True)
        other = spacy.blank("en").vocab
        make_docs([["other", "strings", "first"]], other)
        copy = copy_of(model, characters=True)
        assert_close(copy.predict(make_docs(SENTENCES, other)), model.predict(DOCS), 1e-6)


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("n_docs", [1, 40])
def test_threads_of_the_caller_predict_the_same(n_threads: int, n_docs: int) -> None:
    model = make(characters=True, prediction={"cache_size": 5, "n_threads": n_threads})
    docs = make_docs([[f"w{i}", f"w{i % 7}", "the"] for i in range(40)])
    expected = [model.predict([doc])[0] for doc in docs]
    batches = [docs[i : i + n_docs] for i in range(0, 40, n_docs)]
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(model.predict, batches * 8)
        assert_close([vectors for batch in found for vectors in batch], expected * 8)


# The cache


@pytest.mark.parametrize("fitted", [False, True])
def test_cache_is_given_up_when_the_weights_change(fitted: bool) -> None:
    model = make(fitted=fitted)
    before = model.predict(DOCS)
    update(model)
    after = model.predict(DOCS)
    assert np.abs(after[0] - before[0]).max() > 1e-2
    assert_close(after, copy_of(model, prediction={"cache_size": 0}).predict(DOCS))


def test_averages_are_predicted_with_while_they_are_in_place() -> None:
    model = make()
    optimizer = Adam(0.1, use_averages=True)
    for _ in range(3):
        outputs, backprop = model.begin_update(DOCS)
        backprop([np.ones_like(output) for output in outputs])
        model.finish_update(optimizer)
    before = model.predict(DOCS)
    with model.use_params(optimizer.averages):
        averaged = model.predict(DOCS)
        outputs, _ = model.begin_update(DOCS)
        assert_close(averaged, outputs)
    assert np.abs(averaged[0] - before[0]).max() > 1e-2
    assert_close(model.predict(DOCS), before)


@pytest.mark.parametrize("cache_size", [0, 2, 100])
def test_cache_keeps_no_more_types_than_it_may(cache_size: int) -> None:
    model = make(prediction={"cache_size": cache_size})
    sizes = []
    for docs in (DOCS[3:4], DOCS[:1], DOCS, DOCS[2:], DOCS):
        model.predict(docs)
        sizes.append(len(get_shim(model).derived["predictor"].cache))
    assert max(sizes) <= cache_size
    assert (max(sizes) > 0) == (cache_size > 0)


def test_each_word_is_projected_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make()
    computed: list[int] = []
    compute = FeatureTable.__call__

    def count(self: FeatureTable, types: np.ndarray, vocab: Vocab) -> TypeFeatures:
        computed.extend(types[:, 0].tolist())
        return compute(self, types, vocab)

    monkeypatch.setattr(FeatureTable, "__call__", count)
    for docs in (DOCS[:1], DOCS, DOCS[::-1]):
        model.predict(docs)
    assert sorted(computed) == sorted({token.orth for doc in DOCS for token in doc})


# Training


@pytest.mark.parametrize("fitted", [False, True])
def test_gradients_are_those_of_finite_differences(fitted: bool) -> None:
    model = make(fitted=fitted, characters=True, encode={"width": 2, "initial_state": "learned"})
    module = get_shim(model).module.double()
    for convolution in module.embedding.characters.convolutions:
        torch.nn.init.zeros_(convolution.bias)  # else a filter may be silent for these few words
    outputs, backprop = model.begin_update(DOCS)
    rng = np.random.default_rng(0)
    gradients = [rng.normal(size=output.shape) for output in outputs]
    backprop(gradients)
    words = module.features.read_types(DOCS)
    types = module.to_tensors(module.features(words.types, NLP.vocab))
    index, lengths = torch.from_numpy(words.token_types), torch.from_numpy(words.lengths)

    @torch.no_grad()
    def objective() -> float:
        return float((module(types, index, lengths).numpy() * np.concatenate(gradients)).sum())

    for name, parameter in module.named_parameters():
        assert parameter.grad is not None
        values, gradient = parameter.data.view(-1), parameter.grad.to_dense().flatten()
        assert gradient.any(), name
        # The largest gradients: those of a table are of words that occur.
        for i in gradient.abs().topk(min(3, len(gradient))).indices.tolist():
            value, differences = values[i].item(), []
            for step in (1e-5, -1e-5):
                values[i] = value + step
                differences.append(objective())
            values[i] = value
            numeric = (differences[0] - differences[1]) / 2e-5
            assert gradient[i].item() == pytest.approx(numeric, rel=1e-4, abs=1e-7), name


@pytest.mark.parametrize("optimizer", [SGD, Adam, create_lazy_adam])
def test_all_weights_learn_with_any_optimizer(optimizer: Callable[[float], Optimizer]) -> None:
    model, its_optimizer = make(characters=True, encode={"initial_state": "learned"}), optimizer(0.05)
    before = {name: weights.clone() for name, weights in get_shim(model).module.named_parameters()}
    wanted = [np.full((len(doc), 2 * WIDTH), 0.3, dtype=np.float32) for doc in DOCS]
    distances = []
    for _ in range(60):
        outputs, backprop = model.begin_update(DOCS)
        distances.append(sum(float(((x - y) ** 2).sum()) for x, y in zip(outputs, wanted, strict=True)))
        backprop([x - y for x, y in zip(outputs, wanted, strict=True)])
        model.finish_update(its_optimizer)
    assert distances[-1] < 0.1 * distances[0]
    for name, weights in get_shim(model).module.named_parameters():
        assert not torch.equal(weights, before[name]), name


def test_lazy_adam_leaves_other_words_alone() -> None:
    model = make(fitted=True)
    tables = get_shim(model).module.embedding.tables
    before = [table.weight.detach().clone() for table in tables]
    docs = make_docs([["the", "cat"]])
    outputs, backprop = model.begin_update(docs)
    backprop([np.ones_like(output) for output in outputs])
    model.finish_update(create_lazy_adam(0.1))
    features = get_shim(model).module.features
    rows = features(features.read_types(docs).types, NLP.vocab).rows
    for i, (table, weights) in enumerate(zip(tables, before, strict=True)):
        moved = (table.weight != weights).any(dim=1)
        assert set(moved.nonzero().flatten().tolist()) == set(rows[:, i].tolist())


@pytest.mark.parametrize("rate", [0.3, 0.7])
def test_dropout_rate_reaches_the_network(rate: float) -> None:
    docs = make_docs([["w"] * 100] * 4)
    model = make(encode={"depth": 2, "width": 16})
    set_dropout_rate(model, rate)
    outputs, _ = model.begin_update(docs)
    module = get_shim(model).module
    assert module.dropout_rate == module.lstm.rnn.dropout == rate
    # Of 12,800 values, within five standard deviations.
    assert np.mean(np.concatenate(outputs) == 0) == pytest.approx(rate, abs=0.025)
    assert (model.predict(docs)[0] != 0).all()
    set_dropout_rate(model, 0.0)
    assert_close(model.begin_update(docs)[0], model.predict(docs))


def test_dropout_of_the_settings_holds_until_another_is_set() -> None:
    model = make(encode={"dropout": 0.5, "width": 32})
    assert np.mean(model.begin_update(DOCS)[0][0] == 0) == pytest.approx(0.5, abs=0.15)


def test_rare_words_are_dropped_by_their_frequency() -> None:
    docs = make_docs([["often"] * 9 + ["seldom"]])
    fitted = make(fitted=True, docs=docs, word_dropout=3.0)
    for model in (fitted, copy_of(fitted, word_dropout=3.0)):
        replacement = get_shim(model).module.embedding.get_buffer("replacement_0")
        # The unknown row, "often" (n = 9), "seldom" (n = 1): α / (α + n).
        assert replacement.tolist() == pytest.approx([0.0, 3 / 12, 3 / 4])
    hashed = make(word_dropout=3.0)
    assert get_shim(hashed).module.embedding.get_buffer("replacement_0") is None


# Settings and what is fitted


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("initial_state", ["zeros", "learned"])
def test_settings_of_the_recurrence_reach_the_network(bias: bool, initial_state: str) -> None:
    model = make(encode={"bias": bias, "initial_state": initial_state, "depth": 2, "bidirectional": False})
    found = {name for name, _ in get_shim(model).module.lstm.named_parameters()}
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh") if bias else ("weight_ih", "weight_hh")
    expected = {f"rnn.{kind}_l{layer}" for kind in kinds for layer in (0, 1)}
    assert found == expected | ({"learned_state"} if initial_state == "learned" else set())


def test_vocabulary_is_that_of_all_documents() -> None:
    model = make(fitted=True)
    vocabulary = get_vocabulary(model)
    expected = {"the": 3, "cat": 2}
    assert {word: n for word, n in vocabulary["LOWER"].items() if n > 1} == expected
    assert list(vocabulary) == ["LOWER", "SHAPE", "PREFIX2", "SUFFIX1", "SUFFIX3"]
    n_words = len({token.lower for doc in DOCS for token in doc})
    assert get_shim(model).module.embedding.tables[0].weight.shape == (1 + n_words, 5)


def test_vocabulary_handed_over_is_used() -> None:
    model = build()
    set_vocabulary(model, get_vocabulary(make(fitted=True)))
    model.initialize(X=make_docs([["other"]]))
    assert get_vocabulary(model) == get_vocabulary(make(fitted=True))
    assert_close(*model.predict(make_docs([["xyx"], ["ywy"]])))


def test_vocabulary_of_other_tables_is_refused() -> None:
    model = build()
    with pytest.raises(ValueError, match=r"L103.*'SHAPE'"):
        set_vocabulary(model, {"LOWER": {"the": 1}})
    model.initialize(X=DOCS)
    assert get_vocabulary(model) == {}


@pytest.mark.parametrize("hash_rows", [1, 20])
def test_hashed_tables_have_the_rows_of_the_settings(hash_rows: int) -> None:
    model = make(hash_rows=hash_rows, word_dropout=0.5)
    tables = get_shim(model).module.embedding.tables
    assert {len(table.weight) for table in tables} == {1 + hash_rows}
    # All words of the same row look alike.
    words = np.concatenate(model.predict(make_docs([[f"word{i}"] for i in range(30)])))
    assert (np.ptp(words, axis=0).max() < 1e-5) == (hash_rows == 1)


@pytest.mark.parametrize(("max_bytes", "alike"), [(4, True), (8, False)])
def test_words_are_read_up_to_max_bytes(max_bytes: int, alike: bool) -> None:
    characters = CharacterSettings(symbol_width=3, filters=4, max_bytes=max_bytes)
    model = make(**NO_TABLES, characters=characters)
    first, second = model.predict(make_docs([["abcdefg"], ["abxyzfg"]]))
    assert np.allclose(first, second, atol=1e-6) == alike


def test_sample_of_documents_does_not_change_the_tables() -> None:
    shapes = []
    for docs in (DOCS[:1], DOCS, None):
        model = build()
        model.initialize(X=docs)
        shapes.append([tuple(p.shape) for p in get_shim(model).module.parameters()])
    assert shapes[0] == shapes[1] == shapes[2]


def test_vocabulary_is_for_one_initialization() -> None:
    model = make(fitted=True)
    model.initialize(X=DOCS)
    assert get_vocabulary(model) == {}
    assert model.predict(DOCS[:1])[0].shape == (7, 2 * WIDTH)


def test_min_freq_reaches_the_tables() -> None:
    vocabulary = get_vocabulary(
        make(fitted=True, min_freq=2, attrs=["LOWER"], widths=[5], suffix_lengths=[])
    )
    assert vocabulary["LOWER"] == {"the": 3, "cat": 2}


def test_layer_can_be_initialized_where_no_word_is_frequent() -> None:
    model = make(fitted=True, docs=make_docs([["a", "b", "c"]]), min_freq=2)
    assert_close(*model.predict(make_docs([["a"], ["z"]])))


def test_model_without_such_a_layer_has_no_vocabulary() -> None:
    listener = registry.architectures.get("spacy.Tok2VecListener.v1")(width=4)
    fit_vocabulary(listener, lambda: pytest.fail("nothing should be fitted"))
    set_vocabulary(listener, {})
    assert get_vocabulary(listener) == {}


# Static vectors


def make_vocab() -> Vocab:
    vocab = spacy.blank("en").vocab
    rng = np.random.default_rng(0)
    for word in ("cat", "dog"):
        vocab.set_vector(word, rng.normal(size=3).astype(np.float32))
    vocab.set_vector("feline", vocab.get_vector("cat"))
    return vocab


ONLY_VECTORS = NO_TABLES | {"include_static_vectors": True}


def test_static_vectors_are_read() -> None:
    vocab = make_vocab()
    docs = make_docs([["cat"], ["feline"], ["dog"], ["zebra"], ["okapi"], []], vocab)
    model = make(docs=docs, **ONLY_VECTORS)
    cat, feline, dog, zebra, okapi, _ = model.predict(docs)
    np.testing.assert_allclose(cat, feline, atol=1e-6)
    np.testing.assert_allclose(zebra, okapi, atol=1e-6)
    assert np.abs(cat - dog).max() > 1e-3
    assert np.abs(cat - zebra).max() > 1e-3
    assert_close(model.begin_update(docs)[0], model.predict(docs))
    assert_close(copy_of(model, **ONLY_VECTORS).predict(docs), model.predict(docs))


def test_static_vectors_stand_beside_the_tables() -> None:
    docs = make_docs([["cat", "dog"], ["feline", "zebra"]], make_vocab())
    model = make(docs=docs, fitted=True, include_static_vectors=True)
    vectors, projection = docs[0].vocab.vectors.data, get_shim(model).module.embedding.static.weight
    before, projection_before = vectors.copy(), projection.detach().clone()
    update(model, docs)
    assert projection.shape == (4, 3)
    assert not torch.equal(projection, projection_before)
    np.testing.assert_array_equal(vectors, before)
    assert_close(model.predict(docs), model.begin_update(docs)[0])


@pytest.mark.parametrize("docs", [DOCS, None])
def test_missing_vectors_are_named(docs: list[Doc] | None) -> None:
    model = build(include_static_vectors=True)
    with pytest.raises(ValueError, match="L005"):
        model.initialize(X=docs)


# Copies


@KINDS
@pytest.mark.parametrize("copy", [deepcopy, Tok2Vec.copy, None], ids=["deepcopy", "copy", "bytes"])
def test_copies_predict_the_same(kind: dict[str, Any], copy: Callable[[Tok2Vec], Tok2Vec] | None) -> None:
    model = make(**kind)
    settings = {name: value for name, value in kind.items() if name != "fitted"}
    expected = model.predict(DOCS)
    other = copy(model) if copy else copy_of(model, **settings)
    assert_close(other.predict(DOCS), expected, 0.0)
    assert get_vocabulary(other) == get_vocabulary(model)
    update(other)
    assert_close(model.predict(DOCS), expected, 0.0)
    assert np.abs(other.predict(DOCS)[0] - expected[0]).max() > 1e-3


@pytest.mark.parametrize(
    "settings", [{"widths": [5, 4]}, {"characters": True}, {"encode": {"depth": 2}}, {"suffix_lengths": []}]
)
def test_bytes_of_another_config_are_refused(settings: dict[str, Any]) -> None:
    model = build(**settings)
    with pytest.raises(ValueError, match=r"L20[24]"):
        model.from_bytes(make(fitted=True).to_bytes())


@pytest.mark.parametrize(
    "fitted",
    [
        {"vocabulary": {"LOWER": {"the": 1}}},
        {"vocabulary": {"LOWER": ["the"]}},
        {"vocabulary": {"LOWER": {"the": "often"}}},
        {"vocabulary": {"LOWER": {"the": 2**64 - 1}}},
        {"vocabulary": ["the"]},
        {"vector_width": -1},
        {"vector_width": "3"},
        {"vector_width": 2**63},
    ],
    ids=str,
)
def test_damaged_vocabulary_is_refused(fitted: dict[str, Any]) -> None:
    settings: dict[str, Any] = {
        "attrs": ["LOWER"],
        "widths": [5],
        "prefix_lengths": [],
        "suffix_lengths": [],
    }
    model = make(fitted=True, word_dropout=0.5, **settings)
    expected = model.predict(DOCS)
    shim = get_shim(model)
    content = srsly.msgpack_loads(srsly.msgpack_loads(shim.to_bytes())["content"])
    content["fitted"] |= fitted
    with pytest.raises(ValueError, match=r"\[L20[24]\]"):
        shim.from_bytes(srsly.msgpack_dumps({"format": 1, **content}))  # which has no checksum
    assert_close(model.predict(DOCS), expected, 0.0)


# Under spaCy's own components

TOK2VEC: dict[str, Any] = {
    "@architectures": "spacy-lstm-tagger.LSTMTok2Vec.v1",
    "embed": {
        "@architectures": "spacy-lstm-tagger.WordEmbedding.v1",
        "attrs": ["LOWER", "SHAPE"],
        "widths": [16, 8],
        "affix_width": 8,
        "hash_rows": 300,
    },
    "encode": {"@architectures": "spacy-lstm-tagger.LSTM.v1", "width": 16},
}
LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32}
TAGGED = [
    (["Ann", "saw", "the", "saw"], ["N", "V", "D", "N"], ["U-PER", "O", "O", "O"]),
    (["Saw", "Bob", "the", "man", "?"], ["V", "N", "D", "N", "P"], ["O", "U-PER", "O", "O", "O"]),
    (["In", "New", "York"], ["A", "N", "N"], ["O", "B-LOC", "L-LOC"]),
]


def tagger_config(tok2vec: dict[str, Any]) -> dict[str, Any]:
    return {"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": tok2vec}}


def ner_config(tok2vec: dict[str, Any]) -> dict[str, Any]:
    model = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 16,
        "maxout_pieces": 2,
        "use_upper": True,
        "tok2vec": tok2vec,
    }
    return {"model": model}


def make_examples(nlp: Language) -> list[Example]:
    examples = []
    for words, tags, entities in TAGGED:
        doc = Doc(nlp.vocab, words=words)
        examples.append(Example.from_dict(doc, {"words": words, "tags": tags, "entities": entities}))
    return examples


def train(nlp: Language, n_updates: int = 40) -> Iterator[float]:
    """YIELDS (float): The loss of every update, over all trained components."""
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(n_updates):
        losses: dict[str, float] = {}
        nlp.update(make_examples(nlp), sgd=optimizer, losses=losses)
        yield sum(float(loss) for name, loss in losses.items() if name != "tok2vec")


@pytest.mark.parametrize(
    "pipes",
    [
        {"tagger": tagger_config(TOK2VEC)},
        {"ner": ner_config(TOK2VEC)},
        {"tok2vec": {"model": TOK2VEC}, "tagger": tagger_config(LISTENER), "ner": ner_config(LISTENER)},
    ],
    ids=["tagger", "ner", "shared"],
)
def test_training_under_spacys_components(pipes: dict[str, dict[str, Any]]) -> None:
    nlp = spacy.blank("en")
    for name, config in pipes.items():
        nlp.add_pipe(name, config=config)
    losses = list(train(nlp))
    assert losses[-1] < 0.1 * losses[0]
    scores = nlp.evaluate(make_examples(nlp))
    trained = {"tagger": "tag_acc", "ner": "ents_f"}
    assert {name: scores[key] for name, key in trained.items() if name in pipes} == {
        name: 1.0 for name in trained if name in pipes
    }


def test_shared_layer_learns_from_its_listeners() -> None:
    nlp = spacy.blank("en")
    shared = nlp.add_pipe("tok2vec", config={"model": TOK2VEC})
    nlp.add_pipe("tagger", config=tagger_config(LISTENER))
    training = train(nlp)
    next(training)
    before = {name: p.clone() for name, p in get_shim(shared.model).module.named_parameters()}
    next(training)
    for name, parameter in get_shim(shared.model).module.named_parameters():
        assert not torch.equal(parameter, before[name]), name


def test_pipeline_from_bytes_predicts_the_same() -> None:
    nlp, other = spacy.blank("en"), spacy.blank("en")
    for pipeline in (nlp, other):
        pipeline.add_pipe("tok2vec", config={"model": TOK2VEC})
        pipeline.add_pipe("ner", config=ner_config(LISTENER))
    list(train(nlp, 5))
    other.from_bytes(nlp.to_bytes())
    docs = [nlp(" ".join(words)) for words, *_ in TAGGED]
    others = [other(doc.text) for doc in docs]
    np.testing.assert_array_equal(
        np.concatenate([doc.tensor for doc in others]), np.concatenate([doc.tensor for doc in docs])
    )
    assert [doc.to_json()["ents"] for doc in others] == [doc.to_json()["ents"] for doc in docs]


def test_training_on_a_cpu_is_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the precision of predictions."""
    monkeypatch.setattr("spacy_lstm_tagger.models.precision.has_bfloat16", lambda _: True)
    model = make()
    expected, _ = model.begin_update(DOCS)
    found, _ = copy_of(model, prediction={"precision": "bfloat16"}).begin_update(DOCS)
    assert_close(found, expected, tolerance=0)
