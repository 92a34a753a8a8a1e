"""The benchmark's report in Markdown, from its raw figures."""

import os
import platform
import shlex
import subprocess
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import fmean, median
from typing import Any, TypeAlias

Figures: TypeAlias = dict[str, Any]
ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("spacy", "torch", "thinc", "numpy")
NOTES = """\
Both read the same sentences, one a document, with the words as they are tagged. A word is unknown if the
training data does not hold it in exactly this form. Training words per second are those of the updates
alone; all other seconds of training count from the start of the process, evaluations and saving included.
Speed: the median of the rounds (lowest–highest), the systems taking turns after untimed passes of each; a
ratio is taken within a round. In the first pass no word has been seen: neither its lexeme nor its input
projection is in a cache. Fresh processes: the median of {loads}. To import torch and spaCy alone takes
{imports} s and {imports_mb} MB."""


def describe_machine(arguments: Sequence[str]) -> dict[str, Any]:
    """Describe where and how the benchmark runs, without a path of the machine.

    arguments (Sequence[str]): The command line, from the script on.
    RETURNS (Dict[str, Any]): Name and value.
    """
    return {
        "date": date.today().isoformat(),
        "cpu": read_cpu_model(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "versions": {"Python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "command": shlex.join(["python", *map(shorten_path, arguments)]),
        "commit": read_commit(),
    }


def read_cpu_model() -> str:
    """RETURNS (str): The processor's name."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def read_commit() -> str:
    """RETURNS (str): The git commit, marked if there are changes on top of it."""
    command = ["git", "describe", "--always", "--dirty=, with changes", "--exclude=*"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return result.stdout.strip() or "unknown"


def shorten_path(argument: str) -> str:
    """RETURNS (str): A path inside the project relative to its root, of any other the name alone."""
    if os.sep not in argument:
        return argument
    option, equals, value = argument.rpartition("=")
    path = Path(value).resolve()
    return option + equals + (str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name)


def render(figures: Figures) -> str:
    """RETURNS (str): The report in Markdown."""
    rows = [
        *describe_accuracy(figures["accuracy"]),
        *describe_training(figures["training"]),
        *describe_speed(figures["speed"]),
        *describe_fresh(figures),
    ]
    lines = ["# spaCy's `tagger` and `lstm_tagger`, side by side on one core", ""]
    lines += [f"- {line}" for line in describe_run(figures)]
    lines += ["", "| | spaCy `tagger` | `lstm_tagger` | against spaCy |", "| --- | --: | --: | --: |"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    lines += ["", *(f"- {line}" for line in describe_references(figures["speed"]))]
    imports = figures["fresh"]["imports"]
    notes = NOTES.format(
        loads=len(imports),
        imports=f"{take_median(imports, 'import_seconds'):.2f}",
        imports_mb=f"{take_median(imports, 'peak_mb'):.0f}",
    )
    return "\n".join([*lines, "", notes, ""])


def describe_run(figures: Figures) -> list[str]:
    """RETURNS (List[str]): What the figures depend on."""
    machine = figures["machine"]
    commits = {run["commit"] for runs in figures["training"].values() for run in runs}
    lines = [
        f"{machine['date']}, git commit {machine['commit']}",
        f"{machine['cpu']}, {machine['cores']} cores, of which one was used; "
        f"load average at the start {machine['load']:.1f}",
        ", ".join(f"{name} {number}" for name, number in machine["versions"].items()),
        f"`{machine['command']}`",
    ]
    if commits != {machine["commit"]}:
        lines.append(f"trained at git commit {' and '.join(sorted(commits))}")
    return lines


def describe_accuracy(accuracy: Figures) -> list[list[str]]:
    """RETURNS (List[List[str]]): The rows on tag accuracy."""
    rows = []
    for part in ("dev", "test"):
        counts = accuracy["spacy"][0][part]
        share = counts["unknown"]["all"] / sum(group["all"] for group in counts.values())
        for groups, label in (
            (("known", "unknown"), f"tag accuracy, {part}, %"),
            (("known",), "— on known words"),
            (("unknown",), f"— on unknown words ({share:.1%} of all)"),
        ):
            spacy, lstm = (
                [rate(run[part], groups) for run in accuracy[name]] for name in ("spacy", "lstm")
            )
            difference = f"{fmean(lstm) - fmean(spacy):+.2f}"
            rows.append([label, show(spacy, fmean, ".2f"), show(lstm, fmean, ".2f"), difference])
    return rows


def rate(counts: Figures, groups: Iterable[str]) -> float:
    """RETURNS (float): The percentage of a part's words, of some groups, that are tagged right."""
    right, words = (sum(counts[group][key] for group in groups) for key in ("right", "all"))
    return 100 * right / words if words else float("nan")


def describe_training(training: Figures) -> list[list[str]]:
    """RETURNS (List[List[str]]): The rows on training."""
    pairs = list(zip(training["spacy"], training["lstm"], strict=True))
    targets = [max(entry["tag_acc"] for entry in spacy["evaluations"]) for spacy, _ in pairs]
    spacy = [find_seconds(run, target) for (run, _), target in zip(pairs, targets, strict=True)]
    lstm = [find_seconds(run, target) for (_, run), target in zip(pairs, targets, strict=True)]
    label = f"seconds to spaCy's best on dev, {show([100 * t for t in targets], fmean, '.2f')}"
    return [
        compare("training, words/s", [(a["rate"], b["rate"]) for a, b in pairs], ",.0f"),
        compare("training, seconds in all", [(a["seconds"], b["seconds"]) for a, b in pairs], ",.0f"),
        compare(label, list(zip(spacy, lstm, strict=True)), ",.0f"),
    ]


def find_seconds(run: Figures, target: float) -> float:
    """RETURNS (float): When a training run first reached an accuracy on dev; infinity if it never did."""
    times = (entry["seconds"] for entry in run["evaluations"] if entry["tag_acc"] >= target)
    return next(times, float("inf"))


def describe_speed(speed: Figures) -> list[list[str]]:
    """RETURNS (List[List[str]]): The rows on prediction."""
    rows = []
    for key, label in (("from_docs", "prediction from `Doc`s"), ("from_texts", "prediction from texts")):
        pairs = list(zip(speed[key]["spacy"], speed[key]["lstm"], strict=True))
        rows.append(compare(f"{label}, words/s", pairs, ",.0f"))
    return rows


def describe_fresh(figures: Figures) -> list[list[str]]:
    """RETURNS (List[List[str]]): The rows on fresh processes and on the model's folder."""
    rows = []
    for key, label, spec in (
        ("first_rate", "first pass over test from `Doc`s, words/s", ",.0f"),
        ("load_seconds", "`spacy.load`, s", ".2f"),
        ("peak_mb", "peak memory: load and tag test, MB", ".0f"),
    ):
        spacy, lstm = (take_median(figures["fresh"][name], key) for name in ("spacy", "lstm"))
        rows.append(compare(label, [(spacy, lstm)], spec))
    sizes = figures["model_mb"]
    return [*rows, compare("model folder, MB", [(sizes["spacy"], sizes["lstm"])], ".1f")]


def describe_references(speed: Figures) -> list[str]:
    """RETURNS (List[str]): The speeds of the parts alone."""
    bare, tokenizer = speed["from_docs"]["bare_lstm"], speed["from_texts"]["tokenizer"]
    share = median(a / b for a, b in zip(speed["from_docs"]["lstm"], bare, strict=True))
    shape, batches = speed["bare_lstm"], speed["batch_sizes"]
    directions = "bidirectional" if shape["bidirectional"] else "one direction"
    return [
        f"A bare `torch.nn.LSTM` ({shape['input_size']} → {shape['hidden_size']}, depth "
        f"{shape['num_layers']}, {directions}, float32) over the same sentences, as padded tensors that "
        f"lie ready, sorted by length, {batches['lstm']} a batch: {show(bare, median, ',.0f')} words/s. "
        f"From `Doc`s, `lstm_tagger` makes {share:.0%} of that.",
        f"spaCy's tokenizer alone, from texts: {show(tokenizer, median, ',.0f')} words/s.",
        f"Prediction takes {batches['spacy']} documents a batch in spaCy's pipeline and {batches['lstm']} "
        f"in `lstm_tagger`'s, as their configs say. It ran over {speed['sentences']:,} sentences of "
        f"{speed['words']:,} words, repeated to fill a round.",
    ]


def compare(label: str, pairs: Sequence[tuple[float, float]], spec: str) -> list[str]:
    """RETURNS (List[str]): A row: both systems' medians, and the median of their ratios."""
    spacy, lstm = zip(*pairs, strict=True)
    ratios = [b / a for a, b in pairs]
    ratio = "–" if float("inf") in ratios else f"× {show(ratios, median, '.2f')}"
    return [label, show(spacy, median, spec), show(lstm, median, spec), ratio]


def show(values: Sequence[float], summarize: Callable[[Sequence[float]], float], spec: str) -> str:
    """RETURNS (str): A summary of values; of several also the lowest and the highest."""
    if float("inf") in values:
        return f"not reached in {values.count(float('inf'))} of {len(values)}"
    middle = format(summarize(values), spec)
    return f"{middle} ({min(values):{spec}}–{max(values):{spec}})" if len(values) > 1 else middle


def take_median(runs: Iterable[Figures], key: str) -> float:
    """RETURNS (float): The median of a figure over runs."""
    return float(median(run[key] for run in runs))
