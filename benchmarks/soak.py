"""Millions of words through one pipeline: does it become slower, does its memory grow?

python benchmarks/soak.py LSTM_MODEL --data train.conllu
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import linear_regression
from typing import Annotated, Any, NamedTuple, TypeAlias

import srsly
import typer
from machine import describe_machine, list_machine
from processes import HERE, choose_core, run_child, use_cores
from tables import make_paragraph, make_table

Samples: TypeAlias = list[dict[str, float]]

WARM = 0.2  # the part of a run in which caches fill
INTRODUCTION = """\
Each row is a fresh process that reads some {words:,} words of text with `nlp.pipe`: the sentences of {data}
again and again, each time in another order, and one word in {every} a new one that is never seen again.
Memory is that of all processes of the run, added up. Its growth is the slope of a straight line through
the samples after the first {warm:.0%} of the words; what is ours of it goes beyond the growth of the same
run without components. The cache is that of the first process, which with `n_process=2` reads nothing.
Speed is that of the second and of the last fifth of the words."""
TYPES = """\
The same with words that are all new: {types:,} word types."""
SPACY = """\
spaCy's vocab keeps every string that it meets, and a lexeme for each. That grows without components as
well. `with nlp.memory_zone():` forgets them where it ends; with zones, the text was read in {zones}
parts, each in one."""


class Case(NamedTuple):
    """A run: the name of its row, which run has the same without components, and the child's options."""

    name: str
    base: str | None
    options: Sequence[str]


CASES = {
    "blank": Case("no components", None, ["--blank"]),
    "tagger": Case("`lstm_tagger`", "blank", []),
    "blank_zones": Case("no components, memory zones", None, ["--blank", "--zones"]),
    "tagger_zones": Case("`lstm_tagger`, memory zones", "blank_zones", ["--zones"]),
    "blank_processes": Case("no components, `n_process=2`", None, ["--blank", "--n-process", "2"]),
    "tagger_processes": Case("`lstm_tagger`, `n_process=2`", "blank_processes", ["--n-process", "2"]),
}
TYPE_CASES = {name: CASES[name] for name in ("blank", "tagger", "blank_zones", "tagger_zones")}


def benchmark(
    lstm_model: Annotated[
        Path, typer.Argument(exists=True, help="Folder of a pipeline with an lstm_tagger")
    ],
    data: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="CoNLL-U file")],
    words: Annotated[int, typer.Option(min=1000, help="Words of each run")] = 5_000_000,
    types: Annotated[int, typer.Option(min=1000, help="Words that are all different")] = 2_000_000,
    every: Annotated[int, typer.Option(min=1, help="One word in so many is new")] = 50,
    output: Annotated[Path, typer.Option(help="The report; raw figures go beside it, as JSON")] = (
        HERE / "results" / "soak.md"
    ),
    core: Annotated[int | None, typer.Option(help="The core to run on, by default the last")] = None,
) -> None:
    """Measure memory and speed over a long time, ours and spaCy's own."""
    figures: dict[str, Any] = {"machine": describe_machine(sys.argv), "data": data.name}
    figures |= {"words": words, "types": types, "every": every}
    use_cores([choose_core(core)])
    for part, cases, number, new in (("text", CASES, words, 1 / every), ("new", TYPE_CASES, types, 1.0)):
        figures[part] = {}
        for name, case in cases.items():
            typer.echo(f"{part}: {case.name}", err=True)
            arguments = [lstm_model, "--data", data, "--words", number, "--new", new, *case.options]
            figures[part][name] = run_child("soak_run.py", *arguments)
    output.parent.mkdir(parents=True, exist_ok=True)
    srsly.write_json(output.with_suffix(".json"), figures)
    report = render(figures)
    output.write_text(report, encoding="utf-8")
    typer.echo(report)


def render(figures: dict[str, Any]) -> str:
    """RETURNS (str): The report in Markdown."""
    lines = ["# A long run", ""]
    lines += [f"- {line}" for line in list_machine(figures["machine"], "of which one was used")]
    lines += make_paragraph(INTRODUCTION.format(**figures, warm=WARM))
    lines += ["", *make_case_table(figures["text"], CASES)]
    lines += make_paragraph(TYPES.format(**figures))
    lines += ["", *make_case_table(figures["new"], TYPE_CASES)]
    lines += make_paragraph(SPACY.format(zones=50))
    return "\n".join([*lines, ""])


def make_case_table(runs: dict[str, Samples], cases: dict[str, Case]) -> list[str]:
    """RETURNS (List[str]): A table with a row for each run."""
    head = ["", "words/s, second fifth", "last fifth", "MB at first", "after a fifth", "at the end"]
    head += ["MB a million words", "of which ours", "strings at the end", "types in the cache, at most"]
    rows = []
    for name, case in cases.items():
        samples = runs[name]
        growth = fit_growth(samples)
        ours = "–" if case.base not in runs else f"{growth - fit_growth(runs[case.base]):+.1f}"
        megabytes = [samples[i]["mb"] for i in (0, len(samples) // 5, -1)]
        speeds = [find_speed(samples, part) for part in (0.2, 0.8)]
        cells = [case.name, *(f"{figure:,.0f}" for figure in (*speeds, *megabytes)), f"{growth:+.1f}", ours]
        cells += [f"{samples[-1]['strings']:,.0f}", f"{max(sample['cached'] for sample in samples):,.0f}"]
        rows.append(cells)
    return make_table(head, rows)


def fit_growth(samples: Samples) -> float:
    """RETURNS (float): By how many MB memory grows with a million words, once it is warm: the slope of the
    line of least squares.
    """
    late = samples[int(WARM * len(samples)) :]
    words = [sample["words"] / 1e6 for sample in late]
    slope, _ = linear_regression(words, [sample["mb"] for sample in late])
    return slope


def find_speed(samples: Samples, start: float) -> float:
    """RETURNS (float): Words per second within a fifth of a run that starts at a share of it."""
    first, last = (samples[int(share * (len(samples) - 1))] for share in (start, start + 0.2))
    return (last["words"] - first["words"]) / (last["time"] - first["time"])


if __name__ == "__main__":
    typer.run(benchmark)
