"""The measuring process for bulk tagging: one run of `tag_files`, with or without processes of its own.

`python benchmarks/bulk_run.py MODEL INPUT --n-process … --engine …` prints one line of JSON.
"""

import hashlib
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
    """Print words, seconds, the most memory that all processes together held, and a hash of the rows."""
    with tempfile.TemporaryDirectory() as folder, Watch() as watch:
        start = time.perf_counter()
        summary = tag_files(model, source, folder, n_process=n_process, engine=engine.value)
        seconds = time.perf_counter() - start
        rows = hashlib.sha256()
        for part in sorted(Path(folder).glob("part-*")):
            rows.update(part.read_bytes())
    figures = {"words": summary.n_words, "seconds": seconds, "mb": watch.most, "rows": rows.hexdigest()}
    print(srsly.json_dumps(figures))


class Watch:
    """Looks at the memory of this process and its children while something runs."""

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
