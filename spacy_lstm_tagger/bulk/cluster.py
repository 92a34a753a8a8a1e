"""Shards on the machines of a Ray cluster, which must see the same files. No documents are transferred."""

import logging
import os
import socket
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import Errors, LSTMTaggerImportError, LSTMTaggerRuntimeError, LSTMTaggerValueError
from .running import ShardResult, Task, run_shard
from .shards import Shard

SECONDS_TO_CONNECT = 10
MAX_PORT = 65535


def run_on_ray(
    task: Task, shards: Iterable[Shard], *, n_workers: int, address: str | None = None, gpu: bool = False
) -> Iterator[ShardResult]:
    """Run shards on workers of a cluster, each of which loads the pipeline once. A worker that dies is
    replaced, and its shard is repeated.

    task (Task): What to do.
    shards (Iterable[Shard]): The shards.
    n_workers (int): The number of workers; each has a core, and with `gpu` a GPU.
    address (Optional[str]): The cluster's address; by default that in RAY_ADDRESS, or a local cluster that
        is started for the run.
    gpu (bool): Whether workers tag on GPUs.
    YIELDS (ShardResult): The result of each shard, in the order of completion.
    RAISES (LSTMTaggerImportError): If Ray is not installed. (LSTMTaggerValueError): As `run_shard`, or if
        the address is malformed. (LSTMTaggerRuntimeError): If the cluster can't be reached or fails.
    """
    ray = _import()
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    numbered = list(shards)
    if not numbered:
        return
    is_ours = not ray.is_initialized()
    try:
        if is_ours:
            # By default, Ray looks for earlier clusters on this machine, and waits for dead ones.
            address = address or os.environ.get("RAY_ADDRESS") or "local"
            _check(address)
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        for found in _tag(ray, task, numbered, n_workers, gpu):
            if found["error"]:
                raise LSTMTaggerValueError(found["error"])
            yield ShardResult(numbered[found["index"]], found["n_rows"], found["n_words"], found["n_bad"])
    except (OSError, ray.exceptions.RayError) as error:
        raise LSTMTaggerRuntimeError(
            Errors.L429.format(reason=str(error).strip().split("\n")[-1])
        ) from error
    # Not after an error or an interrupt: threads of Ray Data may still be running then, and if they call
    # Ray after its shutdown, the process dies silently. In that case Ray ends with the process.
    if is_ours:
        ray.shutdown()


def _check(address: str) -> None:
    """RAISES (OSError): If nothing answers at an address, which Ray would retry for minutes.
    (LSTMTaggerValueError): If its port is not a number.
    """
    if ":" in address:
        host, _, port = address.removeprefix("ray://").rpartition(":")
        if not port.isdecimal() or int(port) > MAX_PORT:
            choices = "HOST:PORT or ray://HOST:PORT, with a number as port"
            raise LSTMTaggerValueError(
                Errors.L418.format(name="ray_address", value=address, choices=choices)
            )
        socket.create_connection((host, int(port)), timeout=SECONDS_TO_CONNECT).close()


def _import() -> Any:
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise LSTMTaggerImportError(Errors.L420) from error
    return ray


def _tag(ray: Any, task: Task, shards: list[Shard], n_workers: int, gpu: bool) -> Iterator[dict[str, Any]]:
    """YIELDS (Dict[str, Any]): What the worker returned for each shard."""
    context = ray.data.DataContext.get_current().copy()
    context.enable_progress_bars = False  # ours is for all engines
    with ray.data.DataContext.current(context):
        # One block per shard: what a worker gets at once, and what is repeated if it dies.
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
        which Ray would otherwise wrap in its own.
        """
        try:
            _, n_rows, n_words, n_bad = run_shard(self.task, self.shards[row["index"]])
        except (OSError, ValueError) as error:
            return row | {"n_rows": 0, "n_words": 0, "n_bad": 0, "error": str(error)}
        return row | {"n_rows": n_rows, "n_words": n_words, "n_bad": n_bad, "error": ""}
