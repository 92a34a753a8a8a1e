"""Looks for bytes on which the component's `from_bytes` breaks its contract. See README.md.

The vocab is left out, as it is when a pipeline is loaded: it is spaCy's own.
"""

from functools import partial

import atheris

with atheris.instrument_imports(include=["spacy_lstm_tagger", "srsly.msgpack", "thinc.model"]):
    import spacy_lstm_tagger.models
    from spacy_lstm_tagger.pipeline import lstm_tagger
import spacy
from model import fuzz
from spacy.tokens import Doc
from spacy.training import Example

EMBED = {
    "@architectures": "spacy-lstm-tagger.WordEmbedding.v1",
    "attrs": ["NORM"],
    "widths": [2],
    "prefix_lengths": [],
    "suffix_lengths": [],
    "characters": None,
}
LSTM = {"@architectures": "spacy-lstm-tagger.LSTM.v1", "width": 2, "depth": 1}

if __name__ == "__main__":
    assert spacy_lstm_tagger.models
    assert lstm_tagger
    nlp = spacy.blank("en")
    tagger = nlp.add_pipe("lstm_tagger", config={"model": {"tok2vec": {"embed": EMBED, "encode": LSTM}}})
    doc = Doc(nlp.vocab, words=["a", "b"], tags=["A", "B"])
    nlp.initialize(lambda: [Example(nlp.make_doc("a b"), doc)])
    save = partial(tagger.to_bytes, exclude=["vocab"])
    fuzz(partial(tagger.from_bytes, exclude=["vocab"]), save, save())
