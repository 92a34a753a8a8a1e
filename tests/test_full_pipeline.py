"""Our components among spaCy's own: the pipeline that docs/usage.md describes, trained and used."""

from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from spacy.util import load_model_from_config
from thinc.api import Config

from spacy_lstm_tagger.quickstart import make_config

TEXTS = {
    "She likes green eggs in Paris": {
        "tags": ["PRP", "VBZ", "JJ", "NNS", "IN", "NNP"],
        "heads": [1, 1, 3, 1, 3, 4],
        "deps": ["nsubj", "ROOT", "amod", "dobj", "prep", "pobj"],
        "lemmas": ["she", "like", "green", "egg", "in", "Paris"],
        "entities": ["O", "O", "O", "O", "O", "U-GPE"],
    },
    "Anna Smith eats blue ham": {
        "tags": ["NNP", "NNP", "VBZ", "JJ", "NN"],
        "heads": [1, 2, 2, 4, 2],
        "deps": ["compound", "nsubj", "ROOT", "amod", "dobj"],
        "lemmas": ["Anna", "Smith", "eat", "blue", "ham"],
        "entities": ["B-PERSON", "L-PERSON", "O", "O", "O"],
    },
}
COMPONENTS = ["lstm_tagger", "parser", "lstm_lemmatizer", "lstm_ner"]


def add_rules(nlp: Language) -> None:
    """What reads tags, and what sets entities before ours."""
    ruler = nlp.add_pipe("attribute_ruler", after="lstm_tagger")
    ruler.add([[{"TAG": "NNS"}]], {"POS": "NOUN", "MORPH": "Number=Plur"})
    entities = nlp.add_pipe("entity_ruler", before="lstm_ner")
    entities.add_patterns([{"label": "COLOR", "pattern": [{"TEXT": "green"}]}])


@pytest.fixture(scope="module")
def trained() -> Language:
    config = Config().from_str(make_config("en", COMPONENTS, "speed"))
    nlp = load_model_from_config(config, auto_fill=True)
    examples = [Example.from_dict(nlp.make_doc(text), gold) for text, gold in TEXTS.items()]
    optimizer = nlp.initialize(lambda: examples * 30)  # spaCy's parser ignores rare relations
    optimizer.learn_rate = 0.005
    for _ in range(60):
        nlp.update(examples, sgd=optimizer)
    add_rules(nlp)
    return nlp


def test_all_components_listen_to_one_lstm(trained: Language) -> None:
    assert trained.get_pipe("lstm_tok2vec").listening_components == COMPONENTS
    assert not {"tok2vec", "tagger", "ner"} & {*trained.pipe_names}
    assert trained.analyze_pipes()["problems"]["attribute_ruler"] == []


@pytest.mark.parametrize("is_loaded", [False, True])
def test_every_annotation_is_there(is_loaded: bool, trained: Language, tmp_path: Path) -> None:
    nlp = trained
    if is_loaded:
        trained.to_disk(tmp_path)
        nlp = spacy.load(tmp_path)
    for doc, gold in zip(nlp.pipe(TEXTS), TEXTS.values(), strict=True):
        assert [token.tag_ for token in doc] == gold["tags"]
        assert [token.head.i for token in doc] == gold["heads"]
        assert [token.dep_ for token in doc] == gold["deps"]
        assert [token.lemma_ for token in doc] == gold["lemmas"]
        assert len(list(doc.sents)) == 1
    doc = nlp(next(iter(TEXTS)))
    assert (doc[3].pos_, str(doc[3].morph)) == ("NOUN", "Number=Plur")  # by the tag
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("green", "COLOR"), ("Paris", "GPE")]
    assert [chunk.text for chunk in doc.noun_chunks] != []


def test_components_are_sourced_with_a_copy_of_the_lstm(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path)
    other = spacy.blank("en")
    source = spacy.load(tmp_path)
    source.replace_listeners("lstm_tok2vec", "lstm_ner", ["model.tok2vec"])
    other.add_pipe("lstm_ner", source=source)
    for text in TEXTS:
        expected = [(ent.text, ent.label_) for ent in trained(text).ents if ent.label_ != "COLOR"]
        assert [(ent.text, ent.label_) for ent in other(text).ents] == expected
