"""The lazy Adam against Thinc's Adam, torch's lazy one, and averages that look at every row."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from spacy import registry
from thinc.api import Adam, NumpyOps
from thinc.types import Floats2d, Ints1d

from spacy_lstm_tagger.optimizers import LazyAdam, LazyAverages, create_lazy_adam

ROWS, WIDTH = 7, 3
KEY, OTHER = (1, "table"), (1, "other")
OPS = NumpyOps()

# Which rows each step uses; and whether the averages are read after it.
steps_of_training = st.lists(
    st.tuples(st.sets(st.integers(0, ROWS - 1), min_size=1), st.booleans()), min_size=1, max_size=25
)
settings_of_adam = st.fixed_dictionaries(
    {
        "learn_rate": st.sampled_from([0.001, 0.1]),
        "L2": st.sampled_from([0.0, 0.3]),
        "L2_is_weight_decay": st.booleans(),
        "grad_clip": st.sampled_from([0.0, 0.5, 100.0]),
        "beta1": st.sampled_from([0.5, 0.9]),
        "beta2": st.sampled_from([0.9, 0.999]),
        "eps": st.sampled_from([1e-8, 0.1]),
    }
)


def make_numbers(seed: int, *shape: int) -> Floats2d:
    numbers: Floats2d = np.random.default_rng(seed).normal(size=shape).astype(np.float32)  # type: ignore[assignment]
    return numbers


def to_rows(rows: set[int]) -> Ints1d:
    """In any order: nobody promised that they are sorted."""
    return np.array(sorted(rows, key=lambda row: (row * 5) % ROWS), dtype=np.int64)  # type: ignore[return-value]


def assert_close(found: Any, expected: Any, tolerance: float = 1e-5) -> None:
    np.testing.assert_allclose(found, expected, atol=tolerance, rtol=tolerance)


# Weights


@given(settings_of_adam, st.integers(1, 8), st.booleans())
def test_where_all_rows_are_used_it_is_thincs_adam(
    settings: dict[str, Any], n_steps: int, use_averages: bool
) -> None:
    lazy = create_lazy_adam(**settings, use_averages=use_averages)
    adam = Adam(**settings, use_averages=use_averages)
    weights = make_numbers(0, ROWS, WIDTH)
    expected = weights.copy()
    order = to_rows(set(range(ROWS)))
    for step in range(n_steps):
        gradient = make_numbers(step + 1, ROWS, WIDTH)
        lazy.update_rows(KEY, weights, order, gradient[order])
        adam(KEY, expected, gradient.copy())
        assert_close(weights, expected)
        if use_averages:
            assert_close(lazy.averages[KEY], adam.averages[KEY])
    assert lazy.averages is None or use_averages


@given(steps_of_training)
def test_with_gaps_it_is_torchs_lazy_adam(steps: list[tuple[set[int], bool]]) -> None:
    settings = {"eps": 1e-3}
    lazy = create_lazy_adam(0.1, grad_clip=0.0, **settings)
    weights = make_numbers(0, ROWS, WIDTH)
    expected = torch.from_numpy(weights.copy()).requires_grad_()
    sparse = torch.optim.SparseAdam([expected], lr=0.1, **settings)
    for step, (used, _) in enumerate(steps):
        rows = to_rows(used)
        gradient = make_numbers(step + 1, len(rows), WIDTH)
        lazy.update_rows(KEY, weights, rows, gradient)
        expected.grad = torch.sparse_coo_tensor(rows[None], gradient, weights.shape, check_invariants=True)
        sparse.step()
        assert_close(weights, expected.detach().numpy())


@given(settings_of_adam, steps_of_training)
def test_rows_that_are_not_used_stay(settings: dict[str, Any], steps: list[tuple[set[int], bool]]) -> None:
    lazy = create_lazy_adam(**settings)
    weights = make_numbers(0, ROWS, WIDTH)
    for step, (used, _) in enumerate(steps):
        rows, before = to_rows(used), weights.copy()
        gradient = make_numbers(step + 1, len(rows), WIDTH)
        given_gradient = gradient.copy()
        lazy.update_rows(KEY, weights, rows, gradient)
        moved = (weights != before).any(axis=1)
        assert set(np.flatnonzero(moved).tolist()) == used
        np.testing.assert_array_equal(gradient, given_gradient)


def test_long_gradients_are_clipped_by_the_length_of_all_rows() -> None:
    clipped, plain = create_lazy_adam(0.1, grad_clip=2.0), create_lazy_adam(0.1, grad_clip=0.0)
    rows, gradient = np.array([1, 4]), np.array([[3.0, 0.0, 0.0], [0.0, 4.0, 0.0]], dtype=np.float32)
    weights = make_numbers(0, ROWS, WIDTH)
    expected = weights.copy()
    for factor in (0.1, 1.0):  # too short to be clipped, and of length 5
        clipped.update_rows(KEY, weights, rows, factor * gradient)
        plain.update_rows(KEY, expected, rows, gradient * (0.1 if factor == 0.1 else 2 / 5))
        assert_close(weights, expected)


def test_other_parameters_are_updated_as_by_thincs_adam() -> None:
    lazy, adam = create_lazy_adam(0.1, L2=0.1), Adam(0.1, L2=0.1)
    weights, expected, table = (make_numbers(0, ROWS, WIDTH) for _ in range(3))
    for step in range(5):
        lazy.update_rows(KEY, table, np.array([step]), make_numbers(step, 1, WIDTH))
        lazy(OTHER, weights, make_numbers(step, ROWS, WIDTH))
        adam(OTHER, expected, make_numbers(step, ROWS, WIDTH))
    np.testing.assert_array_equal(weights, expected)
    np.testing.assert_array_equal(lazy.averages[OTHER], adam.averages[OTHER])


def test_schedules_are_followed() -> None:
    lazy, adam = (make(iter([0.1, 0.01, 0.5])) for make in (create_lazy_adam, Adam))
    weights = make_numbers(0, ROWS, WIDTH)
    expected = weights.copy()
    for step in range(4):
        gradient = make_numbers(step, ROWS, WIDTH)
        lazy.update_rows(KEY, weights, np.arange(ROWS), gradient)
        adam(KEY, expected, gradient.copy())
        lazy.step_schedules()
        adam.step_schedules()
        assert_close(weights, expected)
    assert lazy.learn_rate == 0.5


# Averages


@given(settings_of_adam, steps_of_training)
def test_averages_are_those_of_all_rows_in_all_steps(
    settings: dict[str, Any], steps: list[tuple[set[int], bool]]
) -> None:
    """Reading them in the meantime changes nothing."""
    lazy, never_read = create_lazy_adam(**settings), create_lazy_adam(**settings)
    weights, same_weights = make_numbers(0, ROWS, WIDTH), make_numbers(0, ROWS, WIDTH)
    expected = np.zeros_like(weights)
    for step, (used, is_read) in enumerate(steps, start=1):
        gradient = make_numbers(step, len(used), WIDTH)
        lazy.update_rows(KEY, weights, to_rows(used), gradient)
        never_read.update_rows(KEY, same_weights, to_rows(used), gradient)
        OPS.update_averages(expected, weights, step)
        if is_read:
            for _ in range(2):
                assert_close(lazy.averages[KEY], expected)
    np.testing.assert_array_equal(weights, same_weights)
    assert_close(lazy.averages[KEY], expected)
    assert_close(never_read.averages[KEY], expected)


def test_averages_of_a_row_that_is_used_at_long_intervals() -> None:
    lazy = create_lazy_adam(0.01)
    weights = make_numbers(0, ROWS, WIDTH)
    expected = np.zeros_like(weights)
    for step in range(1, 2001):
        rows = np.array([0, 3] if step in (1, 40, 1999) else [0])
        lazy.update_rows(KEY, weights, rows, make_numbers(step, len(rows), WIDTH))
        OPS.update_averages(expected, weights, step)
    assert_close(lazy.averages[KEY], expected, 1e-4)


def test_decay_has_its_upper_limit() -> None:
    """From step 89,990 on, Thinc's averages decay no slower."""
    averages = LazyAverages()
    before, after = make_numbers(0, 1, WIDTH), make_numbers(1, 1, WIDTH)
    averages.of_table(KEY, after).move(np.array([0]), before, after, 150_000)
    expected = np.zeros_like(before)
    for step in range(1, 150_000):
        OPS.update_averages(expected, before, step)
    for _ in range(1000):
        OPS.update_averages(expected, after, 150_000)
    for step in range(150_001, 151_000):
        averages.of_table(KEY, after).move(np.array([], dtype=np.int64), after[:0], after[:0], step)
    assert_close(averages[KEY], expected, 1e-4)


