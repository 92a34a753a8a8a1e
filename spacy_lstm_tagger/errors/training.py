"""The messages about training and prediction."""


class TrainingErrors:
    """Templates with codes ``L1``."""

    L101 = (
        "[L101] The gold label {label!r} (word {index}, {word!r}, of the document that starts with "
        "{text!r}) is not among the {n_labels} labels of component '{name}'. Call `initialize` with "
        "examples of all labels, add it with `add_label` before that, or, for a negative annotation, put "
        "the component's neg_prefix {neg_prefix!r} before one of the labels."
    )
    L102 = (
        "[L102] Can't read the labels of component '{name}': expected a list of labels, or an object "
        "with 'labels' and 'vocabulary', but got {found}. Write it with `python -m spacy init labels`."
    )
    L103 = (
        "[L103] The vocabulary passed to the word embedding has no entry for {attr!r}; it has: {found}. "
        "Write it again with `python -m spacy init labels` and the config that you train with."
    )
    L104 = (
        "[L104] The document that starts with {text!r} has no confidences. Set store_scores = true for "
        "the component, in the config or in code: nlp.get_pipe(NAME).cfg['store_scores'] = True."
    )
    L105 = (
        "[L105] No word of the data has a gold label that component '{name}' knows, so there is nothing "
        "to measure its confidence on. Use annotated data with the labels that the pipeline was trained "
        "on."
    )
    L106 = (
        "[L106] The words of the document that starts with {text!r} were merged or split after they were "
        "labeled, so their confidences no longer match. Remove the component that does so, such as "
        "merge_entities, or do not ask for scores."
    )
    L107 = (
        "[L107] The scores of component '{name}' are NaN or infinite for {n} of the batch's {n_docs} "
        "documents; the first starts with {text!r}. Models saved earlier are not affected. {cause}"
    )
    L108 = (
        "[L108] The weights '{weights}' are NaN or infinite: an earlier update was too large. Retrain "
        "with a lower [training.optimizer] learn_rate, and with a grad_clip above 0."
    )
    L109 = (
        "[L109] The static vector of {word!r} has NaN or infinite values. Correct the vectors, and retrain."
    )
    L110 = (
        "[L110] Values overflowed float32. Retrain with a lower [training.optimizer] learn_rate, and "
        "with a grad_clip above 0."
    )
    L111 = (
        "[L111] None of the {words} words of the training data has a label for component '{name}', so "
        'there is nothing to learn. For CoNLL-U without XPOS, set tag = "upos" for the corpora; for other '
        "formats, check that the right column or key is read."
    )
    L112 = (
        "[L112] {unknown} of {words} words of the data have gold labels that component '{name}' does not "
        "know, such as {labels}; its labels are {known}, for example. These are other labels than it was "
        "trained on: choose the right column, for CoNLL-U with --tag."
    )
    L113 = (
        "[L113] Component '{name}' was given labels that are not a vocabulary, but of type {found}. Give "
        "what `python -m spacy init labels` wrote for it, or leave them out."
    )
    L114 = (
        "[L114] A component of type {found} gives no probabilities to learn from. Distill from a component "
        "of this package, or from spaCy's tagger or morphologizer. The command `lstm-tagger distill` "
        "learns what any other one assigns."
    )
    L115 = (
        "[L115] The document that starts with {text!r} has other words for the teacher than for the "
        "student. Make both from the same words: Example(Doc(student.vocab, words=words), "
        "Doc(teacher.vocab, words=words))."
    )
