"""How fast two trained pipelines predict, spaCy's `tagger` and this project's `lstm_tagger`, side by side.

    python benchmarks/speed.py SPACY_MODEL LSTM_MODEL --dev dev.conllu --test test.conllu

It trains nothing: the pipelines are those that `tagger.py` left, or any others.
"""

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, TypeAlias

import srsly
import typer
from environments import make_environments
from machine import describe_machine
from processes import HERE, choose_core, run_child, take_turns, use_cores
from speed_report import render

Models: TypeAlias = dict[str, Path]
Files: TypeAlias = list[object]


def benchmark(
    spacy_model: Annotated[Path, typer.Argument(exists=True, help="Folder of a pipeline with a tagger")],
    lstm_model: Annotated[Path, typer.Argument(exists=True, help="Folder of one with an lstm_tagger")],
    dev: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="CoNLL-U file")],
    test: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="CoNLL-U file")],
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of what is measured in words/s")] = 5,
    starts: Annotated[int, typer.Option(min=1, help="Fresh processes of each kind")] = 15,
    words: Annotated[int, typer.Option(min=1, help="Words of a long document")] = 200_000,
    output: Annotated[Path, typer.Option(help="The report; raw figures go beside it, as JSON")] = (
        HERE / "results" / "speed.md"
    ),
    core: Annotated[int | None, typer.Option(help="The core to run on, by default the last")] = None,
) -> None:
    """Measure prediction: speed, precision, long documents, threads, latency, start-up, memory, a GPU."""
    figures: dict[str, Any] = {"machine": describe_machine(sys.argv)}
    core = choose_core(core)
    cores = [core, *sorted(os.sched_getaffinity(0) - {core})][:2]
    models = {"spacy": spacy_model, "lstm": lstm_model}
    files: Files = ["--dev", dev, "--test", test]
    use_cores([core])
    figures["speed"] = run("predict.py", "speed", *models.values(), *files, "--rounds", rounds)
    figures["precision"] = run("predict.py", "precision", lstm_model, *files)
    figures["long"] = measure_long_documents(models, [*files, "--words", words], min(rounds, 3))
    figures["latency"] = run("latency.py", *models.values(), "--test", test)
    figures["startup"] = measure_startup(starts)
    figures["fresh"] = measure_fresh(models, test, starts)
    figures["gpu"] = run("gpu.py", *models.values(), *files, "--rounds", rounds)
    figures["cores"] = measure_cores(models, files, cores, rounds)
    output.parent.mkdir(parents=True, exist_ok=True)
    srsly.write_json(output.with_suffix(".json"), figures)
    report = render(figures)
    output.write_text(report, encoding="utf-8")
    typer.echo(report)


def run(script: str, *arguments: object) -> Any:
    """RETURNS (Any): What a child printed."""
    typer.echo(f"running {script}", err=True)
    return run_child(script, *arguments)


def measure_long_documents(models: Models, arguments: Files, rounds: int) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): See `long_documents.py`; and the memory that a long document takes, each in
    a fresh process.
    """
    figures = run("long_documents.py", "speed", *models.values(), *arguments, "--rounds", rounds)
    measure_memory = partial(run, "long_documents.py", "memory")
    memory = {name: measure_memory(model, *arguments) for name, model in models.items()}
    memory["lstm_with_starts"] = measure_memory(models["lstm"], *arguments, "--sentence-starts")
    return {**figures, "memory_mb": memory}


def measure_startup(starts: int) -> dict[str, list[dict[str, float]]]:
    """RETURNS (Dict[str, List[Dict[str, float]]]): What spaCy's start takes "with" the plugin installed and
    "without"; see `startup.py`.
    """
    typer.echo("running startup.py", err=True)
    with TemporaryDirectory() as folder:
        environments = make_environments(Path(folder))
        runs = {
            name: partial(run_child, "startup.py", packages=packages)
            for name, packages in environments.items()
        }
        take_turns(runs, 1)  # for warmth
        figures = take_turns(runs, starts)
    for name, results in figures.items():
        assert all(result["has_plugin"] == (name == "with") for result in results)
    return figures


def measure_fresh(models: Models, test: Path, starts: int) -> dict[str, list[dict[str, float]]]:
    """RETURNS (Dict[str, List[Dict[str, float]]]): What fresh processes took; see `fresh.py`."""
    typer.echo("running fresh.py", err=True)
    runs = {name: partial(run_child, "fresh.py", model, test) for name, model in models.items()}
    return take_turns({"imports": partial(run_child, "fresh.py"), **runs}, starts)


def measure_cores(
    models: Models, files: Files, cores: Sequence[int], rounds: int
) -> dict[str, dict[str, list[Any]]] | None:
    """RETURNS (Optional[Dict[str, Dict[str, List[Any]]]]): For "one" and for "two" cores what each system
    made of them, see `two_cores.py`; None if there are not two.
    """
    if len(cores) < 2:
        return None
    typer.echo("running two_cores.py", err=True)

    def run_on(used: Sequence[int]) -> dict[str, Any]:
        use_cores(used)
        return {name: run_child("two_cores.py", model, *files) for name, model in models.items()}

    runs = take_turns({"one": partial(run_on, cores[:1]), "two": partial(run_on, cores)}, rounds)
    return {
        name: {system: [r[system] for r in results] for system in models} for name, results in runs.items()
    }


if __name__ == "__main__":
    typer.run(benchmark)
