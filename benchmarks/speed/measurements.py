"""The measurements, each by probes in processes of their own."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import typer

from benchmarks.common.processes import run_child, use_cores
from benchmarks.common.rounds import take_turns
from benchmarks.speed.environments import make_environments

Models: TypeAlias = dict[str, Path]
Files: TypeAlias = list[object]
Rounds: TypeAlias = dict[str, list[Any]]
PROBES = "benchmarks.speed.probes"


def run(probe: str, *arguments: object, packages: Path | None = None) -> Any:
    """RETURNS (Any): What a probe printed."""
    typer.echo(f"running {probe}", err=True)
    return run_child(f"{PROBES}.{probe}", *arguments, packages=packages)


def throughput(models: Models, files: Files, rounds: int) -> Any:
    """RETURNS (Dict[str, Any]): See `probes/throughput.py`."""
    return run("throughput", *models.values(), *files, "--rounds", rounds)


def long_documents(models: Models, arguments: Files, rounds: int) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): See `probes/long_documents.py`; and the peak memory for a long document, in
    fresh processes.
    """
    figures = run("long_documents", "speed", *models.values(), *arguments, "--rounds", rounds)
    run_memory = partial(run, "long_documents", "memory")
    memory = {name: run_memory(model, *arguments) for name, model in models.items()}
    memory["lstm_with_starts"] = run_memory(models["lstm"], *arguments, "--sentence-starts")
    return {**figures, "memory_mb": memory}


def startup(starts: int) -> Rounds:
    """RETURNS (Dict[str, List[Any]]): spaCy's start-up "with" and "without" the plugin installed: see
    `probes/startup.py`.
    """
    with TemporaryDirectory() as folder:
        environments = make_environments(Path(folder))
        runs = {name: partial(run, "startup", packages=path) for name, path in environments.items()}
        take_turns(runs, 1)  # warm-up
        figures = take_turns(runs, starts)
    for name, results in figures.items():
        assert all(result["has_plugin"] == (name == "with") for result in results)
    return figures


def fresh(models: Models, test: Path, starts: int) -> Rounds:
    """RETURNS (Dict[str, List[Any]]): Loading and tagging in fresh processes: see `probes/fresh.py`."""
    runs = {name: partial(run, "fresh", model, test) for name, model in models.items()}
    return take_turns({"imports": partial(run, "fresh"), **runs}, starts)


def two_cores(models: Models, files: Files, cores: Sequence[int], rounds: int) -> dict[str, Rounds] | None:
    """RETURNS (Optional[Dict[str, Dict[str, List[Any]]]]): Each system on "one" and on "two" cores, see
    `probes/two_cores.py`; None if there are not two.
    """
    if len(cores) < 2:
        return None

    def run_on(used: Sequence[int]) -> dict[str, Any]:
        use_cores(used)
        return {name: run("two_cores", model, *files) for name, model in models.items()}

    runs = take_turns({"one": partial(run_on, cores[:1]), "two": partial(run_on, cores)}, rounds)
    return {
        name: {system: [r[system] for r in results] for system in models} for name, results in runs.items()
    }
