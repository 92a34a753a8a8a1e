"""One thread, fixed seeds, and no deadlines: what a test gives depends on the code alone."""

import pytest
import torch
from hypothesis import register_random, settings
from thinc.api import fix_random_seed


class TorchRandom:
    """torch's generator, in the form in which Hypothesis seeds one before every example."""

    seed = staticmethod(torch.manual_seed)
    getstate = staticmethod(torch.get_rng_state)
    setstate = staticmethod(torch.set_rng_state)


torch.set_num_threads(1)
TORCH_RANDOM = TorchRandom()  # Hypothesis holds it by a weak reference
register_random(TORCH_RANDOM)
settings.register_profile("spacy-lstm-tagger", deadline=None, max_examples=50)
settings.load_profile("spacy-lstm-tagger")


@pytest.fixture(autouse=True)
def _seeded() -> None:
    fix_random_seed(0)
