"""spaCy's `tagger` and this project's `lstm_tagger`, trained and measured side by side on one core.

    python benchmarks/tagger.py --train train.conllu --dev dev.conllu --test test.conllu

Settings of both configs can be overridden as in `python -m spacy train`: `--training.max_steps 200`.
"""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import srsly
import typer
from machine import describe_machine
from processes import HERE, choose_core, run_child, take_turns, use_cores
from report import render
from spacy.cli._util import parse_config_overrides
from thinc.api import Config
from training import Data, make_spacy_config, measure_accuracy, prepare, read_config, train_once

SYSTEMS = ("spacy", "lstm")
LOADS = 5


def benchmark(
    ctx: typer.Context,
    train: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="CoNLL-U file to train on")],
    dev: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="CoNLL-U file to choose by")],
    test: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="CoNLL-U file to report on")],
    config: Annotated[Path, typer.Option(exists=True, help="Config of the LSTM tagger")] = (
        HERE.parent / "configs" / "default.cfg"
    ),
    seeds: Annotated[int, typer.Option(min=1, help="How often to train: with the seeds 0, 1, …")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of the speed measurements")] = 5,
    work: Annotated[Path, typer.Option(help="Folder for the trained pipelines")] = HERE / "work",
    output: Annotated[Path, typer.Option(help="The report; raw figures go beside it, as JSON")] = (
        HERE / "results" / "ewt.md"
    ),
    core: Annotated[int | None, typer.Option(help="The core to run on, by default the last")] = None,
    reuse: Annotated[bool, typer.Option(help="Keep pipelines whose config and data are unchanged")] = False,
) -> None:
    """Train and measure spaCy's tagger and the LSTM tagger on the same data and the same core."""
    figures: dict[str, Any] = {"machine": describe_machine(sys.argv)}
    figures["machine"]["core"] = choose_core(core)
    use_cores([figures["machine"]["core"]])
    data = Data(train, dev, test)
    configs = make_configs(config, parse_config_overrides(ctx.args))
    figures["training"] = {name: [] for name in SYSTEMS}
    figures["accuracy"] = {name: [] for name in SYSTEMS}
    for seed in range(seeds):
        for name in SYSTEMS:
            folder = work / f"{name}-{seed}"
            figures["training"][name].append(train_once(folder, configs[name], data, seed, reuse=reuse))
            figures["accuracy"][name].append(measure_accuracy(folder / "model-best", data, "--test", test))
    models = {name: work / f"{name}-0" / "model-best" for name in SYSTEMS}
    figures["speed"] = measure_speed(models, data, rounds)
    figures["fresh"] = measure_fresh(models, data.test)
    figures["model_mb"] = {name: measure_folder(model) for name, model in models.items()}
    output.parent.mkdir(parents=True, exist_ok=True)
    srsly.write_json(output.with_suffix(".json"), figures)
    report = render(figures)
    output.write_text(report, encoding="utf-8")
    typer.echo(report)


def make_configs(path: Path, overrides: dict[str, Any]) -> dict[str, Config]:
    """RETURNS (Dict[str, Config]): spaCy's config in the language of ours, and ours."""
    lstm = read_config(path)
    spacy = make_spacy_config(lstm["nlp"]["lang"])
    return {"spacy": prepare(spacy, overrides), "lstm": prepare(lstm, overrides)}


def measure_speed(models: dict[str, Path], data: Data, rounds: int) -> Any:
    """RETURNS (Dict[str, Any]): Words per second; see `predict.speed`."""
    typer.echo("measuring speed", err=True)
    files = ["--dev", data.dev, "--test", data.test]
    return run_child("predict.py", "speed", models["spacy"], models["lstm"], *files, "--rounds", rounds)


def measure_fresh(models: dict[str, Path], test: Path) -> dict[str, list[dict[str, float]]]:
    """RETURNS (Dict[str, List[Dict[str, float]]]): What fresh processes took; see `fresh.py`."""
    typer.echo("measuring fresh processes", err=True)
    runs = {name: partial(run_child, "fresh.py", model, test) for name, model in models.items()}
    return take_turns({"imports": partial(run_child, "fresh.py"), **runs}, LOADS)


def measure_folder(folder: Path) -> float:
    """RETURNS (float): The size of a folder's files, in MB."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(benchmark)
    app()
