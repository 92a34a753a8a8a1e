"""The report on slot filling."""

from statistics import mean, pstdev

from benchmarks.common.tables import Figures, make_table

HEAD = ["system", "seeds", "F1, dev", "F1, test", "precision", "recall", "words right", "deviation of F1"]
COLUMNS = (
    ("dev", "slots_f"),
    ("test", "slots_f"),
    ("test", "slots_p"),
    ("test", "slots_r"),
    ("test", "tag_acc"),
)


def render(figures: Figures) -> str:
    """RETURNS (str): The report in Markdown."""
    rows = []
    for name, runs in figures.items():
        percent = [f"{100 * mean(run[part][key] for run in runs):.2f}" for part, key in COLUMNS]
        deviation = f"{100 * pstdev(run['test']['slots_f'] for run in runs):.2f}"
        invalid = " ".join(str(run["test"]["invalid"]) for run in runs)
        rows.append([name, str(len(runs)), *percent, deviation, invalid])
    return "\n".join(
        [
            "# Slot filling on SNIPS",
            "",
            "Trained from scratch on 13,084 utterances; spans scored as in CoNLL's evaluation, on 700.",
            "`python -m benchmarks.slots SNIPS`. spaCy's systems are those of `init config`.",
            "",
            *make_table([*HEAD, "invalid utterances on test"], rows),
            "",
        ]
    )
