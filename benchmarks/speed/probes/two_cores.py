"""Measures a pipeline on the cores that this process is bound to, with its libraries' default threads.

python -m benchmarks.speed.probes.two_cores MODEL --dev dev.conllu --test test.conllu
"""

import os
from hashlib import sha256
from typing import Any

import spacy
import srsly
import torch
from spacy.tokens import Doc

from benchmarks.common import options
from benchmarks.common.corpora import make_docs, read_sentences
from benchmarks.common.rounds import measure, time_task
from benchmarks.speed.pipelines import count_differences, read_tags
from benchmarks.speed.tasks import make_docs_task


def main(model: options.Model, dev: options.Dev, test: options.Test) -> None:
    """Print words per second and a hash of the tags; on several cores also with a process for each."""
    nlp = spacy.load(model)
    sentences = read_sentences(dev, test)
    tags = read_tags(nlp.pipe(make_docs(sentences, nlp.vocab)))
    rates = measure({"alone": make_docs_task(nlp, sentences)}, rounds=1)
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
    options.run(main)
