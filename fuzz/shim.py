"""Looks for bytes on which `TorchShim.from_bytes` breaks its contract. See README.md."""

import atheris

with atheris.instrument_imports(include=["spacy_lstm_tagger", "srsly.msgpack"]):
    from spacy_lstm_tagger.models.shim import TorchShim
from model import fuzz
from torch import nn


def build(*, width: int, rate: float = 0.0, initialize: bool = True) -> nn.Module:
    return nn.Sequential(nn.Linear(width, 2), nn.Dropout(rate))


if __name__ == "__main__":
    shim = TorchShim(build)
    shim.initialize(width=3, rate=0.25)
    fuzz(shim.from_bytes, shim.to_bytes, shim.to_bytes())
