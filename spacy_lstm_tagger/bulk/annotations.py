"""What can be written of a tagged document: a field of the output for each annotation."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc, Span

from ..corpora.reading import find_assigned
from ..errors import Errors, LSTMTaggerValueError
from ..pipeline.labeler import SequenceLabeler
from ..pipeline.predictions import require_scores

SCORE_DIGITS = 6  # float32 has no more


class Annotation(NamedTuple):
    """An annotation of documents.

    field (str): The field of the output.
    assigned (str): What components call it that say what they assign.
    read (Callable[[Doc], List[Any]]): Reads it from a document, as plain data.
    labeler (str): The `annotation` of the components of ours that give its confidence.
    scores (Optional[str]): The field of the confidences, unless they are part of the annotation.
    """

    field: str
    assigned: str
    read: Callable[[Doc], list[Any]]
    labeler: str
    scores: str | None


def _read_entities(doc: Doc) -> list[dict[str, Any]]:
    has_scores = Span.has_extension("score")
    found = []
    for ent in doc.ents:
        entity = {"start": ent.start, "end": ent.end, "label": ent.label_}
        score = ent._.score if has_scores else None
        found.append(entity if score is None else entity | {"score": round(score, SCORE_DIGITS)})
    return found


ANNOTATIONS = {
    "tag": Annotation("tags", "token.tag", lambda doc: [t.tag_ for t in doc], "tag", "scores"),
    "pos": Annotation("pos", "token.pos", lambda doc: [t.pos_ for t in doc], "morph", "morph_scores"),
    "morph": Annotation(
        "morphs", "token.morph", lambda doc: [str(t.morph) for t in doc], "morph", "morph_scores"
    ),
    "lemma": Annotation(
        "lemmas", "token.lemma", lambda doc: [t.lemma_ for t in doc], "lemma", "lemma_scores"
    ),
    "ents": Annotation("ents", "doc.ents", _read_entities, "ent", None),
}


class Wanted(NamedTuple):
    """What is written of a tagged document.

    annotations (Tuple[str, ...]): The annotations.
    scores (bool): Whether to write confidences.
    assigned (FrozenSet[str]): What the components of the pipeline assign, such as "token.tag".
    is_default (bool): Whether nobody asked for particular annotations.
    """

    annotations: tuple[str, ...] = ("tag",)
    scores: bool = False
    assigned: frozenset[str] = frozenset()
    is_default: bool = True

    @property
    def fields(self) -> list[str]:
        """RETURNS (List[str]): The fields of the output besides id and words."""
        return list(dict.fromkeys([*self._list_fields("field"), *self._list_fields("scores")]))

    def _list_fields(self, kind: str) -> list[str]:
        if kind == "scores" and not self.scores:
            return []
        found = [getattr(ANNOTATIONS[name], kind) for name in self.annotations]
        return [field for field in found if field is not None]

    def read(self, doc: Doc) -> dict[str, list[Any]]:
        """RETURNS (Dict[str, List[Any]]): The fields of a document, as plain data.
        RAISES (LSTMTaggerValueError): If scores are asked for and there are none.
        """
        values = {ANNOTATIONS[name].field: ANNOTATIONS[name].read(doc) for name in self.annotations}
        for name in self.annotations if self.scores else ():
            field = ANNOTATIONS[name].scores
            if field is not None:
                values[field] = read_scores(doc, ANNOTATIONS[name].labeler)
        return values


def read_scores(doc: Doc, labeler: str = "tag") -> list[float]:
    """RETURNS (List[float]): The confidence of each word's label.
    RAISES (LSTMTaggerValueError): If there are none.
    """
    return [round(score, SCORE_DIGITS) for score in require_scores(doc, labeler).tolist()]


def check_annotations(names: Iterable[str]) -> None:
    """RAISES (LSTMTaggerValueError): If there is no such annotation."""
    unknown = [name for name in names if name not in ANNOTATIONS]
    if unknown:
        raise LSTMTaggerValueError(Errors.L463.format(name=unknown[0], known=", ".join(ANNOTATIONS)))


def choose_annotations(nlp: Language, names: Sequence[str] | None, *, scores: bool) -> Wanted:
    """Choose what is written of documents.

    nlp (Language): The pipeline.
    names (Optional[Sequence[str]]): The annotations; by default tags, or if no component assigns any,
        whatever the components assign.
    scores (bool): Whether to write confidences.
    RETURNS (Wanted): What is written.
    RAISES (LSTMTaggerValueError): If no component assigns an annotation, or there are no confidences.
    """
    assigned = find_assigned(nlp)
    given = [name for name, annotation in ANNOTATIONS.items() if annotation.assigned in assigned]
    default = given if given and "tag" not in given else ["tag"]
    chosen = tuple(default if names is None else names)
    says_all = all(find_assigned(nlp, name) for name in nlp.pipe_names)  # not every component does
    for name in chosen if names is not None else ():
        if name not in given and says_all:
            raise LSTMTaggerValueError(Errors.L464.format(name=name, known=", ".join(given) or "none"))
    if scores:
        _require_labelers(nlp, chosen)
    return Wanted(chosen, scores, assigned, names is None)


def _require_labelers(nlp: Language, names: Iterable[str]) -> None:
    pipes = [pipe for _, pipe in nlp.pipeline]
    found = {pipe.annotation for pipe in pipes if isinstance(pipe, SequenceLabeler)}
    for name in names:
        if ANNOTATIONS[name].labeler not in found:
            raise LSTMTaggerValueError(Errors.L465.format(name=name))
