"""`spacy train` with the component: repeated, interrupted and resumed."""

import signal
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import srsly
from helpers import TRAIN, TRAIN_TAGS, make_docs, tag, tags_of
from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config
from thinc.api import Config
from thinc.types import Floats2d

CONFIG = Path(__file__).parent / "models_of_earlier_versions" / "format-2" / "config.cfg"
DATA = [{"words": text.split(), "tags": tags} for text, tags in TRAIN]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.jsonl"
    srsly.write_jsonl(path, DATA)
    return path


def make_config(corpus: Path, max_steps: int = 12, seed: int = 0) -> Config:
    reader = {"@readers": "spacy-lstm-tagger.Corpus.v1", "path": str(corpus)}
    model = load_config(CONFIG)["components"]["lstm_tagger"]["model"]
    config = {
        "nlp": {"lang": "en", "pipeline": ["lstm_tagger"]},
        "components": {"lstm_tagger": {"factory": "lstm_tagger", "model": model}},
        "corpora": {"train": reader, "dev": reader},
        "system": {"seed": seed},
        "training": {
            "max_steps": max_steps,
            "eval_frequency": 4,
            "dropout": 0.2,
            "optimizer": {"@optimizers": "Adam.v1", "learn_rate": 0.01, "use_averages": True},
            "logger": {"@loggers": "tests.silence.v1"},
        },
    }
    return Config(config)


@spacy.registry.loggers("tests.silence.v1")
def make_silence() -> Any:
    return lambda nlp, stdout, stderr: (lambda info: None, lambda: None)


def fill(config: Config) -> Config:
    return spacy.util.load_model_from_config(config, auto_fill=True).config


def run(config: Config, output: Path | None = None) -> Language:
    nlp = init_nlp(fill(config))
    nlp, _ = train(nlp, output)
    return nlp


def get_weights(nlp: Language) -> bytes:
    weights: bytes = nlp.get_pipe("lstm_tagger").model.to_bytes()
    return weights


def predict(nlp: Language) -> list[Floats2d]:
    docs = make_docs([row["words"] for row in DATA], nlp.vocab)
    emissions: list[Floats2d] = nlp.get_pipe("lstm_tagger").model.predict(docs)
    return emissions


def score(nlp: Language) -> float:
    """RETURNS (float): The share of the words that have their tags."""
    docs = make_docs([row["words"] for row in DATA], nlp.vocab)
    found, gold = (list(chain(*tags)) for tags in (tags_of(map(nlp, docs)), TRAIN_TAGS))
    return sum(map(str.__eq__, found, gold)) / len(gold)


def test_one_seed_gives_the_same_weights_again(corpus: Path) -> None:
    first = get_weights(run(make_config(corpus, seed=7)))
    assert get_weights(run(make_config(corpus, seed=7))) == first
    assert get_weights(run(make_config(corpus, seed=8))) != first


def test_training_resumes_from_a_saved_pipeline(corpus: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    run(make_config(corpus, max_steps=4), tmp_path / "first")
    saved = spacy.load(tmp_path / "first" / "model-last")
    srsly.write_jsonl(corpus, [{"words": ["I", "like", "green", "eggs"], "tags": ["V", "J", "N", "R"]}])
    config = fill(make_config(corpus, max_steps=60))
    config["components"] = {"lstm_tagger": {"source": str(tmp_path / "first" / "model-last")}}
    resumed = init_nlp(config)
    for found, expected in zip(predict(resumed), predict(saved), strict=True):
        np.testing.assert_array_equal(found, expected, "it does not start where the other one ended")
    train(resumed, tmp_path / "second")
    learned = spacy.load(tmp_path / "second" / "model-best")
    assert tag(learned, ["I like green eggs"]) == [["V", "J", "N", "R"]]


class Stop(BaseException):
    """Like one from the keyboard: not caught as an error."""


@pytest.mark.parametrize("error", [KeyboardInterrupt, Stop, MemoryError])
def test_interrupted_training_leaves_the_best_model_whole(
    error: type[BaseException], corpus: Path, tmp_path: Path
) -> None:
    nlp = init_nlp(fill(make_config(corpus, max_steps=30)))
    tagger, update = nlp.get_pipe("lstm_tagger"), nlp.get_pipe("lstm_tagger").update
    best: list[bytes] = []

    def interrupt(examples: Any, **kwargs: Any) -> Any:
        path = tmp_path / "model-best"
        if len(best) == 20:
            raise error
        best.append((path / "lstm_tagger" / "model").read_bytes() if path.exists() else b"")
        return update(examples, **kwargs)

    tagger.update = interrupt
    with pytest.raises(error):
        train(nlp, tmp_path)
    assert (tmp_path / "model-best" / "lstm_tagger" / "model").read_bytes() == best[-1] != b""
    assert score(spacy.load(tmp_path / "model-best")) > 0.3


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from thinc.api import Config, Model
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
sys.path.insert(0, sys.argv[4])
import test_training

config, output, place = sys.argv[1:4]
calls = []

def kill(function):
    def call(*arguments, **settings):
        result = function(*arguments, **settings)
        path = Path(arguments[1])
        if path.name in ("model", "model-best"):  # folders are copied folder by folder
            calls.append(path)
        if len(calls) == 3:
            with (path / "lstm_tagger" / "model" if path.is_dir() else path).open("r+b") as file:
                file.truncate(100)
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return call

if place == "saving":
    Model.to_disk = kill(Model.to_disk)
else:
    shutil.copytree = kill(shutil.copytree)
train(init_nlp(Config().from_disk(config)), Path(output))
"""


@pytest.mark.parametrize(
    ("place", "whole", "broken"),
    # spaCy removes the best model before it copies the last one to its place.
    [("saving", ["model-best", "model-last"], []), ("copying", ["model-last"], ["model-best"])],
)
def test_killed_while_it_saves_it_leaves_a_whole_model(
    place: str, whole: list[str], broken: list[str], corpus: Path, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    output.mkdir()
    fill(make_config(corpus, max_steps=60)).to_disk(tmp_path / "config.cfg")
    arguments = [tmp_path / "config.cfg", output, place, Path(__file__).parent]
    process = subprocess.run([sys.executable, "-c", KILLED, *arguments], capture_output=True, check=False)
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()
    for name in whole:
        assert score(spacy.load(output / name)) > 0.3
    for name in broken:
        with pytest.raises(ValueError, match=r"\[L205\].*\[L206\]"):
            spacy.load(output / name)
