"""Reports in Markdown: from figures to cells, tables, paragraphs and files."""

import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

import srsly
import typer

Figures: TypeAlias = dict[str, Any]
GROUPS = ("known", "unknown")


def write_report(output: Path, figures: Figures, render: Callable[[Figures], str]) -> None:
    """Write the raw figures as JSON, then the report, and print it.

    output (Path): The report's file; the figures go next to it.
    figures (Dict[str, Any]): The figures.
    render (Callable[[Dict[str, Any]], str]): Makes the report from them.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    srsly.write_json(output.with_suffix(".json"), figures)
    report = render(figures)
    output.write_text(report, encoding="utf-8")
    typer.echo(report)


def make_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """RETURNS (List[str]): The lines of a table of words in the first column and figures in all others."""
    rule = ["---", *(["--:"] * (len(head) - 1))]
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]


def make_paragraph(text: str) -> list[str]:
    """RETURNS (List[str]): An empty line, and the lines of a text."""
    return ["", *textwrap.wrap(text, 108, break_long_words=False, break_on_hyphens=False)]


def show(values: Sequence[float], spec: str, summarize: Callable[[Sequence[float]], float] = median) -> str:
    """RETURNS (str): A summary of the values, with the lowest and the highest if there are several."""
    if float("inf") in values:
        return f"not reached in {values.count(float('inf'))} of {len(values)}"
    middle = format(summarize(values), spec)
    return f"{middle} ({min(values):{spec}}–{max(values):{spec}})" if len(values) > 1 else middle


def show_ratio(values: Sequence[float], base: Sequence[float]) -> str:
    """RETURNS (str): The median of the pairwise ratios of values to a base."""
    ratios = [value / other for value, other in zip(values, base, strict=True)]
    return "–" if float("inf") in ratios else f"× {show(ratios, '.2f')}"


def take(runs: Iterable[Figures], key: str) -> list[float]:
    """RETURNS (List[float]): One figure of every run."""
    return [float(run[key]) for run in runs]


def rate(counts: Figures, groups: Sequence[str] = GROUPS) -> float:
    """RETURNS (float): The percentage of correctly tagged words, of some groups."""
    right, words = (sum(counts[group][key] for group in groups) for key in ("right", "all"))
    return 100 * right / words if words else float("nan")
