"""Every message that this package raises, in one place, in the manner of spaCy's own catalogue.

spaCy's codes (``spacy.errors.Errors``) are used wherever spaCy's tagger raises them. What only this
package can meet is here. Each says what was wrong, where, and what to do. They are
explained in docs/troubleshooting.md.
"""

from typing import Any


class Errors:
    """Message templates; ``L0`` settings, ``L1`` training, ``L2`` model files, ``L3`` corpora, ``L4``
    commands, ``L5`` reports.
    """

    L001 = (
        "[L001] Invalid value for '{setting}': {value!r}. It must be {expected}. Check the block of "
        "'{block}' in your config."
    )
    L002 = (
        "[L002] Unknown attribute {attr!r} in 'attrs'. A word's embedding can be made of: {supported}. "
        "Only attributes of the word type are supported, since its vector is looked up by type."
    )
    L003 = (
        "[L003] 'attrs' and 'widths' must have the same length, but there are {attrs} attributes "
        "and {widths} widths. Give every attribute one width."
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
        "[L006] A text that arrives in pieces can be read on by a one-directional LSTM in the component "
        "only: the backward direction starts at the end of the text, and a listener carries no state. "
        "Use 'spacy-lstm-tagger.LSTMTok2Vec.v1' with bidirectional = false, and train anew."
    )
    L007 = (
        "[L007] The model of component '{name}' is '{model}', which has no decoder. Use the architecture "
        "'spacy-lstm-tagger.LSTMTagger.v1': copy its blocks from configs/default.cfg. If you replaced "
        "spaCy's tagger in a config, its [components.{name}.model] blocks must go as well."
    )
    L008 = (
        "[L008] The state is that of {found} texts, but {expected} documents go on from it. Give the next "
        "piece of every text, in the same order, in every call."
    )
    L009 = (
        "[L009] The vectors are {found} wide, but the layer that reads them was made for {expected}. Where "
        "they come from a listener, its 'width' must be that of the tok2vec component: twice the LSTM's "
        "width if it is bidirectional."
    )
    L010 = (
        "[L010] The label {label!r} is not one of the scheme {scheme!r}. With constraints = {scheme!r} "
        "every label of 'spacy-lstm-tagger.CRF.v1' must be 'O' or a prefix of the scheme, '-' and the "
        'name of a slot, such as \'B-city\'. Correct the data, or set constraints = "none" or "seen".'
    )
    L011 = (
        "[L011] label_smoothing of component '{name}' is {value}, but a CRF has no label smoothing. Set "
        "label_smoothing = 0.0, or use 'spacy-lstm-tagger.Softmax.v1'."
    )
    L012 = (
        "[L012] Component '{name}' can't read on a text that arrives in pieces: its decoder is a CRF, "
        "which decides the tags of a whole text together. Use 'spacy-lstm-tagger.Softmax.v1', and train "
        "anew, or give the whole text to `predict`."
    )
    L013 = (
        "[L013] The vectors are {width} wide, so they can't be those of {members} members of an ensemble. "
        "Set 'members' of the decoder to that of 'spacy-lstm-tagger.Ensemble.v1'; without one, to 1."
    )

    L101 = (
        "[L101] The gold tag {tag!r} (word {index}, {word!r}, of the document that starts with "
        "{text!r}) is not among the {n_labels} labels of component '{name}'. Call `initialize` with "
        "examples that hold all tags, add it with `add_label` before that, or, for a negative "
        "annotation, put the component's neg_prefix {neg_prefix!r} before one of the labels."
    )
    L102 = (
        "[L102] Can't read the labels of component '{name}': expected a list of tags, or an object "
        "with 'labels' and 'vocabulary', but got {found}. Write it with `python -m spacy init labels`."
    )
    L103 = (
        "[L103] The vocabulary handed to the word embedding has no entry for {attr!r}; it holds: {found}. "
        "Make it again with `python -m spacy init labels` and the config that you train with."
    )
    L104 = (
        "[L104] The document that starts with {text!r} has no confidences. Set store_scores = true for the "
        "component: nlp.get_pipe('lstm_tagger').cfg['store_scores'] = True, or in your config."
    )
    L105 = (
        "[L105] No word of the data has a gold tag that is among the labels of component '{name}', so no "
        "temperature can be fitted. Give annotated data of the tag set that the pipeline was trained with."
    )

    L107 = (
        "[L107] The scores of component '{name}' are NaN or infinite for {n} of the batch's {n_docs} "
        "documents, first for the one that starts with {text!r}. Models saved before are not affected. "
        "{cause}"
    )
    L108 = (
        "[L108] The weights '{weights}' are NaN or infinite: an earlier update was too large. Train anew "
        "with a lower [training.optimizer] learn_rate, and with a grad_clip above 0."
    )
    L109 = (
        "[L109] The static vector of {word!r} holds NaN or infinity. Correct the vectors, and train anew."
    )
    L110 = (
        "[L110] Numbers grew beyond float32. Train anew with a lower [training.optimizer] learn_rate, and "
        "with a grad_clip above 0."
    )

    L201 = (
        "[L201] The network was not initialized. Call `nlp.initialize()` with training examples, or "
        "load a trained pipeline with `spacy.load()`."
    )
    L202 = (
        "[L202] Can't read the network's weights: {problem}. The file is damaged, or it was not "
        "written by spacy-lstm-tagger. Copy it again from where it was saved, or train anew."
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
        "[L205] Can't load component '{name}' from {source}: {problem}. Either the model is damaged, or it "
        "is one of another component or config. Load it with the config that was saved with it, or copy it "
        "again from where it was saved."
    )

    L206 = (
        "[L206] '{part}' is not as it was saved: its checksum differs. The file was damaged or swapped, or "
        "saving was interrupted. Take it from a copy of the model, or save the model again."
    )

    L304 = "[L304] There is no file or folder {path}. Check the corpus path."
    L305 = "[L305] The folder {path} holds no *{suffix} file. Check the corpus path, or rename the files."
    L306 = (
        "[L306] The file {path} holds no sentences. Check that it was written in full and that its "
        "format is {suffix}."
    )
    L307 = (
        "[L307] {path}, line {number}: byte {offset} of the line (counted from 0) is not UTF-8. "
        "Save the file in UTF-8."
    )
    L308 = (
        "[L308] {path}, line {number}: found {count} column(s) instead of 10. Separate the columns "
        "by single tabs, not spaces, and the sentences by an empty line."
    )
    L309 = (
        "[L309] {path}, line {number}: the id is {id}. Write a whole number such as 3, a word "
        "range such as 3-4, or an empty node such as 3.1."
    )
    L310 = (
        "[L310] {path}, line {number}: the id {id} is out of sequence, as {count} word(s) of the "
        "sentence come before it. Number the words of a sentence from 1, and end every sentence "
        "with an empty line."
    )
    L311 = (
        "[L311] {path}, line {number}: the word range {id} overlaps the range before it or ends "
        "before it starts. Write first-last, and put a word into one range at most."
    )
    L312 = (
        "[L312] {path}, line {number}: the word range ends at word {last}, but the sentence has "
        "{count} word(s). Correct the range, or add the words."
    )
    L313 = (
        "[L313] {path}, line {number}: the FORM column is empty. Write the word, or remove the "
        "line and renumber the sentence."
    )
    L314 = (
        "[L314] {path}, line {number}: the UPOS column is {value}, which is no universal part of "
        "speech. Write one, or _ for none; other tags belong in the XPOS column."
    )
    L315 = (
        "[L315] {path}, line {number}: the FEATS column is {value}. Write Name=Value pairs "
        "separated by |, or _ for none."
    )
    L316 = "[L316] {path}, line {number}: not valid JSON ({reason}). Write one object per line."
    L317 = (
        "[L317] {path}, line {number}: expected a JSON object, not {value}. Write a line such as "
        '{{"words": ["Hi", "!"], "tags": ["UH", "."]}}.'
    )
    L318 = "[L318] {path}, line {number}: the key {key!r} is missing. Add a list with one entry per word."
    L319 = "[L319] {path}, line {number}: {key!r} is {value}, but must be a list."
    L320 = (
        "[L320] {path}, line {number}: entry {index} of {key!r} (counted from 0) is {value}, but "
        "must be {expected}."
    )
    L321 = (
        "[L321] {path}, line {number}: {key!r} has {count} entries for {words} word(s). Give every "
        "word one entry."
    )
    L322 = (
        "[L322] Can't tell the format of {path}. Give a file that ends in one of {suffixes}, or a folder "
        "that holds such files, or name the reader of your format in the config's [corpora] block."
    )
    L323 = (
        "[L323] Nothing is left of the file {path}: {skipped} of {total} {piece} are damaged, and no other "
        "holds a word. Restore the file, or take it out of the corpus. The first error: {error}"
    )

    L401 = (
        "[L401] There is no component '{name}' in the pipeline; it holds: {pipeline}. Name the "
        "component with --component."
    )
    L402 = "[L402] The component '{name}' is no lstm_tagger. Name another with --component."

    L403 = "[L403] Can't write the format {format!r}. Choose one of: {formats}."
    L404 = (
        "[L404] The output {path} does not end as the format {format!r} does. Leave the format out, or "
        "give a folder."
    )
    L405 = (
        "[L405] The output {output} is among the input {source}, and would be read by the next run. Write"
        " to another place."
    )
    L406 = (
        "[L406] {path} is there already, and not from a run that can be resumed. Write to another place, "
        "or remove it."
    )
    L407 = (
        "[L407] There is no pipeline {model!s}, neither a folder nor an installed package. Correct the "
        "path, or install it."
    )
    L408 = (
        "[L408] Can't read {path}, which says what the shards beside it are of. Remove the folder and "
        "begin anew, or write to another place."
    )
    L409 = (
        "[L409] The shards in {folder} are of another run: {name!r} was {before!r}, and now is {now!r}. "
        "Run it as before to go on, or write to another place."
    )
    L410 = (
        "[L410] The input {path} was changed since the run began, so that shards would not fit each "
        "other. Write to another place to begin anew."
    )
    L411 = (
        "[L411] No input {path}: expected a file, a folder or a glob of files that end in {suffixes}. "
        "Check the path, and put a glob in quotes."
    )
    L412 = "[L412] Can't read {path}: expected a file that ends in {suffixes}. Convert or rename it."
    L413 = (
        "[L413] Can't read the file {path}: {reason}. It is damaged, or not of the format that its name "
        "says. Correct or remove it."
    )
    L414 = "[L414] Parquet files need pyarrow. Install it: pip install 'spacy-lstm-tagger[parquet]'."
    L415 = (
        "[L415] The file {path} has no column {name!r}; it has: {found}. Name the columns with "
        "--text-column, --words-column and --id-column."
    )
    L416 = (
        "[L416] {file}, row {row}: {reason}. Correct the row and begin anew, or go on with --on-error "
        "skip, which writes bad rows to a file of their own."
    )
    L417 = (
        "[L417] A worker process died: it was killed, perhaps for its memory, or it crashed. What is "
        "finished stays: run the same again to go on, with fewer processes (--n-process) or smaller "
        "batches (--batch-size) if memory was short."
    )
    L418 = "[L418] `{name}` is {value!r}, but must be one of: {choices}."
    L419 = "[L419] A run can't have a {name} of {value!r}. Set it to 1 or more."
    L420 = "[L420] To tag on a Ray cluster, Ray has to be installed: pip install 'spacy-lstm-tagger[ray]'."
    L429 = (
        "[L429] The Ray cluster failed or can't be reached: {reason}. Check its address and that its "
        "machines have this version of spacy-lstm-tagger and see the same files. What is finished stays: "
        "the same command goes on from there."
    )

    # Why a row is bad.
    L421 = "[L421] {key!r} is missing. Add it, or name another column."
    L422 = "[L422] {key!r} is {found}, but must be a string."
    L423 = "[L423] The id, {key!r}, is {found}, but must be a string or a whole number."
    L424 = "[L424] {key!r} is {found}, but must be a list of strings that are not empty."
    L425 = "[L425] {key!r} holds half a character (a lone surrogate) at place {place}, counted from 0."
    L426 = "[L426] Byte {offset}, counted from 0, is not UTF-8."
    L427 = "[L427] Not valid JSON: {reason}."
    L428 = "[L428] Expected a JSON object, not {found}."

    L501 = "[L501] A report needs Plotly. Install it: pip install 'spacy-lstm-tagger[report]'."
    L502 = (
        "[L502] No word of {data} has a gold tag, so nothing can be counted. Give annotated data; for "
        "CoNLL-U, choose the column that has tags with --tag."
    )
    L503 = (
        "[L503] The pipeline gave no word a tag; its components are: {pipeline}. Give one that has a "
        "tagger."
    )
    L504 = (
        "[L504] {path}, line {number} is no line of a training log: {reason}. Give what the training "
        "printed, with its table, or the JSONL file that the output_file of 'spacy.ConsoleLogger.v3' names."
    )
    L505 = "[L505] The training log {path} is empty. Wait for the first evaluation, or leave --log out."
    L506 = "[L506] A report is one HTML page, so {path} must end in .html. Give it another name."
    L507 = (
        "[L507] The pipeline joins or splits the words of {text!r}, so its tags can't be put beside the "
        "gold ones. Give a pipeline without the component that does, such as merge_entities."
    )


