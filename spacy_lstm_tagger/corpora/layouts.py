"""The layout of files of columns: what each column is, and what separates them."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ..errors import Errors
from .conllu import Fields
from .lines import Line, shorten

TAB, SPACE = "\t", " "
SKIP, REST = "_", "..."  # a column that is not read; any number of those
WORD, TAG, MORPH, ENT, ID, MISC = "form", "xpos", "feats", "ent", "id", "misc"
BLANKS = " \t\r\f\v"  # white space around words; other characters, such as a no-break space, belong to one

# spaCy's names of what CoNLL-U has columns for.
_SYNONYMS = {"word": WORD, "tag": TAG, "pos": "upos", "morph": MORPH, "dep": "deprel"}
_NAMES = {column: name for name, column in _SYNONYMS.items()}
_READ = (*Fields._fields, ENT)

_BLANKS = re.compile("[ \t]+")
_ESCAPED = re.compile(r"\\([/*])")  # as in the Penn Treebank
_NUMBER_OF_SENTENCE = re.compile("^[0-9]+_")  # the TIGER corpus has it before the ID
# `#` can be a word, so only these are comments where no line has an ID.
_COMMENT = re.compile(rb"# *(?:[\w.:-]+ +=|newpar)(?: [^\t]*)?|# *id +\S+\sdomain=.*|#end document.*")
_DOCUMENT_START = re.compile(rb"-DOCSTART-(?:\s.*)?|# *newdoc(?: [^\t]*)?|#begin document.*")


@dataclass(frozen=True)
class ColumnLayout:
    """What the columns of a row are.

    columns (Tuple[str, ...]): Their names, as `normalize` returns them.
    separator (str): What is between them: a tab, " " for any spaces and tabs, or characters such as "/"
        between a word and its tag, with several words on a line.
    tag (str): The name of the column that becomes the tag.
    """

    columns: tuple[str, ...]
    separator: str
    tag: str = TAG

    @property
    def is_inline(self) -> bool:
        """Whether a line is a sentence, rather than a word."""
        return self.separator not in (TAB, SPACE)

    @property
    def is_numbered(self) -> bool:
        """Whether words have IDs."""
        return ID in self.columns and not self.is_inline

    @cached_property
    def _places(self) -> tuple[int | None, ...]:
        names = (self.tag if field == TAG else field for field in Fields._fields)
        return tuple(self._find(name) for name in names)

    def _find(self, name: str) -> int | None:
        return self.columns.index(name) if name in self.columns else None

    def read_fields(self, line: Line, text: str) -> Fields:
        """RETURNS (Fields): A row in the columns of CoNLL-U, with the tag as XPOS; "" for those that it
        lacks.
        RAISES (LSTMTaggerValueError): If the number of columns is wrong.
        """
        cells = self._split(line, text)
        fields = Fields(*("" if place is None else cells[place] for place in self._places))
        return fields._replace(id=_NUMBER_OF_SENTENCE.sub("", fields.id)) if self.is_numbered else fields

    def read_entity(self, line: Line) -> str:
        """RETURNS (str): The label of the row's entity, in a layout that has a column for it."""
        return self._split(line, line.decode())[self.columns.index(ENT)]

    def _split(self, line: Line, text: str) -> list[str]:
        cells = split_cells(text, self.separator, len(self.columns))
        expected = len(self.columns) - (self.columns[-1] == REST)
        while self.separator == TAB and len(cells) > expected and not cells[-1]:
            cells.pop()
        if len(cells) == expected or (len(cells) > expected and self.columns[-1] == REST):
            return cells
        if self.is_inline:
            mark, token = repr(self.separator), shorten(text)
            raise line.error(Errors.L343, token=token, separator=mark, count=len(cells), expected=expected)
        raise line.error(Errors.L341, count=len(cells), expected=expected)

    def describe(self) -> str:
        """RETURNS (str): The settings that say the same."""
        names = [
            _NAMES.get(name, name if name in (*_READ, REST, self.tag) else SKIP) for name in self.columns
        ]
        return f"columns = {json.dumps(names)}, separator = {json.dumps(self.separator)}"


def split_cells(text: str, separator: str, n_columns: int) -> list[str]:
    """RETURNS (List[str]): The cells of a row. The last separators count where a word can have one."""
    if separator == TAB:
        return [cell.strip(BLANKS) for cell in text.split(TAB)]
    if separator == SPACE:
        return split_words(text)
    cells = text.rsplit(separator, n_columns - 1)
    return [_ESCAPED.sub(r"\1", cell) for cell in cells] if separator == "/" else cells


def split_words(text: str) -> list[str]:
    """RETURNS (List[str]): What spaces and tabs separate."""
    return _BLANKS.split(text.strip(BLANKS))


def normalize(name: str) -> str:
    """RETURNS (str): The name of a column as it is in `Fields`, in lower case: "xpos" for "TAG"."""
    return _SYNONYMS.get(name.lower(), name.lower())


def are_columns(columns: Sequence[str], tag: str) -> bool:
    """RETURNS (bool): Whether a setting is valid: names that are known, except for that of the tag, and no
    name twice.
    """
    names = [normalize(name) for name in columns]
    named = [name for name in names if name != SKIP]
    return (
        WORD in names
        and len(named) == len(set(named))
        and {*named} <= {*_READ, REST, normalize(tag)}
        and REST not in names[:-1]
        and normalize(tag) in (*names, TAG)  # without a tag, other annotation can still be read
    )


def is_separator(separator: str) -> bool:
    """RETURNS (bool): Whether a setting is valid."""
    is_mark = bool(separator) and not any(mark.isspace() or mark.isalnum() for mark in separator)
    return separator in (TAB, SPACE) or is_mark


def is_blank(line: Line) -> bool:
    """RETURNS (bool): Whether a line has nothing but white space."""
    return not line.content.strip(BLANKS.encode())


def is_comment(line: Line) -> bool:
    """RETURNS (bool): Whether a line of a layout without IDs is a comment."""
    return _COMMENT.fullmatch(line.content) is not None


def is_document_start(line: Line) -> bool:
    """RETURNS (bool): Whether a line of a layout without IDs begins a document."""
    return _DOCUMENT_START.fullmatch(line.content) is not None
