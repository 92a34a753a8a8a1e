"""The report on both taggers, trained and measured on the same data."""

from collections.abc import Sequence
from statistics import fmean, median

from benchmarks.common.machine import list_machine
from benchmarks.common.tables import Figures, make_paragraph, make_table, rate, show, show_ratio, take

NOTES = """\
Both systems get the same sentences, one per document, with gold words. A word is unknown if its exact form
does not occur in the training data. Training words per second are those of the updates alone; all other
training times run from the start of the process and include evaluations and saving. Speed is the median of
the rounds (lowest–highest): the systems take turns after a warm-up, and a ratio is taken within a round. In
the first pass no word has been seen: neither its lexeme nor its input projection is cached. Fresh
processes: the median of {loads}. Importing torch and spaCy alone takes {imports} s and {imports_mb} MB."""


def render(figures: Figures) -> str:
    """RETURNS (str): The report in Markdown."""
    rows = [
        *describe_accuracy(figures["accuracy"]),
        *describe_training(figures["training"]),
        *describe_speed(figures["speed"]),
        *describe_fresh(figures),
    ]
    lines = ["# spaCy's `tagger` and `lstm_tagger`, side by side on one core", ""]
    machine = figures["machine"]
    lines += [f"- {line}" for line in list_machine(machine, "of which one was used")]
    commits = {run["commit"] for runs in figures["training"].values() for run in runs}
    if commits != {machine["commit"]}:
        lines.append(f"- trained at git commit {' and '.join(sorted(commits))}")
    lines += ["", *make_table(["", "spaCy `tagger`", "`lstm_tagger`", "against spaCy"], rows)]
    lines += ["", *(f"- {line}" for line in describe_references(figures["speed"]))]
    imports = figures["fresh"]["imports"]
    notes = NOTES.format(
        loads=len(imports),
        imports=f"{median(take(imports, 'import_seconds')):.2f}",
        imports_mb=f"{median(take(imports, 'peak_mb')):.0f}",
    )
    return "\n".join([*lines, *make_paragraph(notes), ""])


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
            rows.append([label, show(spacy, ".2f", fmean), show(lstm, ".2f", fmean), difference])
    return rows


def describe_training(training: Figures) -> list[list[str]]:
    """RETURNS (List[List[str]]): The rows on training."""
    pairs = list(zip(training["spacy"], training["lstm"], strict=True))
    targets = [max(entry["tag_acc"] for entry in spacy["evaluations"]) for spacy, _ in pairs]
    spacy = [find_seconds(run, target) for (run, _), target in zip(pairs, targets, strict=True)]
    lstm = [find_seconds(run, target) for (_, run), target in zip(pairs, targets, strict=True)]
    label = f"seconds to spaCy's best on dev, {show([100 * t for t in targets], '.2f', fmean)}"
    return [
        compare("training, words/s", [(a["rate"], b["rate"]) for a, b in pairs], ",.0f"),
        compare("training, total seconds", [(a["seconds"], b["seconds"]) for a, b in pairs], ",.0f"),
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
    """RETURNS (List[List[str]]): The rows on fresh processes and the size of the pipelines."""
    rows = []
    for key, label, spec in (
        ("first_rate", "first pass over test from `Doc`s, words/s", ",.0f"),
        ("load_seconds", "`spacy.load`, s", ".2f"),
        ("peak_mb", "peak memory: load and tag test, MB", ".0f"),
    ):
        spacy, lstm = (median(take(figures["fresh"][name], key)) for name in ("spacy", "lstm"))
        rows.append(compare(label, [(spacy, lstm)], spec))
    sizes = figures["model_mb"]
    return [*rows, compare("model folder, MB", [(sizes["spacy"], sizes["lstm"])], ".1f")]


def describe_references(speed: Figures) -> list[str]:
    """RETURNS (List[str]): The speed of single parts, and the conditions."""
    bare, tokenizer = speed["from_docs"]["bare_lstm"], speed["from_texts"]["tokenizer"]
    share = median(a / b for a, b in zip(speed["from_docs"]["lstm"], bare, strict=True))
    batches = speed["batch_sizes"]
    return [
        f"A bare `torch.nn.LSTM` ({speed['bare_lstms']['bare_lstm']}, float32) over the same sentences, as "
        f"prepared padded tensors, sorted by length, in batches of {batches['lstm']}: "
        f"{show(bare, ',.0f')} words/s. From `Doc`s, `lstm_tagger` reaches {share:.0%} of that.",
        f"spaCy's tokenizer alone, from texts: {show(tokenizer, ',.0f')} words/s.",
        f"Batches hold {batches['spacy']} documents in spaCy's pipeline and {batches['lstm']} in "
        f"`lstm_tagger`'s, as configured. Prediction was timed on {speed['sentences']:,} sentences of "
        f"{speed['words']:,} words, repeated to fill a round.",
    ]


def compare(label: str, pairs: Sequence[tuple[float, float]], spec: str) -> list[str]:
    """RETURNS (List[str]): A row: both systems' medians, and the median of their ratios."""
    spacy, lstm = zip(*pairs, strict=True)
    return [label, show(spacy, spec), show(lstm, spec), show_ratio(lstm, spacy)]
