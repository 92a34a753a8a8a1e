"""Reads millions of words with one pipeline, and prints samples of speed and memory as one line of JSON.

python -m benchmarks.reliability.probe MODEL --data train.conllu --words 5000000 --new 0.02
"""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from itertools import count, islice
from random import Random
from typing import Annotated, Any

import spacy
import srsly
import typer
from spacy.language import Language

from benchmarks.common import options
from benchmarks.common.corpora import Sentence, count_words, cycle, read_sentences
from benchmarks.common.memory import read_memory
from benchmarks.reliability.table import ZONES

SAMPLES = 50
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def main(
    model: options.Model,
    data: options.Data,
    words: Annotated[int, typer.Option(help="Words to read")],
    new: Annotated[float, typer.Option(help="Share of words that occur only once")],
    n_process: Annotated[int, typer.Option(help="Processes for nlp.pipe")] = 1,
    blank: Annotated[bool, typer.Option(help="Without components: what remains is spaCy's own")] = False,
    zones: Annotated[bool, typer.Option(help="In parts, each within a memory zone")] = False,
) -> None:
    """Print words, time, memory, strings and cached word types, sampled regularly."""
    nlp = spacy.load(model)
    for name in nlp.pipe_names if blank else ():
        nlp.remove_pipe(name)
    sentences = read_sentences(data)
    n_texts = words * len(sentences) // count_words(sentences)
    texts = make_texts(sentences, new)
    samples = [take_sample(nlp, 0, time.perf_counter())]
    n_words = 0
    for _ in range(ZONES if zones else 1):
        part = islice(texts, n_texts // ZONES if zones else n_texts)
        with nlp.memory_zone() if zones else nullcontext():
            for doc in nlp.pipe(part, n_process=n_process):
                n_words += len(doc)
                if n_words >= words * len(samples) / SAMPLES:
                    samples.append(take_sample(nlp, n_words, samples[0]["time"]))
    print(srsly.json_dumps(samples))


def make_texts(sentences: Sequence[Sentence], new: float) -> Iterator[str]:
    """YIELDS (str): The sentences over and over, with new words, and spaces between all words so that a
    tokenizer finds the same words.
    """
    random, numbers = Random(0), count()
    for sentence in cycle(sentences, random):
        yield " ".join(
            word * word.isalpha() + spell(next(numbers)) if random.random() < new else word
            for word in sentence.words
        )


def spell(number: int) -> str:
    """RETURNS (str): Five letters, unique to a number: a tokenizer would split off digits."""
    letters = []
    for _ in range(5):
        number, letter = divmod(number, len(LETTERS))
        letters.append(LETTERS[letter])
    return "".join(letters)


def take_sample(nlp: Language, words: int, start: float) -> dict[str, float]:
    """RETURNS (Dict[str, float]): Words and seconds so far, memory of all processes in MB, strings in the
    vocab, and word types in the tagger's caches.
    """
    children = [child.pid for child in multiprocessing.active_children() if child.pid]
    return {
        "words": words,
        "time": time.perf_counter() - start if words else start,
        "mb": read_memory("VmRSS") + sum(read_memory("VmRSS", child) for child in children),
        "strings": len(nlp.vocab.strings),
        "cached": sum(map(count_cached, nlp.components)),
    }


def count_cached(component: tuple[str, Any]) -> int:
    """RETURNS (int): The word types in a component's cache."""
    _, pipe = component
    shims = [shim for layer in pipe.model.walk() for shim in layer.shims]
    predictors = [
        shim.derived["predictor"] for shim in shims if "predictor" in getattr(shim, "derived", {})
    ]
    return sum(len(predictor.cache) for predictor in predictors)


if __name__ == "__main__":
    options.run(main)
