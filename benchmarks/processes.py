"""Processes of their own for what is measured: bound to cores, a line of JSON from each. No spaCy here."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
THREAD_SETTINGS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS")


def choose_core(core: int | None = None) -> int:
    """RETURNS (int): The core, by default the last of those that this process may use."""
    return max(os.sched_getaffinity(0)) if core is None else core


def use_cores(cores: Iterable[int]) -> None:
    """Bind this process, and those that it starts from now on, to cores. On one core they take one thread,
    on several as many as their libraries take by default.

    cores (Iterable[int]): The cores' numbers.
    """
    cores = set(cores)
    os.sched_setaffinity(0, cores)
    for setting in THREAD_SETTINGS:
        os.environ.pop(setting, None)
    if len(cores) == 1:
        os.environ.update(dict.fromkeys(THREAD_SETTINGS, "1"))


def run_child(script: str, *arguments: object, packages: Path | None = None) -> Any:
    """Run a script of this folder in a process of its own. Python may keep the bytecode of what it imports,
    as it does by default; else it would compile a package that is not installed by pip each time.

    script (str): The script's name.
    *arguments (object): Its arguments.
    packages (Optional[Path]): The only folder that holds packages; by default those of this process.
    RETURNS (Any): The JSON that it printed.
    """
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    environment = {name: os.environ[name] for name in os.environ if name != "PYTHONDONTWRITEBYTECODE"}
    if packages:
        command.insert(1, "-S")  # no site-packages
        environment["PYTHONPATH"] = str(packages)
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(result.stdout)


def take_turns(runs: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[Any]]:
    """Do several things in turn, in every second round the other way round.

    runs (Mapping[str, Callable[[], Any]]): The things by name.
    rounds (int): How often.
    RETURNS (Dict[str, List[Any]]): What they returned, by name, a value for every round.
    """
    results: dict[str, list[Any]] = {name: [] for name in runs}
    for i in range(rounds):
        for name in sorted(runs, reverse=bool(i % 2)):
            results[name].append(runs[name]())
    return results
