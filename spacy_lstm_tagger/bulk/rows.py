"""A row: one document on its way from an input file to an output file."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar

from spacy.tokens import Doc

from ..corpora.lines import shorten
from ..errors import Errors, LSTMTaggerError, LSTMTaggerValueError
from ..pipeline.predictions import require_scores

Id: TypeAlias = str | int
Content: TypeAlias = str | list[str] | Doc

_Found = TypeVar("_Found")
_Made = TypeVar("_Made")

SCORE_DIGITS = 6  # float32 has no more


class ColumnNames(NamedTuple):
    """The names of the input's columns, or keys.

    text (str): The text.
    words (str): Pre-tokenized words; if a row has them, its text is not read.
    id (Optional[str]): The id; None numbers the rows of each file.
    """

    text: str = "text"
    words: str = "words"
    id: str | None = None


class Row(NamedTuple):
    """A row to tag.

    id (str | int): Its id.
    content (str | List[str] | Doc): Its text, its words, or a document with the pipeline's vocab.
    file (str): The file it is from.
    number (int): Its number in that file, from 1.
    source (Optional[bytes]): Its lines in that file, for a writer that completes them.
    """

    id: Id
    content: Content
    file: str = ""
    number: int = 0
    source: bytes | None = None


class TaggedRow(NamedTuple):
    """A row of the output.

    id (str | int): The id of the row that was tagged.
    words (List[str]): Its words.
    tags (List[str]): Their tags.
    scores (Optional[List[float]]): Their confidences, if asked for.
    """

    id: Id
    words: list[str]
    tags: list[str]
    scores: list[float] | None = None


class BadRow(NamedTuple):
    """A row that could not be read or tagged.

    file (str): The file it is from.
    row (int): Its number in that file, from 1.
    reason (str): What is wrong.
    raw (str): The row, as far as it can be shown as text.
    source (Optional[bytes]): Its lines in that file, for a writer that completes them.
    """

    file: str
    row: int
    reason: str
    raw: str
    source: bytes | None = None

    def describe(self) -> dict[str, str | int]:
        """RETURNS (Dict[str, str | int]): What is written about it, in JSON."""
        return {"file": self.file, "row": self.row, "reason": self.reason, "raw": self.raw}


def attempt(
    function: Callable[[_Found], _Made],
    found: _Found,
    show: Callable[[_Found], str],
    file: str,
    number: int,
) -> _Made | BadRow:
    """Read or tag a row, whatever is in it.

    function (Callable): What is done with it.
    found (Any): The row as it is so far.
    show (Callable): Gives it as text.
    file (str): The file it is from.
    number (int): Its number in that file, from 1.
    RETURNS (Any | BadRow): What the function returns, or why it can't.
    """
    try:
        return function(found)
    except Exception as error:  # damaged data can make tokenizers, components and libraries raise anything
        return BadRow(file, number, explain(error), show(found))


def explain(error: Exception) -> str:
    """RETURNS (str): The message of an error, after its type if it is not one of ours."""
    return str(error) if isinstance(error, LSTMTaggerError) else f"{type(error).__name__}: {error}"


def make_row(record: Mapping[str, Any], columns: ColumnNames, file: str, number: int) -> Row:
    """Make a row from a record of a file.

    RAISES (LSTMTaggerValueError): If something is missing or of the wrong type.
    """
    words = record.get(columns.words)
    content = _get_text(record, columns.text) if words is None else _check_words(words, columns.words)
    return Row(get_id(record, columns, file, number), content, file, number)


def find_columns(found: Sequence[str], columns: ColumnNames, path: Path) -> list[str]:
    """RETURNS (List[str]): Those columns of a file that are read.
    RAISES (LSTMTaggerValueError): If it has neither texts nor words, or should have ids and has none.
    """
    missing = columns.text if columns.text not in found and columns.words not in found else None
    if columns.id is not None and columns.id not in found:
        missing = missing or columns.id
    if missing is not None:
        raise LSTMTaggerValueError(Errors.L415.format(path=path, name=missing, found=", ".join(found)))
    return [name for name in columns if name is not None and name in found]


def get_id(record: Mapping[Any, Any], columns: ColumnNames, file: str, number: int) -> Id:
    """RETURNS (str | int): The row's own id, or else its number in its file.
    RAISES (LSTMTaggerValueError): If it should have one, and has none.
    """
    if columns.id is None:
        return f"{file}:{number}"
    found = record.get(columns.id)
    if isinstance(found, str):
        return _check_unicode(found, columns.id)
    if isinstance(found, bool) or not isinstance(found, int):
        raise LSTMTaggerValueError(Errors.L423.format(key=columns.id, found=shorten(found)))
    return found


def _get_text(record: Mapping[str, Any], key: str) -> str:
    text = record.get(key)
    if text is None:
        raise LSTMTaggerValueError(Errors.L421.format(key=key))
    if not isinstance(text, str):
        raise LSTMTaggerValueError(Errors.L422.format(key=key, found=shorten(text)))
    return _check_unicode(text, key)


def _check_words(words: Any, key: str) -> list[str]:
    if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
        raise LSTMTaggerValueError(Errors.L424.format(key=key, found=shorten(words)))
    return [_check_unicode(word, key) for word in words]


def _check_unicode(text: str, key: str) -> str:
    """JSON can escape half of a surrogate pair, which no file can have."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise LSTMTaggerValueError(Errors.L425.format(key=key, place=error.start)) from error
    return text


def extract(row_id: Id, doc: Doc, *, scores: bool) -> TaggedRow:
    """RETURNS (TaggedRow): The output for a tagged document: plain data, which outlives its memory zone.
    RAISES (LSTMTaggerValueError): If scores are asked for and there are none.
    """
    words, tags = [token.text for token in doc], [token.tag_ for token in doc]
    if not scores:
        return TaggedRow(row_id, words, tags)
    return TaggedRow(row_id, words, tags, get_scores(doc, "tag"))


def get_scores(doc: Doc, annotation: str) -> list[float]:
    """RETURNS (List[float]): The confidence of each word's label, of an annotation such as "tag".
    RAISES (LSTMTaggerValueError): If there are none.
    """
    return [round(score, SCORE_DIGITS) for score in require_scores(doc, annotation).tolist()]
