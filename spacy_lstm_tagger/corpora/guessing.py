"""What the columns of a file are, and what separates them, guessed from its first lines."""

import json
import re
from collections.abc import Callable, Sequence
from functools import partial
from statistics import mode
from typing import TypeVar

from spacy.parts_of_speech import IDS as UPOS_TAGS

from ..errors import Errors
from .conllu import FEATS, Fields
from .layouts import (
    ENT,
    ID,
    MORPH,
    REST,
    SKIP,
    SPACE,
    TAB,
    TAG,
    WORD,
    ColumnLayout,
    is_blank,
    is_document_start,
    normalize,
    split_cells,
    split_words,
)
from .lines import Line, shorten

_PLAIN = (WORD, TAG)
# By which columns have labels of spans.
_OF_LABELS = {
    (False, False, True): (WORD, TAG, SKIP),  # CoNLL-2000
    (False, False, True, True): (WORD, TAG, SKIP, ENT),  # CoNLL-2003
    (False, False, False, True, True): (WORD, "lemma", TAG, SKIP, ENT),  # CoNLL-2003, German
}
_CONLLX = (ID, WORD, "lemma", "cpostag", TAG, MORPH, "head", "deprel", "phead", "pdeprel")
_CONLL09 = (
    *(ID, WORD, "lemma", "plemma", TAG, "ppos", MORPH, "pfeat", "head", "phead", "deprel", "pdeprel"),
    *("fillpred", "pred", REST),
)

_ID = re.compile(r"(?:[0-9]+_)?[0-9]+(?:[-.][0-9]+)?")
_LABEL = re.compile(r"O|[BILUES]-\S+")
_GLOBAL_COLUMNS = re.compile(r"#\s*global\.columns\s*=(.*)")
_SHARE = 0.9  # of the rows that must agree: a few may be damaged
_MAX_SHOWN = 15

_Value = TypeVar("_Value")


def guess_layout(
    lines: Sequence[Line], *, columns: tuple[str, ...] | None, separator: str | None, tag: str
) -> ColumnLayout:
    """Guess what the settings leave open.

    lines (Sequence[Line]): The first lines of a file.
    columns (Optional[Tuple[str, ...]]): The columns, if they are known.
    separator (Optional[str]): The separator, if it is known.
    tag (str): The name of the column that becomes the tag.
    RETURNS (ColumnLayout): The layout.
    RAISES (LSTMTaggerValueError): If the lines do not say what the columns are.
    """
    rows = [line for line in lines if not is_blank(line) and not is_document_start(line)]
    rows = [line for line in rows if not line.content.startswith(b"#")] or rows
    if not rows:  # nothing will be read
        return ColumnLayout(columns or _PLAIN, separator or SPACE, tag)
    named = None if columns else _find_global_columns(lines)
    texts = [_decode(row) for row in rows]
    separator = separator or (TAB if named else _guess_separator(texts))
    columns = columns or named or _guess_columns(rows, texts, separator)
    missing = [name for name in (WORD, tag) if name not in columns and (named or name != TAG)]
    if missing:
        raise rows[0].error(Errors.L345, name=shorten(missing[0]), columns=_show(columns))
    return ColumnLayout(columns, separator, tag)


def _decode(line: Line) -> str:
    return line.content.decode(errors="replace")  # damaged lines are found when they are read


def _find_global_columns(lines: Sequence[Line]) -> tuple[str, ...] | None:
    """RETURNS (Optional[Tuple[str, ...]]): The columns that a CoNLL-U Plus file names."""
    comments = (_decode(line) for line in lines if line.content.startswith(b"#"))
    found = next(filter(None, map(_GLOBAL_COLUMNS.match, comments)), None)
    return tuple(map(normalize, found[1].split())) if found else None


def _guess_separator(texts: Sequence[str]) -> str:
    if _most(texts, lambda text: TAB in text):
        return TAB
    words = [word for text in texts for word in split_words(text)]
    return next((mark for mark in "_/" if _most(words, partial(_is_joined, mark))), SPACE)


def _is_joined(mark: str, word: str) -> bool:
    return mark in word[1:-1]


def _guess_columns(lines: Sequence[Line], texts: Sequence[str], separator: str) -> tuple[str, ...]:
    if separator not in (TAB, SPACE):
        return _PLAIN
    rows = [split_cells(text, separator, 0) for text in texts]
    n_columns = mode(map(len, rows))
    has_ids = _most(rows, lambda cells: _ID.fullmatch(cells[0]) is not None)
    alike = [cells for cells in rows if len(cells) == n_columns]
    columns = _guess_numbered(rows, alike) if has_ids else _guess_plain(rows, alike)
    if columns is None:
        example = json.dumps(_make_example(n_columns, has_ids))
        row = lines[rows.index(alike[0])]
        raise row.error(Errors.L340, row=shorten(alike[0]), count=n_columns, example=example)
    return columns


def _guess_numbered(rows: list[list[str]], alike: list[list[str]]) -> tuple[str, ...] | None:
    if _most(rows, lambda cells: len(cells) >= len(_CONLL09) - 1):
        columns: tuple[str, ...] = _CONLL09
    elif not _most(rows, lambda cells: len(cells) == len(Fields._fields)):
        return None
    elif _most(alike, lambda cells: cells[3] == SKIP or cells[3] in UPOS_TAGS):
        columns = Fields._fields
    else:
        columns = _CONLLX
    place = columns.index(MORPH)
    has_features = _most(
        alike, lambda cells: cells[place] == SKIP or FEATS.fullmatch(cells[place]) is not None
    )
    return columns if has_features else tuple(SKIP if name == MORPH else name for name in columns)


def _guess_plain(rows: list[list[str]], alike: list[list[str]]) -> tuple[str, ...] | None:
    n_columns = len(alike[0])
    if not _most(rows, lambda cells: len(cells) == n_columns):
        return None
    if n_columns == len(_PLAIN):
        return _PLAIN
    return _OF_LABELS.get(tuple(_most(column, _is_label) for column in zip(*alike, strict=True)))


def _is_label(value: str) -> bool:
    return _LABEL.fullmatch(value) is not None


def _most(values: Sequence[_Value], test: Callable[[_Value], bool]) -> bool:
    return sum(map(test, values)) > _SHARE * len(values)


def _make_example(n_columns: int, has_ids: bool) -> list[str]:
    """RETURNS (List[str]): Columns that a file can be read with whose columns can't be guessed."""
    names = [*(["id"] * has_ids), "word", "tag"][:n_columns]
    if n_columns > _MAX_SHOWN:
        return [*names, REST]
    return names + [SKIP] * (n_columns - len(names))


def _show(columns: Sequence[str]) -> str:
    return ", ".join(shorten(name).strip("'") for name in columns[:_MAX_SHOWN])
