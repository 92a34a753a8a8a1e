"""The configs of this project are complete, valid, and what they claim to be."""

from pathlib import Path

import pytest
import spacy
import torch
from spacy.cli._util import parse_config_overrides
from spacy.cli.debug_config import debug_config
from spacy.cli.init_config import fill_config
from spacy.lang.en import English
from thinc.api import Config

ROOT = Path(__file__).parent.parent
CONFIGS = sorted((ROOT / "configs").glob("*.cfg"))
PATHS = {"paths.train": "train.conllu", "paths.dev": "dev.conllu"}


def test_the_promised_configs_are_there():
    assert {path.stem for path in CONFIGS} >= {"default", "minimal", "ner", "treebank"}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_fill_config_has_nothing_to_add(path, tmp_path):
    _, filled = fill_config(tmp_path / "filled.cfg", path)
    assert Config(filled) == Config().from_disk(path, interpolate=False)
    _, again = fill_config(tmp_path / "again.cfg", tmp_path / "filled.cfg")
    assert again == filled


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_debug_config_finds_nothing_wrong(path, capsys):
    debug_config(path, overrides=PATHS)
    assert "Config is valid" not in capsys.readouterr().err


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_pipeline_can_be_assembled(path):
    config = Config().from_disk(path, overrides=PATHS)
    nlp = spacy.util.load_model_from_config(config, auto_fill=False)
    assert {*nlp.pipe_names} & {"lstm_tagger", "lstm_ner"}


def test_defaults_of_the_factory_are_those_of_the_default_config():
    """`nlp.add_pipe("lstm_tagger")` and configs/default.cfg must not drift apart."""
    nlp = English()
    nlp.add_pipe("lstm_tagger")
    filled = Config().from_bytes(nlp.config.to_bytes())["components"]["lstm_tagger"]
    config = Config().from_disk(ROOT / "configs" / "default.cfg", interpolate=False)
    assert config["components"]["lstm_tagger"] == filled


def test_minimal_is_the_textbook_network():
    config = Config().from_disk(ROOT / "configs" / "minimal.cfg")
    nlp = spacy.util.load_model_from_config(config)
    nlp.get_pipe("lstm_tagger").add_label("NN")
    nlp.initialize()
    modules = [
        module
        for layer in nlp.get_pipe("lstm_tagger").model.layers
        for module in layer.shims[0].module.modules()
        if next(module.parameters(recurse=False), None) is not None
    ]
    assert [type(module) for module in modules] == [torch.nn.Embedding, torch.nn.LSTM, torch.nn.Linear]
    assert modules[1].num_layers == 1
    assert not modules[1].bidirectional


@pytest.mark.parametrize(
    ("override", "value", "message"),
    [
        ("tok2vec.encode.width", 0, r"\[L001\].*'width'.*0.*spacy-lstm-tagger.LSTM.v1"),
        ("tok2vec.encode.depth", -1, r"\[L001\].*'depth'"),
        ("tok2vec.encode.dropout", 1.0, r"\[L001\].*'dropout'.*below 1"),
        ("tok2vec.encode.initial_state", "ones", "initial_state"),
        ("tok2vec.embed.attrs", ["TAG"], r"\[L002\].*'TAG'"),
        ("tok2vec.embed.widths", [1], r"\[L003\].*4 attributes and 1 widths"),
        ("tok2vec.embed.min_freq", 0, r"\[L001\].*'min_freq'"),
        ("tok2vec.embed.word_dropout", -0.1, r"\[L001\].*'word_dropout'"),
        ("tok2vec.embed.characters.windows", [2], r"\[L001\].*'windows'.*odd"),
        ("tok2vec.embed.characters.max_bytes", 1, r"\[L001\].*'max_bytes'"),
        ("tok2vec.cache_size", -5, r"\[L001\].*'cache_size'"),
        ("tok2vec.precision", "float16", "precision"),
        ("tok2vec.window", 0, r"\[L001\].*'window'.*LSTMTok2Vec"),
        ("tok2vec.overlap", -1, r"\[L001\].*'overlap'"),
        ("tok2vec.n_threads", -2, r"\[L001\].*'n_threads'"),
    ],
)
def test_a_value_out_of_range_is_named(override, value, message):
    config = (
        English().from_config(Config().from_disk(ROOT / "configs" / "default.cfg", overrides=PATHS)).config
    )
    node = config["components"]["lstm_tagger"]["model"]
    *parents, name = override.split(".")
    for parent in parents:
        node = node[parent]
    node[name] = value
    with pytest.raises(ValueError, match=message):
        spacy.util.load_model_from_config(config)


def test_overrides_as_a_user_types_them():
    overrides = parse_config_overrides(["--components.lstm_tagger.model.tok2vec.encode.width", "32"])
    config = Config().from_disk(ROOT / "configs" / "default.cfg", overrides={**PATHS, **overrides})
    nlp = spacy.util.load_model_from_config(config)
    assert nlp.get_pipe("lstm_tagger").model.get_ref("tok2vec").get_dim("nO") == 64