def test_averages_are_a_mapping_as_thincs_are() -> None:
    lazy = create_lazy_adam(0.1)
    assert len(lazy.averages) == 0
    assert lazy.averages.get(KEY) is None
    weights = make_numbers(0, ROWS, WIDTH)
    lazy.update_rows(KEY, weights, np.array([2]), make_numbers(1, 1, WIDTH))
    lazy(OTHER, make_numbers(2, ROWS, WIDTH), make_numbers(3, ROWS, WIDTH))
    assert list(lazy.averages) == [KEY, OTHER]
    for key, average in lazy.averages.items():
        np.testing.assert_array_equal(lazy.averages.get(key), average)
        assert average.shape == (ROWS, WIDTH)
        assert average.dtype == np.float32
    assert not np.shares_memory(lazy.averages[KEY], weights)


def test_tables_are_told_apart_by_their_keys() -> None:
    lazy, alone = create_lazy_adam(0.1), create_lazy_adam(0.1)
    first, second, expected = (make_numbers(0, ROWS, WIDTH) for _ in range(3))
    for step in range(6):
        rows, gradient = np.array([step]), make_numbers(step, 1, WIDTH)
        lazy.update_rows(KEY, first, rows, gradient)
        alone.update_rows(KEY, expected, rows, gradient)
        if step % 2:
            lazy.update_rows(OTHER, second, rows, -gradient)
    np.testing.assert_array_equal(first, expected)
    np.testing.assert_array_equal(lazy.averages[KEY], alone.averages[KEY])
    assert np.abs(lazy.averages[OTHER] - lazy.averages[KEY]).max() > 0.01


