"""Measures bulk tagging: one worker, two workers, two on a Ray cluster; and memory over millions of words.

python -m benchmarks.bulk LSTM_MODEL --data train.conllu
"""

import os
import tempfile
from collections.abc import Collection
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer

from benchmarks.bulk.table import ENGINES, ONE_CORE, render
from benchmarks.common import options
from benchmarks.common.corpora import count_words, cycle, read_sentences
from benchmarks.common.machine import describe_machine
from benchmarks.common.paths import RESULTS
from benchmarks.common.processes import choose_core, run_child, use_cores
from benchmarks.common.rounds import take_turns
from benchmarks.common.tables import write_report

FEWEST = 100_000  # words, for a run to have several shards


def main(
    lstm_model: options.LstmModel,
    data: options.Data,
    words: Annotated[int, typer.Option(min=FEWEST, help="Words per run for speed")] = 3_000_000,
    most_words: Annotated[
        int, typer.Option(min=10 * FEWEST, help="Words of the longest run for memory")
    ] = 10_000_000,
    rounds: options.Rounds = options.ROUNDS,
    output: options.Output = RESULTS / "bulk.md",
) -> None:
    """Measure speed and memory of `tag_files`."""
    figures: dict[str, Any] = {"machine": describe_machine("benchmarks.bulk")}
    figures |= {"data": data.name, "rounds": rounds}
    cores = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder, "texts.txt")
        write_texts(data, texts, words)
        runs = {engine: partial(run_engine, engine, cores, lstm_model, texts) for engine in ENGINES}
        figures["speed"] = take_turns(runs, rounds)
        figures["memory"] = []
        for size in (most_words // 10, most_words // 3, most_words):
            write_texts(data, texts, size)
            figures["memory"].append(run_child("benchmarks.bulk.probe", lstm_model, texts))
    if len({run["rows"] for engine in ENGINES for run in figures["speed"][engine]}) > 1:
        raise RuntimeError("The engines did not return the same rows.")
    write_report(output, figures, render)


def run_engine(engine: str, cores: Collection[int], model: Path, texts: Path) -> Any:
    """RETURNS (Dict[str, Any]): The figures of one run."""
    use_cores([choose_core()] if engine == ONE_CORE else cores)
    figures = run_child("benchmarks.bulk.probe", model, texts, *ENGINES[engine])
    use_cores(cores)
    return figures


def write_texts(data: Path, path: Path, words: int) -> None:
    """Write the sentences of a CoNLL-U file over and over, one per line, up to about a number of words."""
    sentences = read_sentences(data)
    n_texts = words * len(sentences) // count_words(sentences)
    with path.open("w", encoding="utf-8") as file:
        for sentence in islice(cycle(sentences, Random(0)), n_texts):
            file.write(" ".join(sentence.words) + "\n")


if __name__ == "__main__":
    options.run(main)
