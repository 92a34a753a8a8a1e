"""Find a labeler among the components of a pipeline."""

from spacy.language import Language

from ..errors import Errors, LSTMTaggerValueError
from .labeler import SequenceLabeler


def get_labeler(nlp: Language, name: str) -> SequenceLabeler:
    """RETURNS (SequenceLabeler): A component of a pipeline.
    RAISES (LSTMTaggerValueError): If there is none of this name, or it is not one of ours.
    """
    if name not in nlp.pipe_names:
        raise LSTMTaggerValueError(Errors.L401.format(name=name, pipeline=", ".join(nlp.pipe_names)))
    component = nlp.get_pipe(name)
    if not isinstance(component, SequenceLabeler):
        raise LSTMTaggerValueError(Errors.L402.format(name=name))
    return component
