"""One pipeline, used by many at once: threads, processes, and processes that die."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Barrier
from typing import Any, TypeAlias

import numpy as np
import pytest
from helpers import CRF, SOFTMAX, TRAIN_TEXTS, make_pipeline, make_trained
from spacy.language import Language
from spacy.tokens import Doc

Pipelines: TypeAlias = Callable[[str], Language]

DECODERS = {"CRF": CRF, "Softmax": SOFTMAX}
NARROW = {"encode": {"width": 8}}
N_THREADS = 8


def make(decoder: str, **tok2vec: Any) -> Language:
    return make_pipeline(DECODERS[decoder], tok2vec | NARROW, store_scores=True)


@pytest.fixture(scope="module")
def trained() -> Pipelines:
    """RETURNS (Callable[[str], Language]): Gives the trained pipeline with a decoder."""
    return cache(
        lambda decoder: make_trained(DECODERS[decoder], steps=20, tok2vec=NARROW, store_scores=True)
    )


def make_texts() -> list[str]:
    """RETURNS (List[str]): Short and long ones, with words that are known, rare and new."""
    rng = np.random.default_rng(0)
    known = " ".join(TRAIN_TEXTS).split()
    return [
        " ".join(
            f"word{rng.integers(90)}" if rng.random() < 0.4 else str(rng.choice(known))
            for _ in range(length)
        )
        for length in [1, 100, *rng.integers(1, 12, 42), 60, 0]
    ]


TEXTS = make_texts()


def read(doc: Doc) -> tuple[list[str], Any]:
    return [token.tag_ for token in doc], doc._.tag_scores


def assert_same(found: list[Doc], expected: list[Doc]) -> None:
    for doc, other in zip(found, expected, strict=True):
        (tags, scores), (other_tags, other_scores) = read(doc), read(other)
        assert tags == other_tags
        np.testing.assert_allclose(scores, other_scores, atol=1e-4)


@pytest.mark.parametrize(
    ("decoder", "cache_size", "n_threads"),
    [("CRF", 0, 2), ("Softmax", 7, 1), ("CRF", 7, 3), ("Softmax", 20000, 2)],
)
def test_threads_share_a_pipeline(
    trained: Pipelines, decoder: str, cache_size: int, n_threads: int
) -> None:
    """All caches are cold when they start; those that keep few types are emptied many times."""
    nlp = make(decoder, cache_size=cache_size, n_threads=n_threads, window=16, overlap=32)
    nlp.from_bytes(trained(decoder).to_bytes())
    alone = make(decoder, window=16, overlap=32).from_bytes(nlp.to_bytes())
    expected = [alone(text) for text in TEXTS]
    barrier = Barrier(N_THREADS, timeout=60)

    def work(number: int) -> list[Doc]:
        barrier.wait()
        if number == 0:
            return [nlp(text) for text in TEXTS]
        return list(nlp.pipe(TEXTS, batch_size=[1000, 10, 40][number % 3]))

    with ThreadPoolExecutor(N_THREADS) as pool:
        for docs in list(pool.map(work, range(N_THREADS))):
            assert_same(docs, expected)


def run(nlp: Language, folder: Path, start: str, *, steps: str) -> list[str]:
    """RETURNS (List[str]): What a Python process prints that loads a pipeline and takes some steps."""
    nlp.to_disk(folder / "model")
    script = folder / "script.py"
    script.write_text(SCRIPT + textwrap.indent(textwrap.dedent(steps), "    "), encoding="utf-8")
    command = [sys.executable, script, folder / "model", start, *TEXTS]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        printed, _ = process.communicate(timeout=300)
    finally:  # a process that hangs must not be left behind
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return printed.split()


SCRIPT = """
import multiprocessing, os, signal, sys, threading, time, spacy
from spacy.language import Language

@Language.component("fail")
def fail(doc):
    if "KILL" in doc.text:
        os.kill(os.getpid(), signal.SIGKILL)
    if "FAIL" in doc.text:
        raise RuntimeError("on purpose")
    return doc

def pipe(*texts, **how):
    found = []
    try:
        for doc in nlp.pipe(texts, batch_size=5, **how):
            found.append([(token.tag_, f"{token._.tag_score:.3f}") for token in doc])
    except Exception as error:
        found.append(type(error).__name__)
    return found

if __name__ == "__main__":
    path, start, *texts = sys.argv[1:]
    multiprocessing.set_start_method(start)
    nlp = spacy.load(path)
    expected = pipe(*texts)
    nlp.add_pipe("fail")
"""


def test_forked_processes_give_what_one_gives(trained: Pipelines, tmp_path: Path) -> None:
    """Also after some that failed."""
    steps = """
    print(pipe(*texts, n_process=2) == expected)
    print(pipe("FAIL", *texts, n_process=2)[-1])
    print(pipe(*texts, n_process=2) == expected)
    """
    assert run(trained("CRF"), tmp_path, "fork", steps=steps) == ["True", "ValueError", "True"]


def test_a_spawned_process_that_is_killed_is_an_error(trained: Pipelines, tmp_path: Path) -> None:
    """What was read before is there. (Forked ones hold each other's pipes open: spaCy waits forever.)"""
    steps = """
    print(pipe(*texts[:40], "KILL", *texts, n_process=2) == [*expected[:40], "EOFError"])
    """
    assert run(trained("CRF"), tmp_path, "spawn", steps=steps) == ["True"]


def test_a_fork_while_a_thread_looks_words_up(trained: Pipelines, tmp_path: Path) -> None:
    """The thread that holds the cache's lock is not in the new process, which must not wait for it."""
    steps = """
    nlp = spacy.load(path)
    features = nlp.get_pipe("lstm_tagger").model.get_ref("tok2vec").shims[0].module.features
    started, compute = threading.Event(), features._get_bytes

    def fail_slowly(*arguments):
        started.set()
        time.sleep(1.0)
        raise RuntimeError  # rather than be in one of torch's operators at the fork

    features._get_bytes = fail_slowly
    thread = threading.Thread(target=pipe, args=("a few words",))
    thread.start()
    started.wait()
    features._get_bytes = compute
    print(pipe(*texts, n_process=2) == expected)
    thread.join()
    """
    assert run(trained("Softmax"), tmp_path, "fork", steps=steps) == ["True"]
