"""CoNLL-U files as input: a row is a sentence, with its words as they are."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice, tee
from pathlib import Path
from typing import NamedTuple

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpora.conllu import Block, Tree, is_comment, strip_spaces
from ..corpora.lines import Line, number_lines
from .inputs import InputFile
from .rows import BadRow, ColumnNames, Row, attempt, get_id
from .shards import Extent, Slice, cut_text
from .streams import open_at


class Piece(NamedTuple):
    """A sentence with all that is around it: the pieces of a file, one after the other, are the file.

    lines (List[Line]): Comments, the sentence, and the blank lines after it.
    source (bytes): The same, byte for byte.
    """

    lines: list[Line]
    source: bytes


def split(file: InputFile, size: int) -> Iterator[Slice]:
    """YIELDS (Slice): Slices of at most this many sentences."""
    with open_at(file) as lines:
        pieces = split_pieces(lines)
        yield from cut_text((Extent(len(piece.source), len(piece.lines)) for piece in pieces), size)


def read(file: InputFile, rows: Slice, columns: ColumnNames, vocab: Vocab) -> Iterator[Row | BadRow]:
    """YIELDS (Row | BadRow): A row for each sentence. Its id is the value of a comment, such as
    `sent_id`, if the column of ids is named.
    """
    with open_at(file, rows.offset) as lines:
        # Errors name the line in the file as well: a sentence has many.
        pieces = split_pieces(lines, start=rows.line, path=Path(file.name))
        for number, piece in enumerate(islice(pieces, rows.n_rows), start=rows.start + 1):
            make = partial(_make_row, file.name, number, columns, vocab)
            yield attempt(make, piece, _show, file.name, number)._replace(source=piece.source)


def split_pieces(lines: Iterable[bytes], *, start: int = 0, path: Path | None = None) -> Iterator[Piece]:
    """Split lines into sentences. Comments that stand alone are left with the next one, or else the last.

    lines (Iterable[bytes]): The lines, with their ends.
    start (int): How many lines are before them.
    path (Optional[Path]): The file, to be named in errors.
    YIELDS (Piece): The sentences; one without words, if there is none.
    """
    piece: list[tuple[Line, bytes]] = []
    later: list[tuple[Line, bytes]] = []  # what follows the end of the piece, until there is another word
    has_words = is_ended = False
    copies, lines = tee(lines)
    for line in zip(number_lines(lines, start=start, path=path), copies, strict=True):
        is_empty = is_blank(line[0])
        is_after = is_ended and bool(later or not is_empty)
        (later if is_after else piece).append(line)
        if is_empty:
            is_ended = has_words
        elif not is_comment(line[0]):
            if is_after:
                yield _make_piece(piece)
                piece, later, is_ended = later, [], False
            has_words = True
    if piece:
        yield _make_piece(piece + later)


def is_blank(line: Line) -> bool:
    """RETURNS (bool): Whether a line ends a sentence."""
    return not line.content.strip(b" ")


def _make_piece(lines: list[tuple[Line, bytes]]) -> Piece:
    return Piece([line for line, _ in lines], b"".join(source for _, source in lines))


def _make_row(file: str, number: int, columns: ColumnNames, vocab: Vocab, piece: Piece) -> Row:
    lines = [line for line in piece.lines if not is_blank(line) and not is_comment(line)]
    words, spaces = [], []
    if lines:
        tree = Tree(Block(0, lines))
        words, spaces = [strip_spaces(word.fields.form) for word in tree.words], tree.spaces
    # It is a sentence already: the pipeline is not to split it.
    doc = Doc(vocab, words=words, spaces=spaces, sent_starts=[index == 0 for index in range(len(words))])
    comments = {} if columns.id is None else _find_comments(piece.lines)
    return Row(get_id(comments, columns, file, number), doc, file, number)


def _find_comments(lines: Iterable[Line]) -> dict[str, str]:
    """RETURNS (Dict[str, str]): The values of comments such as `# sent_id = 3`."""
    parts = [line.decode()[1:].partition("=") for line in lines if is_comment(line)]
    return {key.strip(): value.strip() for key, mark, value in parts if mark}


def _show(piece: Piece) -> str:
    return piece.source.decode(errors="backslashreplace")
