"""A training logger that keeps the time, for `python -m spacy train --code benchmarks/timed_logger.py`.

spaCy's own console logger writes scores to a file but neither words nor times.
"""

import sys
import time
from collections.abc import Callable
from typing import IO, Any, TypeAlias

import srsly
from spacy.language import Language
from spacy.training.loggers import console_logger_v3
from spacy.util import registry

LogStep: TypeAlias = Callable[[dict[str, Any] | None], None]
Logger: TypeAlias = Callable[[Language, IO[str], IO[str]], tuple[LogStep, Callable[[], None]]]


@registry.loggers("benchmarks.TimedLogger.v1")  # type: ignore[untyped-decorator]
def create_timed_logger(output_file: str) -> Logger:
    """Create a logger that prints what spaCy's does, and writes every evaluation to a JSONL file.

    A line holds `epoch`, `step`, `tag_acc`, `words` (trained on so far), `time` (of the system's clock),
    and `update_steps` and `update_seconds`: how many steps had no evaluation, and how long they took.

    output_file (str): The JSONL file.
    RETURNS (Logger): The logger.
    """

    def set_up(
        nlp: Language, stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr
    ) -> tuple[LogStep, Callable[[], None]]:
        log_console, close_console = console_logger_v3()(nlp, stdout, stderr)
        log = _TimedLog(output_file)

        def log_step(info: dict[str, Any] | None) -> None:
            log.add(info)
            log_console(info)
            log.start_step()

        return log_step, close_console

    return set_up


class _TimedLog:
    """Adds up the time of the steps, and writes it at every evaluation."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.update_steps = 0
        self.update_seconds = 0.0
        self.start_step()

    def start_step(self) -> None:
        self.start = time.perf_counter()

    def add(self, info: dict[str, Any] | None) -> None:
        if info is None:
            self.update_steps += 1
            self.update_seconds += time.perf_counter() - self.start
            return
        entry = {
            "epoch": info["epoch"],
            "step": info["step"],
            "tag_acc": float(info["other_scores"]["tag_acc"]),
            "words": info["words"],
            "time": time.time(),
            "update_steps": self.update_steps,
            "update_seconds": self.update_seconds,
        }
        srsly.write_jsonl(self.path, [entry], append=True, append_new_line=False)
