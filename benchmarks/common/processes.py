"""Child processes for measurements: bound to cores, each printing one line of JSON."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

THREAD_SETTINGS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS")


def choose_core(core: int | None = None) -> int:
    """RETURNS (int): The core, by default the last one that this process may use."""
    return max(os.sched_getaffinity(0)) if core is None else core


def use_cores(cores: Iterable[int]) -> None:
    """Bind this process and its future children to cores. On a single core their libraries use one thread,
    on several their default number.

    cores (Iterable[int]): The numbers of the cores.
    """
    cores = set(cores)
    os.sched_setaffinity(0, cores)
    for setting in THREAD_SETTINGS:
        os.environ.pop(setting, None)
    if len(cores) == 1:
        os.environ.update(dict.fromkeys(THREAD_SETTINGS, "1"))


def run_child(module: str, *arguments: object, packages: Path | None = None) -> Any:
    """Run a module in a process of its own. The process may write bytecode: otherwise it would recompile
    packages that pip did not compile each time.

    module (str): The module's full name.
    *arguments (object): Its arguments.
    packages (Optional[Path]): The only folder to import packages from; by default those of this process.
    RETURNS (Any): The JSON that it printed.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    environment = {name: os.environ[name] for name in os.environ if name != "PYTHONDONTWRITEBYTECODE"}
    if packages:
        command.insert(1, "-S")  # no site-packages
        environment["PYTHONPATH"] = str(packages)
    # With `-m`, Python also imports from the working directory: in the repository it would find the plugin.
    result = subprocess.run(
        command, cwd=packages, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(result.stdout)
