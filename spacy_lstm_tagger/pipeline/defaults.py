"""The models that components have by default: an LSTM of their own, and a decoder."""

from typing import Any

from thinc.api import Config

_TOK2VEC = """
[model]
@architectures = "spacy-lstm-tagger.LSTMTok2Vec.v1"
cache_size = 20000
precision = "float32"
window = 256
overlap = 32
n_threads = 0

[model.embed]
@architectures = "spacy-lstm-tagger.WordEmbedding.v1"

[model.embed.characters]
@architectures = "spacy-lstm-tagger.CharacterCNN.v1"

[model.encode]
@architectures = "spacy-lstm-tagger.LSTM.v1"
width = 112
depth = 1
bidirectional = true
"""


def _make_model(**decoder: Any) -> dict[str, Any]:
    return {
        "@architectures": "spacy-lstm-tagger.LSTMTagger.v1",
        "nO": None,
        "tok2vec": Config().from_str(_TOK2VEC)["model"],
        "decoder": decoder,
    }


DEFAULT_TOK2VEC_MODEL: dict[str, Any] = Config().from_str(_TOK2VEC)["model"]
DEFAULT_MODEL = _make_model(**{"@architectures": "spacy-lstm-tagger.Softmax.v1"})
DEFAULT_NER_MODEL = _make_model(**{"@architectures": "spacy-lstm-tagger.CRF.v1", "constraints": "biluo"})
