"""The exceptions of this package, and every message that it raises or warns with, in one catalog.

spaCy's own codes (``spacy.errors.Errors``) are used wherever spaCy's tagger raises them. Each message says
what is wrong, where, and what to do. docs/troubleshooting.md explains them by code.
"""

from typing import Any


class LSTMTaggerError(Exception):
    """Base class of every exception that this package raises."""


class LSTMTaggerValueError(LSTMTaggerError, ValueError):
    """A setting, an annotation, a file or a saved model is invalid."""


class LSTMTaggerImportError(LSTMTaggerError, ImportError):
    """An optional dependency is not installed."""


class LSTMTaggerRuntimeError(LSTMTaggerError, RuntimeError):
    """A worker process or a cluster failed."""


class Errors:
    """Message templates: ``L0`` settings, ``L1`` training, ``L2`` model files, ``L3`` corpora, ``L4``
    commands, ``L5`` reports.
    """

    L001 = (
        "[L001] Invalid value for '{setting}': {value!r}. It must be {expected}. Check the block of "
        "'{block}' in your config."
    )
    L002 = (
        "[L002] Unknown attribute {attr!r} in 'attrs'. A word embedding can use: {supported}. Only "
        "attributes of the word type are supported, because vectors are looked up by word type."
    )
    L003 = (
        "[L003] 'attrs' and 'widths' must have the same length, but there are {attrs} attributes and "
        "{widths} widths. Give every attribute one width."
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
        "[L006] Streaming needs a one-directional LSTM inside the component: a backward LSTM starts at "
        "the end of the text, and a listener has no state. Use 'spacy-lstm-tagger.LSTMTok2Vec.v1' with "
        "bidirectional = false, and retrain."
    )
    L007 = (
        "[L007] The model of component '{name}' is '{model}', which has no decoder. Use the architecture "
        "'spacy-lstm-tagger.LSTMTagger.v1': copy its blocks from configs/default.cfg. If you replaced "
        "spaCy's tagger in a config, delete its [components.{name}.model] blocks as well."
    )
    L008 = (
        "[L008] The state is for {found} texts, but there are {expected} documents. Pass the next piece "
        "of every text, in the same order, in every call."
    )
    L009 = (
        "[L009] The vectors have width {found}, but the decoder was built for {expected}. If they come "
        "from a listener, its 'width' must be that of the tok2vec component: twice the LSTM's width if "
        "it is bidirectional."
    )
    L010 = (
        "[L010] The label {label!r} does not follow the scheme {scheme!r}. With constraints = {scheme!r} "
        "every label of 'spacy-lstm-tagger.CRF.v1' must be 'O', or a prefix of the scheme, '-' and the "
        'name of a slot, such as \'B-city\'. Correct the data, or set constraints = "none" or "seen".'
    )
    L011 = (
        "[L011] label_smoothing of component '{name}' is {value}, but its decoder, '{decoder}', does not "
        "support it. Set label_smoothing = 0.0, or use 'spacy-lstm-tagger.Softmax.v1'."
    )
    L012 = (
        "[L012] Component '{name}' can't tag a stream: its decoder, '{decoder}', needs the whole text. "
        "Retrain with 'spacy-lstm-tagger.Softmax.v1', or pass whole texts to `predict`."
    )
    L013 = (
        "[L013] 'members' of the decoder is {found}, but its tok2vec layer has {expected}. Leave "
        "'members' of the decoder out: it is inferred."
    )
    L014 = (
        "[L014] precision = 'bfloat16' needs a processor with bfloat16 instructions (on x86 AVX512-BF16 "
        'or AMX, on ARM BF16), and this machine\'s {device} has none. Set precision = "float32" for '
        "'spacy-lstm-tagger.LSTMTok2Vec.v1', in the config or when loading: spacy.load(path, "
        'config={{"components.NAME.model.tok2vec.precision": "float32"}}).'
    )

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

    L304 = "[L304] There is no file or folder {path}. Check the path of the corpus."
    L305 = (
        "[L305] The folder {path} has no file that ends in {suffixes}, or one of them and .gz. Check the "
        "path of the corpus, or rename the files."
    )
    L306 = (
        "[L306] The file {path} has no sentences. Check that it was written completely and that its "
        "format is that of files that end in {suffixes}."
    )
    L307 = "[L307] {place}byte {offset}, counted from 0, is not UTF-8. Save the file as UTF-8."
    L308 = (
        "[L308] {place}found {count} column(s) instead of 10. Separate the columns by single tabs, not "
        "spaces, and the sentences by an empty line."
    )
    L309 = (
        "[L309] {place}the ID is {id}. Write a whole number such as 3, a word range such as 3-4, or an "
        "empty node such as 3.1."
    )
    L310 = (
        "[L310] {place}the ID {id} is out of sequence: {count} word(s) of the sentence come before it. "
        "Number the words of a sentence from 1, and end every sentence with an empty line."
    )
    L311 = (
        "[L311] {place}the word range {id} overlaps the range before it, or ends before it starts. Write "
        "first-last, and put a word into at most one range."
    )
    L312 = (
        "[L312] {place}the word range ends at word {last}, but the sentence has {count} word(s). Correct "
        "the range, or add the words."
    )
    L313 = (
        "[L313] {place}the FORM column is empty. Write the word, or remove the line and renumber the "
        "sentence."
    )
    L314 = (
        "[L314] {place}the UPOS column is {value}, which is not a universal part of speech. Write one, "
        "or _ for none; other tags belong in the XPOS column."
    )
    L315 = (
        "[L315] {place}the FEATS column is {value}. Write Name=Value pairs separated by |, or _ for none."
    )
    L316 = "[L316] {place}not valid JSON ({reason}). Write one object per line."
    L317 = (
        '[L317] {place}expected a JSON object, not {value}. Write an object such as {{"words": ["Hi", '
        '"!"]}} on every line.'
    )
    L318 = "[L318] {place}the key {key!r} is missing. Add a list with one entry per word."
    L319 = "[L319] {place}{key!r} is {value}, but must be a list."
    L320 = "[L320] {place}entry {index} of {key!r}, counted from 0, is {value}, but must be {expected}."
    L321 = "[L321] {place}{key!r} has {count} entries for {words} word(s). Give every word one entry."
    L322 = (
        "[L322] Can't tell the format of {path}. Use a file that ends in one of {suffixes}, or a folder "
        "of such files, or name the reader of your format in the config's [corpora] block."
    )
    L323 = (
        "[L323] Nothing is left of the file {path}: {skipped} of {total} {piece} are damaged, and no "
        "other has a word. Restore the file, or remove it from the corpus. The first error: {error}"
    )

    L324 = (
        "[L324] {place}the HEAD column is {value}. Write the ID of a word, 0 for the root, or _ for none."
    )
    L325 = (
        "[L325] {place}the heads of the sentence that starts here are not a tree: one is beyond its last "
        "word, or there is a cycle, or more than one root. Correct the HEAD column, or write _ for none."
    )
    L326 = "[L326] {path} is {kind}. {advice}, and try again."
    L327 = (
        "[L327] {path} can't be decompressed: {reason}. Copy it again from where it is from, or, if it is "
        "not compressed with gzip, remove .gz from its name."
    )
    L328 = "[L328] {path}, in the text that starts with {text}: {error}"

    L330 = (
        "[L330] The label {label!r} belongs to no scheme of spans. Write 'O', or one of the prefixes B, I, "
        "L, U, E and S, '-' and the type of the span, such as 'B-city'."
    )

    L401 = (
        "[L401] There is no component '{name}' in the pipeline; it has: {pipeline}. Name the component "
        "with --component."
    )
    L402 = (
        "[L402] The component '{name}' is not an lstm_tagger or another labeler of spacy-lstm-tagger. "
        "Name another one with --component."
    )
    L403 = "[L403] Can't write the format {format!r}. Choose one of: {formats}."
    L404 = (
        "[L404] The output {path} does not have the extension of the format {format!r}. Leave the format "
        "out, or give a folder."
    )
    L405 = (
        "[L405] The output {output} is inside the input {source}, so the next run would read it. Write "
        "somewhere else."
    )
    L406 = (
        "[L406] {path} already exists, and does not belong to a run that can be resumed. Write somewhere "
        "else, or remove it."
    )
    L407 = (
        "[L407] There is no pipeline {model!s}: it is neither a folder nor an installed package. Correct "
        "the path, or install it."
    )
    L408 = (
        "[L408] Can't read {path}, the manifest of the shards next to it. Remove the folder and start "
        "over, or write somewhere else."
    )
    L409 = (
        "[L409] The shards in {folder} belong to another run: {name!r} was {before!r}, and now is "
        "{now!r}. Repeat the earlier command to resume it, or write somewhere else."
    )
    L410 = (
        "[L410] The input {path} has changed since the run began, so its shards would not fit together. "
        "Start over, and write somewhere else."
    )
    L411 = (
        "[L411] No input {path}: expected a file, a folder or a glob of files that end in {suffixes}. "
        "Check the path, and put a glob in quotes."
    )
    L412 = "[L412] Can't read {path}: expected a file that ends in {suffixes}. Convert or rename it."
    L413 = (
        "[L413] Can't read the file {path}: {reason}. It is damaged, or does not have the format that "
        "its name says. Correct or remove it."
    )
    L414 = "[L414] Parquet files need pyarrow. Install it: pip install 'spacy-lstm-tagger[parquet]'."
    L415 = (
        "[L415] The file {path} has no column {name!r}; it has: {found}. Name the columns with "
        "--text-column, --words-column and --id-column."
    )
    L416 = (
        "[L416] {file}, row {row}: {reason}. Correct the row and start over, or continue with --on-error "
        "skip, which writes bad rows to a file of their own."
    )
    L417 = (
        "[L417] A worker process died: it was killed, perhaps for lack of memory, or it crashed. "
        "Finished shards are kept: run the same command to resume, with fewer processes (--n-process) or "
        "smaller batches (--batch-size) if memory was short."
    )
    L418 = "[L418] `{name}` is {value!r}, but must be one of: {choices}."
    L419 = "[L419] `{name}` is {value!r}, but must be a positive number. Set it to 1 or more."
    L420 = "[L420] Tagging on a Ray cluster needs Ray. Install it: pip install 'spacy-lstm-tagger[ray]'."

    # Why a row is bad.
    L421 = "[L421] {key!r} is missing. Add it, or name another column."
    L422 = "[L422] {key!r} is {found}, but must be a string."
    L423 = "[L423] The id, {key!r}, is {found}, but must be a string or a whole number."
    L424 = "[L424] The words, {key!r}, are {found}, but must be a list of non-empty strings."
    L425 = "[L425] {key!r} has half of a surrogate pair at position {place}, counted from 0."

    L429 = (
        "[L429] The Ray cluster failed or can't be reached: {reason}. Check its address, and that its "
        "machines have this version of spacy-lstm-tagger and see the same files. Finished shards are "
        "kept: run the same command to resume."
    )

    L501 = "[L501] A report needs Plotly. Install it: pip install 'spacy-lstm-tagger[report]'."
    L502 = (
        "[L502] No word of {data} has a gold tag, so there is nothing to evaluate. Use annotated data; "
        "for CoNLL-U, choose the column that has tags with --tag."
    )
    L503 = (
        "[L503] The pipeline gave no word a tag; its components are: {pipeline}. Use one that has a tagger."
    )
    L504 = (
        "[L504] {path}, line {number} is not a line of a training log: {reason}. Give what the training "
        "printed, with its table, or the JSONL file that the output_file of 'spacy.ConsoleLogger.v3' "
        "names."
    )
    L505 = "[L505] The training log {path} is empty. Wait for the first evaluation, or leave --log out."
    L506 = "[L506] A report is an HTML page, so {path} must end in .html. Rename it."
    L507 = (
        "[L507] The pipeline merges or splits the words of {text!r}, so its tags can't be aligned with "
        "the gold ones. Use a pipeline without the component that does, such as merge_entities."
    )


