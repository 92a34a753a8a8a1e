"""The messages of warnings."""


class Warnings:
    """Templates with codes ``W0``."""

    W002 = (
        "[W002] The constraints of component '{name}', '{scheme}', forbid the annotation of {n} of "
        "{n_docs} training documents; nothing is learned from these. The first starts with {text!r}. "
        'Correct its labels, or set constraints = "none" or "seen" for \'spacy-lstm-tagger.CRF.v1\'.'
    )
    W003 = (
        "[W003] {path}: {skipped} of {total} {piece} are damaged and were skipped. Correct them, or set "
        'on_error = "raise" for the corpus to stop at the first. The first error: {error}'
    )
    W004 = (
        "[W004] The constraints of component '{name}', '{scheme}', forbid the annotation of documents in "
        "this update; nothing is learned from these. One of them starts with {text!r}. Correct its "
        'labels, or retrain on all of the data, or with constraints = "none" for '
        "'spacy-lstm-tagger.CRF.v1'."
    )
    W005 = (
        "[W005] {path}: {lost} value(s) that no component of the pipeline learns can't be read, and count "
        "as missing. The first: {error}"
    )
    W006 = (
        "[W006] {path}: {lost} span(s) do not fit the words: they begin or end inside one, have none, or "
        "overlap others. These words have no label, and nothing is learned from them. Correct the spans, "
        'or set offsets = "utf-16" if they are shifted after emojis. The first is {first}.'
    )
    W010 = (
        "[W010] Component '{name}' has {n_labels} labels, and its decoder, '{decoder}', compares each with "
        "each at every word: twice the labels take four times as long. Use 'spacy-lstm-tagger.Softmax.v1', "
        "or fewer labels."
    )
    W013 = (
        "[W013] {missing} of the {words} words of the training data have no label for component '{name}'; "
        "nothing is learned from them. If that is not meant, check that the right column or key is read."
    )
    W014 = (
        "[W014] {unknown} of {words} words of the data have gold labels that component '{name}' does not "
        "know, and gets wrong: {labels}. If they are typing errors, correct them; otherwise retrain with "
        "examples of them."
    )
    W030 = (
        "[W030] None of the {words} words of {path} is annotated with '{annotation}', which a component "
        "learns. Check that the right column or key is read: for CoNLL-U without XPOS, set tag = 'upos'."
    )
    W031 = (
        "[W031] {missing} of the {words} words of {path} are not annotated with '{annotation}', which a "
        "component learns. If that is not meant, check that the right column or key is read."
    )
    W032 = (
        "[W032] {unknown} of the {words} words of {path} have tags that component '{name}' does not know: "
        "{labels}. Check that it is annotated like the training data, and that the right column or key is "
        "read."
    )
    W040 = (
        "[W040] The teacher's most probable labels of {n} of {total} words are none of component '{name}': "
        "{labels}. Nothing is learned from these words. If that is not meant, choose a teacher with the "
        "same labels."
    )
    W033 = (
        "[W033] The training data has no annotation for component '{name}', so it is left out of the "
        "pipeline. If the data should have some, check that the right column or key is read."
    )
