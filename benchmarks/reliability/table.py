"""The report on long runs."""

from collections.abc import Sequence
from statistics import linear_regression
from typing import NamedTuple, TypeAlias

from benchmarks.common.machine import list_machine
from benchmarks.common.tables import Figures, make_paragraph, make_table

Samples: TypeAlias = list[dict[str, float]]

WARM_UP = 0.2  # the part of a run in which caches fill
ZONES = 50
INTRODUCTION = """\
Each row is a fresh process that reads about {words:,} words of text with `nlp.pipe`: the sentences of
{data} over and over, reshuffled each time, with one word in {every} replaced by a new one that never occurs
again. Memory is the total of all processes of the run. Its growth is the slope of a straight line through
the samples after the first {warm_up:.0%} of the words; our share is what exceeds the growth of the same run
without components. The cache is that of the first process, which with `n_process=2` reads nothing. Speed is
that of the second and of the last fifth of the words."""
TYPES = """\
The same with words that are all new: {types:,} word types."""
SPACY = """\
spaCy's vocab keeps every string that it meets, and a lexeme for each, so memory grows without components as
well. `with nlp.memory_zone():` frees them at its end; with zones, the text was read in {zones} parts, each
in a zone."""


class Case(NamedTuple):
    """A run: the name of its row, the same run without components, and the probe's options."""

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


def render(figures: Figures) -> str:
    """RETURNS (str): The report in Markdown."""
    lines = ["# A long run", ""]
    lines += [f"- {line}" for line in list_machine(figures["machine"], "of which one was used")]
    lines += make_paragraph(INTRODUCTION.format(**figures, warm_up=WARM_UP))
    lines += ["", *make_case_table(figures["text"], CASES)]
    lines += make_paragraph(TYPES.format(**figures))
    lines += ["", *make_case_table(figures["new"], TYPE_CASES)]
    lines += make_paragraph(SPACY.format(zones=ZONES))
    return "\n".join([*lines, ""])


def make_case_table(runs: dict[str, Samples], cases: dict[str, Case]) -> list[str]:
    """RETURNS (List[str]): A table with a row for each run."""
    head = ["", "words/s, second fifth", "last fifth", "MB at first", "after a fifth", "at the end"]
    head += ["MB per million words", "our share", "strings at the end", "peak of types in the cache"]
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
    """RETURNS (float): The growth of memory after the warm-up, in MB per million words: the slope of the
    least-squares line.
    """
    late = samples[int(WARM_UP * len(samples)) :]
    words = [sample["words"] / 1e6 for sample in late]
    slope, _ = linear_regression(words, [sample["mb"] for sample in late])
    return slope


def find_speed(samples: Samples, start: float) -> float:
    """RETURNS (float): Words per second in the fifth of a run that starts at a share of it."""
    first, last = (samples[int(share * (len(samples) - 1))] for share in (start, start + 0.2))
    return (last["words"] - first["words"]) / (last["time"] - first["time"])
