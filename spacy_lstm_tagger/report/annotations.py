"""The annotations that can be reported: how each is read from a word."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

from spacy.language import Language
from spacy.tokens import Token

from ..pipeline.labeler import SequenceLabeler

AnnotationName: TypeAlias = Literal["tag", "pos", "morph", "lemma", "ents"]
Details: TypeAlias = Literal["features", "spans"] | None


class Annotation(NamedTuple):
    """An annotation with one label per word.

    title (str): What the page calls the labels, besides "tags".
    read (Callable[[Token], str]): Reads it; "" if it is missing.
    labeler (str): The `annotation` of the components of ours that give its confidence.
    details (Optional["features" | "spans"]): What the labels say in parts.
    """

    title: str
    read: Callable[[Token], str]
    labeler: str
    details: Details = None

    def find_component(self, nlp: Language, name: str | None) -> str | None:
        """RETURNS (Optional[str]): The component that gives confidences: the one of this name, or else the
        first that labels words with the annotation. None if there is none.
        """
        if name is not None:
            return name if name in nlp.pipe_names else None
        return next((name for name, pipe in nlp.pipeline if self._is_of(pipe)), None)

    def _is_of(self, pipe: Any) -> bool:
        return isinstance(pipe, SequenceLabeler) and pipe.annotation == self.labeler


def _read_morph(token: Token) -> str:
    return (str(token.morph) or "_") if token.has_morph() else ""


def _read_entity(token: Token) -> str:
    """RETURNS (str): The label of a word in the scheme BIO; "" if it is not annotated."""
    return f"{token.ent_iob_}-{token.ent_type_}" if token.ent_iob_ in ("B", "I") else token.ent_iob_


ANNOTATIONS: dict[AnnotationName, Annotation] = {
    "tag": Annotation("tags", lambda token: token.tag_, "tag"),
    "pos": Annotation("parts of speech", lambda token: token.pos_, "morph"),
    "morph": Annotation("morphological features", _read_morph, "morph", "features"),
    "lemma": Annotation("lemmas", lambda token: token.lemma_, "lemma"),
    "ents": Annotation("entities, word by word,", _read_entity, "ent", "spans"),
}
