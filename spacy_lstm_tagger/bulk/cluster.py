"""Shards on the machines of a Ray cluster. They have to see the same files; no document travels."""

import logging
import os
import socket
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import Errors
from .running import ShardResult, Task, run_shard
from .shards import Shard

SECONDS_TO_CONNECT = 10
MAX_PORT = 65535


def run_on_ray(
    task: Task, shards: Iterable[Shard], *, n_workers: int, address: str | None = None, gpu: bool = False
) -> Iterator[ShardResult]:
    """Run shards on so many workers of a cluster, each of which loads the pipeline once. A worker that dies
    is replaced, and its shard is done anew.

    task (Task): What is to be done.
    shards (Iterable[Shard]): The shards.
    n_workers (int): How many workers; each has a core, and with `gpu` a GPU.
    address (Optional[str]): That of the cluster; by default the one that RAY_ADDRESS names, or one that is
        started on this machine.
    gpu (bool): Whether workers tag on GPUs.
    YIELDS (ShardResult): What became of each shard, in the order in which they end.
    RAISES (ImportError): If Ray is not installed. (ValueError): As `run_shard`, or if the address is none.
        (RuntimeError): If the cluster can't be reached or fails.
    """
    ray = _import()
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    numbered = list(shards)
    if not numbered:
        return
    is_ours = not ray.is_initialized()
    try:
        if is_ours:
            # Left to itself, Ray looks for clusters that were here before, and waits for those that died.
            address = address or os.environ.get("RAY_ADDRESS") or "local"
            _check(address)
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        for found in _tag(ray, task, numbered, n_workers, gpu):
            if found["error"]:
                raise ValueError(found["error"])
            yield ShardResult(numbered[found["index"]], found["n_rows"], found["n_words"], found["n_bad"])
    except (OSError, ray.exceptions.RayError) as error:
        raise RuntimeError(Errors.L429.format(reason=str(error).strip().split("\n")[-1])) from error
    # Not after an error or an interrupt: threads of Ray Data may still be at work then, and what they ask
    # of a Ray that was shut down ends the process without a word. So Ray ends with the process.
    if is_ours:
        ray.shutdown()


def _check(address: str) -> None:
    """RAISES (OSError): If nothing answers at an address, which Ray would try for minutes. (ValueError): If
    its port is no number.
    """
    if ":" in address:
        host, _, port = address.removeprefix("ray://").rpartition(":")
        if not port.isdecimal() or int(port) > MAX_PORT:
            choices = "HOST:PORT or ray://HOST:PORT, with a number as port"
            raise ValueError(Errors.L418.format(name="ray_address", value=address, choices=choices))
        socket.create_connection((host, int(port)), timeout=SECONDS_TO_CONNECT).close()


def _import() -> Any:
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ImportError(Errors.L420) from error
    return ray


def _tag(ray: Any, task: Task, shards: list[Shard], n_workers: int, gpu: bool) -> Iterator[dict[str, Any]]:
    """YIELDS (Dict[str, Any]): What each shard's worker gave."""
    context = ray.data.DataContext.get_current().copy()
    context.enable_progress_bars = False  # there is one for all engines
    with ray.data.DataContext.current(context):
        # A block for each shard: that is what a worker gets at once, and what is done anew if it dies.
        indices = [{"index": i} for i in range(len(shards))]
        numbers = ray.data.from_items(indices, override_num_blocks=len(shards))
        tagged = numbers.map(
            _Worker,
            fn_constructor_args=(task, shards, gpu),
            compute=ray.data.ActorPoolStrategy(size=min(n_workers, len(shards))),
            num_cpus=1,
            num_gpus=1 if gpu else 0,
        )
        yield from tagged.iter_rows()


class _Worker:
    """Runs shards in a process of the cluster."""

    def __init__(self, task: Task, shards: list[Shard], gpu: bool) -> None:
        import torch
        from thinc.api import require_gpu

        torch.set_num_threads(1)
        if gpu:
            require_gpu()
        self.task = task
        self.shards = shards

    def __call__(self, row: dict[str, int]) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The result of the shard with an index, or the message of its error,
        which so arrives as it is.
        """
        try:
            _, n_rows, n_words, n_bad = run_shard(self.task, self.shards[row["index"]])
        except (OSError, ValueError) as error:
            return row | {"n_rows": 0, "n_words": 0, "n_bad": 0, "error": str(error)}
        return row | {"n_rows": n_rows, "n_words": n_words, "n_bad": n_bad, "error": ""}
