"""Trains spaCy's `tagger` and `lstm_tagger` on the same data and one core, and compares them.

    python -m benchmarks.accuracy --train train.conllu --dev dev.conllu --test test.conllu

Settings of both configs can be overridden as in `python -m spacy train`: `--training.max_steps 200`.
"""

from pathlib import Path
from typing import Annotated, Any

import typer
from spacy.cli._util import parse_config_overrides
from thinc.api import Config

from benchmarks.accuracy.table import render
from benchmarks.common import options
from benchmarks.common.machine import describe_machine
from benchmarks.common.paths import CONFIGS, RESULTS, WORK
from benchmarks.common.processes import choose_core, run_child, use_cores
from benchmarks.common.tables import write_report
from benchmarks.common.training import Treebank, make_spacy_config, prepare, read_config, train_timed
from benchmarks.speed import measurements

SYSTEMS = ("spacy", "lstm")
CONFIG = CONFIGS / "default.cfg"
STARTS = 5


def main(
    ctx: typer.Context,
    train: options.Train,
    dev: options.Dev,
    test: options.Test,
    config: Annotated[Path, typer.Option(exists=True, help="Config of the lstm_tagger")] = CONFIG,
    seeds: options.Seeds = options.SEEDS,
    rounds: options.Rounds = options.ROUNDS,
    work: options.Work = WORK / "accuracy",
    output: options.Output = RESULTS / "ewt.md",
    core: options.Core = None,
    reuse: Annotated[bool, typer.Option(help="Keep pipelines with unchanged config and data")] = False,
) -> None:
    """Train and compare spaCy's tagger and the LSTM tagger on the same data and one core."""
    figures: dict[str, Any] = {"machine": describe_machine("benchmarks.accuracy")}
    figures["machine"]["core"] = choose_core(core)
    use_cores([figures["machine"]["core"]])
    treebank = Treebank(train, dev, test)
    configs = make_configs(config, parse_config_overrides(ctx.args))
    figures["training"] = {name: [] for name in SYSTEMS}
    figures["accuracy"] = {name: [] for name in SYSTEMS}
    for seed in range(seeds):
        for name in SYSTEMS:
            folder = work / f"{name}-{seed}"
            run = train_timed(folder, configs[name], treebank, seed, reuse=reuse)
            figures["training"][name].append(run)
            arguments = [folder / "model-best", "--train", train, "--dev", dev, "--test", test]
            figures["accuracy"][name].append(run_child("benchmarks.accuracy.probe", *arguments))
    models = {name: work / f"{name}-0" / "model-best" for name in SYSTEMS}
    figures["speed"] = measurements.throughput(models, ["--dev", dev, "--test", test], rounds)
    figures["fresh"] = measurements.fresh(models, test, STARTS)
    figures["model_mb"] = {name: measure_folder(model) for name, model in models.items()}
    write_report(output, figures, render)


def make_configs(path: Path, overrides: dict[str, Any]) -> dict[str, Config]:
    """RETURNS (Dict[str, Config]): spaCy's config in the language of ours, and ours."""
    lstm = read_config(path)
    spacy = make_spacy_config(lstm["nlp"]["lang"])
    return {"spacy": prepare(spacy, overrides), "lstm": prepare(lstm, overrides)}


def measure_folder(folder: Path) -> float:
    """RETURNS (float): The size of a folder's files, in MB."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


if __name__ == "__main__":
    options.run(main, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
