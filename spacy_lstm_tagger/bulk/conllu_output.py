"""CoNLL-U files as output: columns of a CoNLL-U input are filled, or sentences are made from documents."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple, TypeAlias

from spacy.tokens import Doc, Token

from ..corpora.annotations import ROOT
from ..corpora.conllu import Fields, find_entity, is_comment
from ..corpora.lines import Line, number_lines
from ..errors import Errors, LSTMTaggerValueError
from .columns import OUTPUT_COLUMNS, Selection, get_entity_score
from .conllu import is_blank
from .rows import BadRow, Row, get_scores
from .writing import TextWriter, create_file, open_part

# How entities and confidences are marked in MISC.
ENTITY = "NER="
ENTITY_SCORE = "NERScore="
SCORES = {"tag": "TagScore=", "morph": "MorphScore=", "lemma": "LemmaScore="}

_BOM = b"\xef\xbb\xbf"
_BREAK = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")  # what may not be inside a column
_ESCAPES = str.maketrans({" ": r"\s", "\t": r"\t", "\n": r"\n", "\r": r"\r", "|": r"\p", "\\": r"\\"})

Cells: TypeAlias = dict[str, str]  # what is annotated of a word, by the name of the column


class Column(NamedTuple):
    """A column that a pipeline can annotate.

    attribute (str): What `Doc.has_annotation` calls it.
    assigned (str): What components call it that say what they assign.
    read (Callable[[Token, Dict[int, int]], str]): Reads it, given the IDs of the words by their indices.
    """

    attribute: str
    assigned: str
    read: Callable[[Token, dict[int, int]], str]


def _read_head(word: Token, ids: dict[int, int]) -> str:
    for head in word.ancestors:
        if head.i in ids:
            return str(ids[head.i])
    return "0"


_COLUMNS = {
    "lemma": Column("LEMMA", "token.lemma", lambda word, _: word.lemma_),
    "upos": Column("POS", "token.pos", lambda word, _: word.pos_),
    "xpos": Column("TAG", "token.tag", lambda word, _: word.tag_),
    "feats": Column("MORPH", "token.morph", lambda word, _: str(word.morph)),
    "head": Column("DEP", "token.dep", _read_head),
    "deprel": Column("DEP", "token.dep", lambda word, _: "root" if word.dep_ == ROOT else word.dep_),
}


class ConlluWriter(TextWriter):
    """Writes a shard as CoNLL-U. Sentences of a CoNLL-U file stay as they are, except for the columns that
    the pipeline annotates.
    """

    def __init__(self, path: Path, selection: Selection) -> None:
        super().__init__(path, selection)
        self._wanted = {OUTPUT_COLUMNS[name].assigned for name in selection.columns}
        self._marks = tuple(_find_marks(selection))

    def write(self, row: Row, doc: Doc) -> None:
        """Write a document.
        RAISES (LSTMTaggerValueError): If it is to fill the lines of a sentence, and has other words.
        """
        annotate = self._make_annotate(doc)
        if row.source is None:
            # spaCy calls a document of one word annotated in any case.
            is_split = "token.is_sent_start" in self.selection.assigned
            is_split = is_split or any(word.is_sent_start for word in doc[1:])
            self._file.write("".join(_compose(str(row.id), doc, annotate, is_split)).encode())
        elif len(doc) == len(row.content):
            self._file.write(_fill(row.source, annotate(list(doc)), self._marks))
        else:
            raise LSTMTaggerValueError(Errors.L460.format(file=row.file, row=row.number))

    def skip(self, row: BadRow) -> None:
        """Write a bad sentence as it is in its file, so that nothing is lost."""
        self._file.write(row.source or b"")

    def _make_annotate(self, doc: Doc) -> Callable[[Sequence[Token]], list[Cells]]:
        """RETURNS (Callable[[Sequence[Token]], List[Cells]]): Gives what is annotated of the words of a
        sentence.
        """
        columns = {name: column.read for name, column in _COLUMNS.items() if self._is_filled(column, doc)}
        misc = _read_misc(doc, self._marks)

        def annotate(words: Sequence[Token]) -> list[Cells]:
            ids = {word.i: number for number, word in enumerate(words, start=1)}
            cells = [
                {name: _clean(read(word, ids)) or "_" for name, read in columns.items()} for word in words
            ]
            if self._marks:
                for word, of_word in zip(words, cells, strict=True):
                    of_word["misc"] = "|".join(misc[word.i])
            return cells

        return annotate

    def _is_filled(self, column: Column, doc: Doc) -> bool:
        if self.selection.is_asked:
            return column.assigned in self._wanted
        # Not every component says what it assigns.
        return column.assigned in self.selection.assigned or doc.has_annotation(column.attribute)


def _find_marks(selection: Selection) -> Iterator[str]:
    """YIELDS (str): What the writer marks in MISC."""
    if "ents" in selection.columns:
        yield ENTITY
        if "ent" in selection.scored:
            yield ENTITY_SCORE
    yield from (mark for annotation, mark in SCORES.items() if annotation in selection.scored)


def _read_misc(doc: Doc, marks: Sequence[str]) -> list[list[str]]:
    """RETURNS (List[List[str]]): What MISC gets of each word, with marks. The confidence of an entity is at
    its first word.
    """
    found: list[list[str]] = [[] for _ in doc]
    if ENTITY in marks:
        for word, parts in zip(doc, found, strict=True):
            parts.append(ENTITY + _name_entity(word))
    if ENTITY_SCORE in marks:
        for ent in doc.ents:
            if (score := get_entity_score(ent)) is not None:
                found[ent.start].append(f"{ENTITY_SCORE}{score}")
    for annotation, mark in SCORES.items():
        if mark in marks:
            for score, parts in zip(get_scores(doc, annotation), found, strict=True):
                parts.append(f"{mark}{score}")
    return found


def _name_entity(word: Token) -> str:
    """RETURNS (str): The BIO label of a word's entity. MISC can't have a vertical bar in it."""
    label = _clean(word.ent_type_).replace("|", r"\p")
    return f"{word.ent_iob_}-{label}" if label else "O"


def _clean(value: str) -> str:
    return _BREAK.sub(" ", value).strip(" ")


def _fill(source: bytes, cells: Iterable[Cells], marks: tuple[str, ...]) -> bytes:
    """RETURNS (bytes): The lines of a sentence, with the annotation of its words in their columns."""
    rest = iter(cells)
    numbered = zip(number_lines(BytesIO(source)), BytesIO(source), strict=True)
    return b"".join(_fill_line(line, whole, rest, marks) for line, whole in numbered)


def _fill_line(line: Line, whole: bytes, rest: Iterator[Cells], marks: tuple[str, ...]) -> bytes:
    if is_blank(line) or is_comment(line):
        return whole
    fields = Fields(*line.decode().split("\t"))
    if not fields.id.strip().isdecimal():  # a multiword token or an empty node
        return whole
    cells = next(rest)
    if "misc" in cells:
        cells["misc"] = _replace_marked(fields, cells["misc"], marks)
    before, _, after = whole.partition(line.content)  # a byte order mark, and the end of the line
    return before + "\t".join(fields._replace(**cells)).encode() + after


def _replace_marked(fields: Fields, new: str, marks: tuple[str, ...]) -> str:
    """RETURNS (str): MISC, with what is new in place of what has the same marks, or is another entity."""
    kept = [part for part in fields.misc.split("|") if not part.strip().startswith(marks)]
    if ENTITY in marks:
        kept = [part for part in kept if not find_entity(fields._replace(misc=part))]
    is_empty = "".join(kept).strip() in ("", "_")
    return "|".join([*([] if is_empty else kept), *([new] if new else [])]) or "_"


def _compose(
    name: str, doc: Doc, annotate: Callable[[Sequence[Token]], list[Cells]], is_split: bool
) -> Iterator[str]:
    """YIELDS (str): The sentences of a document. White space is not a word in CoNLL-U."""
    name = _clean(name)
    spaces = _find_spaces(doc)
    found: Iterable[Iterable[Token]] = doc.sents if is_split else [doc]
    sentences = [[token for token in sentence if token.i in spaces] for sentence in found]
    for number, words in enumerate(filter(None, sentences), start=1):
        if number == 1 and is_split:
            yield f"# newdoc id = {name}\n"
        yield f"# sent_id = {name}-{number}\n" if is_split else f"# sent_id = {name}\n"
        text = "".join(_clean(word.text) + " " * bool(spaces[word.i]) for word in words)
        yield f"# text = {text.rstrip(' ')}\n"
        for index, (word, cells) in enumerate(zip(words, annotate(words), strict=True), start=1):
            yield "\t".join(_make_fields(index, word, spaces[word.i], cells)) + "\n"
        yield "\n"


def _find_spaces(doc: Doc) -> dict[int, str]:
    """RETURNS (Dict[int, str]): The white space after each word, by its index. After the last, there
    is some, because what follows is another document.
    """
    text = doc.text
    words = [token for token in doc if not token.is_space]
    ends = [word.idx for word in words[1:]]
    spaces = [text[word.idx + len(word) : end] for word, end in zip(words, ends, strict=False)]
    return {word.i: space for word, space in zip(words, [*spaces, " "], strict=False)}


def _make_fields(index: int, word: Token, space: str, cells: Cells) -> Fields:
    misc = {"": "SpaceAfter=No", " ": ""}.get(space, f"SpacesAfter={space.translate(_ESCAPES)}")
    missing = Fields(str(index), _clean(word.text), *"_" * 8)
    both = "|".join(filter(None, [misc, cells.get("misc")]))
    return missing._replace(**{**cells, "misc": both or "_"})


def join(parts: Iterable[Path], path: Path) -> None:
    """Concatenate files. Where one lacks it, an empty line ends its last sentence."""
    with create_file(path) as whole:
        last = b"\n"
        for part in parts:
            with open_part(part) as lines:
                for index, line in enumerate(lines):
                    if index == 0 and whole.tell():
                        whole.write(_end(last))
                        line = line.removeprefix(_BOM)  # noqa: PLW2901
                    whole.write(line)
                    last = line


def _end(last: bytes) -> bytes:
    """RETURNS (bytes): What is missing after the last line of a file to end a sentence."""
    mark = b"\r\n" if last.endswith(b"\r\n") else b"\n"
    (line,) = number_lines([last])
    return mark * (not last.endswith(b"\n")) + mark * (not is_blank(line))
