"""Configs to start from: those of spaCy, with the networks and training settings of this project."""

from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any, Literal, TypeAlias

import spacy
from spacy.cli.init_config import init_config
from spacy.errors import Errors as SpacyErrors
from spacy.language import Language
from spacy.util import load_config_from_str, load_model_from_config, registry
from thinc.api import Config

from ..errors import Errors, LSTMTaggerValueError

Optimize: TypeAlias = Literal["speed", "accuracy"]

TAGGER = "lstm_tagger"
TOK2VEC = "lstm_tok2vec"
SPACYS_TOK2VEC = "tok2vec"  # also the name of the layer
SPACYS_NAMES = {"speed": "efficiency", "accuracy": "accuracy"}
# What a template decides; spaCy decides the rest, such as the tokenizer of the language.
SECTIONS = ("paths", "system", "corpora", "training", "pretraining")
# The LSTM of a shared tok2vec that is to be accurate: two wider layers.
ACCURATE = {"width": 200, "depth": 2, "skip_connections": True}


def make_config(lang: str, pipeline: Sequence[str], optimize: Optimize, *, distill: bool = False) -> str:
    """Make a complete config.

    lang (str): The code of the language.
    pipeline (Sequence[str]): The names of the components' factories. If others than `lstm_tagger` have a
        tok2vec layer, they all share one.
    optimize (str): "speed", or "accuracy".
    distill (bool): Whether components also learn from raw text, with `lstm-tagger distill`.
    RETURNS (str): The config, as `spacy init fill-config` would leave it.
    RAISES (LSTMTaggerValueError): If there is no such language or component.
    """
    names = [name for name in dict.fromkeys(pipeline) if name not in (TOK2VEC, SPACYS_TOK2VEC)]
    nlp = _make_blank(lang)
    _require_known(nlp, names)
    config = init_config(lang=lang, pipeline=names, optimize=SPACYS_NAMES[optimize], silent=True)
    weights = config["training"]["score_weights"]
    components = config["components"]
    is_shared = not {*_find_listeners(components)} <= {TAGGER}
    is_default = optimize == "speed" and not is_shared
    template = _read("treebank" if is_shared else "distill" if distill and is_default else optimize)
    components |= {name: template["components"][name] for name in names if name in template["components"]}
    if is_shared:
        components.pop(SPACYS_TOK2VEC, None)
        config["initialize"]["before_init"] = template["initialize"]["before_init"]
        _share(template["components"][TOK2VEC], components, optimize)
        config["nlp"]["pipeline"] = [TOK2VEC, *names]
    config |= {section: template[section] for section in SECTIONS}
    config["training"]["score_weights"] = weights
    if distill:
        _learn_raw_text(config, TOK2VEC if is_shared else TAGGER)
    text: str = load_model_from_config(config, auto_fill=True).config.to_str()
    return text


def _make_blank(lang: str) -> Language:
    try:
        return spacy.blank(lang)
    except ImportError as error:
        message = SpacyErrors.E048.format(lang=lang, err=error)
        raise LSTMTaggerValueError(message) from error


def _require_known(nlp: Language, names: Iterable[str]) -> None:
    # `nlp.factory_names` has only those that were used before. A dot is in the names of one language alone.
    known = sorted(
        {name.rpartition(".")[2] for name in registry.factories.get_all()} - {TOK2VEC, SPACYS_TOK2VEC}
    )
    unknown = [name for name in names if "." in name or not nlp.has_factory(name)]
    if unknown or not names:
        raise LSTMTaggerValueError(
            Errors.L450.format(names=", ".join(unknown) or "(none)", known=", ".join(known))
        )


def _read(name: str) -> Config:
    text = (files(__package__) / f"{name}.cfg").read_text(encoding="utf8")
    config: Config = load_config_from_str(text)
    return config


def _find_listeners(components: dict[str, Any]) -> list[str]:
    """RETURNS (List[str]): The components whose model has a tok2vec layer, which can be a listener."""
    return [
        name for name, component in components.items() if SPACYS_TOK2VEC in (component.get("model") or {})
    ]


def _learn_raw_text(config: dict[str, Any], reader: str) -> None:
    """Let components learn from a teacher. The component that reads words gets tables for the raw text."""
    template = _read("distill")
    config["paths"]["soft_labels"] = template["paths"]["soft_labels"]
    config["training"]["before_update"] = template["training"]["before_update"]
    settings = config["initialize"].setdefault("components", {})
    settings[reader] = template["initialize"]["components"][TAGGER]


def _share(tok2vec: dict[str, Any], components: dict[str, Any], optimize: Optimize) -> None:
    """Let all components that can listen to one tok2vec."""
    encode = tok2vec["model"]["encode"]
    if optimize == "accuracy":
        encode |= ACCURATE
    listener = {
        "@architectures": "spacy.Tok2VecListener.v1",
        "width": 2 * encode["width"],
        "upstream": "*",
    }
    for name in _find_listeners(components):
        components[name]["model"][SPACYS_TOK2VEC] = listener
    components[TOK2VEC] = tok2vec
