"""How words per second are measured: tasks take turns, round after round."""

import gc
import time
from collections.abc import Callable
from typing import TypeAlias

# Prepares a number of passes over the data, untimed; what it returns runs them and counts the words.
Task: TypeAlias = Callable[[int], Callable[[], int]]


def measure(tasks: dict[str, Task], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Time tasks in turn, round after round, once each has run for warmth.

    tasks (Dict[str, Task]): The tasks by name.
    rounds (int): How many rounds.
    seconds (float): About how long a task's share of a round takes; it makes whole passes, at least one.
    RETURNS (Dict[str, List[float]]): Each task's words per second in every round.
    """
    passes = {}
    for name, task in tasks.items():
        duration, _ = time_task(task, 1)
        if duration < seconds:  # It may be much shorter once it is warm.
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
    gc.freeze()  # The more passes, the more documents: the collector would go through all of them.
    start = time.perf_counter()
    words = run()
    duration = time.perf_counter() - start
    gc.unfreeze()
    return duration, words
