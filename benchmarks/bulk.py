"""Bulk tagging: one worker, two, and two on a Ray cluster; and memory over millions of words.

python benchmarks/bulk.py LSTM_MODEL --data train.conllu
"""

import sys
import tempfile
from functools import partial
from pathlib import Path
from random import Random
from typing import Annotated, Any

import srsly
import typer
from corpora import count_words, read_sentences
from machine import describe_machine, list_machine
from processes import HERE, run_child, take_turns
from tables import Figures, make_paragraph, make_table, show, show_ratio

ENGINES = {
    "one worker": [],
    "two workers": ["--n-process", "2"],
    "two workers on Ray": ["--n-process", "2", "--engine", "ray"],
}
INTRODUCTION = """\
Texts of one sentence each (those of {data}, again and again), a line each, to shards of JSONL: read,
tokenized, tagged, written. Each run is a process of its own. Speed is that between a run of {few:,} words
and one of {many:,}: what both need to start, and to load the pipeline, is not in it. Seconds are those of
the longer run, with it. Median of {rounds} rounds, the lowest and the highest. All gave the same rows."""
MEMORY = """\
One worker, and the most memory that the process held, whatever the length of the input."""


def benchmark(
    lstm_model: Annotated[
        Path, typer.Argument(exists=True, help="Folder of a pipeline with an lstm_tagger")
    ],
    data: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="CoNLL-U file")],
    words: Annotated[int, typer.Option(min=10_000, help="Words of the longer runs")] = 1_200_000,
    most_words: Annotated[int, typer.Option(min=10_000, help="Words of the run for memory")] = 10_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is measured")] = 3,
    output: Annotated[Path, typer.Option(help="The report; raw figures go beside it, as JSON")] = (
        HERE / "results" / "bulk.md"
    ),
) -> None:
    """Measure speed and memory of `tag_files`."""
    figures: dict[str, Any] = {"machine": describe_machine(sys.argv), "data": data.name, "rounds": rounds}
    sizes = {"few": words // 6, "many": words, "most": most_words}
    with tempfile.TemporaryDirectory() as folder:
        texts = {name: Path(folder, f"{name}.txt") for name in sizes}
        for name, size in sizes.items():
            write_texts(data, texts[name], size)
        runs = {
            f"{engine}: {name}": partial(run_child, "bulk_run.py", lstm_model, texts[name], *options)
            for engine, options in ENGINES.items()
            for name in ("few", "many")
        }
        figures["speed"] = take_turns(runs, rounds)
        figures["memory"] = [run_child("bulk_run.py", lstm_model, path) for path in texts.values()]
    for name in ("few", "many"):
        hashes = {run["rows"] for engine in ENGINES for run in figures["speed"][f"{engine}: {name}"]}
        if len(hashes) > 1:
            raise RuntimeError(f"The engines gave other rows, of {name} words.")
    output.parent.mkdir(parents=True, exist_ok=True)
    srsly.write_json(output.with_suffix(".json"), figures)
    report = render(figures)
    output.write_text(report, encoding="utf-8")
    typer.echo(report)


def write_texts(data: Path, path: Path, words: int) -> None:
    """Write texts of about so many words, again and again the same, each time in another order."""
    sentences = read_sentences(data)
    texts = [" ".join(sentence) for sentence, _ in sentences]
    n_texts = words * len(texts) // count_words(sentences)
    random = Random(0)
    with path.open("w", encoding="utf-8") as file:
        while n_texts > 0:
            part = random.sample(texts, min(n_texts, len(texts)))
            file.writelines(f"{text}\n" for text in part)
            n_texts -= len(part)


def render(figures: dict[str, Any]) -> str:
    """RETURNS (str): The report in Markdown."""
    few, many = (figures["speed"][f"one worker: {name}"][0]["words"] for name in ("few", "many"))
    introduction = INTRODUCTION.format(few=few, many=many, data=figures["data"], rounds=figures["rounds"])
    lines = ["# Bulk tagging", ""]
    lines += [f"- {line}" for line in list_machine(figures["machine"], "all used")]
    lines += [*make_paragraph(introduction), "", *make_speed_table(figures["speed"])]
    rows = [
        [f"{run['words']:,}", f"{run['mb']:,.0f}", f"{run['seconds']:,.0f}"] for run in figures["memory"]
    ]
    lines += [*make_paragraph(MEMORY), "", *make_table(["words", "MB at most", "seconds"], rows)]
    return "\n".join([*lines, ""])


def make_speed_table(speed: dict[str, list[Figures]]) -> list[str]:
    """RETURNS (List[str]): A table with a row for each engine."""
    rates = {engine: compute_rates(speed, engine) for engine in ENGINES}
    rows = []
    for engine in ENGINES:
        seconds = [run["seconds"] for run in speed[f"{engine}: many"]]
        ratios = [show_ratio(rates[engine], rates[base]) for base in ("one worker", "two workers")]
        rows.append([engine, show(rates[engine], ",.0f"), *ratios, show(seconds, ".1f")])
    return make_table(["", "words/s", "to one worker", "to two workers", "seconds"], rows)


def compute_rates(speed: dict[str, list[Figures]], engine: str) -> list[float]:
    """RETURNS (List[float]): Words per second of every round, without what a run needs to start."""
    pairs = zip(speed[f"{engine}: few"], speed[f"{engine}: many"], strict=True)
    return [(many["words"] - few["words"]) / (many["seconds"] - few["seconds"]) for few, many in pairs]


if __name__ == "__main__":
    typer.run(benchmark)
