"""Measures the latency of single sentences.

python -m benchmarks.speed.probes.latency SPACY_MODEL LSTM_MODEL --test test.conllu
"""

import gc
import time
from typing import Any

import spacy
import srsly
from spacy.vocab import Vocab

from benchmarks.common import options
from benchmarks.common.corpora import make_docs, read_sentences

SENTENCES = 500


def main(spacy_model: options.SpacyModel, lstm_model: options.LstmModel, test: options.Test) -> None:
    """Print the milliseconds that both pipelines take for each sentence, in turn."""
    pipelines = {"spacy": spacy.load(spacy_model), "lstm": spacy.load(lstm_model)}
    every = read_sentences(test)
    chosen = every[:: max(1, len(every) // SENTENCES)][:SENTENCES]
    texts = [doc.text for doc in make_docs(chosen, Vocab())]
    docs = {name: make_docs(chosen, nlp.vocab) for name, nlp in pipelines.items()}
    for nlp in pipelines.values():  # warm-up
        for text in texts:
            nlp(text)
    gc.collect()
    gc.freeze()
    figures: dict[str, Any] = {"words": [len(sentence.words) for sentence in chosen]}
    for kind, inputs in (("from_docs", docs), ("from_texts", dict.fromkeys(pipelines, texts))):
        milliseconds: dict[str, list[float]] = {name: [] for name in pipelines}
        for i in range(len(chosen)):
            for name in sorted(pipelines, reverse=bool(i % 2)):
                milliseconds[name].append(time_call(pipelines[name], inputs[name][i]))
        figures[kind] = milliseconds
    print(srsly.json_dumps(figures))


def time_call(function: Any, argument: Any) -> float:
    """RETURNS (float): Milliseconds."""
    start = time.perf_counter()
    function(argument)
    return round(1000 * (time.perf_counter() - start), 4)


if __name__ == "__main__":
    options.run(main)
