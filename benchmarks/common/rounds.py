"""Fair timing: whatever is compared takes turns, round after round."""

import gc
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

# Prepares a number of passes over the data, untimed; what it returns runs them and counts the words.
Task: TypeAlias = Callable[[int], Callable[[], int]]


def take_turns(runs: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[Any]]:
    """Call functions in turn, in every second round in reverse order.

    runs (Mapping[str, Callable[[], Any]]): The functions by name.
    rounds (int): The number of rounds.
    RETURNS (Dict[str, List[Any]]): What each returned, round by round.
    """
    results: dict[str, list[Any]] = {name: [] for name in runs}
    for i in range(rounds):
        for name in sorted(runs, reverse=bool(i % 2)):
            results[name].append(runs[name]())
    return results


def measure(tasks: dict[str, Task], rounds: int, seconds: float = 2.0) -> dict[str, list[float]]:
    """Time tasks in turn, round after round, once each has warmed up.

    tasks (Dict[str, Task]): The tasks by name.
    rounds (int): The number of rounds.
    seconds (float): About how long each task runs per round; it makes whole passes, at least one.
    RETURNS (Dict[str, List[float]]): Each task's words per second, round by round.
    """
    passes = {}
    for name, task in tasks.items():
        duration, _ = time_task(task, 1)
        if duration < seconds:  # It may be much shorter after a warm-up.
            duration, _ = time_task(task, 1)
        passes[name] = max(1, round(seconds / duration))
    rates: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            duration, words = time_task(task, passes[name])
            rates[name].append(words / duration)
    return rates


def time_task(task: Task, passes: int) -> tuple[float, int]:
    """RETURNS (Tuple[float, int]): Seconds and words."""
    run = task(passes)
    gc.collect()
    gc.freeze()  # Otherwise the collector would visit all prepared documents: the more passes, the more.
    start = time.perf_counter()
    words = run()
    duration = time.perf_counter() - start
    gc.unfreeze()
    return duration, words
