"""CoNLL-U corpora: a word on every line, its annotation in ten columns."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import NamedTuple

from spacy.parts_of_speech import IDS as UPOS_TAGS

from ..errors import Errors
from .lines import Line, shorten
from .reading import Annotations, Damage

_ID = re.compile(r"(0|[1-9][0-9]{0,8})(?:([-.])([1-9][0-9]{0,8}))?")
_FEATS = re.compile(r"[^=|]+=[^=|]+(?:\|[^=|]+=[^=|]+)*")


class Fields(NamedTuple):
    """The columns of a line."""

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
    """A multiword token: the line it is on, its last word, the space after it."""

    line: Line
    last: int
    has_space: bool


class _Block(NamedTuple):
    """The lines of a sentence and of the comments above it; how many documents began before."""

    document: int
    lines: list[Line]


class _Sentence:
    """The words of a block, and the spaces after them."""

    def __init__(self, block: _Block) -> None:
        self.document = block.document
        self.words: list[Fields] = []
        self.spaces: list[bool] = []
        # No word is inside a range that ends at 0, and every range starts later.
        self._range = _Range(block.lines[0], last=0, has_space=True)
        for line in block.lines:
            text = line.decode()
            if not _is_comment(line):
                self._add(line, text)
        self._check_last_range()

    def _add(self, line: Line, text: str) -> None:
        fields = _split_fields(line, text)
        number, mark, second = _parse_id(line, fields.id)
        previous = number if mark == "." else number - 1
        if previous != len(self.words):
            raise line.error(Errors.L310, id=fields.id, count=len(self.words))
        if mark == "-":
            self._add_range(line, fields, number, second)
        elif not mark:
            self._add_word(line, fields)

    def _add_range(self, line: Line, fields: Fields, first: int, last: int) -> None:
        if first <= self._range.last or last < first:
            raise line.error(Errors.L311, id=fields.id)
        self._range = _Range(line, last, _has_space_after(fields))

    def _add_word(self, line: Line, fields: Fields) -> None:
        _check_word(line, fields)
        self.words.append(fields)
        self.spaces.append(self._has_space(fields))

    def _has_space(self, word: Fields) -> bool:
        number = len(self.words)
        if number > self._range.last:
            return _has_space_after(word)
        return number == self._range.last and self._range.has_space

    def _check_last_range(self) -> None:
        line, last, _ = self._range
        if last > len(self.words):
            raise line.error(Errors.L312, last=last, count=len(self.words))


def parse_conllu(
    lines: Iterable[Line], damage: Damage, *, tag: str, sentences_per_doc: int
) -> Iterator[Annotations]:
    """YIELDS (Annotations): Docs of at most that many sentences, 0 for whole documents."""
    sentences = damage.parse_each(_Sentence, _split_blocks(lines))
    for _, document in groupby(sentences, key=lambda sentence: sentence.document):
        while part := list(islice(document, sentences_per_doc or None)):
            yield _annotate(part, tag)


def _annotate(sentences: list[_Sentence], tag: str) -> Annotations:
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


def _split_blocks(lines: Iterable[Line]) -> Iterator[_Block]:
    block: list[Line] = []
    document = 0
    for line in lines:
        document += _is_comment(line) and line.content[1:].split()[:1] == [b"newdoc"]
        if line.content:
            block.append(line)
        elif not all(map(_is_harmless, block)):
            yield _Block(document, block)
            block = []
    if not all(map(_is_harmless, block)):
        yield _Block(document, block)


def _is_harmless(line: Line) -> bool:
    """Whether the line could stand without a sentence."""
    return _is_comment(line) and _is_utf8(line.content)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_comment(line: Line) -> bool:
    return line.content.startswith(b"#")


def _split_fields(line: Line, text: str) -> Fields:
    fields = text.split("\t")
    if len(fields) != len(Fields._fields):
        raise line.error(Errors.L308, count=len(fields))
    return Fields(*fields)


def _parse_id(line: Line, value: str) -> tuple[int, str, int]:
    """Split an ID such as 3-4 into its first number, its mark and its second."""
    match = _ID.fullmatch(value)
    if match is None:
        raise line.error(Errors.L309, id=shorten(value))
    first, mark, second = match.groups(default="")
    return int(first), mark, int(second or 0)


def _check_word(line: Line, word: Fields) -> None:
    # spaCy would refuse these as well, but could not say where they are.
    if not word.form:
        raise line.error(Errors.L313)
    if _get_value(word.upos) not in UPOS_TAGS:
        raise line.error(Errors.L314, value=shorten(word.upos))
    if _get_value(word.feats) and not _FEATS.fullmatch(word.feats):
        raise line.error(Errors.L315, value=shorten(word.feats))


def _get_value(column: str) -> str:
    return "" if column == "_" else column


def _get_lemma(word: Fields) -> str:
    return word.lemma if word.form == "_" else _get_value(word.lemma)


def _has_space_after(token: Fields) -> bool:
    return "SpaceAfter=No" not in token.misc.split("|")
