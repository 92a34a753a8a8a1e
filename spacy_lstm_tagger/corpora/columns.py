"""Corpora of columns: a word on every line and a blank line after a sentence, or a sentence on every line
with word and tag joined, as in `word_TAG`.
"""

from collections.abc import Iterable, Iterator
from functools import cache, partial
from itertools import chain, islice
from pathlib import Path

from spacy.util import logger

from ..errors import Errors
from .annotations import Annotations, Sentence
from .conllu import (
    Block,
    Tree,
    Word,
    find_entity,
    has_space_after,
    join_blocks,
    make_sentence,
    split_blocks,
    strip_spaces,
)
from .guessing import guess_layout
from .layouts import (
    ENT,
    MISC,
    TAG,
    ColumnLayout,
    is_blank,
    is_comment,
    is_document_start,
    split_words,
)
from .lines import Line
from .multiword import Multiword, merge_words
from .reading import Damage

_SAMPLE = 1000  # lines from which the layout is guessed


def parse_columns(
    lines: Iterable[Line],
    damage: Damage,
    *,
    columns: tuple[str, ...] | None,
    separator: str | None,
    tag: str,
    multiword_tokens: Multiword,
    sentences_per_doc: int,
) -> Iterator[Annotations]:
    """YIELDS (Annotations): Docs of at most this many sentences, 0 for whole documents."""
    if columns and separator:
        layout = ColumnLayout(columns, separator, tag)
    else:
        lines = iter(lines)
        sample = list(islice(lines, _SAMPLE))
        lines = chain(sample, lines)
        layout = guess_layout(sample, columns=columns, separator=separator, tag=tag)
        _log(damage.path, layout.describe())
    split = split_blocks if layout.is_numbered else _split_lines if layout.is_inline else _split_rows
    parse = partial(_parse_block, layout=layout, damage=damage, multiword_tokens=multiword_tokens)
    yield from join_blocks(parse, split(lines), damage, sentences_per_doc)


@cache
def _log(path: Path, layout: str) -> None:
    """Say what was guessed: once, not in every epoch."""
    logger.info("%s is read with %s", path, layout)


def _split_lines(lines: Iterable[Line]) -> Iterator[Block]:
    """YIELDS (Block): Every line that is not blank."""
    return (Block(0, [line]) for line in lines if not is_blank(line))


def _split_rows(lines: Iterable[Line]) -> Iterator[Block]:
    """YIELDS (Block): The lines between blank ones and starts of documents, without comments."""
    block: list[Line] = []
    document = 0
    for line in lines:
        is_start = is_document_start(line)
        if not is_start and not is_blank(line):
            block += [] if is_comment(line) else [line]
        elif block:
            yield Block(document, block)
            block = []
        document += is_start
    if block:
        yield Block(document, block)


def _parse_block(
    block: Block, *, layout: ColumnLayout, damage: Damage, multiword_tokens: Multiword
) -> Sentence:
    tree = Tree(block, layout.read_fields) if layout.is_numbered else None
    words = tree.words if tree else [_read_word(row, layout) for row in _find_rows(block, layout)]
    spaces = None
    if MISC in layout.columns:
        spaces = tree.spaces if tree else [has_space_after(word.fields) for word in words]
    ents = [_find_entity(word, layout) for word in words]
    sentence = make_sentence(words, ents, damage, spaces=spaces, tag=TAG)
    return merge_words(sentence, tree.tokens if tree else (), multiword_tokens)


def _find_rows(block: Block, layout: ColumnLayout) -> list[Line]:
    if not layout.is_inline:
        return block.lines
    [line] = block.lines
    return [line._replace(content=token.encode()) for token in split_words(line.decode())]


def _read_word(row: Line, layout: ColumnLayout) -> Word:
    fields = layout.read_fields(row, row.decode())
    if not strip_spaces(fields.form):
        raise row.error(Errors.L342)
    return Word(fields, row)


def _find_entity(word: Word, layout: ColumnLayout) -> str:
    return layout.read_entity(word.line) if ENT in layout.columns else find_entity(word.fields)
