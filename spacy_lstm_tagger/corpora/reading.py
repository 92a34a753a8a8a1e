"""From files to examples: finds the files of a corpus, and skips what is damaged.

The two docs of every example have the words of the corpus, so that a component is trained and scored on
exactly those. Files are read line by line while the examples are asked for: a corpus need not fit into
memory.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from spacy.errors import Errors as SpacyErrors
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from ..errors import Errors, LSTMTaggerValueError, Warnings
from .lines import Line, read_lines

Annotations: TypeAlias = dict[str, Any]  # the keyword arguments of one reference Doc
OnError: TypeAlias = Literal["raise", "skip"]

_Piece = TypeVar("_Piece")
_Parsed = TypeVar("_Parsed")


class Damage:
    """The parts of a file that can't be read: counted, or raised at once."""

    def __init__(self, path: Path, piece: str, on_error: OnError) -> None:
        self.path = path
        self.piece = piece
        self.on_error = on_error
        self.total = 0
        self.skipped = 0
        self.first = ""  # the first error's message

    def parse_each(self, parse: Callable[[_Piece], _Parsed], pieces: Iterable[_Piece]) -> Iterator[_Parsed]:
        """Parse independent pieces of a file, and skip the damaged ones."""
        for piece in pieces:
            self.total += 1
            try:
                parsed = parse(piece)
            except ValueError as error:
                if self.on_error == "raise":
                    raise
                self.skipped += 1
                self.first = self.first or str(error)
            else:
                yield parsed

    def describe(self, template: str) -> str:
        """RETURNS (str): A message that says what was skipped and why."""
        counts = {"skipped": self.skipped, "total": self.total}
        return template.format(path=self.path, piece=self.piece, error=self.first, **counts)


class Format(NamedTuple):
    """A format of text files.

    suffix (str): The extension of its files.
    piece (str): What is skipped if it is damaged, for messages.
    parse (Callable[[Iterable[Line], Damage], Iterator[Annotations]]): Parses the lines of a file.
    """

    suffix: str
    piece: str
    parse: Callable[[Iterable[Line], Damage], Iterator[Annotations]]


class CorpusReader:
    """Reads a corpus of one format.

    path (Optional[Path]): A file, or a folder that is searched for files of the format.
    file_format (Format): The format.
    max_length (int): Skip docs of more words; 0 keeps all.
    limit (int): The maximum number of examples; 0 yields all.
    on_error ("raise" | "skip"): What to do about damaged pieces.
    RAISES (LSTMTaggerValueError): If there is no path.
    """

    def __init__(
        self, path: Path | None, file_format: Format, max_length: int, limit: int, on_error: OnError
    ) -> None:
        if path is None:
            raise LSTMTaggerValueError(SpacyErrors.E913)
        # A path given in Python rather than in a config may be a string.
        self.path = Path(path)
        self.format = file_format
        self.max_length = max_length
        self.limit = limit
        self.on_error = on_error

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Read the examples of the corpus.

        nlp (Language): The pipeline, whose vocab the docs share.
        YIELDS (Example): A doc with words only, and the same with annotations.
        RAISES (LSTMTaggerValueError): If the path is missing, a file is malformed, or nothing of a file is
            left.
        """
        n_left = self.limit or None
        for path in _find_files(self.path, self.format.suffix):
            damage = Damage(path, self.format.piece, self.on_error)
            for annotations in islice(self._read_file(path, damage), n_left):
                yield _make_example(nlp.vocab, annotations)
                n_left = n_left and n_left - 1
            if damage.first:
                # Raised from one line of code in all epochs: Python's filter shows it once per line.
                warnings.warn(damage.describe(Warnings.W003), stacklevel=1)

    def _read_file(self, path: Path, damage: Damage) -> Iterator[Annotations]:
        is_empty = True
        for annotations in self.format.parse(read_lines(path), damage):
            n_words = len(annotations["words"])
            is_empty = is_empty and not n_words
            if n_words and not 0 < self.max_length < n_words:
                yield annotations
        if is_empty and damage.first:
            raise LSTMTaggerValueError(damage.describe(Errors.L323))
        if is_empty:
            raise LSTMTaggerValueError(Errors.L306.format(path=path, suffix=self.format.suffix))


def _find_files(path: Path, suffix: str) -> list[Path]:
    """RETURNS (List[Path]): The file, or the files of a folder, sorted by name."""
    if not path.exists():
        raise LSTMTaggerValueError(Errors.L304.format(path=path))
    if not path.is_dir():
        return [path]
    # Hidden files are leftovers of systems and editors, such as ._train.conllu.
    files = [
        file
        for file in sorted(path.rglob(f"*{suffix}"))
        if file.is_file() and not _is_hidden(file.relative_to(path))
    ]
    if not files:
        raise LSTMTaggerValueError(Errors.L305.format(path=path, suffix=suffix))
    return files


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _make_example(vocab: Vocab, annotations: Annotations) -> Example:
    words, spaces = annotations["words"], annotations["spaces"]
    predicted = Doc(vocab, words=words, spaces=spaces)
    return Example(predicted, Doc(vocab, **annotations))
