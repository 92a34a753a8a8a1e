"""Small LSTMs to read with, for the tests of training and of prediction."""

from typing import Any

import torch
from hypothesis import strategies as st
from torch import nn

from spacy_lstm_tagger.networks import LSTM, State

INPUT, WIDTH = 3, 4

settings_of_lstms = st.fixed_dictionaries(
    {
        "depth": st.integers(1, 3),
        "bidirectional": st.booleans(),
        "bias": st.booleans(),
        "initial_state": st.sampled_from(["zeros", "learned"]),
    }
)


def make_lstm(width: int = WIDTH, **settings: Any) -> LSTM:
    """An LSTM in evaluation mode. All its parameters are random, learned initial states too."""
    lstm = LSTM(INPUT, width, **settings).eval()
    for parameter in lstm.parameters():
        nn.init.normal_(parameter, 0.0, 0.6)
    return lstm


def make_state(lstm: LSTM, batch: int) -> State:
    hidden, cell = lstm.initial_state(batch)
    return torch.randn_like(hidden), torch.randn_like(cell)
