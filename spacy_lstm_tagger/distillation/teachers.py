"""A pipeline as a teacher: the probabilities of all that it annotates."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from spacy.attrs import LEMMA
from spacy.language import Language
from spacy.tokens import Doc

from ..bulk.columns import find_ruled
from ..errors import Errors, LSTMTaggerValueError
from ..pipeline.entity_labels import read_biluo
from ..pipeline.labels import read_attrs
from ..pipeline.lstm_morphologizer import read_morphology
from ..pipeline.lstm_tagger import read_tags
from ..pipeline.soft_labels import SoftLabels, find_annotation, harden, make_hard, predict_soft_labels
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
        self._sources = find_sources(nlp)

    @property
    def hard(self) -> list[str]:
        """RETURNS (List[str]): The annotation that is taught without probabilities."""
        return [name for name in self.places if name not in self._sources]

    def __call__(self, docs: Sequence[Doc]) -> dict[str, SoftLabels]:
        """RETURNS (Dict[str, SoftLabels]): What each annotation of documents is, and how probable. Where a
        later component, such as an attribute ruler, changes a label, the new one is certain.
        """
        soft: dict[str, SoftLabels] = {}
        before: dict[str, list[str]] = {}  # labels of components that give probabilities
        last = max(self.places.values())
        is_changed = any(self.places[name] > source for name, source in self._sources.items())
        for place, (_, pipe) in enumerate(self.nlp.pipeline[: last + 1]):
            asked = [name for name, source in self._sources.items() if source == place]
            soft |= {name: predict_soft_labels(pipe, docs) for name in asked}
            if place < last or is_changed or len(self._sources) < len(self.places):
                docs = self._run(pipe, docs)
            before |= {name: _read_labels(docs, name) for name in asked if self.places[name] > place}
        for name in self.places:
            if name not in soft:
                soft[name] = make_hard(_read_labels(docs, name))
            elif name in before:
                pairs = zip(before[name], _read_labels(docs, name), strict=True)
                soft[name] = harden(
                    soft[name], {i: new for i, (old, new) in enumerate(pairs) if new != old}
                )
        return {name: soft[name] for name in self.places}

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
        assigned = {*nlp.get_pipe_meta(name).assigns} | find_ruled(pipe)
        for annotation, (attrs, _) in ANNOTATIONS.items():
            if assigned & attrs:
                places[annotation] = place
    return places


def find_sources(nlp: Language) -> dict[str, int]:
    """RETURNS (Dict[str, int]): For each annotation the index of the last component that gives
    probabilities of it, if there is one.
    """
    sources = {}
    for place, (_, pipe) in enumerate(nlp.pipeline):
        annotation = find_annotation(pipe)
        if annotation in ANNOTATIONS and getattr(pipe, "learns_probabilities", True):
            sources[annotation] = place
    return sources


def _read_labels(docs: Sequence[Doc], annotation: str) -> list[str]:
    read = ANNOTATIONS[annotation].read
    return [doc.vocab.strings[label] for doc in docs for label in read(doc).tolist()]
