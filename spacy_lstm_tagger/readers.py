"""Corpus readers: tagged examples straight from CoNLL-U or JSONL files.

The two docs of every example have the words of the corpus, so that a tagger is
trained and scored on exactly those. Files are read line by line while the
examples are asked for: a corpus need not fit into memory.
"""

import re
import reprlib
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

import srsly
from spacy.errors import Errors as SpacyErrors
from spacy.language import Language
from spacy.parts_of_speech import IDS as UPOS_TAGS
from spacy.tokens import Doc
from spacy.training import Corpus, Example
from spacy.vocab import Vocab

from .errors import Errors, Warnings, check_setting

# The keyword arguments with which spaCy builds one reference Doc.
_Annotations: TypeAlias = dict[str, Any]

_ID = re.compile(r"(0|[1-9][0-9]{0,8})(?:([-.])([1-9][0-9]{0,8}))?")
_FEATS = re.compile(r"[^=|]+=[^=|]+(?:\|[^=|]+=[^=|]+)*")
_SURROGATE = re.compile("[\ud800-\udfff]")

_Reader: TypeAlias = Callable[[Language], Iterable[Example]]
_OnError: TypeAlias = Literal["raise", "skip"]
_Piece = TypeVar("_Piece")
_Parsed = TypeVar("_Parsed")


def create_corpus(
    path: Path | None = None,
    *,
    tag: Literal["xpos", "upos"] = "xpos",
    max_length: int = 0,
    limit: int = 0,
    on_error: _OnError = "raise",
) -> _Reader:
    """Create the reader that the path's ending asks for, so that one config serves every format.

    path (Path | None): A .conllu, .jsonl or .spacy file (the last is read by spaCy's own reader), or a
        folder of one kind of them.
    tag (str): For CoNLL-U, the column that becomes the tag: "xpos" or "upos".
    max_length (int): Skip docs of more words than this; 0 keeps all.
    limit (int): The maximum number of examples; 0 yields all.
    on_error (str): What to do about a damaged sentence or line: "raise" an error, or "skip" it, with a
        warning for every file. Without effect on .spacy files: such a file is compressed as a whole, so
        that nothing of it can be read if it is damaged, and the error is that of spaCy's reader.
    RETURNS (Callable[[Language], Iterable[Example]]): The reader.
    RAISES (ValueError): If a setting is invalid, or the path has another ending; the reader raises it
        if the path is missing, a file is malformed, or nothing of a file is left.
    """
    if path is None:
        raise ValueError(SpacyErrors.E913)
    _check_settings("spacy-lstm-tagger.Corpus.v1", tag, on_error, max_length=max_length, limit=limit)
    path = Path(path)
    settings: dict[str, Any] = {"max_length": max_length, "limit": limit}
    makers: dict[str, Callable[[], _Reader]] = {
        ".conllu": lambda: create_conllu_corpus(path, tag=tag, on_error=on_error, **settings),
        ".jsonl": lambda: create_jsonl_corpus(path, on_error=on_error, **settings),
        ".spacy": lambda: Corpus(path, **settings),
    }
    suffix = path.suffix
    if path.is_dir():
        suffix = next((end for end in makers if any(path.rglob(f"*{end}"))), "")
    if suffix not in makers:
        raise ValueError(Errors.L322.format(path=path, suffixes=", ".join(makers)))
    return makers[suffix]()


def create_conllu_corpus(
    path: Path | None = None,
    *,
    tag: Literal["xpos", "upos"] = "xpos",
    sentences_per_doc: int = 1,
    max_length: int = 0,
    limit: int = 0,
    on_error: _OnError = "raise",
) -> _Reader:
    """Create a reader of CoNLL-U files.

    The words are the syntactic words, and the text of a doc is built from them:
    those of a multiword token stand together, and its last word takes the space
    after the token. Empty nodes are left out. A tag, part of speech or lemma of
    `_` is missing (the lemma of the word `_` is not), while FEATS of `_` are a
    known absence of features.

    path (Path | None): A file, or a folder searched for *.conllu files.
    tag (str): The column that becomes the tag: "xpos" or "upos".
    sentences_per_doc (int): Sentences per doc at most; 0 makes whole documents.
        No doc crosses a `# newdoc` comment or the end of a file, so a file
        without such comments is one document.
    max_length (int): Skip docs of more words than this; 0 keeps all.
    limit (int): The maximum number of examples; 0 yields all.
    on_error (str): What to do about a damaged sentence: "raise" an error, or
        "skip" it, while the others of its document stay. At the end of a file
        a warning counts what was skipped.
    RETURNS (Callable[[Language], Iterable[Example]]): The reader.
    RAISES (ValueError): If a setting is invalid; the reader raises it if the
        path is missing, a file is malformed, or nothing of a file is left.
    """
    counts = {"sentences_per_doc": sentences_per_doc, "max_length": max_length, "limit": limit}
    _check_settings("spacy-lstm-tagger.ConlluCorpus.v1", tag, on_error, **counts)
    parse = partial(_parse_conllu, tag=tag, sentences_per_doc=sentences_per_doc)
    return _Corpus(path, _Format(".conllu", "sentence(s)", parse), max_length, limit, on_error)


