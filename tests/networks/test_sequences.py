"""Leaving tokens out of sequences and joining sequences, against doing it one by one."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_lstm_tagger.networks.sequences import join, leave_out, put_back

sequences = st.lists(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=5), max_size=6)


@given(sequences)
def test_tokens_are_left_out_and_put_back(batch: list[list[tuple[int, bool]]]) -> None:
    flat = [token for sequence in batch for token in sequence]
    index = torch.tensor([token for token, _ in flat], dtype=torch.int64)
    is_read = torch.tensor([keep for _, keep in flat], dtype=torch.bool)
    lengths = torch.tensor(list(map(len, batch)), dtype=torch.int64)
    kept, kept_lengths = leave_out(index, lengths, is_read)
    expected = [[token for token, keep in sequence if keep] for sequence in batch]
    assert kept.tolist() == [token for sequence in expected for token in sequence]
    assert kept_lengths.tolist() == list(map(len, expected))
    outputs = torch.stack([kept + 1.0, -kept - 1.0], dim=1)
    shown = [[token + 1.0, -token - 1.0] if keep else [0.0, 0.0] for token, keep in flat]
    torch.testing.assert_close(put_back(outputs, is_read), torch.tensor(shown).view(-1, 2))


@given(st.lists(st.integers(0, 9), max_size=30), st.sampled_from([0.0, 0.5, 1.0]))
def test_joined_sequences_are_sums_of_neighbours(lengths: list[int], probability: float) -> None:
    joined = join(torch.tensor(lengths, dtype=torch.int64), probability).tolist()
    ends, joined_ends = (torch.tensor([0, *n]).cumsum(0).tolist() for n in (lengths, joined))
    assert set(joined_ends) <= set(ends)
    assert joined_ends[-1] == ends[-1]
    assert len(joined) == {0.0: len(lengths), 1.0: min(1, len(lengths))}.get(probability, len(joined))


def test_sequences_are_joined_as_often_as_asked() -> None:
    n = len(join(torch.ones(10_000, dtype=torch.int64), 0.3))
    assert n == pytest.approx(7_000, abs=250)  # more than five standard deviations
