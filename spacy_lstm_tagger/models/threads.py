"""Threads that read batches in parallel: torch's operators release the GIL.

torch's own threads split the work of a single operator, and those of a recurrence are too small for that:
on a busy machine the threads wait for each other longer than they work.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from typing import Any, TypeAlias

import torch

Map: TypeAlias = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]

_pools: dict[int, ThreadPoolExecutor] = {}
_lock = Lock()


def count_threads(n_threads: int) -> int:
    """RETURNS (int): The number of threads that a setting means: itself, or if it is 0 as many as torch
    uses. In a process of `multiprocessing`, such as those of `nlp.pipe(n_process=2)`, that is one, because
    each of them has at best one core.
    """
    if n_threads:
        return n_threads
    return 1 if multiprocessing.parent_process() else torch.get_num_threads()


def get_map(n_threads: int) -> Map:
    """RETURNS (Map): A function like the builtin `map` whose calls run on this many threads. Within torch's
    operators, each of them uses a single thread.
    """
    if n_threads == torch.get_num_threads() == 1:
        return map
    with _lock:
        if n_threads not in _pools:
            _pools[n_threads] = _start_pool(n_threads)
        return _pools[n_threads].map


def _start_pool(n_threads: int) -> ThreadPoolExecutor:
    torch_threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(n_threads, "lstm_tagger", initializer=_use_one_torch_thread)
    # torch uses the last number that was set for all later threads. So all of ours start now, and then the
    # number is restored.
    barrier = Barrier(n_threads + 1)
    for _ in range(n_threads):
        pool.submit(barrier.wait)
    barrier.wait()
    torch.set_num_threads(torch_threads)
    return pool


def _use_one_torch_thread() -> None:
    torch.get_num_threads()  # a thread adopts the global number when it first asks, so ask now
    torch.set_num_threads(1)


def _forget_threads() -> None:
    """No thread survives a fork: a child (of `nlp.pipe(n_process=2)`) would wait for it forever."""
    global _lock  # noqa: PLW0603
    _lock = Lock()
    _pools.clear()
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)
