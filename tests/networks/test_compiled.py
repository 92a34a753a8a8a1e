"""The compiled kernels: every size of block and group, numbers at the limits, threads and forks."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from lstms import INPUT, make_lstm

from spacy_lstm_tagger.networks import (
    CompiledNetwork,
    CPUNetwork,
    find_kernel,
    list_kernels,
    make_prediction_network,
)
from spacy_lstm_tagger.networks.prediction import compiled
from spacy_lstm_tagger.networks.prediction.compiled import Kernel

pytestmark = pytest.mark.skipif(not list_kernels(), reason="there was no compiler on installation")
KERNELS = pytest.mark.parametrize("kernel", list_kernels(), ids=lambda kernel: kernel.name)
CPU = torch.device("cpu")


def make_batch(lengths: list[int], n_types: int = 50) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    index = torch.randint(n_types, (sum(lengths),))
    return torch.randn(n_types, INPUT), index, torch.tensor(lengths, dtype=torch.int64)


@KERNELS
@given(
    width=st.integers(1, 70), lengths=st.lists(st.integers(0, 9), max_size=20), bidirectional=st.booleans()
)
def test_every_size_is_read_as_by_torch(
    kernel: Kernel, width: int, lengths: list[int], bidirectional: bool
) -> None:
    lstm = make_lstm(width, bidirectional=bidirectional)
    types, index, lengths_ = make_batch(lengths)
    network = CompiledNetwork(lstm, kernel)
    found, _ = network.read(network.project(types), index, lengths_)
    torch.testing.assert_close(found, lstm(types, index, lengths_).detach(), atol=1e-5, rtol=0)


@KERNELS
def test_states_are_exact_over_a_long_sequence(kernel: Kernel) -> None:
    lstm = make_lstm(24)
    types, index, lengths = make_batch([3000])
    network = CompiledNetwork(lstm, kernel)
    found, _ = network.read(network.project(types), index, lengths)
    expected = lstm.double()(types.double(), index, lengths).detach()
    assert (found - expected).abs().max() < 1e-5


@KERNELS
@pytest.mark.parametrize("value", [1e-42, -1e-42, 1e4, -1e4, 1e38, -1e38], ids=str)
def test_numbers_at_the_limits(kernel: Kernel, value: float) -> None:
    lstm = make_lstm(20)
    types, index, lengths = make_batch([5, 3])
    network = CompiledNetwork(lstm, kernel)
    table = network.project(types).fill_(value)
    found, _ = network.read(table, index, lengths)
    gate = 1 / (1 + np.exp(-np.clip(value, -100, 100)))
    cell = gate * np.tanh(value)  # after the first step, when the hidden state is 0
    assert torch.isfinite(found).all()
    first = torch.cat([found[[0, 5], :20], found[[4, 7], 20:]])
    torch.testing.assert_close(first, torch.full_like(first, gate * np.tanh(cell)), atol=1e-6, rtol=0)


@KERNELS
def test_nan_stays_in_its_sequence(kernel: Kernel) -> None:
    lstm = make_lstm(20, bidirectional=False)
    types, index, lengths = make_batch([4, 6, 2], n_types=12)
    network = CompiledNetwork(lstm, kernel)
    index = torch.arange(12)
    clean, _ = network.read(network.project(types), index, lengths)
    types[6] = torch.nan  # the third word of the second sequence
    found, _ = network.read(network.project(types), index, lengths)
    assert torch.isnan(found[6:10]).all()
    others = [*range(6), 10, 11]
    assert torch.equal(found[others], clean[others])


@KERNELS
def test_threads_share_a_network(kernel: Kernel) -> None:
    network = CompiledNetwork(make_lstm(40), kernel)
    batches = [make_batch([i, 30, 7, 2 * i + 1]) for i in range(12)]
    table = network.project(batches[0][0])
    expected = [network.read(table, index, lengths)[0] for _, index, lengths in batches]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda batch: network.read(table, *batch[1:])[0], batches * 5))
    assert all(map(torch.equal, found, expected * 5))


def _read_in_child(
    network: CompiledNetwork, table: torch.Tensor, queue: "multiprocessing.Queue[bytes]"
) -> None:
    _, index, lengths = make_batch([9, 4])
    queue.put(network.read(table, index, lengths)[0].numpy().tobytes())


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
def test_forked_processes_read_the_same() -> None:
    network = CompiledNetwork(make_lstm(40), list_kernels()[0])
    types, index, lengths = make_batch([9, 4])
    table = network.project(types)
    expected = network.read(table, index, lengths)[0].numpy().tobytes()
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=_read_in_child, args=(network, table, queue))
    process.start()
    found = queue.get(timeout=60)
    process.join(60)
    assert found == expected


def test_the_kernel_is_chosen_for_float32_alone() -> None:
    lstm = make_lstm()
    is_compiled = isinstance(make_prediction_network(lstm, CPU, torch.float32), CompiledNetwork)
    assert is_compiled == (find_kernel() is not None)
    assert isinstance(make_prediction_network(lstm, CPU, torch.bfloat16), CPUNetwork)


def test_without_a_kernel_torch_predicts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "list_kernels", lambda: [])
    assert isinstance(make_prediction_network(make_lstm(), CPU, torch.float32), CPUNetwork)


@pytest.mark.parametrize(
    ("files", "library", "reason"),
    [
        ([], None, "no kernel was compiled"),
        ([f"_kernel{compiled.EXTENSION_SUFFIXES[0]}"], None, "was compiled for another machine"),
        ([f"_kernel{compiled.EXTENSION_SUFFIXES[0]}"], object(), "neither AVX2 nor AVX-512"),
    ],
)
def test_why_there_is_no_kernel_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: list[str], library: object, reason: str
) -> None:
    for file in files:
        (tmp_path / file).touch()
    monkeypatch.setattr(compiled, "FOLDER", tmp_path)
    monkeypatch.setattr(compiled, "_load", lambda: library)
    monkeypatch.setattr(compiled, "list_kernels", lambda: [])
    assert reason in compiled.explain_kernel()


def test_the_kernel_that_predicts_is_named() -> None:
    kernel = find_kernel()
    assert kernel is None or compiled.explain_kernel() == f"compiled, {kernel.name}"


def test_a_library_for_another_machine_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: "pytest.TempPathFactory"
) -> None:
    monkeypatch.setattr(compiled, "FOLDER", tmp_path)
    assert compiled._load.__wrapped__() is None
    (tmp_path / f"_kernel{compiled.EXTENSION_SUFFIXES[0]}").write_bytes(b"not a library")
    assert compiled._load.__wrapped__() is None