class Warnings:
    """Templates of warnings."""

    W002 = (
        "[W002] The constraints of component '{name}', '{scheme}', forbid the annotation of {n} of "
        "{n_docs} training documents; nothing is learned from these. The first starts with {text!r}. "
        'Correct its labels, or set constraints = "none" or "seen" for \'spacy-lstm-tagger.CRF.v1\'.'
    )
    W003 = (
        "[W003] {path}: {skipped} of {total} {piece} are damaged and were skipped. Correct them, or set "
        'on_error = "raise" for the corpus to stop at the first. The first error: {error}'
    )
    W005 = (
        "[W005] {path}: {lost} value(s) that no component of the pipeline learns can't be read, and count "
        "as missing. The first: {error}"
    )
    W004 = (
        "[W004] The constraints of component '{name}', '{scheme}', forbid the annotation of documents in "
        "this update; nothing is learned from these. One of them starts with {text!r}. Correct its "
        'labels, or retrain on all of the data, or with constraints = "none" for '
        "'spacy-lstm-tagger.CRF.v1'."
    )


def check_setting(block: str, setting: str, value: Any, is_valid: bool, expected: str) -> None:
    """Check a setting of the config.

    block (str): The registered name, or that of the component.
    RAISES (LSTMTaggerValueError): If the value is not valid. The message names the block and the setting.
    """
    if not is_valid:
        message = Errors.L001.format(block=block, setting=setting, value=value, expected=expected)
        raise LSTMTaggerValueError(message)


def summarize_error(problem: object) -> str:
    """Shorten an error of another library, to quote it in a message of ours.

    problem (object): The error, or text that may contain data. torch appends a stack trace to its messages,
        NumPy all of the data.
    RETURNS (str): One line of limited length.
    """
    text = str(problem).strip() or type(problem).__name__
    return text.splitlines()[0][:400]