class Warnings:
    """Templates of warnings."""

    W001 = (
        "[W001] precision = 'bfloat16' would be slower than float32 on this machine's {device}, so float32 "
        "is used. To silence this, set precision = \"float32\" for 'spacy-lstm-tagger.LSTMTok2Vec.v1'."
    )
    W002 = (
        "[W002] The constraints of component '{name}', '{scheme}', forbid the annotation of {n} of "
        "{n_docs} training documents; nothing is learned from these. The first starts with {text!r}. "
        'Correct its tags, or set constraints = "none" or "seen" for \'spacy-lstm-tagger.CRF.v1\'.'
    )
    W003 = (
        "[W003] {path}: {skipped} of {total} {piece} are damaged and were left out. Correct them, or set "
        'on_error = "raise" for the corpus to stop there. The first error: {error}'
    )
    W004 = (
        "[W004] The constraints of component '{name}', '{scheme}', forbid the annotation of documents that "
        "it is updated with; nothing is learned from these. One of them starts with {text!r}. Correct "
        'its tags, or train anew on all of the data, or with constraints = "none" for '
        "'spacy-lstm-tagger.CRF.v1'."
    )


def check_setting(block: str, setting: str, value: Any, is_valid: bool, expected: str) -> None:
    """Raise an error that names a setting and the block of the config that it is in, unless it is valid.

    block (str): The registered name, or that of the component.
    RAISES (ValueError): If the value is not valid.
    """
    if not is_valid:
        raise ValueError(Errors.L001.format(block=block, setting=setting, value=value, expected=expected))


def tell(problem: object) -> str:
    """Put what others say of a problem into a message of ours.

    problem (object): An error, or text that may hold data. torch adds its stack to a message, NumPy all the
        data.
    RETURNS (str): One line, not too long.
    """
    text = str(problem).strip() or type(problem).__name__
    return text.splitlines()[0][:400]
