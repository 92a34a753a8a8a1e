"""Configs to start from: for `lstm_tagger` alone, and for several components that share a tok2vec."""

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Literal, TypeAlias

import spacy
from spacy.errors import Errors as SpacyErrors
from spacy.language import Language
from spacy.util import load_model_from_config
from thinc.api import Config

from ..errors import Errors, LSTMTaggerValueError

Optimize: TypeAlias = Literal["speed", "accuracy"]

TAGGER = "lstm_tagger"
TOK2VEC = "tok2vec"
# The LSTM of a shared tok2vec that is to be accurate: two wider layers.
_ACCURATE = {"width": 200, "depth": 2, "skip_connections": True}


def make_config(lang: str, pipeline: Sequence[str], optimize: Optimize) -> str:
    """Make a complete config.

    lang (str): The code of the language.
    pipeline (Sequence[str]): The names of the components' factories; all that have a tok2vec layer listen
        to a shared one, if there are several components.
    optimize (str): "speed", or "accuracy".
    RETURNS (str): The config, as `spacy init fill-config` would leave it.
    RAISES (LSTMTaggerValueError): If there is no such language or component.
    """
    names = [name for name in dict.fromkeys(pipeline) if name != TOK2VEC]
    nlp = _make_blank(lang)
    unknown = [name for name in names if not nlp.has_factory(name)]
    if unknown or not names:
        known = ", ".join(sorted(nlp.factory_names))
        raise LSTMTaggerValueError(Errors.L450.format(names=", ".join(unknown) or "(none)", known=known))
    if names == [TAGGER]:
        return _make_for_tagger(lang, optimize)
    return _make_shared(nlp, names, optimize)


def _make_blank(lang: str) -> Language:
    try:
        return spacy.blank(lang)
    except ImportError as error:
        message = SpacyErrors.E048.format(lang=lang, err=error)
        raise LSTMTaggerValueError(message) from error


def _read(name: str) -> str:
    return (files(__package__) / f"{name}.cfg").read_text(encoding="utf8")


def _make_for_tagger(lang: str, optimize: Optimize) -> str:
    """RETURNS (str): The config of `lstm_tagger` alone, with its comments."""
    text = re.sub(r"\A(#.*\n)+", "", _read(optimize))
    return text.replace('lang = "en"', f'lang = "{lang}"', 1).lstrip()


def _make_shared(nlp: Language, names: Sequence[str], optimize: Optimize) -> str:
    config = Config().from_str(_read("shared"), interpolate=False)
    tok2vec = config["components"][TOK2VEC]
    if optimize == "accuracy":
        tok2vec["model"]["encode"] |= _ACCURATE
    listener = {
        "@architectures": "spacy.Tok2VecListener.v1",
        "width": 2 * tok2vec["model"]["encode"]["width"],
        "upstream": "*",
    }
    for name in names:
        nlp.add_pipe(name)
    defaults = Config().from_bytes(nlp.config.to_bytes())["components"]
    config["components"] = {TOK2VEC: tok2vec, **{name: _listen(defaults[name], listener) for name in names}}
    config["nlp"] |= {"lang": nlp.lang, "pipeline": [TOK2VEC, *names]}
    config["training"]["score_weights"] = {}  # filled with those of the components
    text: str = load_model_from_config(config, auto_fill=True).config.to_str()
    return text


def _listen(component: dict[str, Any], listener: dict[str, Any]) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): A component, with a listener in place of its own tok2vec layer, if any."""
    model = component.get("model", {})
    if TOK2VEC in model:
        component = component | {"model": model | {TOK2VEC: listener}}
    return component
