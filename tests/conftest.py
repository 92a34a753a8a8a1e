"""One thread, fixed seeds, and no deadlines: the outcome of a test depends only on the code."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import spacy
import torch
from hypothesis import register_random, settings
from spacy.language import Language
from spacy.util import load_config, load_model_from_config
from thinc.api import fix_random_seed

TRAINED = Path(__file__).parent / "models_of_earlier_versions" / "format-2"


class TorchRandom:
    """torch's generator, in the form of those that Hypothesis seeds before every example."""

    seed = staticmethod(torch.manual_seed)
    getstate = staticmethod(torch.get_rng_state)
    setstate = staticmethod(torch.set_rng_state)


torch.set_num_threads(1)
TORCH_RANDOM = TorchRandom()  # Hypothesis holds it by a weak reference
register_random(TORCH_RANDOM)
settings.register_profile("spacy-lstm-tagger", deadline=None, max_examples=50)
settings.load_profile("spacy-lstm-tagger")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a Ray cluster come last: with Python 3.13, processes that are forked after one was shut down
    crash. Tests that need a GPU are skipped where there is none.
    """
    items.sort(key=lambda item: "cluster" in getattr(item, "fixturenames", ()))
    if not torch.cuda.is_available():
        for item in items:
            if item.get_closest_marker("gpu"):
                item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


@pytest.fixture(autouse=True)
def _seeded() -> None:
    fix_random_seed(0)


@pytest.fixture(autouse=True)
def _end_of_threads() -> Iterator[None]:
    """No test's threads outlive it: Python warns when a process with threads is forked."""
    yield
    threads = sys.modules.get("spacy_lstm_tagger.models.threads")
    if threads is not None:
        for pool in threads._pools.values():
            pool.shutdown()
        threads._pools.clear()


@pytest.fixture
def set_torch_threads() -> Iterator[Callable[[int], None]]:
    """RETURNS (Callable[[int], None]): Sets torch's threads until the end of the test."""
    yield torch.set_num_threads
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RETURNS (Path): The folder of a tiny pipeline, whose tagger was trained by an earlier version."""
    nlp = load_model_from_config(load_config(TRAINED / "config.cfg"), auto_fill=True)
    nlp.get_pipe("lstm_tagger").from_disk(TRAINED / "lstm_tagger", exclude=["vocab"])
    folder = tmp_path_factory.mktemp("pipeline") / "model"
    nlp.to_disk(folder)
    return folder


@pytest.fixture(scope="session")
def nlp(model: Path) -> Language:
    """RETURNS (Language): The same pipeline, loaded; it stores its confidences."""
    nlp = spacy.load(model)
    nlp.get_pipe("lstm_tagger").cfg["store_scores"] = True
    return nlp
