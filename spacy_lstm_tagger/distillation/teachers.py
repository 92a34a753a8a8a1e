"""A pipeline as a teacher: the probabilities of all that it annotates."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from spacy.attrs import LEMMA
from spacy.language import Language
from spacy.pipeline import AttributeRuler
from spacy.tokens import Doc

from ..errors import Errors, LSTMTaggerValueError
from ..pipeline.entity_labels import read_biluo
from ..pipeline.labels import read_attrs
from ..pipeline.lstm_morphologizer import read_morphology
from ..pipeline.lstm_tagger import read_tags
from ..pipeline.soft_labels import SoftLabels, find_annotation, make_hard, predict_soft_labels
from ..vocabulary import Ids


class Annotation(NamedTuple):
    """What a teacher can teach.

    assigned (FrozenSet[str]): What components say that they assign.
    read (Callable[[Doc], Ids]): Gives the string id of each token's label, 0 for none.
    """

    assigned: frozenset[str]
    read: Callable[[Doc], Ids]


ANNOTATIONS = {
    "tag": Annotation(frozenset({"token.tag"}), read_tags),
    "morph": Annotation(frozenset({"token.pos", "token.morph"}), read_morphology),
    "ent": Annotation(frozenset({"doc.ents"}), read_biluo),
    "lemma": Annotation(frozenset({"token.lemma"}), lambda doc: read_attrs(doc, LEMMA)[:, 0]),
}
_OF_RULES = frozenset({"token.tag", "token.pos", "token.morph", "token.lemma"})


class TeacherPipeline:
    """A pipeline that gives the probabilities of its labels, if its components have some, and otherwise
    certain labels. Components after the last that is needed are not run.

    nlp (Language): The pipeline.
    RAISES (LSTMTaggerValueError): If it annotates nothing that can be taught.
    """

    def __init__(self, nlp: Language) -> None:
        self.nlp = nlp
        self.places = find_places(nlp)
        if not self.places:
            raise LSTMTaggerValueError(Errors.L470.format(pipeline=", ".join(nlp.pipe_names)))

    @property
    def hard(self) -> list[str]:
        """RETURNS (List[str]): The annotation that is taught without probabilities."""
        return [name for name, place in self.places.items() if not self._is_soft(name, place)]

    def _is_soft(self, annotation: str, place: int) -> bool:
        return find_annotation(self.nlp.pipeline[place][1]) == annotation

    def __call__(self, docs: Sequence[Doc]) -> dict[str, SoftLabels]:
        """RETURNS (Dict[str, SoftLabels]): What each annotation of documents is, and how probable."""
        found: dict[str, SoftLabels] = {}
        last = max(self.places.values())
        for place, (_, pipe) in enumerate(self.nlp.pipeline[: last + 1]):
            asked = [annotation for annotation, at in self.places.items() if at == place]
            soft = [annotation for annotation in asked if self._is_soft(annotation, place)]
            found |= {annotation: predict_soft_labels(pipe, docs) for annotation in soft}
            if place < last or len(soft) < len(asked):
                docs = self._run(pipe, docs)
            hard = (annotation for annotation in asked if annotation not in soft)
            found |= {annotation: _read_hard(docs, annotation) for annotation in hard}
        return {annotation: found[annotation] for annotation in self.places}

    def _run(self, pipe: Any, docs: Sequence[Doc]) -> list[Doc]:
        lengths = [len(doc) for doc in docs]
        run = list(pipe.pipe(docs, batch_size=len(docs))) if hasattr(pipe, "pipe") else [*map(pipe, docs)]
        if [len(doc) for doc in run] != lengths:
            changed = next(d for d, n in zip(docs, lengths, strict=True) if len(d) != n)
            raise LSTMTaggerValueError(Errors.L471.format(text=changed.text[:60]))
        return run


def find_places(nlp: Language) -> dict[str, int]:
    """RETURNS (Dict[str, int]): For each annotation the index of the last component that assigns it."""
    places = {}
    for place, (name, pipe) in enumerate(nlp.pipeline):
        assigned = {*nlp.get_pipe_meta(name).assigns}
        if isinstance(pipe, AttributeRuler):
            assigned = {attr for attr in _OF_RULES if _has_rule_for(pipe, attr)}
        for annotation, (attrs, _) in ANNOTATIONS.items():
            if assigned & attrs:
                places[annotation] = place
    return places


def _has_rule_for(ruler: AttributeRuler, attr: str) -> bool:
    """RETURNS (bool): Whether a rule sets an attribute, such as "token.pos"."""
    name = attr.removeprefix("token.").upper()
    patterns: Any = ruler.patterns
    return any(name in pattern["attrs"] for pattern in patterns)


def _read_hard(docs: Sequence[Doc], annotation: str) -> SoftLabels:
    read = ANNOTATIONS[annotation].read
    return make_hard([doc.vocab.strings[label] for doc in docs for label in read(doc).tolist()])
