"""Leaving tokens out of sequences, against doing it one by one."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_lstm_tagger.networks import drop_skipped, restore_skipped

sequences = st.lists(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=5), max_size=6)


@given(sequences)
def test_tokens_are_left_out_and_put_back(batch: list[list[tuple[int, bool]]]) -> None:
    flat = [token for sequence in batch for token in sequence]
    index = torch.tensor([token for token, _ in flat], dtype=torch.int64)
    is_read = torch.tensor([keep for _, keep in flat], dtype=torch.bool)
    lengths = torch.tensor(list(map(len, batch)), dtype=torch.int64)
    kept, kept_lengths = drop_skipped(index, lengths, is_read)
    expected = [[token for token, keep in sequence if keep] for sequence in batch]
    assert kept.tolist() == [token for sequence in expected for token in sequence]
    assert kept_lengths.tolist() == list(map(len, expected))
    outputs = torch.stack([kept + 1.0, -kept - 1.0], dim=1)
    shown = [[token + 1.0, -token - 1.0] if keep else [0.0, 0.0] for token, keep in flat]
    torch.testing.assert_close(restore_skipped(outputs, is_read), torch.tensor(shown).view(-1, 2))
