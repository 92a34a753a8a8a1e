"""The benchmark's report in Markdown, from its raw figures."""

import os
import platform
import shlex
import subprocess
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

Figures: TypeAlias = dict[str, Any]
ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("spacy", "torch", "thinc", "numpy")
NOTES = """\
Both read the same sentences, one a document, with the words as they are tagged. A word is unknown if the training
data does not hold it in exactly this form. Training words per second are those of the updates alone; all other
seconds of training count from the start of the process, evaluations and saving included. Speed: the median of the
rounds (lowest–highest), the systems taking turns after an untimed pass of each; a ratio is taken within a round.
In the first pass no word has been seen: neither its lexeme nor its input projection is in a cache. Fresh processes: the
median of {loads}. Importing torch and spaCy alone takes {imports} s and {imports_mb} MB."""


def describe_machine(arguments: Sequence[str]) -> dict[str, Any]:
    """Describe where and how the benchmark runs, without a path of the machine.

    arguments (Sequence[str]): The command line, from the script on.
    RETURNS (Dict[str, Any]): Name and value.
    """
    return {
        "date": date.today().isoformat(),
        "cpu": read_cpu_model(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "versions": {"Python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "command": shlex.join(["python", *map(shorten_path, arguments)]),
        "commit": read_commit(),
    }


def read_cpu_model() -> str:
    """RETURNS (str): The processor's name."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def read_commit() -> str:
    """RETURNS (str): The git commit, marked if there are changes on top of it."""
    command = ["git", "describe", "--always", "--dirty=, with changes", "--exclude=*"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return result.stdout.strip() or "unknown"


def shorten_path(argument: str) -> str:
    """RETURNS (str): A path inside the project relative to its root, of any other the name alone."""
    if os.sep not in argument:
        return argument
    option, equals, value = argument.rpartition("=")
    path = Path(value).resolve()
    return option + equals + (str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name)
