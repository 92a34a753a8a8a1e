"""The pipelines: how they are loaded, their settings, and their tags."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import spacy
from spacy.attrs import TAG
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import load_config
from thinc.util import get_torch_default_device
from torch import nn

from spacy_lstm_tagger.models.ensemble import get_members
from spacy_lstm_tagger.models.precision import get_precision
from spacy_lstm_tagger.models.settings import PredictionSettings

COMPONENT = "lstm_tagger"


def load_lstm(model: Path, **prediction: Any) -> Language:
    """Load a pipeline with an `lstm_tagger`, overriding its settings for prediction.

    model (Path): The pipeline's folder.
    **prediction (Any): Settings of the tok2vec layer (in an ensemble, of all members'), such as
        `precision="bfloat16"`.
    RETURNS (Language): The pipeline.
    """
    tok2vec = load_config(model / "config.cfg")["components"][COMPONENT]["model"]["tok2vec"]
    changed = {"member": prediction} if "member" in tok2vec else prediction
    nlp = spacy.load(model, config={"components": {COMPONENT: {"model": {"tok2vec": changed}}}})
    settings = read_settings(nlp)
    for name, value in prediction.items():
        assert getattr(settings, name) == value, f"The override of {name} had no effect."
    return nlp


def read_settings(nlp: Language) -> PredictionSettings:
    """RETURNS (PredictionSettings): The settings for prediction of the pipeline's `lstm_tagger`."""
    pipe: Any = nlp.get_pipe(COMPONENT)
    member = get_members(pipe.model.get_ref("tok2vec"))[0]
    settings: PredictionSettings = member.attrs["prediction"]
    return settings


def load_pipelines(spacy_model: Path, lstm_model: Path) -> dict[str, Language]:
    """RETURNS (Dict[str, Language]): spaCy's pipeline, and ours in both precisions."""
    return {
        "spacy": spacy.load(spacy_model),
        "lstm": load_lstm(lstm_model, precision="float32"),
        "lstm_bfloat16": load_lstm(lstm_model, precision="bfloat16"),
    }


def find_precision(name: str) -> str:
    """RETURNS (str): The precision actually used for a setting, on this machine and device."""
    return str(get_precision(name, get_torch_default_device())).removeprefix("torch.")


def find_lstm(nlp: Language) -> nn.LSTM:
    """RETURNS (nn.LSTM): The first `torch.nn.LSTM` of a pipeline, in whichever component."""
    for _, pipe in nlp.pipeline:
        model = getattr(pipe, "model", None)
        shims = [shim for node in model.walk() for shim in node.shims] if model else []
        for shim in shims:
            for module in shim._model.modules():
                if isinstance(module, nn.LSTM):
                    return module
    raise ValueError("No component of the pipeline holds a torch.nn.LSTM.")


def read_tags(docs: Iterable[Doc]) -> npt.NDArray[np.uint64]:
    """RETURNS (np.ndarray): The string id of every token's tag, all docs concatenated, `(tokens,)`."""
    return np.concatenate([doc.to_array(TAG) for doc in docs])


def count_differences(tags: npt.NDArray[np.uint64], others: npt.NDArray[np.uint64]) -> int:
    """RETURNS (int): The number of tokens whose tags differ."""
    assert tags.shape == others.shape
    return int(np.count_nonzero(tags != others))
