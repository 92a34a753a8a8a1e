"""`spacy-lstm-tagger.Ensemble.v1`: several tok2vec layers that make different errors."""

from typing import Any

from thinc.api import Model, concatenate

from ..errors import check_setting
from .tok2vec import Tok2Vec


def build_ensemble(member: Tok2Vec, members: int) -> Tok2Vec:
    """Build an ensemble of tok2vec layers, each with its own weights.

    Under `spacy-lstm-tagger.LSTMTagger.v1`, each member learns as if it were alone, and their scores are
    averaged at prediction (Hansen & Salamon 1990): most errors that one makes by chance, the others don't.
    Time and memory grow with the number of members.

    member (Model[List[Doc], List[Floats2d]]): The layer, not initialized. It is copied.
    members (int): How many there are.
    RETURNS (Model[List[Doc], List[Floats2d]]): For every document the members' vectors side by side,
        `(tokens, members * output_width)`.
    """
    name = "spacy-lstm-tagger.Ensemble.v1"
    check_setting(name, "members", members, members >= 1, "a positive number")
    model: Tok2Vec = concatenate(member, *(member.copy() for _ in range(members - 1)))
    if members > 1:
        model.attrs["is_ensemble"] = True
    return model


def get_members(tok2vec: Model[Any, Any]) -> list[Tok2Vec]:
    """RETURNS (List[Model]): The members of an ensemble; of any other layer, the layer itself."""
    return list(tok2vec.layers) if tok2vec.attrs.get("is_ensemble") else [tok2vec]
