"""The measuring process for bulk tagging: one run of `tag_files`, with or without processes of its own.

`python benchmarks/bulk_run.py MODEL INPUT --n-process … --engine …` prints one line of JSON.
"""

import hashlib
import json
import tempfile
import time
from enum import Enum
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

import srsly
import typer
from memory import read_memory

from spacy_lstm_tagger.bulk import tag_files

SECONDS = 0.1  # between two looks at the memory
SHARD_SIZE = 2000  # rows
WARM_UP = 0.25  # the part of the shards after which all workers have long been at work


class Engine(str, Enum):
    """Where it runs."""

    local = "local"
    ray = "ray"


def main(
    model: Path,
    source: Path,
    n_process: Annotated[int, typer.Option()] = 1,
    engine: Annotated[Engine, typer.Option()] = Engine.local,
) -> None:
    """Print words, seconds, words per second once all workers are at work, the most memory that all
    processes together held, and a hash of the rows.
    """
    with tempfile.TemporaryDirectory() as folder:
        with Watch() as watch:
            start = time.perf_counter()
            summary = tag_files(
                model, source, folder, n_process=n_process, engine=engine.value, shard_size=SHARD_SIZE
            )
            seconds = time.perf_counter() - start
        parts = sorted(Path(folder).glob("part-*"))
        rows = hashlib.sha256()
        for part in parts:
            rows.update(part.read_bytes())
        rate = compute_rate(parts)
    figures = {"words": summary.n_words, "seconds": seconds, "words_per_second": rate}
    print(srsly.json_dumps(figures | {"mb": watch.most, "rows": rows.hexdigest()}))


def compute_rate(parts: list[Path]) -> float:
    """RETURNS (float): Words per second between the moment when the first shards were finished, so that no
    worker is still starting, and the moment when the last one was.
    """
    finished = sorted(parts, key=lambda part: part.stat().st_mtime_ns)
    n_first = max(1, int(WARM_UP * len(finished)))
    first, last = (finished[i].stat().st_mtime for i in (n_first - 1, -1))
    words = sum(len(json.loads(line)["words"]) for part in finished[n_first:] for line in part.open("rb"))
    return words / (last - first)


class Watch:
    """Looks at the memory of this process and its children, not of theirs, while something runs."""

    def __init__(self) -> None:
        self.most = 0.0  # MB
        self._is_over = Event()
        self._thread = Thread(target=self._look)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._is_over.wait(SECONDS):
            children = Path("/proc/self/task").glob("*/children")
            ids = [number for path in children for number in path.read_text(encoding="ascii").split()]
            self.most = max(self.most, read_memory("VmRSS") + sum(map(read_child, ids)))


def read_child(number: str) -> float:
    """RETURNS (float): The memory of a process in MB, 0 if it has just ended."""
    try:
        return read_memory("VmRSS", number)
    except (OSError, RuntimeError):
        return 0.0


if __name__ == "__main__":
    typer.run(main)
