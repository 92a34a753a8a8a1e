"""The measuring process: two trained pipelines side by side, on the core that it was given.

`python benchmarks/predict.py accuracy MODEL --train … --dev … --test …` and
`python benchmarks/predict.py speed SPACY LSTM --dev … --test …` print one line of JSON.
"""

import gc
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Annotated, TypeAlias

import spacy
import srsly
import torch
import typer
from corpora import read_examples
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch
from spacy.vocab import Vocab
from torch import nn

# Prepares a number of passes over the data, untimed; what it returns runs them and counts the words.
Task: TypeAlias = Callable[[int], Callable[[], int]]
Sentence: TypeAlias = tuple[list[str], list[bool]]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
Option = typer.Option()


@app.command()
def accuracy(
    model: Path,
    train: Annotated[Path, Option],
    dev: Annotated[Path, Option],
    test: Annotated[Path, Option],
) -> None:
    """Print a pipeline's tag accuracy, also on the words that the training data holds and on the others."""
    nlp = spacy.load(model)
    known = {token.text for example in read_examples(train, nlp) for token in example.reference}
    print(srsly.json_dumps({"dev": score(nlp, dev, known), "test": score(nlp, test, known)}))


def score(nlp: Language, path: Path, known: set[str]) -> dict[str, dict[str, int]]:
    """RETURNS (Dict[str, Dict[str, int]]): Of the "known" and the "unknown" words, how many are "right" and
    how many there are in "all".
    """
    counts = {group: {"right": 0, "all": 0} for group in ("known", "unknown")}
    examples = list(read_examples(path, nlp))
    docs = nlp.pipe(example.predicted for example in examples)
    for doc, example in zip(docs, examples, strict=True):
        for token, gold in zip(doc, example.reference, strict=True):
            if gold.tag:
                group = counts["known" if gold.text in known else "unknown"]
                group["all"] += 1
                group["right"] += token.tag_ == gold.tag_
    return counts


@app.command()
def speed(
    spacy_model: Path,
    lstm_model: Path,
    dev: Annotated[Path, Option],
    test: Annotated[Path, Option],
    rounds: Annotated[int, Option] = 5,
    seconds: Annotated[float, Option] = 2.5,
) -> None:
    """Print the words per second of both pipelines, the tokenizer and a bare `nn.LSTM`, round by round."""
    pipelines = {"spacy": spacy.load(spacy_model), "lstm": spacy.load(lstm_model)}
    sentences = read_sentences([dev, test])
    lstm = find_lstm(pipelines["lstm"])
    from_docs = {name: make_docs_task(nlp, sentences) for name, nlp in pipelines.items()}
    from_docs["bare_lstm"] = make_bare_task(lstm, sentences, pipelines["lstm"].batch_size)
    from_texts = {name: make_texts_task(nlp.pipe, sentences) for name, nlp in pipelines.items()}
    from_texts["tokenizer"] = make_texts_task(partial(map, pipelines["spacy"].make_doc), sentences)
    figures = {
        "threads": torch.get_num_threads(),
        "batch_sizes": {name: nlp.batch_size for name, nlp in pipelines.items()},
        "sentences": len(sentences),
        "words": sum(len(words) for words, _ in sentences),
        "bare_lstm": {
            name: getattr(lstm, name)
            for name in ("input_size", "hidden_size", "num_layers", "bidirectional")
        },
        "from_docs": measure(from_docs, rounds, seconds),
        "from_texts": measure(from_texts, rounds, seconds),
    }
    print(srsly.json_dumps(figures))


def read_sentences(paths: list[Path]) -> list[Sentence]:
    """RETURNS (List[Sentence]): The words and the spaces of every sentence."""
    nlp = spacy.blank("xx")
    docs = [example.predicted for path in paths for example in read_examples(path, nlp)]
    return [([token.text for token in doc], [bool(token.whitespace_) for token in doc]) for doc in docs]


def find_lstm(nlp: Language) -> nn.LSTM:
    """RETURNS (nn.LSTM): The recurrence inside a pipeline, whichever component it is in."""
    for _, pipe in nlp.pipeline:
        model = getattr(pipe, "model", None)
        shims = [shim for node in model.walk() for shim in node.shims] if model else []
        for shim in shims:
            for module in shim._model.modules():
                if isinstance(module, nn.LSTM):
                    return module
    raise ValueError("No component of the pipeline holds a torch.nn.LSTM.")


def make_docs_task(nlp: Language, sentences: list[Sentence]) -> Task:
    """Tag `Doc`s that are made beforehand, without tags."""

    def prepare(passes: int) -> Callable[[], int]:
        docs = [Doc(nlp.vocab, words, spaces) for _ in range(passes) for words, spaces in sentences]
        return lambda: sum(len(doc) for doc in nlp.pipe(docs))

    return prepare


def make_texts_task(pipe: Callable[[list[str]], Iterable[Doc]], sentences: list[Sentence]) -> Task:
    """Tokenize texts, and tag them if the pipeline does."""
    vocab = Vocab()
    texts = [Doc(vocab, words, spaces).text for words, spaces in sentences]

    def prepare(passes: int) -> Callable[[], int]:
        repeated = texts * passes
        return lambda: sum(len(doc) for doc in pipe(repeated))

    return prepare


def make_bare_task(like: nn.LSTM, sentences: list[Sentence], batch_size: int) -> Task:
    """Run a `torch.nn.LSTM` alone over padded tensors that lie ready, the sentences sorted by length."""
    lstm = nn.LSTM(like.input_size, like.hidden_size, like.num_layers, bidirectional=like.bidirectional)
    lstm.eval()
    lengths = sorted(len(words) for words, _ in sentences)
    inputs = [
        torch.randn(max(batch), len(batch), like.input_size)  # (time, batch, input)
        for batch in minibatch(lengths, batch_size)  # type: ignore[no-untyped-call]
    ]

    @torch.inference_mode()
    def run_once() -> int:
        for batch in inputs:
            lstm(batch)
        return sum(lengths)

    return lambda passes: lambda: sum(run_once() for _ in range(passes))


def measure(tasks: dict[str, Task], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Time tasks in turn, round after round, once each has run for warmth.

    tasks (Dict[str, Task]): The tasks by name.
    rounds (int): How many rounds.
    seconds (float): About how long a task's share of a round takes; it makes whole passes, at least one.
    RETURNS (Dict[str, List[float]]): Each task's words per second in every round.
    """
    passes = {}
    for name, task in tasks.items():
        time_task(task, 1)
        duration, _ = time_task(task, 1)
        passes[name] = max(1, round(seconds / duration))
    rates: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            duration, words = time_task(task, passes[name])
            rates[name].append(words / duration)
    return rates


def time_task(task: Task, passes: int) -> tuple[float, int]:
    """RETURNS (Tuple[float, int]): Seconds and words."""
    run = task(passes)
    gc.collect()
    gc.freeze()  # The more passes, the more documents: the collector would go through all of them.
    start = time.perf_counter()
    words = run()
    duration = time.perf_counter() - start
    gc.unfreeze()
    return duration, words


if __name__ == "__main__":
    app()
