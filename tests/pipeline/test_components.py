"""What holds for every component: each test runs for all of them."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import registry
from thinc.api import Adam, Optimizer

from spacy_lstm_tagger.pipeline.labeler import SequenceLabeler

WORDS = [
    ["Anna", "saw", "two", "dogs", "in", "New", "York"],
    ["The", "mice", "ran", "to", "John", "Smith"],
    ["Paris", "sees", "Anna"],
]
TAGS = [
    ["NNP", "VBD", "CD", "NNS", "IN", "NNP", "NNP"],
    ["DT", "NNS", "VBD", "IN", "NNP", "NNP"],
    ["NNP", "VBZ", "NNP"],
]
POS = [
    ["PROPN", "VERB", "NUM", "NOUN", "ADP", "PROPN", "PROPN"],
    ["DET", "NOUN", "VERB", "ADP", "PROPN", "PROPN"],
    ["PROPN", "VERB", "PROPN"],
]
MORPHS = [
    ["Number=Sing", "Tense=Past|VerbForm=Fin", "", "Number=Plur", "", "Number=Sing", "Number=Sing"],
    ["Definite=Def", "Number=Plur", "Tense=Past|VerbForm=Fin", "", "Number=Sing", "Number=Sing"],
    ["Number=Sing", "Number=Sing|Tense=Pres", "Number=Sing"],
]
LEMMAS = [
    ["Anna", "see", "two", "dog", "in", "New", "York"],
    ["the", "mouse", "run", "to", "John", "Smith"],
    ["Paris", "see", "Anna"],
]
ENTITIES = [
    ["U-PER", "O", "O", "O", "O", "B-LOC", "L-LOC"],
    ["O", "O", "O", "O", "B-PER", "L-PER"],
    ["U-LOC", "O", "U-PER"],
]
COLUMNS = {"tags": TAGS, "pos": POS, "morphs": MORPHS, "lemmas": LEMMAS, "entities": ENTITIES}
# Which columns a component learns, and how they are read.
READ: dict[str, tuple[tuple[str, ...], Callable[[Doc], list[Any]]]] = {
    "lstm_tagger": (("tags",), lambda doc: [token.tag_ for token in doc]),
    "lstm_morphologizer": (("pos", "morphs"), lambda doc: [(t.pos_, str(t.morph)) for t in doc]),
    "lstm_lemmatizer": (("lemmas",), lambda doc: [token.lemma_ for token in doc]),
    "lstm_ner": (("entities",), lambda doc: [(e.start, e.end, e.label_) for e in doc.ents]),
}
ALL = list(READ)
SHARED = {
    "@architectures": "spacy.Tok2VecListener.v1",
    "width": 32,
    "upstream": "*",
}
SMALL = {
    "@architectures": "spacy-lstm-tagger.LSTMTok2Vec.v1",
    "embed": {"@architectures": "spacy-lstm-tagger.WordEmbedding.v1"},
    "encode": {"@architectures": "spacy-lstm-tagger.LSTM.v1", "width": 16},
}


def make_examples(nlp: Language, *columns: str) -> list[Example]:
    examples = []
    for i, words in enumerate(WORDS):
        annotation = {column: COLUMNS[column][i] for column in columns}
        examples.append(Example.from_dict(Doc(nlp.vocab, words), {"words": words, **annotation}))
    return examples


def make(name: str, tok2vec: dict[str, Any] = SMALL, **config: Any) -> Language:
    nlp = spacy.blank("en")
    if tok2vec is SHARED:
        nlp.add_pipe("lstm_tok2vec", config={"model": SMALL})
    nlp.add_pipe(name, config={"model": {"tok2vec": tok2vec}, **config})
    return nlp


def learn(nlp: Language, name: str, steps: int = 80) -> list[Example]:
    examples = make_examples(nlp, *READ[name][0])
    update(nlp, examples, nlp.initialize(lambda: examples), steps)
    return examples


def update(nlp: Language, examples: list[Example], optimizer: Optimizer, steps: int = 80) -> None:
    optimizer.learn_rate = 0.01
    for _ in range(steps):
        nlp.update(examples, sgd=optimizer)


def predict(nlp: Language, name: str, words: list[list[str]] = WORDS) -> list[Any]:
    return [READ[name][1](nlp(Doc(nlp.vocab, sentence))) for sentence in words]


def read_gold(name: str) -> list[Any]:
    examples = make_examples(spacy.blank("en"), *READ[name][0])
    return [READ[name][1](example.reference) for example in examples]


@pytest.fixture(scope="module", params=ALL)
def trained(request: pytest.FixtureRequest) -> tuple[str, Language]:
    """RETURNS (Tuple[str, Language]): A component's name, and a pipeline that has learned its columns."""
    nlp = make(request.param)
    learn(nlp, request.param)
    return request.param, nlp


def copy(name: str, nlp: Language, **config: Any) -> Language:
    new = make(name, **config)
    new.get_pipe(name).from_bytes(nlp.get_pipe(name).to_bytes(exclude=["vocab"]), exclude=["vocab"])
    return new


