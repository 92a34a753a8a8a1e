"""JSONL corpora: on every line an object with words and their annotation, or with a text and spans."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Literal, NamedTuple, TypeAlias

from .annotations import Annotations, join_sentences
from .lines import Line
from .reading import Damage
from .records import Record
from .texts import Tokenizer, parse_text
from .word_lists import parse_words

Offsets: TypeAlias = Literal["characters", "utf-16"]

# Keys that are known to mean the same as "words", "tags", and "spans" (as Prodigy writes it).
_WORDS = ("tokens", "forms", "text_tokens")
_TAGS = ("labels", "pos_tags", "ner_tags", "chunk_tags", "xpos", "upos", "ner", "slots")
_SPANS = ("entities", "label", "labels")  # spaCy and newer doccano, doccano, older doccano

_UNUSED = ("reject", "ignore")  # Prodigy's answers about what is not to be learned


class Keys(NamedTuple):
    """Where the objects have words and labels, and how to read these.

    words (Optional[str]): The key of the words or tokens; None to guess.
    tags (Optional[str]): The key of the tags or spans; None to guess.
    names (Optional[List[str]]): The names of labels that are numbers.
    offsets (str): What the bounds of spans count: "characters", or "utf-16" code units.
    """

    words: str | None = None
    tags: str | None = None
    names: list[str] | None = None
    offsets: Offsets = "characters"


def parse_jsonl(
    lines: Iterable[Line], damage: Damage, *, keys: Keys, tokenizer: Tokenizer
) -> Iterator[Annotations]:
    """YIELDS (Annotations): A doc for every line that is not blank."""
    parse = partial(_parse_line, damage=damage, keys=keys, tokenizer=tokenizer)
    return damage.parse_each(parse, (line for line in lines if line.content.strip()))


def _parse_line(line: Line, *, damage: Damage, keys: Keys, tokenizer: Tokenizer) -> Annotations:
    record = Record(line, keys.names)
    if record.values.get("answer") in _UNUSED:
        return {"words": []}
    words_key = record.find_key("words_key", keys.words, "words", _WORDS)
    if "text" in record.values and not _has_words(record, words_key, keys):
        spans_key = record.find_key("tags_key", keys.tags, "spans", _SPANS)
        is_utf16 = keys.offsets == "utf-16"
        sentences = [parse_text(record, damage, tokenizer, words_key, spans_key, is_utf16=is_utf16)]
    else:
        tags_key = record.find_key("tags_key", keys.tags, "tags", _TAGS)
        sentences = parse_words(record, damage, words_key, tags_key)
    annotations = join_sentences(sentences)
    if "heads" not in annotations and not record.values.get("sent_starts"):
        annotations["sent_starts"] = None  # nothing says that the line is one sentence
    return annotations


def _has_words(record: Record, words_key: str, keys: Keys) -> bool:
    """Whether there are words, rather than tokens with their bounds in the text, as Prodigy has them."""
    words = record.values.get(words_key)
    if words == []:  # of either
        return record.find_key("tags_key", keys.tags, "tags", _TAGS) in record.values
    is_bounds = isinstance(words, list) and all(isinstance(word, dict) for word in words)
    return words is not None and not is_bounds
