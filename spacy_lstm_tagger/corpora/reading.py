"""From files to examples: reads the files of a corpus, and skips what is damaged.

The two docs of every example have the words of the corpus, so that a component is trained and scored on
exactly those. Files are read line by line while the examples are asked for: a corpus need not fit into
memory.
"""

import warnings
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from spacy.errors import Errors as SpacyErrors
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, dont_augment
from spacy.vocab import Vocab

from ..errors import Errors, LSTMTaggerValueError, Warnings
from .annotations import Annotations, convert_tags, make_reference
from .files import find_files
from .lines import Line, read_lines, shorten

Augmenter: TypeAlias = Callable[[Language, Example], Iterable[Example]]
OnError: TypeAlias = Literal["raise", "skip"]

_Piece = TypeVar("_Piece")
_Parsed = TypeVar("_Parsed")


class Damage:
    """The parts of a file that can't be read: counted, or raised at once.

    path (Path): The file.
    piece (str): What is skipped if it is damaged.
    on_error ("raise" | "skip"): What to do about damaged pieces.
    needed (Container[str]): The annotations that components of the pipeline assign, such as "token.tag".
    """

    def __init__(
        self, path: Path, piece: str, on_error: OnError, needed: Container[str] = frozenset()
    ) -> None:
        self.path = path
        self.piece = piece
        self.on_error = on_error
        self.needed = needed
        self.total = 0
        self.skipped = 0
        self.first = ""  # the first error's message
        self.lost = 0
        self.first_lost = ""
        self.lost_spans = 0
        self.first_span = ""

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

    def lose_value(self, annotation: str, error: LSTMTaggerValueError) -> None:
        """A value that can't be read is missing if no component learns it, and damages its piece if one
        does.

        annotation (str): What it is a value of, as components name what they assign.
        error (LSTMTaggerValueError): What is wrong.
        RAISES (LSTMTaggerValueError): The error, if the annotation is needed.
        """
        if annotation in self.needed:
            raise error
        self.lost += 1
        self.first_lost = self.first_lost or str(error)

    def lose_span(self, number: int, content: str) -> None:
        """A span that does not fit the words is no label of theirs.

        number (int): The number of its line.
        content (str): Its characters, for a message.
        """
        self.lost_spans += 1
        self.first_span = self.first_span or f"{content} in line {number}"

    def warn(self) -> None:
        """Warn of what was lost, after the last piece."""
        # Raised from one line of code in all epochs: Python's filter shows it once per line.
        if self.first:
            warnings.warn(self.describe(Warnings.W003), stacklevel=1)
        if self.first_lost:
            message = Warnings.W005.format(path=self.path, lost=self.lost, error=self.first_lost)
            warnings.warn(message, stacklevel=1)
        if self.first_span:
            message = Warnings.W006.format(path=self.path, lost=self.lost_spans, first=self.first_span)
            warnings.warn(message, stacklevel=1)

    def describe(self, template: str) -> str:
        """RETURNS (str): A message that says what was skipped and why."""
        counts = {"skipped": self.skipped, "total": self.total}
        return template.format(path=self.path, piece=self.piece, error=self.first, **counts)


class Format(NamedTuple):
    """A format of text files.

    suffixes (Sequence[str]): The extensions of its files, in lower case.
    piece (str): What is skipped if it is damaged, for messages.
    parse (Callable[[Iterable[Line], Damage], Iterator[Annotations]]): Parses the lines of a file.
    """

    suffixes: Sequence[str]
    piece: str
    parse: Callable[[Iterable[Line], Damage], Iterator[Annotations]]


class Limits(NamedTuple):
    """What of a corpus is read.

    max_length (int): Skip docs of more words; 0 keeps all.
    limit (int): The maximum number of examples, before augmentation; 0 yields all.
    on_error ("raise" | "skip"): What to do about damaged pieces.
    """

    max_length: int = 0
    limit: int = 0
    on_error: OnError = "raise"


class CorpusReader:
    """Reads a corpus of one format.

    path (Optional[Path]): A file, or a folder that is searched for files of the format.
    file_format (Format): The format.
    limits (Limits): What of it is read.
    scheme (Optional[str]): Tags are labels of spans, and are converted to this scheme.
    augmenter (Optional[Callable[[Language, Example], Iterable[Example]]]): Makes examples of each.
    RAISES (LSTMTaggerValueError): If there is no path.
    """

    def __init__(
        self,
        path: Path | None,
        file_format: Format,
        limits: Limits,
        *,
        scheme: str | None = None,
        augmenter: Augmenter | None = None,
    ) -> None:
        if path is None:
            raise LSTMTaggerValueError(SpacyErrors.E913)
        # A path given in Python rather than in a config may be a string.
        self.path = Path(path)
        self.format = file_format
        self.limits = limits
        self.scheme = scheme
        self.augmenter = augmenter or dont_augment

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Read the examples of the corpus.

        nlp (Language): The pipeline, whose vocab the docs share.
        YIELDS (Example): A doc with words only, and the same with annotations.
        RAISES (LSTMTaggerValueError): If the path is missing, a file is malformed, or nothing of a file is
            left.
        """
        n_left, needed = self.limits.limit or None, find_assigned(nlp)
        for path in find_files(self.path, self.format.suffixes):
            damage = Damage(path, self.format.piece, self.limits.on_error, needed)
            for annotations in islice(self._read_file(path, damage), n_left):
                yield from self.augmenter(nlp, _make_example(nlp.vocab, annotations))
                n_left = n_left and n_left - 1
            damage.warn()

    def _read_file(self, path: Path, damage: Damage) -> Iterator[Annotations]:
        is_empty = True
        for annotations in self.format.parse(read_lines(path), damage):
            n_words = len(annotations["words"])
            is_empty = is_empty and not n_words
            if n_words and not 0 < self.limits.max_length < n_words:
                yield self._convert(path, annotations)
        if is_empty and damage.first:
            raise LSTMTaggerValueError(damage.describe(Errors.L323))
        if is_empty:
            raise LSTMTaggerValueError(
                Errors.L306.format(path=path, suffixes=", ".join(self.format.suffixes))
            )

    def _convert(self, path: Path, annotations: Annotations) -> Annotations:
        if self.scheme is None:
            return annotations
        try:
            return convert_tags(annotations, self.scheme)
        except ValueError as error:
            text = shorten(" ".join(annotations["words"]))
            raise LSTMTaggerValueError(Errors.L328.format(path=path, text=text, error=error)) from error


def find_assigned(nlp: Language) -> frozenset[str]:
    """RETURNS (FrozenSet[str]): What the components of a pipeline assign, such as "token.tag"."""
    return frozenset(name for pipe in nlp.pipe_names for name in nlp.get_pipe_meta(pipe).assigns)


def _make_example(vocab: Vocab, annotations: Annotations) -> Example:
    words, spaces = annotations["words"], annotations["spaces"]
    predicted = Doc(vocab, words=words, spaces=spaces)
    return Example(predicted, make_reference(vocab, annotations))
