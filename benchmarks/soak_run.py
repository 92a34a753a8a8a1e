"""The measuring process for long runs: millions of words through one pipeline.

`python benchmarks/soak_run.py MODEL --data … --words …` prints one line of JSON.
"""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from itertools import count, islice
from pathlib import Path
from random import Random
from typing import Annotated, Any, TypeAlias

import spacy
import srsly
import typer
from corpora import Sentence, count_words, read_sentences
from memory import read_memory
from spacy.language import Language

Option = typer.Option()
Sample: TypeAlias = dict[str, float]

SAMPLES = 50
ZONES = 50
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def main(
    model: Path,
    data: Annotated[Path, Option],
    words: Annotated[int, Option],
    new: Annotated[float, Option],
    n_process: Annotated[int, Option] = 1,
    blank: Annotated[bool, Option] = False,
    zones: Annotated[bool, Option] = False,
) -> None:
    """Print what was read, how long it took and what was held, again and again on the way.

    new: The share of words whose type is seen this once.
    blank: Leave the components out. What remains is spaCy's own.
    zones: Read in parts, each within a memory zone of spaCy's.
    """
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
    """YIELDS (str): Sentences again and again, each time in another order, with words that are new; spaces
    between all words, for a tokenizer to find the same.
    """
    random, numbers = Random(0), count()
    while True:
        for words, _ in random.sample(sentences, len(sentences)):
            yield " ".join(
                word * word.isalpha() + spell(next(numbers)) if random.random() < new else word
                for word in words
            )


def spell(number: int) -> str:
    """RETURNS (str): Five letters, others for each number: a tokenizer would cut off digits."""
    letters = []
    for _ in range(5):
        number, letter = divmod(number, len(LETTERS))
        letters.append(LETTERS[letter])
    return "".join(letters)


def take_sample(nlp: Language, words: int, start: float) -> Sample:
    """RETURNS (Sample): Words and seconds so far, memory of all processes in MB, strings in the vocab, and
    word types in the tagger's caches.
    """
    children = [child.pid for child in multiprocessing.active_children() if child.pid]
    return {
        "words": words,
        "time": time.perf_counter() - start if words else start,
        "mb": sum(read_memory("VmRSS", process) for process in ("self", *children)),
        "strings": len(nlp.vocab.strings),
        "cached": sum(map(count_cached, nlp.components)),
    }


def count_cached(component: tuple[str, Any]) -> int:
    """RETURNS (int): The word types in a component's cache."""
    _, pipe = component
    shims = [shim for layer in pipe.model.walk() for shim in layer.shims]
    readers = [shim.derived["reader"] for shim in shims if "reader" in getattr(shim, "derived", {})]
    return sum(len(reader.cache) for reader in readers)


if __name__ == "__main__":
    typer.run(main)
