"""A row: one document on its way from an input file to an output file."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from spacy.tokens import Doc

from ..errors import Errors

Id: TypeAlias = str | int
Content: TypeAlias = str | list[str] | Doc

SCORE_DIGITS = 6  # float32 has no more to say


class Columns(NamedTuple):
    """What the input's columns, or keys, are called.

    text (str): The text.
    words (str): Words to be taken as they are; where a row has them, its text is not read.
    id (Optional[str]): The id; None numbers the rows of each file.
    """

    text: str = "text"
    words: str = "words"
    id: str | None = None


class Row(NamedTuple):
    """A row to tag.

    id (str | int): Its id.
    content (str | List[str] | Doc): Its text, or its words, or a document with the pipeline's vocab.
    file (str): Where it is from.
    number (int): Its number in that file, from 1.
    """

    id: Id
    content: Content
    file: str = ""
    number: int = 0


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

    file (str): Where it is from.
    row (int): Its number in that file, from 1.
    reason (str): What is wrong.
    raw (str): The row, as far as it can be shown as text.
    """

    file: str
    row: int
    reason: str
    raw: str


def attempt(
    read: Callable[[Any], Row], found: Any, show: Callable[[Any], str], file: str, number: int
) -> Row | BadRow:
    """Read a row, whatever it holds.

    read (Callable[[Any], Row]): Makes the row of what was found.
    found (Any): What was found in the file.
    show (Callable[[Any], str]): Gives it as text.
    file (str): Where it is from.
    number (int): Its number in that file, from 1.
    RETURNS (Row | BadRow): The row, or why there is none.
    """
    try:
        return read(found)
    except Exception as error:  # damaged data may make a library raise anything
        return BadRow(file, number, explain(error), show(found))


def explain(error: Exception) -> str:
    """RETURNS (str): The message of one of our errors; of another, its kind as well."""
    return str(error) if str(error).startswith("[L") else f"{type(error).__name__}: {error}"


def make_row(record: Mapping[str, Any], columns: Columns, file: str, number: int) -> Row:
    """Make a row of what a file holds.

    RAISES (ValueError): If something is missing or of the wrong type.
    """
    words = record.get(columns.words)
    content = _get_text(record, columns.text) if words is None else _check_words(words, columns.words)
    return Row(get_id(record, columns, file, number), content, file, number)


def get_id(record: Mapping[Any, Any], columns: Columns, file: str, number: int) -> Id:
    """RETURNS (str | int): The row's own id, or else its number in its file.
    RAISES (ValueError): If it has none where it should.
    """
    if columns.id is None:
        return f"{file}:{number}"
    found = record.get(columns.id)
    if isinstance(found, str):
        return _check_unicode(found, columns.id)
    if isinstance(found, bool) or not isinstance(found, int):
        raise ValueError(Errors.L423.format(key=columns.id, found=_shorten(found)))  # noqa: TRY004
    return found


def _get_text(record: Mapping[str, Any], key: str) -> str:
    text = record.get(key)
    if text is None:
        raise ValueError(Errors.L421.format(key=key))
    if not isinstance(text, str):
        raise ValueError(Errors.L422.format(key=key, found=_shorten(text)))  # noqa: TRY004
    return _check_unicode(text, key)


def _check_words(words: Any, key: str) -> list[str]:
    if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
        raise ValueError(Errors.L424.format(key=key, found=_shorten(words)))
    return [_check_unicode(word, key) for word in words]


def _check_unicode(text: str, key: str) -> str:
    """JSON can spell halves of characters, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(Errors.L425.format(key=key, place=error.start)) from error
    return text


def _shorten(value: Any) -> str:
    return repr(value)[:60]


def extract(row_id: Id, doc: Doc, *, scores: bool) -> TaggedRow:
    """RETURNS (TaggedRow): What is kept of a tagged document: plain data, of use when its vocab forgets.
    RAISES (ValueError): If scores are asked for and there are none.
    """
    words, tags = [token.text for token in doc], [token.tag_ for token in doc]
    return TaggedRow(row_id, words, tags, _get_scores(doc) if scores else None)


def _get_scores(doc: Doc) -> list[float]:
    found = doc._.predicted_tag_scores if Doc.has_extension("predicted_tag_scores") else None
    if found is None or len(found) != len(doc):
        raise ValueError(Errors.L104.format(text=doc.text[:60]))
    return [round(score, SCORE_DIGITS) for score in found.tolist()]