def test_it_learns_its_columns_and_leaves_others_alone(trained: tuple[str, Language]) -> None:
    name, nlp = trained
    assert predict(nlp, name) == read_gold(name)
    doc = make_examples(nlp, *COLUMNS)[0].reference
    for other, (_, read) in READ.items():
        if other != name:
            assert read(nlp(doc.copy())) == read(doc)


def test_pipe_gives_what_calls_give_in_any_batch(trained: tuple[str, Language]) -> None:
    name, nlp = trained
    docs = [Doc(nlp.vocab, words) for words in [[], *WORDS, [], ["dogs"]]]
    for size in (1, 2, 100):
        found = list(nlp.pipe([doc.copy() for doc in docs], batch_size=size))
        assert [READ[name][1](doc) for doc in found] == [READ[name][1](nlp(doc.copy())) for doc in docs]


def test_documents_without_words(trained: tuple[str, Language]) -> None:
    name, nlp = trained
    assert READ[name][1](nlp("")) == []
    assert list(nlp.get_pipe(name).pipe([])) == []


def test_it_is_saved_and_loaded(trained: tuple[str, Language], tmp_path: Path) -> None:
    name, nlp = trained
    nlp.to_disk(tmp_path / "model")
    assert predict(spacy.load(tmp_path / "model"), name) == predict(nlp, name)
    assert predict(copy(name, nlp), name) == predict(nlp, name)
    new = make(name)
    new.from_bytes(nlp.to_bytes())
    assert predict(new, name) == predict(nlp, name)


def test_it_is_pickled(trained: tuple[str, Language]) -> None:
    name, nlp = trained
    assert predict(pickle.loads(pickle.dumps(nlp)), name) == predict(nlp, name)


def test_damaged_files_are_refused_and_nothing_changes(
    trained: tuple[str, Language], tmp_path: Path
) -> None:
    name, nlp = trained
    nlp.get_pipe(name).to_disk(tmp_path / "part", exclude=["vocab"])
    for file in ("cfg", "model"):
        path = tmp_path / "part" / file
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        new = copy(name, nlp)
        with pytest.raises(ValueError, match=f"L205.*'{name}'"):
            new.get_pipe(name).from_disk(tmp_path / "part", exclude=["vocab"])
        assert predict(new, name) == predict(nlp, name)
        path.write_bytes(whole)


def test_two_processes_give_the_same(trained: tuple[str, Language]) -> None:
    name, nlp = trained
    docs = [Doc(nlp.vocab, words) for words in WORDS * 3]
    found = list(nlp.pipe(docs, n_process=2, batch_size=2))
    assert [READ[name][1](doc) for doc in found] == read_gold(name) * 3


def test_annotation_stays_or_goes(trained: tuple[str, Language]) -> None:
    name, nlp = trained
    read = READ[name][1]
    for overwrite in (False, True):
        again = copy(name, nlp)
        again.get_pipe(name).cfg["overwrite"] = overwrite
        doc = Doc(again.vocab, ["Paris", "sees", "Anna"])
        doc[0].tag_, doc[0].pos_, doc[0].lemma_ = "X", "X", "x"
        doc[0].set_morph("A=B")
        doc.set_ents([Span(doc, 0, 1, "X")], default="missing")
        before = read(doc)[:1]
        predicted = read_gold(name)[2]
        found = read(again(doc))
        assert found == (predicted if overwrite else before + predicted[1:])


def test_label_data_makes_the_same_component(trained: tuple[str, Language]) -> None:
    name, nlp = trained
    data = nlp.get_pipe(name).label_data
    for given in (data, srsly.json_loads(srsly.json_dumps(data))):
        new = make(name)
        few = make_examples(new, *READ[name][0])[:1]  # from which labels are missing
        new.get_pipe(name).initialize(lambda few=few: few, nlp=new, labels=given)
        assert new.get_pipe(name).labels == nlp.get_pipe(name).labels
        update(new, make_examples(new, *READ[name][0]), new.create_optimizer())
        assert predict(new, name) == read_gold(name)


def test_missing_annotation_is_not_learned(trained: tuple[str, Language]) -> None:
    name, nlp = trained
    new = copy(name, nlp)
    before = new.get_pipe(name).model.to_bytes()
    words = ["a", "dog"]
    example = Example.from_dict(Doc(new.vocab, words), {"words": words})
    losses = new.update([example], sgd=Adam(0.01, L2=0.0))
    assert losses[name] == 0.0
    assert new.get_pipe(name).model.to_bytes() == before


def test_another_tokenization_is_aligned(trained: tuple[str, Language]) -> None:
    name, _ = trained
    nlp = make(name)
    columns = READ[name][0]
    examples = []
    for i, words in enumerate(WORDS):
        joined = [*words[:-2], "".join(words[-2:])] if i < 2 else words
        doc = Doc(nlp.vocab, joined, spaces=[True] * len(joined))
        spaces = [True] * len(words)
        if i < 2:
            spaces[-2] = False
        annotation = {column: COLUMNS[column][i] for column in columns}
        examples.append(Example.from_dict(doc, {"words": words, "spaces": spaces, **annotation}))
    update(nlp, examples, nlp.initialize(lambda: examples))
    assert predict(nlp, name, [words[:-2] for words in WORDS[:2]]) == [
        gold[:-2] if name != "lstm_ner" else [ent for ent in gold if ent[1] <= len(WORDS[i]) - 2]
        for i, gold in enumerate(read_gold(name)[:2])
    ]


