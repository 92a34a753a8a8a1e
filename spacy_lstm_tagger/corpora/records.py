"""The objects on the lines of JSONL files: which key has what, and what the entries of a list must be."""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..errors import Errors, LSTMTaggerValueError
from .lines import Line, shorten

_SURROGATE = re.compile("[\ud800-\udfff]")
_NO_LABEL = (-1, -100)  # as Hugging Face's libraries write them


class Entry(NamedTuple):
    """What the entries of a list must be, in words and as a function."""

    expected: str
    is_valid: Callable[[Any], bool]


def is_text(value: object) -> bool:
    """RETURNS (bool): Whether a value is a string that spaCy can have: JSON can escape half of a surrogate
    pair.
    """
    return isinstance(value, str) and not _SURROGATE.search(value)


def is_number(value: object) -> bool:
    """RETURNS (bool): Whether a value is a whole number; in Python, true and false are as well."""
    return isinstance(value, int) and not isinstance(value, bool)


WORD = Entry("a non-empty string", lambda value: value != "" and is_text(value))
TEXT = Entry("a string or null", lambda value: value is None or is_text(value))
LABEL = Entry("a string or null", lambda value: value is None or is_text(value) or is_number(value))
FLAG = Entry("true or false", lambda value: isinstance(value, bool))
NUMBER = Entry("a whole number or null", lambda value: value is None or is_number(value))
ENTITY = Entry(
    "an object with the numbers 'start' and 'end' and the string 'label'",
    lambda value: (
        isinstance(value, dict)
        and all(map(is_number, (value.get("start"), value.get("end"))))
        and is_text(value.get("label"))
    ),
)
ANYTHING = Entry("anything", lambda value: True)


class Record:
    """The object on a line.

    line (Line): The line, which is named in errors.
    names (Optional[Sequence[str]]): The names of labels that are numbers.
    RAISES (LSTMTaggerValueError): If the line has no object.
    """

    def __init__(self, line: Line, names: Sequence[str] | None = None) -> None:
        self.line = line
        self.values = line.parse_object()
        self.names = names

    def error(self, template: str, **details: object) -> LSTMTaggerValueError:
        """RETURNS (LSTMTaggerValueError): An error that says where the line is."""
        return self.line.error(template, **details)

    def find_key(self, setting: str, key: str | None, usual: str, others: Sequence[str]) -> str:
        """Find the key of a list.

        setting (str): The setting that names the key, and `key`, its value. None: the usual key, or if that
            is missing, the only one of the others which has a list.
        RETURNS (str): The key, which is missing if nothing was found.
        RAISES (LSTMTaggerValueError): If there are several.
        """
        if key is not None or usual in self.values:
            return key or usual
        found = [other for other in others if isinstance(self.values.get(other), list)]
        if len(found) > 1:
            keys = " and ".join(map(repr, found))
            raise self.error(Errors.L332, keys=keys, setting=setting, example=found[0])
        return found[0] if found else usual

    def get_list(self, key: str, entry: Entry, count: int | None = None) -> list[Any]:
        """RETURNS (List[Any]): The list of a key.
        RAISES (LSTMTaggerValueError): If it is missing, no list, an entry is invalid, or there are not as
            many as words are counted.
        """
        if key not in self.values:
            raise self.error(Errors.L318, key=key)
        values = self.values[key]
        if not isinstance(values, list):
            raise self.error(Errors.L319, key=key, value=shorten(values))
        if not all(map(entry.is_valid, values)):
            index = next(index for index, value in enumerate(values) if not entry.is_valid(value))
            found = shorten(values[index])
            raise self.error(Errors.L320, key=key, index=index, value=found, expected=entry.expected)
        if count is not None and len(values) != count:
            raise self.error(Errors.L321, key=key, count=len(values), words=count)
        return values

    def name_label(self, key: str, index: int, label: str | int | None) -> str:
        """RETURNS (str): A label, by its name if it is a number; "" if it is missing.
        RAISES (LSTMTaggerValueError): If the number has no name.
        """
        if isinstance(label, str) or label is None:
            return label or ""
        if label in _NO_LABEL:
            return ""
        if self.names is None:
            raise self.error(Errors.L333, key=key, index=index, value=shorten(label))
        if not 0 <= label < len(self.names):
            count = len(self.names)
            raise self.error(Errors.L334, key=key, index=index, value=shorten(label), count=count)
        return self.names[label]
