"""Every message that this package raises, in one place, in the manner of spaCy's own catalogue.

spaCy's codes (``spacy.errors.Errors``) are used wherever spaCy's tagger raises them. What only this
package can meet is here. Each says what was wrong, where, and what to do.
"""

DOCS = "docs/usage.md"


class Errors:
    """Message templates; ``L0`` settings, ``L1`` training data, ``L2`` model files."""

    L001 = (
        "[L001] Invalid value for '{setting}': {value!r}. It must be {expected}. Check the block of "
        "'{architecture}' in your config."
    )
    L002 = (
        "[L002] Unknown attribute {attr!r} in 'attrs'. A word's embedding can be made of: {supported}. "
        "Only attributes of the word type are supported, since its vector is looked up by type."
    )
    L003 = (
        "[L003] 'attrs' and 'widths' must have the same length, but there are {attrs} attributes "
        "and {widths} widths."
    )
    L004 = (
        "[L004] The embedding has no parts: name at least one of 'attrs', 'prefix_lengths', "
        "'suffix_lengths', 'characters' or 'include_static_vectors'."
    )
    L005 = (
        "[L005] 'include_static_vectors' is true, but the vocab has no vectors. Load a pipeline with "
        'vectors through [initialize] vectors = "...", or set include_static_vectors = false.'
    )
    L006 = (
        "[L006] A text can be read on from a carried state by a one-directional LSTM only: the "
        "backward direction of a bidirectional one starts at the end of the text. "
        "Train with bidirectional = false."
    )

    L101 = (
        "[L101] The gold tag {tag!r} (word {index}, {word!r}, of the document that starts with "
        "{text!r}) is not among the {n_labels} labels of component '{name}'. Call `initialize` with "
        "examples that hold all tags, add it with `add_label` before that, or, for a negative "
        "annotation, put the component's neg_prefix {neg_prefix!r} before one of the labels."
    )
    L102 = (
        "[L102] Can't read the labels of component '{name}': expected a list of tags, or an object "
        "with 'labels' and 'vocabulary' as written by `python -m spacy init labels`, but got {found}."
    )
    L103 = (
        "[L103] The vocabulary handed to the word embedding has no entry for {attr!r}; it holds: {found}. "
        "Make it again with `python -m spacy init labels` and the config that you train with."
    )

    L201 = (
        "[L201] The network was not initialized. Call `nlp.initialize()` with training examples, or "
        "load a trained pipeline with `spacy.load()`."
    )
    L202 = (
        "[L202] Can't read the network's weights: {problem}. The file is damaged, or it was not "
        "written by spacy-lstm-tagger."
    )
    L203 = (
        "[L203] The weights were saved in format {found}, but this version of spacy-lstm-tagger reads "
        "format {expected}. Install the version that wrote them, or a newer one."
    )
    L204 = (
        "[L204] The saved weights do not fit the network of the config: {problem}. Load them with the "
        "config that they were trained with."
    )
