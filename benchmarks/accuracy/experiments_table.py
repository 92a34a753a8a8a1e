"""The report on experiments."""

from collections.abc import Sequence
from statistics import fmean, stdev

from benchmarks.accuracy.disturbances import DISTURBANCES, INSERTED_SHARE
from benchmarks.common.machine import list_machine
from benchmarks.common.tables import GROUPS, Figures, make_paragraph, make_table, rate

NOTES = """\
Mean over the seeds ± standard deviation, in % of the words. A word is unknown if its exact form does not
occur in the training data. Seconds are those of `python -m spacy train` from start to end, on one core,
including evaluations. The last column is the git commit of the training."""
DISTURBED_NOTES = """\
Accuracy on dev, trained on single sentences: whole documents read at once; all letters lowercased or
uppercased; and white space, emoji or words in other scripts inserted before {share:.0%} of the words, or
at the end of every sentence. Inserted words do not count. In parentheses: the difference from
undisturbed single sentences."""
CHANGES = ("documents", *DISTURBANCES)


def render(figures: Figures, notes: str) -> str:
    """RETURNS (str): The report in Markdown."""
    lines = ["# Experiments", *make_paragraph(notes), ""]
    lines += [f"- {line}" for line in list_machine(figures["machine"], "one per training run")]
    groups: dict[str, dict[str, list[Figures]]] = {}
    for run in figures["runs"]:
        groups.setdefault(run["treebank"], {}).setdefault(run["setting"], []).append(run)
    for treebank, settings in groups.items():
        lines += ["", f"## {treebank}", "", *describe_accuracy(settings), ""]
        lines += ["### Disturbed", "", *describe_disturbed(settings)]
    disturbed_notes = DISTURBED_NOTES.format(share=INSERTED_SHARE)
    return "\n".join([*lines, *make_paragraph(NOTES), *make_paragraph(disturbed_notes), ""])


def describe_accuracy(settings: dict[str, list[Figures]]) -> list[str]:
    """RETURNS (List[str]): The table of accuracies."""
    runs = [run for runs in settings.values() for run in runs]
    parts = [part for part in ("dev", "test") if all(part in run["accuracy"] for run in runs)]
    head = ["setting", "seeds"]
    head += [column for part in parts for column in (part, f"{part}, known", f"{part}, unknown")]
    rows = []
    for name, runs in settings.items():
        cells = [name, str(len(runs))]
        for part in parts:
            counts = [run["accuracy"][part] for run in runs]
            cells.append(show([rate(count) for count in counts]))
            cells += [f"{fmean(rate(count, [group]) for count in counts):.2f}" for group in GROUPS]
        cells.append(f"{fmean(run['training']['seconds'] for run in runs):,.0f}")
        cells.append(", ".join(sorted({run["training"]["commit"] for run in runs})))
        rows.append(cells)
    return make_table([*head, "seconds", "trained at"], rows)


def describe_disturbed(settings: dict[str, list[Figures]]) -> list[str]:
    """RETURNS (List[str]): The table of accuracies on disturbed text."""
    rows = []
    for name, runs in settings.items():
        cells = [name]
        for change in CHANGES:
            rates = [rate(run["accuracy"][change]) for run in runs]
            losses = [r - rate(run["accuracy"]["dev"]) for r, run in zip(rates, runs, strict=True)]
            cells.append(f"{fmean(rates):.2f} ({fmean(losses):+.2f})")
        rows.append(cells)
    return make_table(["setting", *CHANGES], rows)


def show(values: Sequence[float]) -> str:
    """RETURNS (str): Mean and standard deviation."""
    deviation = f" ± {stdev(values):.2f}" if len(values) > 1 else ""
    return f"{fmean(values):.2f}{deviation}"