def create_jsonl_corpus(
    path: Path | None = None, *, max_length: int = 0, limit: int = 0, on_error: _OnError = "raise"
) -> _Reader:
    """Create a reader of JSONL files.

    A line is `{"words": [...], "tags": [...], "spaces": [...]}`, and becomes a
    doc. A tag of null or "" is missing. Without "spaces", the doc's are unknown.
    Empty lines and lines without words are skipped.

    path (Path | None): A file, or a folder searched for *.jsonl files.
    max_length (int): Skip docs of more words than this; 0 keeps all.
    limit (int): The maximum number of examples; 0 yields all.
    on_error (str): What to do about a damaged line: "raise" an error, or "skip"
        it. At the end of a file a warning counts what was skipped.
    RETURNS (Callable[[Language], Iterable[Example]]): The reader.
    RAISES (ValueError): If a setting is invalid; the reader raises it if the
        path is missing, a file is malformed, or nothing of a file is left.
    """
    _check_settings(
        "spacy-lstm-tagger.JsonlCorpus.v1", on_error=on_error, max_length=max_length, limit=limit
    )
    return _Corpus(path, _Format(".jsonl", "line(s)", _parse_jsonl), max_length, limit, on_error)


class _Line(NamedTuple):
    """A line of a file, which knows where it is when something is wrong."""

    path: Path
    number: int
    text: str
    foreign_byte: int | None = None  # where the first byte is that is not UTF-8

    def error(self, message: str, **details: object) -> ValueError:
        return ValueError(message.format(path=self.path, number=self.number, **details))

    def check_encoding(self) -> None:
        if self.foreign_byte is not None:
            raise self.error(Errors.L307, offset=self.foreign_byte)


class _Damage:
    """What of one file could not be read: counted, or raised at once."""

    def __init__(self, path: Path, piece: str, on_error: _OnError) -> None:
        self.path = path
        self.piece = piece
        self.on_error = on_error
        self.total = 0
        self.skipped = 0
        self.first = ""  # the first error's message

    def parse_each(self, parse: Callable[[_Piece], _Parsed], pieces: Iterable[_Piece]) -> Iterator[_Parsed]:
        """Parse the pieces of a file that can be read without each other, and leave out the damaged."""
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
        """RETURNS (str): A message that says what was left out and why."""
        counts = {"skipped": self.skipped, "total": self.total}
        return template.format(path=self.path, piece=self.piece, error=self.first, **counts)


class _Format(NamedTuple):
    """A format of files: their ending, what is skipped of a damaged one, and how to parse them."""

    suffix: str
    piece: str
    parse: Callable[[Iterable[_Line], _Damage], Iterator[_Annotations]]


