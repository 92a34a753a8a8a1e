"""The measuring process for one sentence at a time.

`python benchmarks/latency.py SPACY LSTM --test …` prints one line of JSON.
"""

import gc
import time
from pathlib import Path
from typing import Annotated, Any

import spacy
import srsly
import typer
from corpora import make_docs, read_sentences
from spacy.vocab import Vocab

Option = typer.Option()


def main(
    spacy_model: Path,
    lstm_model: Path,
    test: Annotated[Path, Option],
    sentences: Annotated[int, Option] = 500,
) -> None:
    """Print how many milliseconds both pipelines take for each of some sentences, in turn."""
    pipelines = {"spacy": spacy.load(spacy_model), "lstm": spacy.load(lstm_model)}
    every = read_sentences(test)
    chosen = every[:: max(1, len(every) // sentences)][:sentences]
    texts = [doc.text for doc in make_docs(chosen, Vocab())]
    docs = {name: make_docs(chosen, nlp.vocab) for name, nlp in pipelines.items()}
    for nlp in pipelines.values():  # for warmth
        for text in texts:
            nlp(text)
    gc.collect()
    gc.freeze()
    figures: dict[str, Any] = {"words": [len(words) for words, _ in chosen]}
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
    typer.run(main)