# In a config


def test_config_makes_the_optimizer() -> None:
    settings = {"L2": 0.1, "L2_is_weight_decay": False, "grad_clip": 2.0, "eps": 1e-4}
    settings |= {"beta1": 0.8, "beta2": 0.99, "learn_rate": 0.02}
    config = {"@optimizers": "spacy-lstm-tagger.LazyAdam.v1", **settings}
    found, expected = registry.resolve({"optimizer": config})["optimizer"], Adam(**settings)
    assert isinstance(found, LazyAdam)
    for name in ("learn_rate", "L2", "L2_is_weight_decay", "grad_clip", "eps", "b1", "b2"):
        assert getattr(found, name) == getattr(expected, name), name
    defaults = registry.resolve({"optimizer": {"@optimizers": config["@optimizers"]}})["optimizer"]
    for name in ("learn_rate", "L2", "L2_is_weight_decay", "grad_clip", "eps", "b1", "b2"):
        assert getattr(defaults, name) == getattr(Adam(), name), name


@pytest.mark.parametrize("use_averages", [True, False])
def test_averages_can_be_left_out(use_averages: bool) -> None:
    lazy = create_lazy_adam(0.1, use_averages=use_averages)
    lazy.update_rows(KEY, make_numbers(0, ROWS, WIDTH), np.array([2]), make_numbers(1, 1, WIDTH))
    assert (lazy.averages is not None) == use_averages
