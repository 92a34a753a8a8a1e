"""A shared LSTM: tables that are fitted on all documents, and listeners of any component."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from helpers import TRAIN_TAGS, TRAIN_TEXTS, make_examples, tag
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_lstm_tagger.models.shim import get_shim
from spacy_lstm_tagger.models.tok2vec import get_vocabulary

TOK2VEC = {
    "@architectures": "spacy-lstm-tagger.LSTMTok2Vec.v1",
    "embed": {"@architectures": "spacy-lstm-tagger.WordEmbedding.v1", "min_freq": 1},
    "encode": {"@architectures": "spacy-lstm-tagger.LSTM.v1", "width": 16},
}
LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32, "upstream": "*"}


def make(*components: str, tok2vec: dict[str, Any] = TOK2VEC) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("lstm_tok2vec", config={"model": tok2vec})
    for name in components:
        nlp.add_pipe(name, config={"model": {"tok2vec": LISTENER}})
    return nlp


def get_words(nlp: Language) -> set[str]:
    return set(get_vocabulary(nlp.get_pipe("lstm_tok2vec").model)["LOWER"])


def test_tables_are_fitted_on_all_documents() -> None:
    nlp = make("lstm_tagger")
    examples = [*make_examples(nlp) * 5, *make_examples(nlp, [(["zebra"], ["N"])])]
    nlp.initialize(lambda: examples)
    assert get_words(nlp) >= {"zebra", "green", "eggs", "ham"}


def test_without_examples_tables_are_hashed() -> None:
    """`spacy pretrain` initializes a pipeline so."""
    nlp = make()
    nlp.initialize()
    assert nlp.get_pipe("lstm_tok2vec").label_data is None
    assert nlp("one").tensor.shape == (1, 32)
    assert not np.allclose(nlp("one").tensor, nlp("two").tensor)


def test_label_data_is_the_vocabulary() -> None:
    nlp = make("lstm_tagger")
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    data = nlp.get_pipe("lstm_tok2vec").label_data
    other = make()
    other.get_pipe("lstm_tok2vec").initialize(lambda: make_examples(other)[:1], labels=data)
    assert get_words(other) == get_words(nlp)


@pytest.mark.parametrize("labels", [["a"], {}, {"labels": ["a"]}, {"vocabulary": ["a"]}])
def test_labels_that_are_not_a_vocabulary(labels: Any) -> None:
    nlp = make()
    with pytest.raises(ValueError, match="L113"):
        nlp.get_pipe("lstm_tok2vec").initialize(lambda: make_examples(nlp), labels=labels)


@pytest.mark.parametrize("components", [("lstm_tagger", "tagger"), ("tagger", "lstm_tagger")])
def test_components_of_ours_and_of_spacy_listen(components: tuple[str, ...], tmp_path: Path) -> None:
    nlp = make(*components)
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(60):
        losses = nlp.update(examples, sgd=optimizer)
    assert set(losses) == {"lstm_tok2vec", *components}
    for name in components:
        with nlp.select_pipes(enable=["lstm_tok2vec", name]):
            assert tag(nlp, TRAIN_TEXTS) == TRAIN_TAGS
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert loaded.get_pipe("lstm_tok2vec").listening_components == list(components)
    assert tag(loaded, TRAIN_TEXTS) == TRAIN_TAGS


def test_a_shared_lstm_learns_what_one_of_its_own_learns() -> None:
    """With one listener it is the same network, cut in two: it gets the same gradients."""
    nlp = make("lstm_tagger")
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(3):
        nlp.update(examples, sgd=optimizer)
    # spaCy finishes the update of a tok2vec before its listeners give it a gradient: one is left.
    nlp.get_pipe("lstm_tok2vec").finish_update(optimizer)
    gradients = []
    for is_shared in (True, False):
        if not is_shared:
            nlp.replace_listeners("lstm_tok2vec", "lstm_tagger", ["model.tok2vec"])
        for _, pipe in nlp.pipeline[not is_shared :]:
            pipe.update(examples, sgd=None, drop=0.0)
        model = nlp.get_pipe("lstm_tok2vec").model if is_shared else nlp.get_pipe("lstm_tagger").model
        layer = model if is_shared else model.get_ref("tok2vec")
        gradients.append(
            {n: w.grad.to_dense().numpy() for n, w in get_shim(layer).module.named_parameters()}
        )
    assert any(gradient.any() for gradient in gradients[0].values())
    for name, gradient in gradients[0].items():
        np.testing.assert_allclose(gradient, gradients[1][name], atol=1e-6, err_msg=name)


def test_vectors_are_in_the_tensor() -> None:
    nlp = make()
    nlp.initialize(lambda: make_examples(nlp))
    docs = [Doc(nlp.vocab, words) for words in ([], ["a", "b"])]
    found = list(nlp.pipe(docs))
    assert [doc.tensor.shape for doc in found] == [(0, 32), (2, 32)]


def test_frozen_and_annotating() -> None:
    nlp = make("lstm_tagger")
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    before = nlp.get_pipe("lstm_tok2vec").model.to_bytes()
    optimizer.learn_rate = 0.01
    for _ in range(60):
        nlp.update(examples, sgd=optimizer, exclude=["lstm_tok2vec"], annotates=["lstm_tok2vec"])
    assert nlp.get_pipe("lstm_tok2vec").model.to_bytes() == before
    assert tag(nlp, TRAIN_TEXTS) == TRAIN_TAGS


def test_examples_of_another_tokenization_fit_the_predicted_words() -> None:
    nlp = make("lstm_tagger")
    gold = {"words": ["in", "New"], "tags": ["I", "N"], "spaces": [False, False]}
    example = Example.from_dict(Doc(nlp.vocab, ["inNew"]), gold)
    other = make_examples(nlp)
    nlp.initialize(lambda: [example, *other])
    assert "innew" in get_words(nlp)
