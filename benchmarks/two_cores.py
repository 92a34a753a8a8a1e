"""The measuring process for two cores.

`python benchmarks/two_cores.py MODEL --dev … --test …` prints one line of JSON. It runs on the cores that
it is bound to, with the threads that its libraries then take.
"""

import os
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import spacy
import srsly
import torch
import typer
from corpora import make_docs, read_sentences
from pipelines import count_differences, read_tags
from rounds import measure, time_task
from spacy.tokens import Doc
from tasks import make_docs_task

Option = typer.Option()


def main(
    model: Path,
    dev: Annotated[Path, Option],
    test: Annotated[Path, Option],
    seconds: Annotated[float, Option] = 2.0,
) -> None:
    """Print a pipeline's words per second and its tags, with one process; on several cores also with as
    many processes.
    """
    nlp = spacy.load(model)
    sentences = read_sentences(dev, test)
    tags = read_tags(nlp.pipe(make_docs(sentences, nlp.vocab)))
    rates = measure({"alone": make_docs_task(nlp, sentences)}, rounds=1, seconds=seconds)
    figures: dict[str, Any] = {
        "threads": torch.get_num_threads(),
        "tags": sha256(tags.tobytes()).hexdigest(),
        "rate": rates["alone"][0],
    }
    n_process = len(os.sched_getaffinity(0))
    if n_process > 1:
        docs = make_docs(sentences, nlp.vocab)
        tagged: list[Doc] = []

        def run() -> int:
            tagged.extend(nlp.pipe(docs, n_process=n_process))
            return sum(map(len, tagged))

        duration, words = time_task(lambda passes: run, 1)
        figures["processes"] = {
            "rate": words / duration,
            "differ": count_differences(tags, read_tags(tagged)),
        }
    print(srsly.json_dumps(figures))


if __name__ == "__main__":
    typer.run(main)
