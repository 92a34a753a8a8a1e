"""Looking a projection up gives what computing it gives."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from spacy_lstm_tagger.models.type_cache import UNREAD, TypeCache
from spacy_lstm_tagger.vocabulary import Ids

sets_of_types = st.frozensets(st.integers(0, 25), max_size=12)


def to_ids(types: object) -> Ids:
    return np.array(sorted(types), dtype=np.uint64)  # type: ignore[call-overload]


def project(types: Ids) -> Tensor:
    """A projection that tells every type from all others."""
    columns = [types, types**2 + 1, types % 7]
    return torch.from_numpy(np.stack(columns, axis=1).astype(np.float32))


def compute(types: Ids) -> tuple[Tensor, npt.NDArray[np.bool_]]:
    return project(types), np.ones(len(types), dtype=np.bool_)


def look_up(cache: TypeCache, types: Ids) -> Tensor:
    table, rows = cache.look_up(types, compute)
    return table[torch.from_numpy(rows)]


@given(st.lists(sets_of_types, max_size=10), st.integers(0, 30))
def test_looked_up_equals_computed(batches: list[frozenset[int]], limit: int) -> None:
    cache = TypeCache(limit)
    for types in map(to_ids, batches):
        assert torch.equal(look_up(cache, types), project(types))
        assert len(cache) <= limit


@given(st.lists(st.lists(st.integers(0, 25), max_size=12), max_size=10), st.integers(0, 30))
def test_words_are_found_in_their_order_however_often(batches: list[list[int]], limit: int) -> None:
    cache = TypeCache(limit)
    for tokens in batches:
        words = np.array(tokens, dtype=np.uint64)
        assert torch.equal(look_up(cache, words), project(words))
        assert len(cache) <= limit


@given(st.lists(sets_of_types.filter(bool), max_size=10))
def test_each_type_is_computed_once(batches: list[frozenset[int]]) -> None:
    cache = TypeCache(26)
    computed: list[int] = []

    def count(types: Ids) -> tuple[Tensor, npt.NDArray[np.bool_]]:
        computed.extend(types.tolist())
        return compute(types)

    for types in map(to_ids, batches):
        cache.look_up(types, count)
    assert sorted(computed) == sorted(frozenset().union(*batches))
    assert len(cache) == len(computed)


@given(st.lists(sets_of_types, max_size=10), st.integers(1, 30))
def test_table_handed_out_stays_valid(batches: list[frozenset[int]], limit: int) -> None:
    cache = TypeCache(limit)
    types = to_ids({3})
    table, rows = cache.look_up(types, compute)
    for others in batches:
        cache.look_up(to_ids(others), compute)
        assert torch.equal(table[torch.from_numpy(rows)], project(types))


def test_more_types_than_fit_leave_the_others_in_place() -> None:
    cache = TypeCache(3)
    look_up(cache, to_ids({1, 2}))
    many = to_ids(range(10))
    assert torch.equal(look_up(cache, many), project(many))
    assert len(cache) == 2
    cache.look_up(to_ids({1, 2}), lambda types: pytest.fail(f"computed again: {types}"))


def test_failed_computation_leaves_the_cache_usable() -> None:
    cache = TypeCache(5)
    look_up(cache, to_ids({1}))

    def fail(types: Ids) -> tuple[Tensor, npt.NDArray[np.bool_]]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        cache.look_up(to_ids({1, 2}), fail)
    assert torch.equal(look_up(cache, to_ids({1, 2, 3})), project(to_ids({1, 2, 3})))


@given(st.lists(st.lists(st.integers(0, 25), max_size=12), max_size=10), st.sampled_from([0, 5, 30]))
def test_what_is_not_read_has_no_row(batches: list[list[int]], limit: int) -> None:
    """Of the types, the even ones are read."""
    cache = TypeCache(limit)
    for tokens in batches:
        words = np.array(tokens, dtype=np.uint64)
        table, rows = cache.look_up(words, lambda types: (project(types), types % 2 == 0))
        assert (rows == UNREAD).tolist() == (words % 2 == 1).tolist()
        is_read = rows != UNREAD
        assert torch.equal(table[torch.from_numpy(rows[is_read])], project(words[is_read]))


@pytest.mark.parametrize("limit", [0, 5])
def test_no_types_in_a_new_cache(limit: int) -> None:
    table, rows = TypeCache(limit).look_up(to_ids([]), compute)
    assert rows.tolist() == []
    assert table.shape[1] == 3


def test_threads_share_a_cache() -> None:
    cache = TypeCache(200)

    def look_up_many(seed: int) -> bool:
        rng = np.random.default_rng(seed)
        batches = [to_ids(set(rng.integers(0, 300, 40).tolist())) for _ in range(150)]
        return all(torch.equal(look_up(cache, types), project(types)) for types in batches)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(look_up_many, range(8)))
    assert 0 < len(cache) <= 200


def test_frequent_types_stay_when_the_cache_is_full() -> None:
    """In each call, the same four words and a new one."""
    cache, computed = TypeCache(8), []

    def count(types: Ids) -> tuple[Tensor, npt.NDArray[np.bool_]]:
        computed.extend(types.tolist())
        return compute(types)

    for new in range(100, 150):
        cache.look_up(to_ids({1, 2, 3, 4, new}), count)
    assert sorted(computed) == [1, 2, 3, 4, *range(100, 150)]


def test_words_that_are_not_read_stay_unread_when_the_cache_is_full() -> None:
    def skip_even(types: Ids) -> tuple[Tensor, npt.NDArray[np.bool_]]:
        return project(types), types % 2 == 1

    cache = TypeCache(8)
    for new in range(100, 150):
        types = to_ids({1, 2, 3, 4, new})
        table, rows = cache.look_up(types, skip_even)
        is_read = types % 2 == 1
        assert ((rows == UNREAD) == ~is_read).all()
        assert torch.equal(table[torch.from_numpy(rows[is_read])], project(types[is_read]))
