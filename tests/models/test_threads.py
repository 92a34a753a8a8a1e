"""Threads that read side by side, in this process and in those that it starts."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, current_thread, get_ident

import pytest
import torch

from spacy_lstm_tagger.models.threads import count_threads, get_map

SetThreads = Callable[[int], None]


@pytest.mark.parametrize("torch_threads", [1, 3])
def test_number_of_threads(set_torch_threads: SetThreads, torch_threads: int) -> None:
    set_torch_threads(torch_threads)
    assert count_threads(0) == torch_threads
    assert [count_threads(n) for n in (1, 2, 5)] == [1, 2, 5]


@pytest.mark.parametrize("torch_threads", [1, 3])
@pytest.mark.parametrize("n_threads", [1, 2, 4])
def test_threads_give_what_the_builtin_map_gives(
    set_torch_threads: SetThreads, torch_threads: int, n_threads: int
) -> None:
    set_torch_threads(torch_threads)
    for _ in range(2):
        assert list(get_map(n_threads)(str, range(100))) == list(map(str, range(100)))
        assert torch.get_num_threads() == torch_threads, "what torch was set to comes back"


@pytest.mark.parametrize("torch_threads", [1, 3])
@pytest.mark.parametrize("n_threads", [2, 4])
def test_threads_run_side_by_side_with_one_of_torchs_each(
    set_torch_threads: SetThreads, torch_threads: int, n_threads: int
) -> None:
    set_torch_threads(torch_threads)
    barrier = Barrier(n_threads, timeout=60)

    def wait(_: int) -> tuple[int, int]:
        barrier.wait()
        torch.ones(100, 100) @ torch.ones(100, 100)
        return get_ident(), torch.get_num_threads()

    found = list(get_map(n_threads)(wait, range(2 * n_threads)))
    assert len({thread for thread, _ in found}) == n_threads
    assert get_ident() not in {thread for thread, _ in found}
    assert {number for _, number in found} == {1}
    assert torch.get_num_threads() == torch_threads


def test_one_thread_of_torchs_needs_no_other() -> None:
    assert list(get_map(1)(lambda _: get_ident(), range(3))) == [get_ident()] * 3


def test_one_thread_where_torch_has_more(set_torch_threads: SetThreads) -> None:
    set_torch_threads(3)
    assert set(get_map(1)(lambda _: torch.get_num_threads(), range(5))) == {1}
    assert torch.get_num_threads() == 3


def test_threads_of_others_take_what_torch_was_set_to(set_torch_threads: SetThreads) -> None:
    set_torch_threads(3)
    get_map(2)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == 3


def test_threads_are_started_once() -> None:
    first, second = (set(get_map(2)(lambda _: current_thread().name, range(50))) for _ in range(2))
    assert len(first | second) <= 2


def test_errors_come_out_and_threads_live_on() -> None:
    with pytest.raises(ZeroDivisionError):
        list(get_map(2)(lambda n: 1 // n, range(5)))
    assert list(get_map(2)(abs, range(-3, 0))) == [3, 2, 1]


def test_threads_are_shared() -> None:
    """The caller may have threads of its own that read at the same time."""
    with ThreadPoolExecutor(8) as pool:
        sums = list(pool.map(lambda n: sum(get_map(2)(lambda i: i * n, range(50))), range(40)))
    assert sums == [n * sum(range(50)) for n in range(40)]


def run(code: str) -> list[str]:
    """RETURNS (List[str]): The lines that a Python process prints."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.splitlines()


PARENT = """
import multiprocessing, torch
from spacy_lstm_tagger.models.threads import count_threads, get_map

def multiply(n):
    return float((torch.ones(300, 300) @ torch.ones(300, 300)).mean())

def work():
    print(sum(get_map(2)(multiply, range(9))), count_threads(0), count_threads(3), flush=True)

if __name__ == "__main__":
    torch.set_num_threads(2)
    work()
"""


def test_threads_after_a_fork() -> None:
    """No thread survives a fork, and a lock may be held by one."""
    code = f"""{PARENT}
    for _ in range(2):
        child = multiprocessing.get_context("fork").Process(target=work)
        child.start()
        child.join(60)
        print(child.exitcode)
    work()
"""
    assert run(code) == ["2700.0 2 3", *["2700.0 1 3", "0"] * 2, "2700.0 2 3"]


def test_a_fork_while_threads_are_started() -> None:
    """Whoever starts them holds a lock, which a child must not wait for."""
    code = f"""{PARENT}
    from spacy_lstm_tagger.models import threads
    with threads._lock:
        child = multiprocessing.get_context("fork").Process(target=work)
        child.start()
        child.join(60)
        print(child.exitcode)
"""
    assert run(code) == ["2700.0 2 3", "2700.0 1 3", "0"]


def test_spawned_processes_take_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    code = """
import multiprocessing, torch
from spacy_lstm_tagger.models.threads import count_threads

with multiprocessing.get_context("spawn").Pool(1) as pool:
    print(torch.get_num_threads(), pool.apply(torch.get_num_threads))
    print([count_threads(n) for n in (0, 3)], pool.map(count_threads, [0, 3]))
"""
    assert run(code) == ["2 2", "[2, 3] [1, 3]"]
