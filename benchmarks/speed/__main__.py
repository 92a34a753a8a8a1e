"""Measures how fast two trained pipelines predict: one with spaCy's `tagger`, one with `lstm_tagger`.

python -m benchmarks.speed SPACY_MODEL LSTM_MODEL --dev dev.conllu --test test.conllu
"""

import os
from typing import Annotated, Any

import typer

from benchmarks.common import options
from benchmarks.common.machine import describe_machine
from benchmarks.common.paths import RESULTS
from benchmarks.common.processes import choose_core, use_cores
from benchmarks.common.tables import write_report
from benchmarks.speed import measurements
from benchmarks.speed.table import render


def main(
    spacy_model: options.SpacyModel,
    lstm_model: options.LstmModel,
    dev: options.Dev,
    test: options.Test,
    rounds: options.Rounds = options.ROUNDS,
    starts: Annotated[int, typer.Option(min=1, help="Fresh processes of each kind")] = 15,
    words: Annotated[int, typer.Option(min=1, help="Words of the long document")] = 200_000,
    output: options.Output = RESULTS / "speed.md",
    core: options.Core = None,
) -> None:
    """Measure prediction: speed, bfloat16, long documents, threads, latency, start-up, memory and a GPU."""
    figures: dict[str, Any] = {"machine": describe_machine("benchmarks.speed")}
    core = choose_core(core)
    cores = [core, *sorted(os.sched_getaffinity(0) - {core})][:2]
    models = {"spacy": spacy_model, "lstm": lstm_model}
    files: measurements.Files = ["--dev", dev, "--test", test]
    use_cores([core])
    figures["speed"] = measurements.throughput(models, files, rounds)
    figures["precision"] = measurements.run("precision", lstm_model, *files)
    figures["long"] = measurements.long_documents(models, [*files, "--words", words], min(rounds, 3))
    figures["latency"] = measurements.run("latency", *models.values(), "--test", test)
    figures["startup"] = measurements.startup(starts)
    figures["fresh"] = measurements.fresh(models, test, starts)
    figures["gpu"] = measurements.run("gpu", *models.values(), *files, "--rounds", rounds)
    figures["cores"] = measurements.two_cores(models, files, cores, rounds)
    write_report(output, figures, render)


if __name__ == "__main__":
    options.run(main)
