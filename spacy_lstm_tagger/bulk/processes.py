"""Shards in parallel processes on this machine. Each reads and writes its own files: no documents are
transferred.
"""

import os
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any

from ..errors import Errors, LSTMTaggerRuntimeError
from .running import ShardResult, Task, run_shard
from .shards import Shard

_stopping: Any = None  # in a worker: the event that tells it to stop


def run_in_processes(task: Task, shards: Iterable[Shard], n_process: int) -> Iterator[ShardResult]:
    """Run shards in processes. If the iterator is closed early, they stop at the next batch.

    YIELDS (ShardResult): The result of each shard, in the order of completion.
    RAISES (LSTMTaggerRuntimeError): If a process dies. (LSTMTaggerValueError): As `run_shard`.
    """
    context = get_context("spawn")  # a forked process may hang if its parent has threads
    stopping = context.Event()
    pool = ProcessPoolExecutor(n_process, context, _start, (stopping,))
    try:
        waiting = iter(shards)
        # One shard more per worker, so that none waits for this process.
        running = {pool.submit(_work, task, shard) for shard in islice(waiting, 2 * n_process)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
            running |= {pool.submit(_work, task, shard) for shard in islice(waiting, len(done))}
    except BrokenProcessPool as error:
        raise LSTMTaggerRuntimeError(Errors.L417) from error
    finally:
        stopping.set()
        pool.shutdown(cancel_futures=True)


def _start(stopping: Any) -> None:
    """Set up a worker: it uses one core, and ends when told to, or with its parent."""
    import torch

    global _stopping  # noqa: PLW0603
    _stopping = stopping
    torch.set_num_threads(1)
    # A terminal sends Ctrl-C to all processes; the parent decides what happens.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that is killed can't tell its workers to end."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(task: Task, shard: Shard) -> ShardResult:
    return run_shard(task, shard, _check)


def _check() -> None:
    if _stopping.is_set():
        raise InterruptedError
