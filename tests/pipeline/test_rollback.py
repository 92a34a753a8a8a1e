"""A component that could not be loaded is what it was before, whatever was read until then."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import srsly
from helpers import make_examples, make_pipeline
from thinc.api import Linear, Model

from spacy_lstm_tagger.pipeline.lstm_tagger import LSTMTagger
from spacy_lstm_tagger.pipeline.rollback import unchanged_on_error


def make_tagger(tags: str = "", **config: Any) -> LSTMTagger:
    """RETURNS (LSTMTagger): A component with a label for every letter; without letters, not initialized."""
    nlp = make_pipeline(tok2vec={"encode": {"width": 4, "depth": 1}}, **config)
    if tags:
        nlp.initialize(lambda: make_examples(nlp, [(list(tags.lower()), list(tags))]))
    return nlp.get_pipe("lstm_tagger")


def save(tagger: LSTMTagger) -> bytes:
    return bytes(tagger.to_bytes(exclude=["vocab"]))


def damage(data: bytes, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> bytes:
    """RETURNS (bytes): The component's bytes after a change of its message, and of the model's in it."""
    message = srsly.msgpack_loads(data)
    model = srsly.msgpack_loads(message["model"])
    message["model"] = model
    change(message, model)
    if isinstance(message["model"], dict):
        message["model"] = srsly.msgpack_dumps(message["model"])
    return bytes(srsly.msgpack_dumps(message))


def break_last_weights(message: dict[str, Any], model: dict[str, Any]) -> None:
    [shims] = [i for i, shims in enumerate(model["shims"]) if shims][-1:]
    model["shims"][shims][-1] = b"\xc1"


def break_structure(message: dict[str, Any], model: dict[str, Any]) -> None:
    model["nodes"].pop()


def break_references(message: dict[str, Any], model: dict[str, Any]) -> None:
    model["nodes"][-1]["refs"] = {"x": 99}


def break_attributes(message: dict[str, Any], model: dict[str, Any]) -> None:
    model["attrs"][-1]["members"] = b"\xc1"


def break_all_of_the_model(message: dict[str, Any], model: dict[str, Any]) -> None:
    message["model"] = b"\xc1"


def break_settings(message: dict[str, Any], model: dict[str, Any]) -> None:
    message["cfg"] = "[1, 2]"


KINDS = [
    break_last_weights,
    break_structure,
    break_references,
    break_attributes,
    break_all_of_the_model,
    break_settings,
]


@pytest.mark.parametrize("change", KINDS)
@pytest.mark.parametrize("tags", ["AB", ""], ids=["initialized", "new"])
def test_component_stays_as_it_was(tags: str, change: Callable[..., None]) -> None:
    tagger = make_tagger(tags)
    before, dims = save(tagger), [dict(node._dims) for node in tagger.model.walk()]
    with pytest.raises(ValueError, match=r"\[L205\]"):
        tagger.from_bytes(damage(save(make_tagger("XY")), change), exclude=["vocab"])
    assert tagger.labels == tuple(tags)
    assert save(tagger) == before
    assert [dict(node._dims) for node in tagger.model.walk()] == dims
    assert gc.isenabled()


def test_another_model_can_be_loaded_after_an_error() -> None:
    """Even one of other sizes than those that were read before the error."""
    tagger, good = make_tagger(), save(make_tagger("AB"))
    with pytest.raises(ValueError, match=r"\[L205\]"):
        tagger.from_bytes(damage(save(make_tagger("XYZ")), break_last_weights), exclude=["vocab"])
    tagger.from_bytes(good, exclude=["vocab"])
    assert save(tagger) == good


def test_any_part_of_the_bytes_is_too_little() -> None:
    tagger, data = make_tagger("AB"), save(make_tagger("XY"))
    before = save(tagger)
    for end in range(0, len(data), len(data) // 40):
        with pytest.raises(ValueError, match=r"\[L205\]"):
            tagger.from_bytes(data[:end], exclude=["vocab"])
        assert save(tagger) == before
    assert gc.isenabled()


def add_endless_type(message: dict[str, Any], model: dict[str, Any]) -> None:
    message["model"] = {b"nd": False, b"type": [["x"] * 9999], b"data": b""}  # NumPy would quote all of it


@pytest.mark.parametrize("change", [*KINDS, add_endless_type])
def test_messages_are_for_reading(change: Callable[..., None]) -> None:
    with pytest.raises(ValueError, match=r"\[L205\]") as caught:
        make_tagger().from_bytes(damage(save(make_tagger("XY")), change), exclude=["vocab"])
    assert len(str(caught.value)) < 1000
    assert "\n" not in str(caught.value)


def test_folders_as_well(tmp_path: Path) -> None:
    tagger = make_tagger("AB")
    before = save(tagger)
    make_tagger("XY").to_disk(tmp_path / "tagger", exclude=["vocab"])
    model = tmp_path / "tagger" / "model"
    model.write_bytes(model.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"\[L205\]"):
        tagger.from_disk(tmp_path / "tagger", exclude=["vocab"])
    assert save(tagger) == before


def test_settings_of_the_file_are_taken_back() -> None:
    tagger = make_tagger("AB", n_best=2)
    with pytest.raises(ValueError, match=r"\[L205\]"):
        tagger.from_bytes(damage(save(make_tagger("XY")), break_last_weights), exclude=["vocab"])
    assert tagger.cfg["n_best"] == 2
    tagger.from_bytes(save(make_tagger("XY")), exclude=["vocab"])
    assert tagger.labels == ("X", "Y")
    assert tagger.cfg["n_best"] == 2


@pytest.mark.parametrize("error", [RecursionError, MemoryError, KeyboardInterrupt, KeyError])
def test_layers_of_thinc_get_back_what_they_had(error: type[BaseException]) -> None:
    model: Model[Any, Any] = Linear(2, 3).initialize()
    settings = {"labels": ["A"]}
    before, weights = model.to_bytes(), model.get_param("W")

    def fail() -> None:
        with unchanged_on_error(model, settings):
            model.name = "other"
            model.attrs["new"] = 1
            model.set_param("W", weights + 1)
            settings["labels"] = []
            settings["more"] = []
            raise error

    with pytest.raises(error):
        fail()
    assert model.to_bytes() == before
    assert model.get_param("W") is weights
    assert settings == {"labels": ["A"]}