def test_confidences_are_those_of_what_is_there(trained: tuple[str, Language]) -> None:
    name, nlp = trained
    scored = copy(name, nlp, store_scores=True, n_best=2)
    assert predict(scored, name) == read_gold(name)
    labeler = scored.get_pipe(name)
    assert isinstance(labeler, SequenceLabeler)
    kind = labeler.annotation
    for words in WORDS:
        doc = scored(Doc(scored.vocab, words))
        posteriors = np.array(doc._.get(f"{kind}_scores"))
        assert posteriors.shape == (len(doc), len(labeler.outputs))
        np.testing.assert_allclose(posteriors.sum(1), 1.0, atol=1e-5)
        scores = [token._.get(f"{kind}_score") for token in doc]
        np.testing.assert_allclose(scores, posteriors.max(1), atol=1e-6)
        first, second = doc._.get(f"{kind}_n_best")[:2]
        assert 0.0 >= first[1] >= second[1]


def test_calibration_changes_no_prediction(trained: tuple[str, Language]) -> None:
    name, nlp = trained
    new = copy(name, nlp, store_scores=True)
    temperature = new.get_pipe(name).calibrate(make_examples(new, *READ[name][0]))
    # Everything is right: it can be more confident, unless each word has one lemma.
    assert temperature == 1.0 if name == "lstm_lemmatizer" else temperature < 1.0
    assert predict(new, name) == read_gold(name)


def test_rehearsal_needs_no_annotation(trained: tuple[str, Language]) -> None:
    name, nlp = trained
    new = copy(name, nlp)
    optimizer = new.resume_training()
    examples = [Example(doc, doc) for doc in (Doc(new.vocab, words) for words in WORDS)]
    assert new.rehearse(examples, sgd=optimizer)[name] == pytest.approx(0.0, abs=1e-3)
    assert predict(new, name) == read_gold(name)


def test_memory_zones(trained: tuple[str, Language]) -> None:
    name, nlp = trained
    new = copy(name, nlp)
    for _ in range(3):
        with new.memory_zone():
            docs = [new(Doc(new.vocab, [*words, "unseenly"])) for words in WORDS]
            found = [READ[name][1](doc) for doc in docs]
        assert found == predict(new, name, [[*words, "unseenly"] for words in WORDS])


def test_predictions_are_serialized(trained: tuple[str, Language]) -> None:
    name, nlp = trained
    scored = copy(name, nlp, store_scores=True)
    docs = [scored(Doc(scored.vocab, words)) for words in WORDS]
    data = DocBin(docs=docs, store_user_data=True).to_bytes()
    again = list(DocBin().from_bytes(data).get_docs(spacy.blank("en").vocab))
    assert [READ[name][1](doc) for doc in again] == read_gold(name)


@pytest.mark.parametrize("name", ALL)
def test_over_a_shared_tok2vec(name: str, tmp_path: Path) -> None:
    nlp = make(name, SHARED)
    learn(nlp, name)
    assert predict(nlp, name) == read_gold(name)
    nlp.to_disk(tmp_path)
    assert predict(spacy.load(tmp_path), name) == read_gold(name)
    nlp.replace_listeners("lstm_tok2vec", name, ["model.tok2vec"])
    nlp.remove_pipe("lstm_tok2vec")
    assert predict(nlp, name) == read_gold(name)


@pytest.mark.parametrize("name", ALL)
def test_over_tok2vec_layers_of_spacy(name: str) -> None:
    tok2vec = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None,
        "width": 32,
        "depth": 1,
    }
    tok2vec |= {"embed_size": 500, "window_size": 1, "maxout_pieces": 2, "subword_features": True}
    nlp = make(name, tok2vec)
    learn(nlp, name, 150)
    assert predict(nlp, name) == read_gold(name)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("decoder", ["Softmax", "CRF"])
def test_any_decoder(name: str, decoder: str) -> None:
    nlp = spacy.blank("en")
    model = {"tok2vec": SMALL, "decoder": {"@architectures": f"spacy-lstm-tagger.{decoder}.v1"}}
    nlp.add_pipe(name, config={"model": model})
    learn(nlp, name)
    assert predict(nlp, name) == read_gold(name)


@pytest.mark.parametrize("name", ALL)
def test_nothing_annotated_is_an_error(name: str) -> None:
    nlp = make(name)
    examples = make_examples(nlp)
    with pytest.raises(ValueError, match="L111"):
        nlp.initialize(lambda: examples)


@pytest.mark.parametrize("name", [*ALL, "lstm_tok2vec"])
def test_the_factory_is_found_by_spacy(name: str) -> None:
    assert name in registry.factories.get_all()
    assert spacy.blank("xx").get_factory_meta(name).assigns
