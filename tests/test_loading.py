"""A saved pipeline is data: loading it runs nothing that somebody hid in its files."""

import io
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import srsly
import torch
from helpers import make_examples
from spacy.lookups import Lookups

from spacy_lstm_tagger.pipeline.saving import CHECKSUMS

NAME = "lstm_tagger"
SMALL = {"widths": [2, 2, 2, 2], "affix_width": 2, "characters": {"filters": 2, "symbol_width": 2}}
CONFIG = {
    "model": {
        "tok2vec": {"embed": SMALL | {"include_static_vectors": True}, "encode": {"width": 4}},
    }
}


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def bomb(tmp_path: Path) -> Bomb:
    return Bomb(tmp_path / "bomb")


def write_numpy(bomb: Bomb) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([bomb], dtype=object), allow_pickle=True)
    return stream.getvalue()


def write_torch(bomb: Bomb) -> bytes:
    stream = io.BytesIO()
    torch.save(bomb, stream)
    return stream.getvalue()


# A pickle as a value of a msgpack file. srsly copied a format that unpickles the data of an array of Python
# objects.
ARRAYS: dict[str, dict[bytes, Any]] = {
    "objects": {b"nd": True, b"type": "|O", b"kind": b"O", b"shape": [1]},
    "objects, no kind": {b"nd": True, b"type": "|O", b"kind": b"", b"shape": [1]},
    "object": {b"nd": False, b"type": "|O"},
    "records": {b"nd": True, b"type": [["x", "|O"]], b"kind": b"V", b"shape": [1]},
}
BYTES: dict[str, Callable[[Bomb], bytes]] = {
    "pickle": pickle.dumps,
    "numpy.save": write_numpy,
    "torch.save": write_torch,
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RETURNS (Path): A pipeline with everything that spaCy saves besides components."""
    nlp = spacy.blank("en")
    nlp.vocab.set_vector("green", np.ones(3, dtype=np.float32))
    nlp.vocab.lookups = Lookups()
    nlp.vocab.lookups.add_table("lexeme_norm", {"grn": "green"})
    nlp.add_pipe(NAME, config=CONFIG)
    nlp.initialize(lambda: make_examples(nlp, [("green eggs", ["J", "N"])]))
    path = tmp_path_factory.mktemp("saved") / "model"
    nlp.to_disk(path)
    return path


def test_the_bomb_goes_off(bomb: Bomb) -> None:
    """Each of the disguises would fool somebody's reader."""
    pickle.loads(BYTES["pickle"](bomb))
    bomb.path.rmdir()
    np.load(io.BytesIO(BYTES["numpy.save"](bomb)), allow_pickle=True)
    bomb.path.rmdir()
    torch.load(io.BytesIO(BYTES["torch.save"](bomb)), weights_only=False)
    assert bomb.path.exists()


# Every place in the component's file


def find_places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in msgpack data, also in msgpack within msgpack, whose key is `bytes`."""
    yield place
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from find_places(inner, (*place, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from find_places(inner, (*place, index))
    elif isinstance(value, bytes) and not value.startswith(b"PK") and place[-1:] != ("sha256",):
        yield from find_places(srsly.msgpack_loads(value), (*place, bytes))


def replace(value: Any, place: tuple[Any, ...], planted: Any) -> Any:
    if not place:
        return planted
    first, *rest = place
    if first is bytes:
        return srsly.msgpack_dumps(replace(srsly.msgpack_loads(value), tuple(rest), planted))
    copied = value.copy()
    copied[first] = replace(value[first], tuple(rest), planted)
    if first == "content" and isinstance(copied[first], bytes):  # an attacker knows about checksums
        copied["sha256"] = sha256(copied[first]).digest()
    return copied


def plant_everywhere(saved: Path, planted: Any) -> Iterator[tuple[str, bytes]]:
    """RETURNS (Iterator[Tuple[str, bytes]]): For each place in the model, what is there, and the file."""
    message = srsly.msgpack_loads((saved / NAME / "model").read_bytes())
    for place in find_places(message):
        yield repr(place), srsly.msgpack_dumps(replace(message, place, planted))


class Folder:
    """A saved component with one file replaced, and a component to load it into.

    load (Callable[[str, bytes], str]): The component's error message; empty if it loads.
    """

    def __init__(self, saved: Path, path: Path) -> None:
        self.path = Path(shutil.copytree(saved / NAME, path / NAME))
        (self.path / CHECKSUMS).unlink()  # earlier versions wrote none, and an attacker won't
        self.tagger = spacy.blank("en").add_pipe(NAME, config=CONFIG)
        self.model = self.tagger.model

    def load(self, file: str, data: bytes) -> str:
        before = (self.path / file).read_bytes()
        (self.path / file).write_bytes(data)
        self.tagger.model = self.model.copy()
        try:
            self.tagger.from_disk(self.path, exclude=["vocab"])
        except ValueError as error:
            return str(error)
        finally:
            (self.path / file).write_bytes(before)
        return ""


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Folder:
    return Folder(saved, tmp_path)


def test_a_file_that_nobody_touched_is_loaded(saved: Path, folder: Folder) -> None:
    for file in ("cfg", "model"):
        assert folder.load(file, (saved / NAME / file).read_bytes()) == ""


def test_every_place_is_found(saved: Path) -> None:
    """The tests below plant nothing where this one sees nothing."""
    places = [place for place, _ in plant_everywhere(saved, 0)]
    for part in ("nodes", "attrs", "shims", "params", "fitted", "weights", "format", "dims", "refs"):
        assert any(repr(part) in place for place in places)
    assert sum(repr(bytes) in place for place in places) > 30


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_of_objects_are_refused(saved: Path, folder: Folder, bomb: Bomb, kind: str) -> None:
    planted = ARRAYS[kind] | {b"data": pickle.dumps(bomb)}
    for place, data in plant_everywhere(saved, planted):
        error = folder.load("model", data)
        assert "[L205]" in error, place
        assert not bomb.path.exists(), place


@pytest.mark.parametrize("kind", BYTES)
def test_pickles_stay_bytes(saved: Path, folder: Folder, bomb: Bomb, kind: str) -> None:
    """Thinc reads any value as the name or the width of a layer, but nothing opens it."""
    planted = BYTES[kind](bomb)
    for place, data in plant_everywhere(saved, planted):
        error = folder.load("model", data)
        assert "[L205]" in error or "'shims'" not in place, place
        assert not bomb.path.exists(), place


@pytest.mark.parametrize("kind", BYTES)
@pytest.mark.parametrize("file", ["cfg", "model"])
def test_files_that_are_pickles_are_refused(folder: Folder, bomb: Bomb, kind: str, file: str) -> None:
    assert "[L205]" in folder.load(file, BYTES[kind](bomb))
    assert not bomb.path.exists()


def test_pickles_in_layers_of_others_are_refused(bomb: Bomb, tmp_path: Path) -> None:
    """Thinc's bridge to torch unpickles; only weights are accepted by default since torch 2.6."""
    encode = {"@architectures": "spacy.TorchBiLSTMEncoder.v1", "width": 8, "depth": 1, "dropout": 0.0}
    embed = {"@architectures": "spacy.MultiHashEmbed.v2", "width": 8, "attrs": ["NORM"], "rows": [9]}
    embed["include_static_vectors"] = False
    model = {"tok2vec": {"@architectures": "spacy.Tok2Vec.v2", "embed": embed, "encode": encode}}
    nlp = spacy.blank("en")
    nlp.add_pipe(NAME, config={"model": model}).add_label("N")
    nlp.initialize()
    nlp.to_disk(tmp_path / "model")
    file = tmp_path / "model" / NAME / "model"
    message = srsly.msgpack_loads(file.read_bytes())
    [place] = [place for place in find_places(message) if place[-1:] == ("state",)]
    file.write_bytes(srsly.msgpack_dumps(replace(message, place, BYTES["torch.save"](bomb))))
    (file.parent / CHECKSUMS).unlink()
    with pytest.raises(ValueError, match=r"\[L205\].*Weights only load failed"):
        spacy.load(tmp_path / "model")
    assert not bomb.path.exists()


# The whole pipeline


@pytest.mark.parametrize("kind", BYTES)
def test_no_file_of_a_pipeline_is_unpickled(saved: Path, bomb: Bomb, kind: str, tmp_path: Path) -> None:
    """Not even one that spaCy itself reads."""
    names = [path.relative_to(saved) for path in saved.rglob("*") if path.is_file()]
    assert {"vocab/vectors", "vocab/key2row", "vocab/lookups.bin", "tokenizer"} <= {*map(str, names)}
    for name in names:
        folder = tmp_path / "model"
        shutil.copytree(saved, folder, dirs_exist_ok=True)
        (folder / name).write_bytes(BYTES[kind](bomb))
        with pytest.raises(Exception):  # noqa: B017, PT011  spaCy raises many kinds for its own files
            spacy.load(folder)
        assert not bomb.path.exists(), name


def test_code_in_the_folder_is_not_imported(saved: Path, bomb: Bomb, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(saved, folder)
    for name in ("__init__.py", "functions.py", "lstm_tagger.py", "conftest.py", "sitecustomize.py"):
        (folder / name).write_text(f"import os; os.mkdir({str(bomb.path)!r})")
    assert spacy.load(folder)("green eggs")[0].tag_
    assert not bomb.path.exists()
