"""spaCy's `tagger` and this project's `lstm_tagger`, trained and measured side by side on one core.

    python benchmarks/tagger.py --train train.conllu --dev dev.conllu --test test.conllu

Settings of both configs can be overridden as in `python -m spacy train`: `--training.max_steps 200`.
"""

import hashlib
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import srsly
import typer
from corpora import READER
from machine import describe_machine, read_commit
from processes import HERE, choose_core, run_child, take_turns, use_cores
from report import render
from spacy.cli._util import parse_config_overrides
from spacy.cli.init_config import init_config
from thinc.api import Config

SYSTEMS = ("spacy", "lstm")
LOADS = 5


class Data(NamedTuple):
    """The CoNLL-U files."""

    train: Path
    dev: Path
    test: Path


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
            figures["accuracy"][name].append(measure_accuracy(folder / "model-best", data))
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
    """Make both configs: spaCy's is what `python -m spacy init config --lang … --pipeline tagger --optimize
    efficiency` writes. Both read the same corpora and keep the time.

    path (Path): The config of the LSTM tagger.
    overrides (Dict[str, Any]): Settings for both, by dotted names.
    RETURNS (Dict[str, Config]): The configs by system.
    """
    lstm = Config().from_disk(path, interpolate=False)
    spacy = init_config(lang=lstm["nlp"]["lang"], pipeline=["tagger"], optimize="efficiency")
    configs = {}
    for name, config in zip(SYSTEMS, (spacy, lstm), strict=True):
        config["corpora"] = {
            part: {"@readers": READER, "path": f"${{paths.{part}}}"} for part in ("train", "dev")
        }
        config["training"]["logger"] = {"@loggers": "benchmarks.TimedLogger.v1", "output_file": "log.jsonl"}
        text = config.to_str(interpolate=False)
        configs[name] = Config().from_str(text, interpolate=False, overrides=overrides)
    return configs


def train_once(folder: Path, config: Config, data: Data, seed: int, *, reuse: bool) -> dict[str, Any]:
    """Train a pipeline with `python -m spacy train`.

    folder (Path): Gets the config, the logs and the trained pipeline; what it held is deleted.
    config (Config): The config.
    data (Data): The data.
    seed (int): The seed.
    reuse (bool): Whether to keep what an earlier run with the same config, data and seed left.
    RETURNS (Dict[str, Any]): How it went; see `read_training`.
    """
    fingerprint = hash_training(config, data, seed)
    run_path = folder / "run.json"
    if reuse and run_path.exists() and srsly.read_json(run_path)["fingerprint"] == fingerprint:
        typer.echo(f"{folder.name}: kept from an earlier run", err=True)
        return read_training(folder)
    typer.echo(f"{folder.name}: training, see {folder.name}/train.log in the work folder", err=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config.to_disk(folder / "config.cfg", interpolate=False)
    command = [sys.executable, "-m", "spacy", "train", folder / "config.cfg", "--output", folder]
    command += ["--code", HERE / "timed_logger.py", "--system.seed", seed]
    command += ["--paths.train", data.train, "--paths.dev", data.dev]
    command += ["--training.logger.output_file", folder / "log.jsonl"]
    start = time.time()
    with (folder / "train.log").open("w", encoding="utf-8") as log:
        subprocess.run(list(map(str, command)), stdout=log, stderr=subprocess.STDOUT, check=True)
    run = {
        "fingerprint": fingerprint,
        "commit": read_commit(),
        "start": start,
        "seconds": time.time() - start,
    }
    srsly.write_json(run_path, run)
    return read_training(folder)


def hash_training(config: Config, data: Data, seed: int) -> str:
    """RETURNS (str): A hash of all that a training run reads."""
    digest = hashlib.sha256(config.to_str(interpolate=False).encode())
    digest.update(f"seed {seed}".encode())
    for path in (data.train, data.dev):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def read_training(folder: Path) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The commit, the seconds in all, words trained on per second of the updates
    alone, and the "epoch", "step", "tag_acc" and "seconds" (from the start of the process) of every
    evaluation.
    """
    run = srsly.read_json(folder / "run.json")
    log = list(srsly.read_jsonl(folder / "log.jsonl"))
    last = log[-1]
    # The steps with an evaluation are not timed; their words are those of an average step.
    words = last["words"] * last["update_steps"] / (last["step"] + 1)
    evaluations = [
        {
            "seconds": entry["time"] - run["start"],
            **{key: entry[key] for key in ("epoch", "step", "tag_acc")},
        }
        for entry in log
    ]
    return {
        "commit": run["commit"],
        "seconds": run["seconds"],
        "rate": words / last["update_seconds"],
        "evaluations": evaluations,
    }


def measure_accuracy(model: Path, data: Data) -> Any:
    """RETURNS (Dict[str, Any]): For "dev" and "test", what `predict.score` counted."""
    files = ["--train", data.train, "--dev", data.dev, "--test", data.test]
    return run_child("predict.py", "accuracy", model, *files)


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
