"""CoNLL-U corpora: a word on every line, its annotation in ten columns."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby, islice
from typing import NamedTuple

from spacy.parts_of_speech import IDS as UPOS_TAGS

from ..errors import Errors
from .annotations import MISSING_HEAD, ROOT, Annotations, Sentence, is_tree, join_sentences
from .lines import Line, shorten
from .multiword import Multiword, MultiwordToken, merge_words
from .reading import Damage

_ID = re.compile(r"(0|[1-9][0-9]{0,8})(?:([-.])([1-9][0-9]{0,8}))?")
_HEAD = re.compile(r"0|[1-9][0-9]{0,8}")
FEATS = re.compile(r"[^=|]+=[^=|]+(?:\|[^=|]+=[^=|]+)*")
_LABEL = re.compile("O|[BILUES]-.+", re.DOTALL)  # in any scheme
# `spacy convert` reads the first two. Nested entities, which `Entity=` has in brackets, are left out.
_ENTITY = re.compile(r"(?:name|NE|NER)=(.+)|Entity=(O|[BILUES]-.+)")


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


class Word(NamedTuple):
    """A word, and the line that it is on."""

    fields: Fields
    line: Line


class Block(NamedTuple):
    """The lines of a sentence and of the comments above it; how many documents began before."""

    document: int
    lines: list[Line]


def split_fields(line: Line, text: str) -> Fields:
    """RETURNS (Fields): The columns of a CoNLL-U line.
    RAISES (LSTMTaggerValueError): If it has more or fewer.
    """
    fields = text.split("\t")
    if len(fields) != len(Fields._fields):
        raise line.error(Errors.L308, count=len(fields))
    return Fields(*fields)


class Tree:
    """The words of a block, the spaces after them, and the multiword tokens.

    block (Block): The lines.
    split (Callable[[Line, str], Fields]): Splits a line, given its text as well.
    RAISES (LSTMTaggerValueError): If a line is malformed, or IDs are out of sequence.
    """

    def __init__(self, block: Block, split: Callable[[Line, str], Fields] = split_fields) -> None:
        self.document = block.document
        self._split = split
        self.words: list[Word] = []
        self.spaces: list[bool] = []
        self.tokens: list[MultiwordToken] = []
        # No word is inside a range that ends at 0, and every range starts later.
        self._last, self._has_space, self._line = 0, True, block.lines[0]
        for line in block.lines:
            text = line.decode()
            if not is_comment(line):
                self._add(line, text)
        if self._last > len(self.words):
            raise self._line.error(Errors.L312, last=self._last, count=len(self.words))

    def _add(self, line: Line, text: str) -> None:
        fields = self._split(line, text)
        number, mark, second = _parse_id(line, fields.id)
        previous = number if mark == "." else number - 1
        if previous != len(self.words):
            raise line.error(Errors.L310, id=fields.id, count=len(self.words))
        if mark == "-":
            self._add_range(line, fields, number, second)
        elif not mark:
            self._add_word(line, fields)

    def _add_range(self, line: Line, fields: Fields, first: int, last: int) -> None:
        if first <= self._last or last < first:
            raise line.error(Errors.L311, id=fields.id)
        self._last, self._has_space, self._line = last, has_space_after(fields), line
        self.tokens.append(MultiwordToken(first - 1, last, strip_spaces(fields.form)))

    def _add_word(self, line: Line, fields: Fields) -> None:
        if not strip_spaces(fields.form):
            raise line.error(Errors.L313)
        self.words.append(Word(fields, line))
        number = len(self.words)
        is_inside = number <= self._last
        self.spaces.append(
            number == self._last and self._has_space if is_inside else has_space_after(fields)
        )


def parse_conllu(
    lines: Iterable[Line], damage: Damage, *, tag: str, multiword_tokens: Multiword, sentences_per_doc: int
) -> Iterator[Annotations]:
    """YIELDS (Annotations): Docs of at most this many sentences, 0 for whole documents."""
    parse = partial(_parse_block, damage=damage, tag=tag, multiword_tokens=multiword_tokens)
    return join_blocks(parse, split_blocks(lines), damage, sentences_per_doc)


def join_blocks(
    parse: Callable[[Block], Sentence], blocks: Iterable[Block], damage: Damage, sentences_per_doc: int
) -> Iterator[Annotations]:
    """YIELDS (Annotations): Docs of at most this many sentences, 0 for whole documents."""

    def parse_numbered(block: Block) -> tuple[int, Sentence]:
        return block.document, parse(block)

    sentences = damage.parse_each(parse_numbered, blocks)
    for _, document in groupby(sentences, key=lambda found: found[0]):
        while part := list(islice(document, sentences_per_doc or None)):
            yield join_sentences([sentence for _, sentence in part])


def _parse_block(block: Block, *, damage: Damage, tag: str, multiword_tokens: Multiword) -> Sentence:
    tree = Tree(block)
    ents = [find_entity(word.fields) for word in tree.words]
    sentence = make_sentence(tree.words, ents, damage, spaces=tree.spaces, tag=tag)
    return merge_words(sentence, tree.tokens, multiword_tokens)


def make_sentence(
    words: Sequence[Word], ents: Sequence[str], damage: Damage, *, spaces: list[bool] | None, tag: str
) -> Sentence:
    """Read the columns of words. A value of "_" or "" is missing.

    words (Sequence[Word]): The words of a sentence.
    ents (Sequence[str]): The labels of their entities.
    damage (Damage): What is told about values that can't be read.
    spaces (Optional[List[bool]]): Whether a space follows.
    tag (str): The field of the tag.
    RETURNS (Sentence): The sentence.
    """
    return Sentence(
        words=[strip_spaces(word.fields.form) for word in words],
        spaces=spaces,
        tags=[_get_value(getattr(word.fields, tag)) for word in words],
        pos=[_get_pos(word, damage) for word in words],
        lemmas=[_get_lemma(word.fields) for word in words],
        morphs=[_get_morph(word, damage) for word in words],
        heads=_get_heads(words, damage),
        deps=[_get_relation(word.fields) for word in words],
        ents=[_get_entity(word, label, damage) for word, label in zip(words, ents, strict=True)],
    )


def split_blocks(lines: Iterable[Line]) -> Iterator[Block]:
    """YIELDS (Block): The sentences. Comments that stand alone are left out."""
    block: list[Line] = []
    document = 0
    for line in lines:
        document += is_comment(line) and line.content[1:].split()[:1] == [b"newdoc"]
        if line.content.strip(b" "):
            block.append(line)
        elif not all(map(_is_harmless, block)):
            yield Block(document, block)
            block = []
    if not all(map(_is_harmless, block)):
        yield Block(document, block)


def is_comment(line: Line) -> bool:
    """RETURNS (bool): Whether a line is a comment."""
    return line.content.startswith(b"#")


def _is_harmless(line: Line) -> bool:
    """Whether the line could stand without a sentence."""
    return is_comment(line) and _is_utf8(line.content)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def strip_spaces(form: str) -> str:
    """RETURNS (str): A form without spaces around it. Other white space, such as a no-break space, can be a
    word.
    """
    return form.strip(" ")


def _parse_id(line: Line, value: str) -> tuple[int, str, int]:
    """Split an ID such as 3-4 into its first number, its mark and its second."""
    match = _ID.fullmatch(value.strip())
    if match is None:
        raise line.error(Errors.L309, id=shorten(value))
    first, mark, second = match.groups(default="")
    return int(first), mark, int(second or 0)


def _get_pos(word: Word, damage: Damage) -> str:
    value = _get_value(word.fields.upos)
    if value in UPOS_TAGS:  # spaCy would refuse it as well, but could not say where it is
        return value
    damage.lose_value("token.pos", word.line.error(Errors.L314, value=shorten(value)))
    return ""


def _get_morph(word: Word, damage: Damage) -> str:
    value = _get_value(word.fields.feats)
    if not value or FEATS.fullmatch(value):
        return value
    damage.lose_value("token.morph", word.line.error(Errors.L315, value=shorten(value)))
    return ""


def _get_heads(words: Sequence[Word], damage: Damage) -> list[int] | None:
    heads = [_get_head(index, word, damage) for index, word in enumerate(words)]
    if is_tree(heads):
        return heads
    damage.lose_value("token.dep", words[0].line.error(Errors.L325))
    return None


def _get_head(index: int, word: Word, damage: Damage) -> int:
    value = _get_value(word.fields.head)
    if _HEAD.fullmatch(value):
        return int(value) - 1 if int(value) else index
    if value:
        damage.lose_value("token.dep", word.line.error(Errors.L324, value=shorten(value)))
    return MISSING_HEAD


def _get_relation(word: Fields) -> str:
    value = _get_value(word.deprel)
    return ROOT if value == "root" else value


def find_entity(word: Fields) -> str:
    """RETURNS (str): The label of the entity that MISC has, such as `NER=B-PER` or `Entity=B-PER`; "" if
    there is none.
    """
    found = filter(None, map(_ENTITY.fullmatch, _split_misc(word)))
    return next((match[1] or match[2] for match in found), "")


def _get_entity(word: Word, label: str, damage: Damage) -> str:
    value = _get_value(label)
    if not value or _LABEL.fullmatch(value):
        return value
    damage.lose_value("doc.ents", word.line.error(Errors.L344, value=shorten(value)))
    return ""


def _get_value(column: str) -> str:
    value = column.strip()
    return "" if value == "_" else value


def _get_lemma(word: Fields) -> str:
    return word.lemma if word.form == "_" else _get_value(word.lemma)


def _split_misc(word: Fields) -> list[str]:
    return [part.strip() for part in word.misc.split("|")]


def has_space_after(token: Fields) -> bool:
    """RETURNS (bool): Whether a space follows."""
    return "SpaceAfter=No" not in _split_misc(token)
