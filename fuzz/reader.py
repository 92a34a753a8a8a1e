"""Runs the coverage-guided fuzzer on a reader of corpora; conllu.py and jsonl.py say on which."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import atheris

sys.path.append(str(Path(__file__).parents[1] / "tests" / "corpora"))
with atheris.instrument_imports(include=["spacy_lstm_tagger"]):
    import spacy_lstm_tagger.corpora
from contracts import check_reader
from start import start


def fuzz(create: Callable[..., Any], seeds: list[bytes], tokens: list[str], **settings: Any) -> None:
    """Look for a content of a file on which a reader breaks its contract.

    create (Callable): Makes the reader.
    seeds (List[bytes]): Valid and damaged files to start from.
    tokens (List[str]): What is worth inserting.
    **settings: The reader's.
    """
    assert spacy_lstm_tagger.corpora
    with tempfile.TemporaryDirectory() as folder:
        path, dictionary = Path(folder) / "file", Path(folder) / "tokens"
        dictionary.write_text("".join(f'"{escape(token)}"\n' for token in tokens), encoding="ascii")

        def test_one_input(data: bytes) -> None:
            path.write_bytes(data)
            check_reader(create, path, **settings)

        start(test_one_input, seeds, f"-dict={dictionary}")


def escape(token: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in token.encode())
