"""The messages about commands."""


class CommandErrors:
    """Templates with codes ``L4``."""

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
        "[L405] The output {output} and the input {source} overlap: a run would remove what it reads, or "
        "the next one would read what this one wrote. Write somewhere else."
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
        "{now!r}. Repeat the earlier command to resume it, write somewhere else, or start over with "
        "--force."
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
    L426 = "[L426] The folder {path} is not empty. Choose another one, or replace it with --force."
    L427 = (
        "[L427] Can't use GPU {gpu_id}: {reason}. It needs an NVIDIA GPU, PyTorch with CUDA, and CuPy: pip "
        "install 'spacy-lstm-tagger[cuda12x]'. Leave the option out to use the CPU."
    )
    L460 = (
        "[L460] {file}, row {row}: the pipeline has merged or split words, and so can't fill the lines of "
        "the sentence. Use a pipeline without the component that does this, such as merge_entities, or "
        "another format of the output."
    )
    L461 = (
        "[L461] The record from line {line} on is not CSV ({reason}). Close quotation marks, and write "
        "two of them for one in a quoted field."
    )
    L462 = (
        "[L462] The record from line {line} on has {count} field(s), but the header has {expected}. Quote "
        "fields that contain the separator."
    )
    L430 = (
        "[L430] {found} is not a row. Pass `spacy_lstm_tagger.bulk.Row` objects, with an id and a content."
    )
    L431 = (
        "[L431] The content is {found}. It must be a text, a list of non-empty words, or a Doc with the "
        "pipeline's vocab."
    )
    L432 = "[L432] The option '{option}' has no effect {reason}. Leave it out, or {advice}."
    L433 = (
        "[L433] The text has {length} characters, more than the {limit} that the pipeline takes, because "
        "its parser or entity recognizer needs 1 GB per 100,000 characters. Divide it into several rows, "
        "or use a pipeline without these components."
    )
    L434 = (
        "[L434] The output {path} ends in {suffix}, which is not a format that can be written: {formats}. "
        "Choose one of these; for a folder of that name, put a slash at the end, or name the format of its "
        "files."
    )
    L435 = "[L435] Can't write {path}: {reason}. {advice}"
    L436 = "[L436] Can't tell the format of standard input. Name it with --input-format: {formats}."
    L463 = (
        "[L463] The columns to be written are {found}. Choose one or more of: {known}; on the command line "
        "separated by commas: --columns tag,lemma."
    )
    L464 = (
        "[L464] No component of the pipeline assigns {names}; what can be written: {there}. Choose among "
        "these with --columns, or let a component of your own say what it assigns: "
        '@Language.component("name", assigns=["token.lemma"]).'
    )
    L465 = (
        "[L465] No component gives confidences of {names}: components of this package do, such as "
        "lstm_tagger, and spaCy's do not. Leave out --scores, or choose columns of which this pipeline has "
        "confidences with --columns: {there}."
    )
    L437 = "[L437] The folder {output} contains {path}, which --force would remove. Write somewhere else."

    L429 = (
        "[L429] The Ray cluster failed or can't be reached: {reason}. Check its address, and that its "
        "machines have this version of spacy-lstm-tagger and see the same files. Finished shards are "
        "kept: run the same command to resume."
    )
    L450 = "[L450] Unknown components: {names}. Name one or more, separated by commas; there are: {known}."
    L451 = "[L451] {path} already exists. Choose another name, or overwrite it with --force."
