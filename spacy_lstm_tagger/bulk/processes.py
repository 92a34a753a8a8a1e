"""Shards side by side, in processes of this machine. Each reads and writes its own: no document travels."""

import os
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any

from ..errors import Errors
from .running import ShardResult, Task, run_shard
from .shards import Shard

_stopping: Any = None  # in a worker: the event that tells it to give up


def run_in_processes(task: Task, shards: Iterable[Shard], n_process: int) -> Iterator[ShardResult]:
    """Run shards on so many processes. Closed early, they give up the shards that they are at.

    YIELDS (ShardResult): What became of each shard, in the order in which they end.
    RAISES (RuntimeError): If a process dies. (ValueError): As `run_shard`.
    """
    context = get_context("spawn")  # a fork of a process that has threads may hang
    stopping = context.Event()
    pool = ProcessPoolExecutor(n_process, context, _start, (stopping,))
    try:
        waiting = iter(shards)
        # One more each than it is at, so that no worker waits for this process.
        running = {pool.submit(_work, task, shard) for shard in islice(waiting, 2 * n_process)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
            running |= {pool.submit(_work, task, shard) for shard in islice(waiting, len(done))}
    except BrokenProcessPool as error:
        raise RuntimeError(Errors.L417) from error
    finally:
        stopping.set()
        pool.shutdown(cancel_futures=True)


def _start(stopping: Any) -> None:
    """Make a worker ready: it has one core, and ends when it is told to or is left alone."""
    import torch

    global _stopping  # noqa: PLW0603
    _stopping = stopping
    torch.set_num_threads(1)
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # a terminal's Ctrl-C reaches all; the first process decides
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Killed, the first process can't tell the others to end."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(task: Task, shard: Shard) -> ShardResult:
    return run_shard(task, shard, _check)


def _check() -> None:
    if _stopping.is_set():
        raise InterruptedError
