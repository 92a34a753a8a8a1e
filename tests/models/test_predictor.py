"""Reading at prediction: in pieces, batches or threads, always with the numbers of training."""

from collections.abc import Callable, Sequence
from math import ceil
from threading import current_thread
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from torch import Tensor, nn

from spacy_lstm_tagger.features import find_sentence_starts
from spacy_lstm_tagger.models import precision as precision_module
from spacy_lstm_tagger.models.predictor import MIN_SEQUENCES, Predictor
from spacy_lstm_tagger.models.settings import EmbeddingSettings, LSTMSettings
from spacy_lstm_tagger.models.shim import get_shim
from spacy_lstm_tagger.models.tok2vec import Tok2Vec, build_lstm_tok2vec, get_predictor
from spacy_lstm_tagger.networks import find_kernel
from spacy_lstm_tagger.networks.batching import cut
from spacy_lstm_tagger.ragged import Ragged, split

NLP = spacy.blank("en")
WIDTH = 6


def make(*, depth: int = 1, bidirectional: bool = True, **prediction: Any) -> Tok2Vec:
    """An initialized layer. The same settings of the network give the same weights."""
    torch.manual_seed(0)
    embed = EmbeddingSettings(attrs=["LOWER"], widths=[5], affix_width=2, hash_rows=50)
    encode = LSTMSettings(width=WIDTH, depth=depth, bidirectional=bidirectional)
    model = build_lstm_tok2vec(embed, encode, **prediction)
    model.initialize()
    return model


def make_doc(n_words: int, sentences: Sequence[int] = (), seed: int = 0) -> Doc:
    """A document of random words; of its sentences' first tokens, if there are any."""
    words = [f"w{i}" for i in np.random.default_rng(seed).integers(0, 60, n_words)]
    starts = [i in sentences for i in range(n_words)] if sentences else None
    return Doc(NLP.vocab, words=words, sent_starts=starts)


def read(model: Tok2Vec, docs: list[Doc]) -> list[Tensor]:
    """RETURNS (List[Tensor]): What is read for every document, `(tokens, output_width)`."""
    outputs = get_predictor(model, NLP.vocab).predict(docs, model.get_dim("nO"))
    return to_tensors(outputs)


def to_tensors(flat: Ragged) -> list[Tensor]:
    return [torch.from_numpy(array) for array in split(flat)]


@torch.no_grad()
def read_whole(model: Tok2Vec, doc: Doc) -> Tensor:
    """The same for one document as in training, without pieces or batches."""
    network = get_shim(model).module
    words = network.features.read_types([doc])
    types = network.to_tensors(network.features(words.types, doc.vocab))
    outputs: Tensor = network(types, torch.from_numpy(words.token_types), torch.from_numpy(words.lengths))
    return outputs


def assert_close(found: Sequence[Tensor], expected: Sequence[Tensor], tolerance: float = 1e-5) -> None:
    torch.testing.assert_close(list(found), list(expected), atol=tolerance, rtol=0)


# Pieces

sizes_of_documents = st.lists(
    st.integers(0, 25).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, max(0, n - 1))))),
    max_size=5,
).filter(lambda sizes: any(n for n, _ in sizes))


@given(sizes_of_documents, st.integers(1, 12), st.integers(0, 5), st.integers(1, 2), st.booleans())
def test_documents_are_read_piece_by_piece(
    sizes: list[tuple[int, set[int]]], window: int, overlap: int, depth: int, bidirectional: bool
) -> None:
    model = make(window=window, overlap=overlap, depth=depth, bidirectional=bidirectional)
    docs = [make_doc(n, sorted(starts), seed) for seed, (n, starts) in enumerate(sizes)]
    expected = []
    for doc in docs:
        starts = find_sentence_starts(doc)
        pieces = cut(0, len(doc), window, overlap, starts) if len(doc) > window else []
        parts = [
            read_whole(model, doc[start:end].as_doc())[keep_start - start : keep_end - start]
            for start, end, keep_start, keep_end in pieces
        ]
        expected.append(torch.cat(parts) if parts else read_whole(model, doc))
    assert_close(read(model, docs), expected)


def test_document_no_longer_than_the_window_is_read_whole() -> None:
    doc = make_doc(20, [0, 7])
    (expected,) = read(make(window=1000), [doc])
    assert_close([expected], [read_whole(make(), doc)])
    for window, is_whole in ((19, False), (20, True), (21, True)):
        (found,) = read(make(window=window, overlap=0), [doc])
        assert torch.equal(found, expected) == is_whole
        assert ((found - expected).abs().max() > 1e-3) != is_whole


def test_document_with_enough_overlap_is_read_as_if_whole() -> None:
    """A state fades: what is far away does not matter."""
    doc = make_doc(300)
    distances = []
    for overlap in (0, 8, 40):
        model = make(window=50, overlap=overlap)
        for name, weight in get_shim(model).module.lstm.rnn.named_parameters():
            if name.startswith("weight_hh"):
                nn.init.normal_(weight, 0.0, 0.1)  # fades by half a step, or so
        distances.append((read(model, [doc])[0] - read_whole(model, doc)).abs().max().item())
    assert distances[0] > 0.1 > distances[1] > 1e-4 > 1e-5 > distances[2]


def test_sentences_keep_together() -> None:
    sentences = [0, 6, 9, 13, 20, 22, 29]
    doc = make_doc(30, sentences)
    model = make(window=10, overlap=0)
    groups = [(0, 9), (9, 13), (13, 22), (22, 30)]  # of up to ten words
    expected = [read_whole(model, doc[start:end].as_doc()) for start, end in groups]
    assert_close(read(model, [doc]), [torch.cat(expected)])


# Batches and threads


