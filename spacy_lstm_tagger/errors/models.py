"""The messages about saved models."""


class ModelErrors:
    """Templates with codes ``L2``."""

    L201 = (
        "[L201] The network is not initialized. Call `nlp.initialize()` with training examples, or load "
        "a trained pipeline with `spacy.load()`."
    )
    L202 = (
        "[L202] Can't read the network's weights: {problem}. The file is damaged, or was not written by "
        "spacy-lstm-tagger. Copy it again from where it was saved, or retrain."
    )
    L203 = (
        "[L203] The weights were saved in format {found}, but this version of spacy-lstm-tagger reads "
        "format {expected}. Install the version that wrote them, or a newer one."
    )
    L204 = (
        "[L204] The saved weights do not fit the network of the config: {problem}. Load them with the "
        "config that they were trained with."
    )
    L205 = (
        "[L205] Can't load component '{name}' from {source}: {problem}. Either the model is damaged, or "
        "it belongs to another component or config. Load it with the config that was saved with it, or "
        "copy it again from where it was saved."
    )
    L206 = (
        "[L206] '{part}' differs from what was saved: its checksum does not match. The file was damaged "
        "or replaced, or saving was interrupted. Restore it from a copy of the model, or save the model "
        "again."
    )
