"""A training logger that keeps time, for `python -m spacy train --code benchmarks/common/timed_logger.py`.

spaCy's own console logger saves scores, but neither word counts nor times.
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
    """Create a logger that prints what spaCy's does, and appends every evaluation to a JSONL file.

    A line holds `epoch`, `step`, `tag_acc`, `words` (trained on so far), `time` (seconds since the epoch),
    and `update_steps` and `update_seconds`: the steps without an evaluation, and how long they took.

    output_file (str): The JSONL file.
    RETURNS (Logger): The logger.
    """

    def set_up(
        nlp: Language, stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr
    ) -> tuple[LogStep, Callable[[], None]]:
        log_console, close_console = console_logger_v3()(nlp, stdout, stderr)
        steps, seconds, start = 0, 0.0, time.perf_counter()

        def log_step(info: dict[str, Any] | None) -> None:
            nonlocal steps, seconds, start
            if info is None:
                steps += 1
                seconds += time.perf_counter() - start
            else:
                entry = {key: info[key] for key in ("epoch", "step", "words")}
                entry["tag_acc"] = float(info["other_scores"]["tag_acc"])
                entry |= {"time": time.time(), "update_steps": steps, "update_seconds": seconds}
                srsly.write_jsonl(output_file, [entry], append=True, append_new_line=False)
            log_console(info)
            start = time.perf_counter()

        return log_step, close_console

    return set_up
