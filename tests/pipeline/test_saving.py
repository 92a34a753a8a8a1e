"""What is saved comes back as it was; what is damaged is refused, and changes nothing in memory."""

import shutil
import subprocess
import sys
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pytest
import spacy
import srsly
from helpers import TRAIN, TRAIN_TAGS, TRAIN_TEXTS, Data, make_docs, make_examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.util import load_config, load_model_from_config
from thinc.api import Config, Model

from spacy_lstm_tagger.pipeline.lstm_tagger import LSTMTagger
from spacy_lstm_tagger.pipeline.saving import CHECKSUMS

EARLIER = Path(__file__).parent.parent / "models_of_earlier_versions"
CONFIG = load_config(EARLIER / "format-1" / "config.cfg")
# In another order, so the same numbers of labels mean other tags.
NAMES = {"J": "D", "N": "C", "R": "B", "V": "A"}
RENAMED = [(text, [NAMES[tag] for tag in tags]) for text, tags in TRAIN]
RENAMED_TAGS = [tags for _, tags in RENAMED]


def make(config: Config = CONFIG) -> LSTMTagger:
    tagger: LSTMTagger = load_model_from_config(config, auto_fill=True).get_pipe("lstm_tagger")
    return tagger


def learn(data: Data, config: Config = CONFIG) -> LSTMTagger:
    nlp = load_model_from_config(config, auto_fill=True)
    examples = make_examples(nlp, data)
    optimizer = nlp.initialize(lambda: examples)
    tagger: LSTMTagger = nlp.get_pipe("lstm_tagger")
    for _ in range(20):
        for _ in range(20):
            nlp.update(examples, sgd=optimizer)
        if tag(tagger) == [tags for _, tags in data]:
            return tagger
    raise AssertionError


def tag(tagger: LSTMTagger) -> list[list[str]]:
    docs = make_docs(map(str.split, TRAIN_TEXTS), tagger.vocab)
    return [[tagger.labels[i] for i in tag_ids.tolist()] for tag_ids in tagger.predict(docs)]


def save(tagger: LSTMTagger, path: Path) -> Path:
    tagger.to_disk(path, exclude=["vocab"])
    return path


def load(path: Path, tagger: LSTMTagger | None = None) -> LSTMTagger:
    return (tagger or make()).from_disk(path, exclude=["vocab"])


def describe(tagger: LSTMTagger) -> tuple[Any, ...]:
    """All that loading could change."""
    nodes = [
        (node.name, node.dim_names, [node.maybe_get_dim(dim) for dim in node.dim_names], node.attrs.keys())
        for node in tagger.model.walk()
    ]
    return dict(tagger.cfg), nodes, tagger.model.to_bytes()


@pytest.fixture(scope="module")
def trained() -> LSTMTagger:
    return learn(TRAIN)


@pytest.fixture(scope="module")
def renamed() -> LSTMTagger:
    return learn(RENAMED)


