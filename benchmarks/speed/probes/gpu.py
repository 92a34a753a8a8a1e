"""Measures words per second on a GPU by batch size, if there is a GPU.

python -m benchmarks.speed.probes.gpu SPACY_MODEL LSTM_MODEL --dev dev.conllu --test test.conllu
"""

from typing import Any

import srsly
import torch
from spacy.language import Language
from thinc.api import prefer_gpu

from benchmarks.common import options
from benchmarks.common.corpora import Sentence, count_words, make_docs, read_sentences
from benchmarks.common.rounds import measure
from benchmarks.speed.pipelines import count_differences, find_precision, load_pipelines, read_tags
from benchmarks.speed.tasks import make_docs_task

BATCH_SIZES = (64, 128, 256, 512, 1024, 2048, 4096)


def main(
    spacy_model: options.SpacyModel,
    lstm_model: options.LstmModel,
    dev: options.Dev,
    test: options.Test,
    rounds: options.Rounds = options.ROUNDS,
) -> None:
    """Print the words per second of spaCy's pipeline and of ours in both precisions, by batch size, and how
    many tags differ from those on the CPU; or why it did not run.
    """
    if not torch.cuda.is_available():
        print(srsly.json_dumps({"not_run": "no GPU"}))
        return
    sentences = read_sentences(dev, test)
    cpu_tags = tag(load_pipelines(spacy_model, lstm_model), sentences)
    if not prefer_gpu():
        print(srsly.json_dumps({"not_run": "spaCy does not find the GPU; is CuPy installed?"}))
        return
    pipelines = load_pipelines(spacy_model, lstm_model)
    tags = tag(pipelines, sentences)
    figures: dict[str, Any] = {
        "gpu": torch.cuda.get_device_name(),
        "words": count_words(sentences),
        "bfloat16_means": find_precision("bfloat16"),
        "differ": {name: count_differences(tags[name], cpu_tags[name]) for name in tags},
        "rates": {},
    }
    for batch_size in BATCH_SIZES:
        tasks = {
            name: make_docs_task(nlp, sentences, batch_size=batch_size) for name, nlp in pipelines.items()
        }
        figures["rates"][str(batch_size)] = measure(tasks, rounds, seconds=1.0)
    print(srsly.json_dumps(figures))


def tag(pipelines: dict[str, Language], sentences: list[Sentence]) -> dict[str, Any]:
    """RETURNS (Dict[str, np.ndarray]): The tags that each pipeline assigns."""
    return {name: read_tags(nlp.pipe(make_docs(sentences, nlp.vocab))) for name, nlp in pipelines.items()}


if __name__ == "__main__":
    options.run(main)
