"""What is worth knowing when a training begins; spaCy's log shows it."""

from spacy.language import Language
from spacy.util import logger

_STOCK_OPTIMIZER = "Adam.v1"  # that of `spacy init config`


def suggest_settings(nlp: Language | None) -> None:
    """Say how to get better settings, if a training has those that spaCy writes for its own components."""
    training = nlp.config.get("training", {}) if nlp is not None else {}
    if training.get("optimizer", {}).get("@optimizers") == _STOCK_OPTIMIZER:
        logger.info(
            "These are spaCy's training settings; an LSTM learns faster and better with those of `python "
            "-m spacy lstm-tagger init-config`"
        )