@pytest.fixture(scope="module")
def folder(trained: LSTMTagger, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(trained, tmp_path_factory.mktemp("saved") / "lstm_tagger")


@pytest.mark.parametrize("path", sorted(EARLIER.iterdir()), ids=lambda path: path.name)
def test_models_of_every_version_are_read(path: Path, tmp_path: Path) -> None:
    """They were trained until they gave the tags of their training data."""
    tagger = load(path / "lstm_tagger", make(load_config(path / "config.cfg")))
    assert tag(tagger) == TRAIN_TAGS
    assert tag(load(save(tagger, tmp_path / "again"))) == TRAIN_TAGS


LOAD = """
import sys
import torch
from spacy.util import load_config, load_model_from_config

before = {*sys.modules}  # torch 2.6 brings some of it at once
nlp = load_model_from_config(load_config(sys.argv[1] + "/config.cfg"))
nlp.get_pipe("lstm_tagger").from_disk(sys.argv[1] + "/lstm_tagger", exclude=["vocab"])
print(*{"sympy", "torch._dynamo"} & ({*sys.modules} - before))
"""


def test_loading_imports_no_compiler() -> None:
    """Importing torch's takes a second, and some operations on tensors without memory need it."""
    command = [sys.executable, "-c", LOAD, EARLIER / "format-2"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == ""


def test_the_folder_holds_what_it_did_and_its_checksums(folder: Path) -> None:
    assert {file.name for file in folder.iterdir()} == {"cfg", "model", CHECKSUMS}


def test_other_files_of_the_folder_stay(trained: LSTMTagger, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    (tmp_path / ".saving-killed").mkdir()
    save(trained, tmp_path)
    assert (tmp_path / "notes").read_text() == "mine"
    assert not (tmp_path / ".saving-killed").exists(), "from a process that did not finish"
    assert tag(load(tmp_path)) == TRAIN_TAGS


def test_the_vocab_is_saved_if_it_is_not_excluded(trained: LSTMTagger, tmp_path: Path) -> None:
    trained.to_disk(tmp_path)
    tagger = make().from_disk(tmp_path)
    assert tag(tagger) == TRAIN_TAGS
    assert "dogs" in tagger.vocab.strings


# Damage

DAMAGES = st.one_of(
    st.tuples(st.just("flip"), st.integers(0, 2**20)),
    st.tuples(st.just("cut"), st.integers(0, 2**20)),
    st.tuples(st.just("append"), st.integers(0, 255)),
    st.tuples(st.just("zero"), st.integers(0, 2**20)),
)


def damage(data: bytes, kind: str, number: int) -> bytes:
    place = number % len(data)
    if kind == "flip":
        return data[:place] + bytes([data[place] ^ 1 << number % 8]) + data[place + 1 :]
    if kind == "zero":  # a sector that was not written
        return data[:place] + bytes(len(data[place : place + 512])) + data[place + 512 :]
    return data[:place] if kind == "cut" else data + bytes([number])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=st.sampled_from(["cfg", "model", CHECKSUMS]), how=DAMAGES)
def test_damaged_files_are_refused(file: str, how: Any, folder: Path, tmp_path: Path) -> None:
    """The error names the folder and the file; whitespace in JSON means nothing."""
    copy = shutil.copytree(folder, tmp_path / "copy", dirs_exist_ok=True)
    data = (copy / file).read_bytes()
    damaged = damage(data, *how)
    (copy / file).write_bytes(damaged)
    is_same = damaged == data
    if file == CHECKSUMS:
        with suppress(ValueError):
            is_same = srsly.json_loads(damaged) == srsly.json_loads(data)
    if is_same:
        assert tag(load(copy)) == TRAIN_TAGS
        return
    tagger = make()
    before = describe(tagger)
    with pytest.raises(ValueError, match=rf"(?s)\[L205\].*{copy}.*\[L206\].*'({file}|cfg|model)'"):
        load(copy, tagger)
    assert describe(tagger) == before


@pytest.mark.parametrize("file", ["cfg", "model"])
def test_swapped_and_missing_files_are_refused(
    file: str, folder: Path, renamed: LSTMTagger, tmp_path: Path
) -> None:
    """From a model of the same shape: only the checksum tells."""
    other = save(renamed, tmp_path / "other")
    copy = shutil.copytree(folder, tmp_path / "copy")
    shutil.copy(other / file, copy / file)
    with pytest.raises(ValueError, match=rf"\[L206\] '{file}'"):
        load(copy)
    (copy / file).unlink()
    with pytest.raises(ValueError, match=rf"\[L206\] '{file}'"):
        load(copy)


def test_what_is_excluded_is_not_checked(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "model").unlink()
    tagger = make().from_disk(copy, exclude=["vocab", "model"])
    assert tagger.labels == ("J", "N", "R", "V")


@pytest.mark.parametrize("content", ["[]", "null", '"cfg"', "{}", '{"cfg": 3}', "{"])
def test_damaged_checksums_are_refused(content: str, folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / CHECKSUMS).write_text(content)
    with pytest.raises(ValueError, match=r"\[L206\]"):
        load(copy)


def test_damaged_bytes_are_refused(trained: LSTMTagger) -> None:
    parts = srsly.msgpack_loads(trained.to_bytes(exclude=["vocab"]))
    parts["cfg"] = parts["cfg"].replace('"J"', '"K"')
    tagger = make()
    with pytest.raises(ValueError, match=r"\[L205\].*bytes.*\[L206\] 'cfg'"):
        tagger.from_bytes(srsly.msgpack_dumps(parts))
    assert tagger.labels == ()


def ensemble_config() -> Config:
    """CONFIG with two members."""
    config = Config(CONFIG).copy()
    model = config["components"]["lstm_tagger"]["model"]
    model["tok2vec"] = {
        "@architectures": "spacy-lstm-tagger.Ensemble.v1",
        "members": 2,
        "member": model["tok2vec"],
    }
    model["decoder"] = {"@architectures": "spacy-lstm-tagger.Softmax.v1", "members": 2}
    return config


@pytest.fixture(scope="module")
def ensemble() -> LSTMTagger:
    return learn(RENAMED, ensemble_config())


@pytest.mark.parametrize("is_trained", [False, True])
def test_loading_is_all_or_nothing(is_trained: bool, ensemble: LSTMTagger) -> None:
    """The second member is damaged, which is found when the first is already loaded."""
    config = ensemble_config()
    parts = srsly.msgpack_loads(ensemble.to_bytes(exclude=["vocab", "cfg"]))
    model = srsly.msgpack_loads(parts["model"])
    *_, second = [i for i, node in enumerate(model["nodes"]) if node["name"] == "lstm_tok2vec"]
    model["shims"][second][0] = model["shims"][second][0][:-1]
    tagger = learn(TRAIN, config) if is_trained else make(config)
    before = describe(tagger)
    with pytest.raises(ValueError, match=r"\[L202\]"):
        tagger.from_bytes(
            srsly.msgpack_dumps({"cfg": '{"labels": ["Z"]}', "model": srsly.msgpack_dumps(model)})
        )
    assert describe(tagger) == before
    if is_trained:
        assert tag(tagger) == TRAIN_TAGS
    else:  # and it can still be loaded as a whole
        assert tag(tagger.from_bytes(ensemble.to_bytes())) == RENAMED_TAGS


# Interruption


def try_to_load(path: Path) -> list[list[str]]:
    """RETURNS (List[List[str]]): The tags by the model that is there; none if it is refused."""
    with suppress(ValueError):
        return tag(load(path))
    return []


class Crash(BaseException):
    """Like the end of a process: nobody catches it."""


def crash_after(n_calls: int, function: Any) -> Any:
    """RETURNS (Callable): The function, which ends the process on a call."""
    calls = count()

    def call(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == n_calls:
            raise Crash
        return function(*args, **kwargs)

    return call


@pytest.mark.parametrize("is_first", [False, True])
@pytest.mark.parametrize(
    ("owner", "name"), [(Path, "replace"), (Model, "to_disk"), (srsly, "write_json")], ids=str
)
def test_interrupted_saving_never_loads_wrongly(
    owner: Any, name: str, is_first: bool, renamed: LSTMTagger, folder: Path, tmp_path: Path
) -> None:
    """It leaves the model that was there, or one that is refused; never a mixture of the two."""
    outcomes = []
    for n_calls in range(4):
        copy = tmp_path / str(n_calls)
        if not is_first:
            shutil.copytree(folder, copy)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(owner, name, crash_after(n_calls, getattr(owner, name)))
            with suppress(Crash):
                save(renamed, copy)
        outcomes.append(try_to_load(copy))
        assert not list(copy.glob(".saving-*"))
    possible = [RENAMED_TAGS, []] + ([] if is_first else [TRAIN_TAGS])
    assert all(outcome in possible for outcome in outcomes)
    assert outcomes[-1] == RENAMED_TAGS, "nothing was interrupted"
    assert outcomes[0] != RENAMED_TAGS


def test_a_pipeline_is_saved_over_another(tmp_path: Path) -> None:
    for data in (TRAIN, RENAMED):
        nlp = load_model_from_config(CONFIG, auto_fill=True)
        helpers.train(nlp, make_examples(nlp, data), steps=60)
        nlp.to_disk(tmp_path)
        loaded = spacy.load(tmp_path)
        assert helpers.tag(loaded, TRAIN_TEXTS) == [tags for _, tags in data]
        np.testing.assert_array_equal(
            loaded.get_pipe("lstm_tagger").predict([loaded.make_doc("green eggs")])[0],
            nlp.get_pipe("lstm_tagger").predict([nlp.make_doc("green eggs")])[0],
        )
