"""On a GPU: the numbers of the CPU, and training."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers import make_pipeline
from spacy.language import Language
from spacy.training import Example
from spacy.util import registry
from thinc.api import get_current_ops, require_cpu, require_gpu
from torch import Tensor, nn

from spacy_lstm_tagger.corpora import create_jsonl_corpus
from spacy_lstm_tagger.networks import LSTM, CPUNetwork, GPUNetwork

pytestmark = pytest.mark.gpu

DEVICE = "cuda"
CORPUS = Path(__file__).parent.parent / "corpus" / "en"
INPUT, WIDTH = 5, 16
LENGTHS = torch.tensor([7, 0, 3, 30, 1])
KINDS = pytest.mark.parametrize(
    "settings",
    [
        {},
        {"depth": 2, "initial_state": "learned"},
        {"bidirectional": False, "bias": False},
        {"bidirectional": False, "depth": 3},
    ],
    ids=str,
)


@pytest.fixture(autouse=True)
def _full_precision() -> Iterator[None]:
    """Float32 means float32, as on a CPU."""
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield


def assert_close(found: Any, expected: Any, tolerance: float = 1e-4) -> None:
    torch.testing.assert_close(found, expected, atol=tolerance, rtol=tolerance)


# The network


def make_lstm(**settings: Any) -> LSTM:
    torch.manual_seed(0)
    lstm = LSTM(INPUT, WIDTH, **settings).eval()
    for parameter in lstm.parameters():
        nn.init.normal_(parameter, 0.0, 0.4)
    return lstm


def make_inputs() -> tuple[Tensor, Tensor]:
    """RETURNS (Tuple[Tensor, Tensor]): Embedded types, and the type of every token."""
    torch.manual_seed(1)
    return torch.randn(9, INPUT), torch.randint(9, (int(LENGTHS.sum()),))


@KINDS
def test_outputs_and_gradients_are_those_of_the_cpu(settings: dict[str, Any]) -> None:
    found = []
    for device in ("cpu", DEVICE):
        lstm = make_lstm(**settings).to(device).train()
        inputs, index = (tensor.to(device) for tensor in make_inputs())
        inputs.requires_grad_()
        outputs = lstm(inputs, index, LENGTHS)
        factors = torch.linspace(-1.0, 1.0, outputs.numel(), device=device).view_as(outputs)
        gradients = torch.autograd.grad(outputs, [inputs, *lstm.parameters()], factors)
        found.append([tensor.detach().cpu() for tensor in (outputs, *gradients)])
    assert_close(found[1], found[0])


@KINDS
@pytest.mark.parametrize("with_state", [False, True])
@pytest.mark.parametrize(("precision", "tolerance"), [(torch.float32, 1e-4), (torch.bfloat16, 0.1)])
def test_reading_is_that_of_the_cpu(
    settings: dict[str, Any], with_state: bool, precision: torch.dtype, tolerance: float
) -> None:
    lstm = make_lstm(**settings)
    inputs, index = make_inputs()
    state = tuple(map(torch.randn_like, lstm.initial_state(len(LENGTHS)))) if with_state else None
    cpu = CPUNetwork(lstm)
    outputs, final = cpu.read(cpu.project(inputs), index, LENGTHS, state)
    gpu = GPUNetwork(lstm.to(DEVICE), precision)
    table, index = gpu.project(inputs.to(DEVICE)), index.to(DEVICE)
    gpu_state = tuple(part.to(DEVICE) for part in state) if state else None
    gpu_outputs, gpu_final = gpu.read(table, index, LENGTHS, gpu_state)
    assert (final is None) == (gpu_final is None) == (not with_state)
    found = [part.cpu() for part in (gpu_outputs, *(gpu_final or ()))]
    assert_close(found, [outputs, *(final or ())], tolerance)


# The component


@pytest.fixture
def _gpu() -> Iterator[None]:
    """The device of new components, which needs CuPy."""
    pytest.importorskip("cupy")
    require_gpu()
    yield
    require_cpu()


def read_examples(nlp: Language, split: str = "train", limit: int = 200) -> list[Example]:
    return list(create_jsonl_corpus(CORPUS / f"{split}.jsonl", limit=limit)(nlp))


def train(nlp: Language, optimizer: str = "spacy-lstm-tagger.LazyAdam.v1", n_epochs: int = 8) -> Any:
    """RETURNS (Optimizer): What the pipeline was trained with."""
    examples = read_examples(nlp)
    nlp.initialize(lambda: examples)
    config = {"@optimizers": optimizer, "learn_rate": 0.003}
    sgd = registry.resolve({"optimizer": config})["optimizer"]
    for _ in range(n_epochs):
        for start in range(0, len(examples), 20):
            nlp.update(examples[start : start + 20], drop=0.1, sgd=sgd)
    return sgd


def get_scores(nlp: Language, split: str = "dev") -> np.ndarray:
    """RETURNS (np.ndarray): The emissions of all tokens, also of a long document, `(tokens, labels)`."""
    docs = [example.predicted for example in read_examples(nlp, split, 0)]
    docs.append(nlp.make_doc(" ".join(doc.text for doc in docs)))
    assert len(docs[-1]) > 256
    emissions = nlp.get_pipe("lstm_tagger").model.predict([*docs, nlp.make_doc("")])
    return np.concatenate([get_current_ops().to_numpy(scores) for scores in emissions])


def get_device(nlp: Language) -> str:
    weight = nlp.get_pipe("lstm_tagger").model.get_ref("tok2vec").shims[0].module.lstm.rnn.weight_hh_l0
    device: str = weight.device.type
    return device


@pytest.fixture(scope="module")
def trained() -> bytes:
    """RETURNS (bytes): A pipeline that was trained on the CPU."""
    nlp = make_pipeline()
    train(nlp)
    assert get_device(nlp) == "cpu"
    return nlp.to_bytes()


@pytest.fixture
def cpu_scores(trained: bytes) -> np.ndarray:
    return get_scores(make_pipeline().from_bytes(trained))


@pytest.mark.usefixtures("cpu_scores", "_gpu")
def test_predictions_are_those_of_the_cpu(trained: bytes, cpu_scores: np.ndarray) -> None:
    nlp = make_pipeline().from_bytes(trained)
    for _ in range(2):  # the second time, every word is a known one
        np.testing.assert_allclose(get_scores(nlp), cpu_scores, atol=1e-3)
    assert get_device(nlp) == DEVICE


@pytest.mark.usefixtures("cpu_scores", "_gpu")
def test_bfloat16_gives_nearly_the_same_tags(trained: bytes, cpu_scores: np.ndarray) -> None:
    scores = get_scores(make_pipeline(tok2vec={"precision": "bfloat16"}).from_bytes(trained))
    assert np.abs(scores - cpu_scores).max() > 1e-3, "it is of another precision"
    assert (scores.argmax(axis=1) == cpu_scores.argmax(axis=1)).mean() > 0.98


@pytest.mark.usefixtures("_gpu")
@pytest.mark.parametrize("optimizer", ["Adam.v1", "spacy-lstm-tagger.LazyAdam.v1"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_updates_learn(optimizer: str, precision: str) -> None:
    nlp = make_pipeline(tok2vec={"precision": precision})
    sgd = train(nlp, optimizer)
    assert get_device(nlp) == DEVICE
    assert nlp.evaluate(read_examples(nlp))["tag_acc"] > 0.95
    assert nlp.evaluate(read_examples(nlp, "dev"))["tag_acc"] > 0.6
    scores = get_scores(nlp)
    with nlp.use_params(sgd.averages):
        assert nlp.evaluate(read_examples(nlp))["tag_acc"] > 0.9
    np.testing.assert_allclose(get_scores(nlp), scores, atol=1e-3)
    data = nlp.to_bytes()
    require_cpu()
    cpu_scores = get_scores(make_pipeline().from_bytes(data))
    assert (cpu_scores.argmax(axis=1) == scores.argmax(axis=1)).mean() > 0.98
