"""Bulk tagging: one worker, two, and two on a Ray cluster; and memory over millions of words.

python benchmarks/bulk.py LSTM_MODEL --data train.conllu
"""

import os
import sys
import tempfile
from collections.abc import Collection
from functools import partial
from pathlib import Path
from random import Random
from typing import Annotated, Any

import srsly
import typer
from bulk_run import SHARD_SIZE
from corpora import count_words, read_sentences
from machine import describe_machine, list_machine
from processes import HERE, choose_core, run_child, take_turns, use_cores
from tables import Figures, make_paragraph, make_table, show, show_ratio, take

FEWEST = 100_000  # words, so that a run has several shards
ONE_CORE = "one worker, one core"
ENGINES = {
    ONE_CORE: [],
    "one worker": [],
    "two workers": ["--n-process", "2"],
    "two workers on Ray": ["--n-process", "2", "--engine", "ray"],
}
INTRODUCTION = """\
{words:,} words: texts of one sentence each (those of {data}, again and again), a line each, to shards of
JSONL of {shard_size:,} rows: read, tokenized, tagged, written. Each run is a process of its own, and all
but the first may use all cores. Words per second are those after a quarter of the shards was finished,
when all workers have long been at work; seconds are those of the whole run. MB are those of the process
and of those that it started itself: the workers of Ray are not among them. Median of {rounds} rounds, the
lowest and the highest. All gave the same rows."""
MEMORY = """\
One worker, and the most memory that the process held, whatever the length of the input."""


def benchmark(
    lstm_model: Annotated[
        Path, typer.Argument(exists=True, help="Folder of a pipeline with an lstm_tagger")
    ],
    data: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="CoNLL-U file")],
    words: Annotated[int, typer.Option(min=FEWEST, help="Words of each run for speed")] = 3_000_000,
    most_words: Annotated[
        int, typer.Option(min=10 * FEWEST, help="Words of the run for memory")
    ] = 10_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is measured")] = 3,
    output: Annotated[Path, typer.Option(help="The report; raw figures go beside it, as JSON")] = (
        HERE / "results" / "bulk.md"
    ),
) -> None:
    """Measure speed and memory of `tag_files`."""
    figures: dict[str, Any] = {"machine": describe_machine(sys.argv), "data": data.name, "rounds": rounds}
    cores = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder, "speed.txt")
        write_texts(data, texts, words)
        runs = {engine: partial(run_engine, engine, cores, lstm_model, texts) for engine in ENGINES}
        figures["speed"] = take_turns(runs, rounds)
        figures["memory"] = []
        for size in (most_words // 10, most_words // 3, most_words):
            write_texts(data, texts, size)
            figures["memory"].append(run_child("bulk_run.py", lstm_model, texts))
    if len({run["rows"] for engine in ENGINES for run in figures["speed"][engine]}) > 1:
        raise RuntimeError("The engines gave other rows.")
    output.parent.mkdir(parents=True, exist_ok=True)
    srsly.write_json(output.with_suffix(".json"), figures)
    report = render(figures)
    output.write_text(report, encoding="utf-8")
    typer.echo(report)


def run_engine(engine: str, cores: Collection[int], model: Path, texts: Path) -> Figures:
    """RETURNS (Dict[str, Any]): The figures of one run."""
    use_cores([choose_core()] if engine == ONE_CORE else cores)
    figures: Figures = run_child("bulk_run.py", model, texts, *ENGINES[engine])
    use_cores(cores)
    return figures


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
    introduction = INTRODUCTION.format(
        words=figures["speed"]["one worker"][0]["words"],
        data=figures["data"],
        shard_size=SHARD_SIZE,
        rounds=figures["rounds"],
    )
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
    rates = {engine: take(speed[engine], "words_per_second") for engine in ENGINES}
    rows = []
    for engine in ENGINES:
        bases = (ONE_CORE, "two workers")
        ratios = [show_ratio(rates[engine], rates[base]) for base in bases]
        seconds, mb = (show(take(speed[engine], key), ",.0f") for key in ("seconds", "mb"))
        rows.append([engine, show(rates[engine], ",.0f"), *ratios, seconds, mb])
    head = ["", "words/s", "to one core", "to two workers", "seconds", "MB at most"]
    return make_table(head, rows)


if __name__ == "__main__":
    typer.run(benchmark)
