"""A tiny pipeline, whose tagger was trained by an earlier version."""

from pathlib import Path

import pytest
import spacy
from spacy.util import load_config, load_model_from_config

TRAINED = Path(__file__).parent.parent / "models_of_earlier_versions" / "format-2"


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """RETURNS (Path): The folder of the pipeline."""
    nlp = load_model_from_config(load_config(TRAINED / "config.cfg"), auto_fill=True)
    nlp.get_pipe("lstm_tagger").from_disk(TRAINED / "lstm_tagger", exclude=["vocab"])
    folder = tmp_path_factory.mktemp("pipeline") / "model"
    nlp.to_disk(folder)
    return folder


@pytest.fixture(scope="session")
def nlp(model):
    """RETURNS (Language): The pipeline, loaded once more; it stores its confidences."""
    nlp = spacy.load(model)
    nlp.get_pipe("lstm_tagger").cfg["store_scores"] = True
    return nlp
