"""`spacy-lstm-tagger.Ensemble.v1`: several tok2vec layers that err on different words."""

from thinc.api import concatenate

from ..errors import check_setting
from .tok2vec import Tok2Vec, is_lstm_tok2vec


def build_ensemble(member: Tok2Vec, members: int) -> Tok2Vec:
    """Build a layer that reads documents several times over, each time with weights of its own.

    Where the head is told of the members too, each learns as if it were alone, and their scores are
    averaged at prediction (Hansen & Salamon 1990): what one of them gets wrong by chance, the others
    mostly don't. Training, prediction and memory take as many times as much.

    member (Model[List[Doc], List[Floats2d]]): The layer, not initialized. It is copied.
    members (int): How many there are; set the head's `members` to the same.
    RETURNS (Model[List[Doc], List[Floats2d]]): For every document the members' vectors side by side,
        `(tokens, members * output_width)`.
    """
    name = "spacy-lstm-tagger.Ensemble.v1"
    check_setting(name, "members", members, members >= 1, "a positive number")
    return concatenate(member, *(member.copy() for _ in range(members - 1)))


def get_lstm_members(tok2vec: Tok2Vec) -> list[Tok2Vec]:
    """RETURNS (List[Tok2Vec]): The layers of an ensemble of LSTMs; of a single LSTM, itself; of anything
    else, none.
    """
    layers = tok2vec.layers if "|" in tok2vec.name else [tok2vec]  # Thinc's name for side by side
    return list(layers) if all(map(is_lstm_tok2vec, layers)) else []
