"""The word embedding: its parts side by side, and the unknown row that training puts in."""

import pytest
import torch
from torch import Tensor, nn

from spacy_lstm_tagger.networks import CharacterCNN, TypeTensors, WordEmbedding

N_ROWS, WIDTHS = (6, 4), (3, 2)


def make_embedding(*probabilities: float) -> WordEmbedding:
    """An embedding in training mode; each column's known rows are replaced with its probability."""
    embedding = WordEmbedding(N_ROWS, WIDTHS)
    for column, probability in enumerate(probabilities):
        rows = torch.full((N_ROWS[column],), probability)
        rows[0] = 0.0
        embedding.set_replacement(column, rows)
    return embedding


def make_tensors(rows: Tensor) -> TypeTensors:
    n = len(rows)
    no_symbols = torch.zeros(n, 0, dtype=torch.int64)
    return TypeTensors(rows, no_symbols, torch.zeros(n, 0), torch.ones(n, dtype=torch.bool))


def make_types(n_types: int) -> TypeTensors:
    """Types that are all known: no column has row 0."""
    rows = torch.stack([torch.randint(1, n, (n_types,)) for n in N_ROWS], dim=1)
    return make_tensors(rows)


def look_up(embedding: WordEmbedding, rows: Tensor) -> Tensor:
    parts = [table.weight[rows[:, i]] for i, table in enumerate(embedding.tables)]
    return torch.cat(parts, dim=1)


def replaced(embedding: WordEmbedding, types: TypeTensors) -> tuple[Tensor, Tensor]:
    """RETURNS (Tuple[Tensor, Tensor]): For each column, which types came out as the unknown one."""
    columns = embedding(types).split(WIDTHS, dim=1)
    unknown = [
        (column == table.weight[0]).all(dim=1)
        for column, table in zip(columns, embedding.tables, strict=True)
    ]
    return unknown[0], unknown[1]


def test_parts_lie_side_by_side() -> None:
    characters = CharacterCNN(5, 2, filters=3)
    embedding = WordEmbedding(
        N_ROWS, WIDTHS, characters=characters, vector_width=4, projected_width=2
    ).eval()
    rows = torch.tensor([[0, 1], [5, 0], [2, 3]])
    symbols, vectors = torch.tensor([[1, 2, 0], [4, 0, 0], [3, 3, 3]]), torch.randn(3, 4)
    found = embedding(TypeTensors(rows, symbols, vectors, torch.ones(len(rows), dtype=torch.bool)))
    assert isinstance(embedding.static, nn.Linear)
    projected = vectors @ embedding.static.weight.T
    expected = torch.cat([look_up(embedding, rows), characters(symbols), projected], dim=1)
    torch.testing.assert_close(found, expected)
    assert embedding.width == expected.shape[1]


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_unknown_row_learns_only_in_place_of_others(probability: float) -> None:
    embedding = make_embedding(probability, probability)
    embedding(make_types(20)).sum().backward()
    for table in embedding.tables:
        per_row = table.weight.grad.to_dense()[:, 0]
        assert per_row[0] == 20 * probability
        assert per_row[1:].sum() == 20 * (1 - probability)


def test_columns_are_replaced_by_their_own_probability() -> None:
    types = make_types(50)
    first, second = replaced(make_embedding(1.0, 0.0), types)
    assert first.all()
    assert not second.any()


def test_nothing_is_replaced_by_default_or_in_prediction() -> None:
    types = make_types(50)
    assert not torch.stack(replaced(make_embedding(), types)).any()
    embedding = make_embedding(1.0, 1.0).eval()
    torch.testing.assert_close(embedding(types), look_up(embedding, types.rows))


def test_probability_is_that_of_each_row() -> None:
    embedding = WordEmbedding([3], [2])
    embedding.set_replacement(0, torch.tensor([0.0, 0.2, 0.7]))
    rows = torch.tensor([1, 2]).repeat(5000)[:, None]
    types = make_tensors(rows)
    unknown = (embedding(types) == embedding.tables[0].weight[0]).all(dim=1)
    # Of 5000 draws, within more than five standard deviations.
    assert unknown[0::2].float().mean().item() == pytest.approx(0.2, abs=0.035)
    assert unknown[1::2].float().mean().item() == pytest.approx(0.7, abs=0.035)


def test_columns_of_a_type_are_replaced_together() -> None:
    types = make_types(400)
    first, second = replaced(make_embedding(0.5, 0.5), types)
    assert torch.equal(first, second)
    assert 140 < first.sum() < 260, "types are drawn one by one"
    rare, frequent = replaced(make_embedding(0.7, 0.3), types)
    assert (rare & frequent).sum() == frequent.sum()
    assert frequent.sum() < rare.sum()


def test_every_update_draws_again() -> None:
    embedding, types = make_embedding(0.5, 0.5), make_types(100)
    assert not torch.equal(replaced(embedding, types)[0], replaced(embedding, types)[0])


def test_gradient_is_of_the_rows_that_were_read() -> None:
    """What an optimizer does not have to look at is not there."""
    embedding, dense = WordEmbedding([6], [3]), nn.Embedding(6, 3)
    dense.load_state_dict(embedding.tables[0].state_dict())
    rows, factors = torch.tensor([4, 1, 4, 0]), torch.randn(4, 3)
    types = make_tensors(rows[:, None])
    (embedding(types) * factors).sum().backward()
    (dense(rows) * factors).sum().backward()
    gradient = embedding.tables[0].weight.grad.coalesce()
    assert gradient.indices().tolist() == [[0, 1, 4]]
    torch.testing.assert_close(gradient.to_dense(), dense.weight.grad)


def test_replacement_is_not_saved() -> None:
    assert set(make_embedding(0.5).state_dict()) == {"tables.0.weight", "tables.1.weight"}
