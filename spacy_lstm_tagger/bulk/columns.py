"""The columns of the output: which annotation of documents is written. Those of the input are in `rows`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from spacy.attrs import IDS
from spacy.language import Language
from spacy.pipeline import AttributeRuler, SpanRuler
from spacy.tokens import Doc, Span

from ..corpora.reading import find_assigned
from ..errors import Errors, LSTMTaggerValueError
from ..pipeline.labeler import SequenceLabeler
from .rows import SCORE_DIGITS, Id, get_scores

Read: TypeAlias = Callable[[Doc], list[Any]]


class OutputColumn(NamedTuple):
    """A column of the output.

    field (str): Its key, or its header.
    assigned (str): What components call it that say what they assign.
    annotation (str): What a component of ours calls it that gives its confidences.
    read (Callable[[Doc], List[Any]]): Reads it from a document.
    """

    field: str
    assigned: str
    annotation: str
    read: Read


class Selection(NamedTuple):
    """What is written of every document.

    columns (Tuple[str, ...]): The columns, by their names in `OUTPUT_COLUMNS`.
    is_asked (bool): Whether they were asked for; otherwise they are the default for the pipeline.
    scored (FrozenSet[str]): The annotations whose confidences are written.
    assigned (FrozenSet[str]): What the components of the pipeline say that they assign: "token.tag".
    """

    columns: tuple[str, ...]
    is_asked: bool
    scored: frozenset[str]
    assigned: frozenset[str]


def _read_entities(doc: Doc) -> list[dict[str, Any]]:
    return [{"start": ent.start, "end": ent.end, "label": ent.label_} for ent in doc.ents]


def get_entity_score(ent: Span) -> float | None:
    """RETURNS (Optional[float]): The confidence of an entity; None if another component found it."""
    score: float | None = ent._.score
    return None if score is None else round(score, SCORE_DIGITS)


def _read_scored_entities(doc: Doc) -> list[dict[str, Any]]:
    scores = [{"score": get_entity_score(ent)} for ent in doc.ents]
    return [entity | score for entity, score in zip(_read_entities(doc), scores, strict=True)]


OUTPUT_COLUMNS = {
    "tag": OutputColumn("tags", "token.tag", "tag", lambda doc: [token.tag_ for token in doc]),
    "pos": OutputColumn("pos", "token.pos", "morph", lambda doc: [token.pos_ for token in doc]),
    "morph": OutputColumn(
        "morphs", "token.morph", "morph", lambda doc: [str(token.morph) for token in doc]
    ),
    "lemma": OutputColumn("lemmas", "token.lemma", "lemma", lambda doc: [token.lemma_ for token in doc]),
    "ents": OutputColumn("ents", "doc.ents", "ent", _read_entities),
}
# What an attribute ruler can assign, by the numbers that spaCy gives to attributes.
_ATTRIBUTES = {
    OUTPUT_COLUMNS[name].assigned: IDS[name.upper()] for name in ("tag", "pos", "morph", "lemma")
}
# The confidences of each annotation: their field, and how they are read.
_SCORES: dict[str, tuple[str, Read]] = {
    "tag": ("scores", partial(get_scores, annotation="tag")),
    "morph": ("morph_scores", partial(get_scores, annotation="morph")),
    "lemma": ("lemma_scores", partial(get_scores, annotation="lemma")),
    "ent": ("ents", _read_scored_entities),
}


def order_columns(asked: Iterable[str]) -> tuple[str, ...]:
    """RETURNS (Tuple[str, ...]): Columns that are asked for, in the order in which they are written.
    RAISES (LSTMTaggerValueError): If there is no such column, or none is asked for.
    """
    names = list(asked)
    unknown = [name for name in names if name not in OUTPUT_COLUMNS]
    if unknown or not names:
        found = ", ".join(map(repr, unknown)) or "nothing"
        raise LSTMTaggerValueError(Errors.L463.format(found=found, known=", ".join(OUTPUT_COLUMNS)))
    return tuple(name for name in OUTPUT_COLUMNS if name in names)


def select(
    nlp: Language, asked: Sequence[str] | None, *, scores: bool, is_whole: bool = False
) -> Selection:
    """Choose what is written of the documents of a pipeline.

    nlp (Language): The pipeline.
    asked (Optional[Sequence[str]]): The columns that are asked for, in order. By default, tags, or if no
        component assigns any, whatever they assign.
    scores (bool): Whether to write confidences, of those columns for which a component gives them.
    is_whole (bool): Whether documents are written as a whole.
    RETURNS (Selection): What is written.
    RAISES (LSTMTaggerValueError): If no component assigns a column that is asked for, or none gives
        confidences of those that are written.
    """
    assigned = find_assigned(nlp)
    annotated = assigned | {name for _, pipe in nlp.pipeline for name in find_ruled(pipe)}
    there = tuple(name for name, column in OUTPUT_COLUMNS.items() if column.assigned in annotated)
    columns = _choose_columns(asked, there, is_whole)
    scored = _choose_scored(nlp, columns, there, is_whole) if scores else frozenset()
    return Selection(columns, asked is not None, scored, assigned)


def _choose_columns(asked: Sequence[str] | None, there: tuple[str, ...], is_whole: bool) -> tuple[str, ...]:
    if asked is None:
        return ("tag",) if "tag" in there and not is_whole else there
    if missing := [name for name in asked if name not in there]:
        raise LSTMTaggerValueError(Errors.L464.format(names=", ".join(missing), there=_list(there)))
    return tuple(asked)


def _choose_scored(
    nlp: Language, columns: Iterable[str], there: Iterable[str], is_whole: bool
) -> frozenset[str]:
    found = _find_scorable(nlp)
    scored = found if is_whole else found & {OUTPUT_COLUMNS[name].annotation for name in columns}
    if not scored:
        others = [name for name in there if OUTPUT_COLUMNS[name].annotation in found]
        raise LSTMTaggerValueError(Errors.L465.format(names=_list(columns), there=_list(others)))
    return scored


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def find_ruled(pipe: Any) -> set[str]:
    """RETURNS (Set[str]): What a ruler assigns without saying so, because it depends on its rules."""
    if isinstance(pipe, SpanRuler):
        return {"doc.ents"} if pipe.annotate_ents else set()
    rules: Any = pipe.attrs if isinstance(pipe, AttributeRuler) else []
    return {name for name, number in _ATTRIBUTES.items() if any(number in attrs for attrs in rules)}


def _find_scorable(nlp: Language) -> frozenset[str]:
    """RETURNS (FrozenSet[str]): The annotations of which components give confidences."""
    pipes = [pipe for _, pipe in nlp.pipeline]
    found = {pipe.annotation for pipe in pipes if isinstance(pipe, SequenceLabeler)}
    return frozenset(found if Span.has_extension("score") else found - {"ent"})


def make_fields(selection: Selection) -> dict[str, Read]:
    """RETURNS (Dict[str, Callable[[Doc], List[Any]]]): How each field of a row is read, besides its id.
    RAISES (LSTMTaggerValueError): If there is nothing to write.
    """
    if not selection.columns:
        raise LSTMTaggerValueError(Errors.L464.format(names="any column", there="nothing"))
    columns = [OUTPUT_COLUMNS[name] for name in selection.columns]
    fields: dict[str, Read] = {"words": lambda doc: [token.text for token in doc]}
    fields |= {column.field: column.read for column in columns}
    return fields | dict(
        _SCORES[column.annotation] for column in columns if column.annotation in selection.scored
    )


def read_fields(row_id: Id, doc: Doc, fields: Mapping[str, Read]) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): A row of the output: plain data, which outlives the doc's memory zone.
    RAISES (LSTMTaggerValueError): If confidences are asked for, and there are none.
    """
    return {"id": row_id, **{name: read(doc) for name, read in fields.items()}}