def make_docs(n_docs: int) -> list[Doc]:
    return [make_doc(n % 7, seed=n) for n in range(n_docs)]


class Spy:
    """A decoder that records the threads in which it was called."""

    def __init__(self) -> None:
        self.threads: list[str] = []

    def __call__(self, outputs: Tensor) -> Tensor:
        self.threads.append(current_thread().name)
        return 2 * outputs[:, :3] - 1


@pytest.mark.parametrize("torch_threads", [1, 2])
@pytest.mark.parametrize("n_threads", [1, 2, 0, 3])
@pytest.mark.parametrize("cache_size", [0, 20, 20000])
def test_threads_read_the_same(
    set_torch_threads: Callable[[int], None], torch_threads: int, n_threads: int, cache_size: int
) -> None:
    set_torch_threads(torch_threads)
    docs, spy = make_docs(700), Spy()
    model = make(n_threads=n_threads, cache_size=cache_size)
    outputs = get_predictor(model, NLP.vocab).predict(docs, 3, spy)
    assert outputs.lengths.tolist() == [n % 7 for n in range(700)]
    expected = read(make(n_threads=1), docs)
    assert_close(to_tensors(outputs), [2 * part[:, :3] - 1 for part in expected])
    assert_close(expected[:14], [read_whole(model, doc) for doc in docs[:14]])
    n_used = n_threads or torch_threads
    # 600 documents that are not empty, dealt out to the threads; 256 in a batch. A kernel takes all.
    is_read_at_once = n_used == 1 and find_kernel() is not None
    assert len(spy.threads) == (1 if is_read_at_once else n_used * ceil(600 / n_used / 256))
    if n_used > 1:
        assert all(name.startswith("lstm_tagger") for name in spy.threads)
    assert len(set(spy.threads)) <= n_used
    assert torch.get_num_threads() == torch_threads


def test_few_sequences_are_read_by_the_caller() -> None:
    docs, spy = [make_doc(3, seed=n) for n in range(MIN_SEQUENCES + 1)], Spy()
    predictor = get_predictor(make(n_threads=2), NLP.vocab)
    predictor.predict(docs[:-1], 3, spy)
    assert spy.threads == [current_thread().name]
    predictor.predict(docs, 3, spy)
    assert spy.threads[1] != current_thread().name


@pytest.mark.parametrize("n_threads", [1, 2])
def test_reading_within_inference_mode(n_threads: int) -> None:
    """A mode of the caller's thread, which other threads do not have."""
    docs = make_docs(100)
    expected = read(make(), docs)
    model = make(n_threads=n_threads)
    with torch.inference_mode():
        found = [part.clone() for part in read(model, docs)]
    assert_close(found, expected)
    assert_close(read(model, docs), expected)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_errors_come_out(n_threads: int) -> None:
    def fail(outputs: Tensor) -> Tensor:
        raise KeyError

    docs = make_docs(100)
    predictor = get_predictor(make(n_threads=n_threads), NLP.vocab)
    with pytest.raises(KeyError):
        predictor.predict(docs, 3, fail)
    outputs = predictor.predict(docs, 2 * WIDTH)
    assert_close(to_tensors(outputs), read(make(), docs))


# Texts read piece by piece


@pytest.mark.parametrize("depth", [1, 2])
def test_text_can_be_read_on_from_a_state(depth: int) -> None:
    predictor = get_predictor(make(bidirectional=False, depth=depth), NLP.vocab)
    docs = [make_doc(7), make_doc(4, seed=1)]
    outputs, final = predictor.predict_stream(docs, None)
    whole = to_tensors(outputs)
    assert outputs.lengths.tolist() == [7, 4]
    assert_close(whole, read(make(bidirectional=False, depth=depth), docs))
    state, parts = None, []
    for start, end in ((0, 0), (0, 3), (3, 4), (4, 7)):
        pieces = [Doc(NLP.vocab, words=[token.text for token in doc[start:end]]) for doc in docs]
        outputs, state = predictor.predict_stream(pieces, state)
        parts.append(to_tensors(outputs))
    assert state is not None
    assert_close([torch.cat(own) for own in zip(*parts, strict=True)], whole)
    assert_close(state, final)


# Precision


def test_bfloat16_is_close(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision_module, "has_bfloat16", lambda _: True)
    docs = make_docs(60)
    found, expected = (read(make(precision=name), docs) for name in ("bfloat16", "float32"))
    assert_close(found, expected, 0.05)
    assert max((a - b).abs().max().item() for a, b in zip(found, expected, strict=True) if len(a)) > 1e-4
    assert {part.dtype for part in found} == {torch.float32}


def test_bfloat16_is_refused_where_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision_module, "has_bfloat16", lambda _: False)
    with pytest.raises(ValueError, match=r"\[L014\].*CPU"):
        read(make(precision="bfloat16"), make_docs(60))


def test_training_on_a_cpu_is_of_full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision_module, "has_bfloat16", lambda _: True)
    docs = make_docs(10)
    found, expected = (make(precision=name).begin_update(docs)[0] for name in ("bfloat16", "float32"))
    assert all(map(np.array_equal, found, expected))


# What is kept


def test_reader_is_for_a_vocab_and_its_vectors() -> None:
    model = make()
    predictor = get_predictor(model, NLP.vocab)
    assert get_predictor(model, NLP.vocab) is predictor
    other = spacy.blank("en").vocab
    assert not predictor.is_for(other)
    assert isinstance(get_predictor(model, other), Predictor)
    assert get_predictor(model, other).is_for(other)
    assert not get_predictor(model, other).is_for(NLP.vocab)
    predictor = get_predictor(model, other)
    other.vectors = NLP.vocab.vectors
    assert get_predictor(model, other) is not predictor
