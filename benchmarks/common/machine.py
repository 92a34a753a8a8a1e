"""Where and how a benchmark was run, for its report. It reveals no path outside the repository."""

import os
import platform
import shlex
import subprocess
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.common.paths import ROOT

PACKAGES = ("spacy", "torch", "thinc", "numpy")


def describe_machine(module: str) -> dict[str, Any]:
    """Describe the machine and the run.

    module (str): The module that was run, with the options of this process.
    RETURNS (Dict[str, Any]): The description.
    """
    return {
        "date": date.today().isoformat(),
        "cpu": read_cpu_model(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "versions": {"Python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "command": shlex.join(["python", "-m", module, *map(shorten_path, sys.argv[1:])]),
        "commit": read_commit(),
    }


def read_cpu_model() -> str:
    """RETURNS (str): The processor's name."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def read_commit() -> str:
    """RETURNS (str): The git commit, marked if there are uncommitted changes."""
    command = ["git", "describe", "--always", "--dirty=, with changes", "--exclude=*"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return result.stdout.strip() or "unknown"


def shorten_path(argument: str) -> str:
    """RETURNS (str): A path inside the repository relative to its root, of any other path only the name."""
    if os.sep not in argument:
        return argument
    option, equals, value = argument.rpartition("=")
    path = Path(value).resolve()
    return option + equals + (str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name)


def list_machine(machine: dict[str, Any], use: str) -> list[str]:
    """Format what `describe_machine` returned.

    machine (Dict[str, Any]): The description.
    use (str): Which cores were used.
    RETURNS (List[str]): The lines.
    """
    return [
        f"{machine['date']}, git commit {machine['commit']}",
        f"{machine['cpu']}, {machine['cores']} cores, {use}; "
        f"load average at the start {machine['load']:.1f}",
        ", ".join(f"{name} {number}" for name, number in machine["versions"].items()),
        f"`{machine['command']}`",
    ]