class _Corpus:
    """A reader of one format: finds the files, makes and filters the examples."""

    def __init__(
        self, path: Path | None, format_: _Format, max_length: int, limit: int, on_error: _OnError
    ) -> None:
        if path is None:
            raise ValueError(SpacyErrors.E913)
        # A path given in Python rather than in a config may be a string.
        self.path = Path(path)
        self.format = format_
        self.max_length = max_length
        self.limit = limit
        self.on_error = on_error

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Yield the examples of the corpus.

        nlp (Language): The pipeline, whose vocab the docs share.
        YIELDS (Example): A doc with words only, and the same with annotations.
        RAISES (ValueError): If the path is missing, a file is malformed, or nothing of a file is left.
        """
        n_left = self.limit or None
        for path in _find_files(self.path, self.format.suffix):
            damage = _Damage(path, self.format.piece, self.on_error)
            for annotations in islice(self._read_file(path, damage), n_left):
                yield _make_example(nlp.vocab, annotations)
                n_left = n_left and n_left - 1
            if damage.first:
                # One line of code for all epochs: Python's filter shows a message once per line.
                warnings.warn(damage.describe(Warnings.W003), stacklevel=1)
            if n_left == 0:
                break

    def _read_file(self, path: Path, damage: _Damage) -> Iterator[_Annotations]:
        is_empty = True
        for annotations in self.format.parse(_read_lines(path), damage):
            n_words = len(annotations["words"])
            is_empty = is_empty and not n_words
            if n_words and not 0 < self.max_length < n_words:
                yield annotations
        if is_empty and damage.first:
            raise ValueError(damage.describe(Errors.L323))
        if is_empty:
            raise ValueError(Errors.L306.format(path=path, suffix=self.format.suffix))


def _check_settings(reader: str, tag: str = "xpos", on_error: str = "raise", **counts: int) -> None:
    check_setting(reader, "tag", tag, tag in ("xpos", "upos"), '"xpos" or "upos"')
    check_setting(reader, "on_error", on_error, on_error in ("raise", "skip"), '"raise" or "skip"')
    for setting, value in counts.items():
        check_setting(reader, setting, value, value >= 0, "0 or more")


def _find_files(path: Path, suffix: str) -> list[Path]:
    """List the one file, or the files of a folder in an order that never varies."""
    if not path.exists():
        raise ValueError(Errors.L304.format(path=path))
    if not path.is_dir():
        return [path]
    # Hidden files are leftovers of systems and editors, such as ._train.conllu.
    files = [
        file
        for file in sorted(path.rglob(f"*{suffix}"))
        if file.is_file() and not _is_hidden(file.relative_to(path))
    ]
    if not files:
        raise ValueError(Errors.L305.format(path=path, suffix=suffix))
    return files


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _read_lines(path: Path) -> Iterator[_Line]:
    # Bytes break at newlines only: text would also break at a lone carriage
    # return, and could not tell which line is not UTF-8.
    with path.open("rb") as file:
        for number, content in enumerate(file, start=1):
            text, foreign_byte = _decode(content)
            yield _Line(path, number, text.rstrip("\r\n").removeprefix("\ufeff"), foreign_byte)


def _decode(content: bytes) -> tuple[str, int | None]:
    try:
        return content.decode("utf-8"), None
    except UnicodeDecodeError as error:
        # Enough is readable to tell where the sentence ends that the line damages.
        return content.decode("utf-8", errors="replace"), error.start


def _shorten(value: object) -> str:
    """RETURNS (str): A value for a message, which no file can make endless or nest too deeply."""
    return reprlib.repr(value)


def _make_example(vocab: Vocab, annotations: _Annotations) -> Example:
    words, spaces = annotations["words"], annotations["spaces"]
    predicted = Doc(vocab, words=words, spaces=spaces)
    return Example(predicted, Doc(vocab, **annotations))


class _Columns(NamedTuple):
    """The columns of a CoNLL-U line."""

    id: str
    form: str
    lemma: str
    upos: str
    xpos: str
    feats: str
    head: str
    deprel: str
    deps: str
    misc: str


class _Range(NamedTuple):
    """A multiword token: where it was read, its last word, the space after it."""

    line: _Line
    last: int
    has_space: bool


class _Block(NamedTuple):
    """The lines of a sentence with the comments above them, and how many documents began before."""

    document: int
    lines: list[_Line]


class _Sentence:
    """The words of one block of CoNLL-U lines, and the spaces after them."""

    def __init__(self, block: _Block) -> None:
        self.document = block.document
        self.words: list[_Columns] = []
        self.spaces: list[bool] = []
        # No word is inside a range that ends at 0, and every range starts later.
        self._range = _Range(block.lines[0], last=0, has_space=True)
        for line in block.lines:
            line.check_encoding()
            if not _is_comment(line):
                self._add(line)
        self._check_last_range()

    def _add(self, line: _Line) -> None:
        columns = _split_columns(line)
        number, mark, second = _parse_id(line, columns.id)
        previous = number if mark == "." else number - 1
        if previous != len(self.words):
            raise line.error(Errors.L310, id=columns.id, count=len(self.words))
        if mark == "-":
            self._add_range(line, columns, number, second)
        elif not mark:
            self._add_word(line, columns)

    def _add_range(self, line: _Line, columns: _Columns, first: int, last: int) -> None:
        if first <= self._range.last or last < first:
            raise line.error(Errors.L311, id=columns.id)
        self._range = _Range(line, last, _has_space_after(columns))

    def _add_word(self, line: _Line, columns: _Columns) -> None:
        _check_word(line, columns)
        self.words.append(columns)
        self.spaces.append(self._has_space(columns))

    def _has_space(self, word: _Columns) -> bool:
        number = len(self.words)
        if number > self._range.last:
            return _has_space_after(word)
        return number == self._range.last and self._range.has_space

    def _check_last_range(self) -> None:
        line, last, _ = self._range
        if last > len(self.words):
            raise line.error(Errors.L312, last=last, count=len(self.words))


def _parse_conllu(
    lines: Iterable[_Line], damage: _Damage, *, tag: str, sentences_per_doc: int
) -> Iterator[_Annotations]:
    sentences = damage.parse_each(_Sentence, _split_blocks(lines))
    for _, document in groupby(sentences, key=lambda sentence: sentence.document):
        while part := list(islice(document, sentences_per_doc or None)):
            yield _annotate(part, tag)


def _annotate(sentences: list[_Sentence], tag: str) -> _Annotations:
    words = [word for sentence in sentences for word in sentence.words]
    spaces = [space for sentence in sentences for space in sentence.spaces]
    return {
        "words": [word.form for word in words],
        "spaces": spaces,
        "tags": [_get_value(getattr(word, tag)) for word in words],
        "pos": [_get_value(word.upos) for word in words],
        "lemmas": [_get_lemma(word) for word in words],
        "morphs": [_get_value(word.feats) for word in words],
        "sent_starts": [word.id == "1" for word in words],
    }


def _split_blocks(lines: Iterable[_Line]) -> Iterator[_Block]:
    block: list[_Line] = []
    document = 0
    for line in lines:
        document += _is_comment(line) and line.text[1:].split()[:1] == ["newdoc"]
        if line.text:
            block.append(line)
        elif not all(map(_is_harmless, block)):
            yield _Block(document, block)
            block = []
    if not all(map(_is_harmless, block)):
        yield _Block(document, block)


def _is_harmless(line: _Line) -> bool:
    """Whether the line could stand without a sentence."""
    return _is_comment(line) and line.foreign_byte is None


def _is_comment(line: _Line) -> bool:
    return line.text.startswith("#")


def _split_columns(line: _Line) -> _Columns:
    columns = line.text.split("\t")
    if len(columns) != len(_Columns._fields):
        raise line.error(Errors.L308, count=len(columns))
    return _Columns(*columns)


def _parse_id(line: _Line, value: str) -> tuple[int, str, int]:
    """Split an ID such as 3-4 into its first number, its mark and its second."""
    match = _ID.fullmatch(value)
    if match is None:
        raise line.error(Errors.L309, id=_shorten(value))
    first, mark, second = match.groups(default="")
    return int(first), mark, int(second or 0)


def _check_word(line: _Line, word: _Columns) -> None:
    # spaCy would refuse these as well, but could not say where they are.
    if not word.form:
        raise line.error(Errors.L313)
    if _get_value(word.upos) not in UPOS_TAGS:
        raise line.error(Errors.L314, value=_shorten(word.upos))
    if _get_value(word.feats) and not _FEATS.fullmatch(word.feats):
        raise line.error(Errors.L315, value=_shorten(word.feats))


def _get_value(column: str) -> str:
    return "" if column == "_" else column


def _get_lemma(word: _Columns) -> str:
    return word.lemma if word.form == "_" else _get_value(word.lemma)


def _has_space_after(token: _Columns) -> bool:
    return "SpaceAfter=No" not in token.misc.split("|")


def _parse_jsonl(lines: Iterable[_Line], damage: _Damage) -> Iterator[_Annotations]:
    return damage.parse_each(_parse_record, (line for line in lines if line.text.strip()))


def _parse_record(line: _Line) -> _Annotations:
    record = _parse_object(line)
    words = _get_list(line, record, "words")
    tags = _get_list(line, record, "tags")
    spaces = None
    if record.get("spaces") is not None:
        spaces = _get_list(line, record, "spaces")
    for key, values in (("tags", tags), ("spaces", spaces)):
        if values is not None and len(values) != len(words):
            raise line.error(Errors.L321, key=key, count=len(values), words=len(words))
    return {"words": words, "tags": [tag or "" for tag in tags], "spaces": spaces}


def _parse_object(line: _Line) -> dict[str, Any]:
    line.check_encoding()
    try:
        record = srsly.json_loads(line.text)
    except ValueError as error:
        raise line.error(Errors.L316, reason=error) from error
    if not isinstance(record, dict):
        raise line.error(Errors.L317, value=_shorten(record))
    return record


def _get_list(line: _Line, record: dict[str, Any], key: str) -> list[Any]:
    if key not in record:
        raise line.error(Errors.L318, key=key)
    values = record[key]
    if not isinstance(values, list):
        raise line.error(Errors.L319, key=key, value=_shorten(values))
    expected, is_valid = _ENTRIES[key]
    for index, value in enumerate(values):
        if not is_valid(value):
            found = _shorten(value)
            raise line.error(Errors.L320, key=key, index=index, value=found, expected=expected)
    return values


def _is_text(value: object) -> bool:
    # JSON can escape half of a surrogate pair, which no spaCy string can hold.
    return isinstance(value, str) and not _SURROGATE.search(value)


# What the entries of each list of a JSON object must be.
_ENTRIES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "words": ("a non-empty string", lambda value: value != "" and _is_text(value)),
    "tags": ("a string or null", lambda value: value is None or _is_text(value)),
    "spaces": ("true or false", lambda value: isinstance(value, bool)),
}
