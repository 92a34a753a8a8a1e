"""Measures how fast two trained pipelines annotate `Doc`s, of any components: all columns, or entities.

python -m benchmarks.columns SPACY_MODEL LSTM_MODEL --data dev.conllu
"""

from statistics import median
from typing import Any

import spacy
import torch

from benchmarks.common import options
from benchmarks.common.corpora import read_sentences
from benchmarks.common.machine import describe_machine
from benchmarks.common.paths import RESULTS
from benchmarks.common.processes import choose_core, use_cores
from benchmarks.common.rounds import measure
from benchmarks.common.tables import Figures, make_table, show, write_report
from benchmarks.speed.tasks import make_docs_task


def main(
    spacy_model: options.Model,
    lstm_model: options.Model,
    data: options.Data,
    rounds: options.Rounds = options.ROUNDS,
    output: options.Output = RESULTS / "columns.md",
    core: options.Core = None,
) -> None:
    """Measure words per second from `Doc`s, on one core, in batches of 1,000."""
    use_cores([choose_core(core)])
    torch.set_num_threads(1)
    sentences = read_sentences(data)
    pipelines = {"spaCy": spacy.load(spacy_model), "ours": spacy.load(lstm_model)}
    tasks = {name: make_docs_task(nlp, sentences, batch_size=1000) for name, nlp in pipelines.items()}
    figures: dict[str, Any] = {
        "machine": describe_machine("benchmarks.columns"),
        "components": {name: nlp.pipe_names for name, nlp in pipelines.items()},
        "words_per_second": measure(tasks, rounds),
    }
    write_report(output, figures, render)


def render(figures: Figures) -> str:
    """RETURNS (str): The report."""
    rates = figures["words_per_second"]
    ratios = [ours / other for ours, other in zip(rates["ours"], rates["spaCy"], strict=True)]
    rows = [
        [", ".join(figures["components"][name]), show(rates[name], ",.0f"), ratio]
        for name, ratio in (("spaCy", "1"), ("ours", f"{median(ratios):.2f}"))
    ]
    title = ["# Whole pipelines", "", "`Doc`s in, annotation out, on one core; words per second.", ""]
    return "\n".join([*title, *make_table(["components", "words/s", "ratio"], rows)]) + "\n"


if __name__ == "__main__":
    options.run(main)
