"""Starts libFuzzer on a function with seeds of our own beside what the command line names."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import atheris


def start(test_one_input: Callable[[bytes], None], seeds: list[bytes], *options: str, **hooks: Any) -> None:
    """Fuzz until libFuzzer's options say to stop, or something breaks.

    test_one_input (Callable): Raises whatever it wants reported.
    seeds (List[bytes]): What to start from, unless the command line names files to run again.
    *options (str): Of libFuzzer.
    **hooks: Of `atheris.Setup`.
    """
    with tempfile.TemporaryDirectory() as folder:
        for i, seed in enumerate(seeds):
            (Path(folder) / str(i)).write_bytes(seed)
        runs_files = any(Path(argument).is_file() for argument in sys.argv[1:])
        corpus = [] if runs_files else [folder]
        atheris.Setup([*sys.argv, *options, *corpus], test_one_input, **hooks)
        atheris.Fuzz()
