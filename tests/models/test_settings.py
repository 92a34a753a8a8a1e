"""Settings without a possible network are refused; the error names the setting and its block."""

import re
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from spacy import registry

from spacy_lstm_tagger.features import TOKEN_ATTRS
from spacy_lstm_tagger.models.settings import CharacterSettings, EmbeddingSettings, LSTMSettings

EMBEDDING = "spacy-lstm-tagger.WordEmbedding.v1"
CHARACTERS = "spacy-lstm-tagger.CharacterCNN.v1"
RECURRENCE = "spacy-lstm-tagger.LSTM.v1"
TOK2VEC = "spacy-lstm-tagger.LSTMTok2Vec.v1"

INVALID = [
    (CHARACTERS, "symbol_width", 0),
    (CHARACTERS, "filters", 0),
    (CHARACTERS, "windows", []),
    (CHARACTERS, "windows", [3, 4]),
    (CHARACTERS, "windows", [-1]),
    (CHARACTERS, "max_bytes", 1),
    (EMBEDDING, "widths", [1, 1, 1, 0]),
    (EMBEDDING, "prefix_lengths", [0]),
    (EMBEDDING, "suffix_lengths", [2, -1]),
    (EMBEDDING, "affix_width", 0),
    (EMBEDDING, "min_freq", 0),
    (EMBEDDING, "hash_rows", 0),
    (EMBEDDING, "vectors_width", 0),
    (EMBEDDING, "word_dropout", -0.1),
    (RECURRENCE, "width", 0),
    (RECURRENCE, "depth", 0),
    (RECURRENCE, "dropout", 1.0),
    (RECURRENCE, "dropout", -0.1),
    (RECURRENCE, "initial_state", "ones"),
    (TOK2VEC, "cache_size", -1),
    (TOK2VEC, "precision", "float16"),
    (TOK2VEC, "window", 0),
    (TOK2VEC, "window", -256),
    (TOK2VEC, "overlap", -1),
    (TOK2VEC, "n_threads", -1),
]


def make(architecture: str, **settings: Any) -> Any:
    """RETURNS (Any): An architecture's settings; of the tok2vec layer, those of prediction."""
    build = registry.get("architectures", architecture)
    if architecture == TOK2VEC:
        return build(EmbeddingSettings(), LSTMSettings(), **settings).attrs["prediction"]
    return build(**settings)


@pytest.mark.parametrize(("architecture", "setting", "value"), INVALID)
def test_invalid_setting_is_named(architecture: str, setting: str, value: Any) -> None:
    parts = ("[L001]", f"'{setting}'", repr(value), f"'{architecture}'")
    with pytest.raises(ValueError, match=".*".join(map(re.escape, parts))):
        make(architecture, **{setting: value})


@pytest.mark.parametrize(
    ("architecture", "settings"),
    [
        (CHARACTERS, {"symbol_width": 1, "filters": 1, "windows": [1], "max_bytes": 2}),
        (EMBEDDING, {"word_dropout": 0.0, "min_freq": 1, "hash_rows": 1, "affix_width": 1}),
        (RECURRENCE, {"width": 1, "depth": 1, "dropout": 0.0, "initial_state": "learned"}),
        (RECURRENCE, {"dropout": 0.99, "initial_state": "zeros"}),
        (TOK2VEC, {"cache_size": 0, "window": 1, "overlap": 0, "n_threads": 0, "precision": "bfloat16"}),
        (TOK2VEC, {"cache_size": 1, "window": 2, "overlap": 9, "n_threads": 3, "precision": "float32"}),
    ],
)
def test_smallest_valid_settings_are_kept(architecture: str, settings: dict[str, Any]) -> None:
    made = make(architecture, **settings)
    assert {name: getattr(made, name) for name in settings} == settings
    with pytest.raises(FrozenInstanceError):
        made.width = 2


@pytest.mark.parametrize("attr", ["POS", "lower", "IS_ALPHA", ""])
def test_unknown_attribute_is_refused(attr: str) -> None:
    with pytest.raises(ValueError, match=rf"L002.*'{attr}'.*{', '.join(TOKEN_ATTRS)}"):
        EmbeddingSettings(attrs=["ORTH", attr], widths=[1, 1])


def test_every_attribute_needs_a_width() -> None:
    with pytest.raises(ValueError, match=r"L003.*2 attributes and 1 widths"):
        EmbeddingSettings(attrs=["ORTH", "SHAPE"], widths=[1])


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("attrs", ["ORTH"]),
        ("prefix_lengths", [1]),
        ("suffix_lengths", [1]),
        ("characters", CharacterSettings()),
        ("include_static_vectors", True),
    ],
)
def test_embedding_needs_one_part(part: str, value: Any) -> None:
    nothing: dict[str, Any] = {"attrs": [], "widths": [], "prefix_lengths": [], "suffix_lengths": []}
    with pytest.raises(ValueError, match="L004"):
        EmbeddingSettings(**nothing)
    EmbeddingSettings(**nothing | {part: value} | ({"widths": [1]} if part == "attrs" else {}))


@pytest.mark.parametrize(
    "settings",
    [
        {"attrs": ["ORTH", "ORTH"], "widths": [1, 1]},
        {"prefix_lengths": [2, 2]},
        {"suffix_lengths": [1, 3, 1]},
    ],
)
def test_part_named_twice_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="L00"):
        EmbeddingSettings(**settings)


def test_widths_of_all_tables_are_in_the_order_of_the_tables() -> None:
    settings = EmbeddingSettings(
        attrs=["ORTH", "SHAPE"], widths=[5, 6], prefix_lengths=[1], suffix_lengths=[1, 2], affix_width=7
    )
    assert settings.all_widths == (5, 6, 7, 7, 7)


@pytest.mark.parametrize(("bidirectional", "expected"), [(True, 14), (False, 7)])
def test_output_width_counts_directions(bidirectional: bool, expected: int) -> None:
    assert LSTMSettings(width=7, bidirectional=bidirectional).output_width == expected
