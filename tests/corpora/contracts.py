"""What a reader owes its caller, whatever the bytes of a file are. Both the tests and fuzz/ assert it."""

import re
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_lstm_tagger import LSTMTaggerError

Annotation = tuple[Any, ...]

NO_PIPES = Language(Vocab())


class Outcome(NamedTuple):
    """What one pass over a corpus gave: examples, the error that ended it, and warnings, other than that of
    values which no component learns.
    """

    examples: list[tuple[Annotation, Annotation]]
    error: str
    warnings: list[str]


def annotation(doc: Doc) -> Annotation:
    """RETURNS (Tuple): All that the readers write on a doc."""
    tokens = [
        (token.text, token.whitespace_, token.tag_, token.pos_, token.lemma_, str(token.morph))
        for token in doc
    ]
    return doc.has_unknown_spaces, [token.is_sent_start for token in doc], tokens


def read(create: Callable[..., Any], path: Path, **settings: Any) -> Outcome:
    """Read a corpus to its end. Any error that is not one of ours is raised."""
    NO_PIPES.vocab = Vocab()  # new for every file
    examples: list[Example] = []
    error = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            collect(create(path, **settings)(NO_PIPES), examples)
        except ValueError as found:
            error = found
    assert error is None or isinstance(error, LSTMTaggerError), (
        "such as UnicodeDecodeError, which names no file"
    )
    pairs = [(annotation(example.predicted), annotation(example.reference)) for example in examples]
    messages = [str(warning.message) for warning in caught]
    lost = [message for message in messages if message.startswith("[W005]")]
    assert len(lost) <= 1
    assert all(re.match(rf"\[W005\] {re.escape(str(path))}: [1-9]\d* value", message) for message in lost)
    assert all(len(message) < 1000 + 3 * len(str(path)) for message in lost)
    return Outcome(pairs, str(error or ""), [message for message in messages if message not in lost])


def collect(found: Iterable[Example], examples: list[Example]) -> None:
    for example in found:  # unlike list(), keeps those before an error
        examples.append(example)  # noqa: PERF402


def check_reader(create: Callable[..., Any], path: Path, **settings: Any) -> tuple[Outcome, Outcome]:
    """Read a file in both modes, and check all that must hold for any content.

    RETURNS (Tuple[Outcome, Outcome]): The outcome of "raise", and that of "skip".
    """
    strict = read(create, path, on_error="raise", **settings)
    tolerant = read(create, path, on_error="skip", **settings)
    assert not strict.warnings
    for message in (strict.error, tolerant.error, *tolerant.warnings):
        assert len(message) < 1000 + 3 * len(str(path)), "a message is for reading"
    if not strict.error:
        assert strict.examples
        assert tolerant == strict, "nothing is skipped without an error"
    elif is_refused(strict.error, path):
        assert tolerant == strict, "a file that is refused as a whole is an error in both modes"
    else:
        check_place(strict.error, path)
        check_skipped(strict, tolerant, path)
    return strict, tolerant


def is_refused(message: str, path: Path) -> bool:
    """Whether a file has no sentences, or begins like something that is no text."""
    return message.startswith((f"[L306] The file {path} has no sentences.", f"[L326] {path} is "))


def check_place(message: str, path: Path) -> None:
    found = re.match(rf"\[L3\d\d\] {re.escape(str(path))}, line (\d+): ", message)
    assert found is not None, message
    assert 1 <= int(found[1]) <= path.read_bytes().count(b"\n") + 1


def check_skipped(strict: Outcome, tolerant: Outcome, path: Path) -> None:
    """The one warning, or the error that nothing is left, quotes the first error and counts all."""
    assert tolerant.examples[: len(strict.examples)] == strict.examples
    if tolerant.error:
        assert not tolerant.examples
        assert not tolerant.warnings
        assert tolerant.error.startswith(f"[L323] Nothing is left of the file {path}: ")
        message = tolerant.error
    else:
        assert tolerant.examples
        [message] = tolerant.warnings
        assert message.startswith(f"[W003] {path}: ")
    assert message.endswith(f"The first error: {strict.error}")
    skipped, total = count_skipped(message)
    assert 1 <= skipped <= total


def count_skipped(message: str) -> tuple[int, int]:
    """RETURNS (Tuple[int, int]): How many a message says were skipped, and of how many."""
    found = re.search(r": (\d+) of (\d+) (?:sentence|line)\(s\) are damaged", message)
    assert found is not None, message
    return int(found[1]), int(found[2])
