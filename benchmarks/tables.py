"""Figures → cells, tables and paragraphs in Markdown."""

import textwrap
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any, TypeAlias

Figures: TypeAlias = dict[str, Any]
GROUPS = ("known", "unknown")


def make_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """RETURNS (List[str]): The lines of a table whose first column holds words, and all others figures."""
    rule = ["---", *(["--:"] * (len(head) - 1))]
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]


def make_paragraph(text: str) -> list[str]:
    """RETURNS (List[str]): An empty line, and the lines of a text."""
    return ["", *textwrap.wrap(text, 108, break_long_words=False, break_on_hyphens=False)]


def show(values: Sequence[float], spec: str, summarize: Callable[[Sequence[float]], float] = median) -> str:
    """RETURNS (str): A summary of values; of several also the lowest and the highest."""
    if float("inf") in values:
        return f"not reached in {values.count(float('inf'))} of {len(values)}"
    middle = format(summarize(values), spec)
    return f"{middle} ({min(values):{spec}}–{max(values):{spec}})" if len(values) > 1 else middle


def show_ratio(values: Sequence[float], base: Sequence[float]) -> str:
    """RETURNS (str): The median of the ratios of values to others, pair by pair."""
    ratios = [value / other for value, other in zip(values, base, strict=True)]
    return "–" if float("inf") in ratios else f"× {show(ratios, '.2f')}"


def take(runs: Iterable[Figures], key: str) -> list[float]:
    """RETURNS (List[float]): A figure of every run."""
    return [float(run[key]) for run in runs]


def take_median(runs: Iterable[Figures], key: str) -> float:
    """RETURNS (float): The median of a figure over runs."""
    return median(take(runs, key))


def rate(counts: Figures, groups: Sequence[str] = GROUPS) -> float:
    """RETURNS (float): The percentage of a part's words, of some groups, that are tagged right."""
    right, words = (sum(counts[group][key] for group in groups) for key in ("right", "all"))
    return 100 * right / words if words else float("nan")
