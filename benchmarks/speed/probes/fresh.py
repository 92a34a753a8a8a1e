"""Measures a fresh process: importing torch and spaCy, loading a pipeline, tagging a file, and peak memory.

    python -m benchmarks.speed.probes.fresh [MODEL TEST]

Without arguments it only imports. Nothing at the top of this module may import torch or spaCy.
"""

import json
import sys
import time
from pathlib import Path

from benchmarks.common.memory import read_memory


def measure_import() -> dict[str, float]:
    """RETURNS (Dict[str, float]): Seconds to import torch and spaCy."""
    start = time.perf_counter()
    import spacy  # noqa: F401
    import torch  # noqa: F401

    return {"import_seconds": time.perf_counter() - start}


def measure_model(model: str, test: str) -> dict[str, float]:
    """Load a pipeline and tag a file with it, for the first time in this process.

    model (str): The pipeline's folder.
    test (str): A CoNLL-U file.
    RETURNS (Dict[str, float]): Seconds to load, and words per second.
    """
    import spacy

    from benchmarks.common.corpora import read_examples

    start = time.perf_counter()
    nlp = spacy.load(model)
    load_seconds = time.perf_counter() - start
    docs = [example.predicted for example in read_examples(Path(test), nlp)]
    start = time.perf_counter()
    words = sum(len(doc) for doc in nlp.pipe(docs))
    return {"load_seconds": load_seconds, "first_rate": words / (time.perf_counter() - start)}


def main(*arguments: str) -> None:
    """Measure what the arguments ask for, and print it."""
    figures = measure_import()
    if arguments:
        figures.update(measure_model(*arguments))
    print(json.dumps({**figures, "peak_mb": read_memory("VmHWM")}))


if __name__ == "__main__":
    main(*sys.argv[1:])
