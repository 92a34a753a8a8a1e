"""Runs `tag_files` once, and prints one line of JSON.

python -m benchmarks.bulk.probe MODEL SOURCE --n-process 2 --ray
"""

import hashlib
import json
import tempfile
import time
from pathlib import Path
from threading import Event, Thread
from typing import Annotated, Literal

import srsly
import typer

from benchmarks.bulk.table import SHARD_SIZE
from benchmarks.common import options
from benchmarks.common.memory import read_memory
from spacy_lstm_tagger.bulk import tag_files

INTERVAL = 0.1  # seconds between two samples of the memory
WARM_UP = 0.25  # the share of the shards after which all workers have long been running


def main(
    model: options.Model,
    source: Annotated[Path, typer.Argument(exists=True, help="File of texts, one per line")],
    n_process: Annotated[int, typer.Option(help="Number of workers")] = 1,
    ray: Annotated[bool, typer.Option(help="Run them on a local Ray cluster")] = False,
) -> None:
    """Print words, seconds, words per second after the warm-up, the peak memory of this process and its
    children, and a hash of the rows.
    """
    engine: Literal["ray", "local"] = "ray" if ray else "local"
    with tempfile.TemporaryDirectory() as folder:
        with MemoryMonitor() as monitor:
            start = time.perf_counter()
            summary = tag_files(
                model, source, folder, n_process=n_process, engine=engine, shard_size=SHARD_SIZE
            )
            seconds = time.perf_counter() - start
        parts = sorted(Path(folder).glob("part-*"))
        rows = hashlib.sha256()
        for part in parts:
            rows.update(part.read_bytes())
        rate = compute_rate(parts)
    figures = {"words": summary.n_words, "seconds": seconds, "words_per_second": rate}
    print(srsly.json_dumps(figures | {"mb": monitor.peak, "rows": rows.hexdigest()}))


def compute_rate(parts: list[Path]) -> float:
    """RETURNS (float): Words per second between the times when the warm-up and the last shard finished."""
    finished = sorted(parts, key=lambda part: part.stat().st_mtime_ns)
    n_first = max(1, int(WARM_UP * len(finished)))
    first, last = (finished[i].stat().st_mtime for i in (n_first - 1, -1))
    words = sum(len(json.loads(line)["words"]) for part in finished[n_first:] for line in part.open("rb"))
    return words / (last - first)


class MemoryMonitor:
    """Samples the memory of this process and its children, but not of theirs, while a block runs."""

    def __init__(self) -> None:
        self.peak = 0.0  # MB
        self._is_over = Event()
        self._thread = Thread(target=self._sample)

    def __enter__(self) -> "MemoryMonitor":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._is_over.wait(INTERVAL):
            children = Path("/proc/self/task").glob("*/children")
            ids = [number for path in children for number in path.read_text(encoding="ascii").split()]
            self.peak = max(self.peak, read_memory("VmRSS") + sum(map(read_child, ids)))


def read_child(number: str) -> float:
    """RETURNS (float): The memory of a process in MB, 0 if it has just ended."""
    try:
        return read_memory("VmRSS", number)
    except (OSError, RuntimeError):
        return 0.0


if __name__ == "__main__":
    options.run(main)
