"""Reads millions of words with one pipeline, to see whether it slows down or its memory grows.

python -m benchmarks.reliability LSTM_MODEL --data train.conllu
"""

from typing import Annotated, Any

import typer

from benchmarks.common import options
from benchmarks.common.machine import describe_machine
from benchmarks.common.paths import RESULTS
from benchmarks.common.processes import choose_core, run_child, use_cores
from benchmarks.common.tables import write_report
from benchmarks.reliability.table import CASES, TYPE_CASES, render


def main(
    lstm_model: options.LstmModel,
    data: options.Data,
    words: Annotated[int, typer.Option(min=1000, help="Words per run")] = 5_000_000,
    types: Annotated[
        int, typer.Option(min=1000, help="Words per run in which all words are new")
    ] = 2_000_000,
    every: Annotated[int, typer.Option(min=1, help="One word in this many is new")] = 50,
    output: options.Output = RESULTS / "soak.md",
    core: options.Core = None,
) -> None:
    """Measure speed and memory over millions of words, with and without the pipeline's components."""
    figures: dict[str, Any] = {"machine": describe_machine("benchmarks.reliability"), "data": data.name}
    figures |= {"words": words, "types": types, "every": every}
    use_cores([choose_core(core)])
    for part, cases, number, new in (("text", CASES, words, 1 / every), ("new", TYPE_CASES, types, 1.0)):
        figures[part] = {}
        for name, case in cases.items():
            typer.echo(f"{part}: {case.name}", err=True)
            arguments = [lstm_model, "--data", data, "--words", number, "--new", new, *case.options]
            figures[part][name] = run_child("benchmarks.reliability.probe", *arguments)
    write_report(output, figures, render)


if __name__ == "__main__":
    options.run(main)
