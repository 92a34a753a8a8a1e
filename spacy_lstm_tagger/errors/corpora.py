"""The messages about corpora."""


class CorpusErrors:
    """Templates with codes ``L3``."""

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
    L318 = (
        "[L318] {place}the key {key!r} is missing. Add a list with one entry per word, or name the key "
        "that has it: words_key or tags_key of the corpus."
    )
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
    L331 = (
        "[L331] {place}there is a text, but neither words nor spans. Add the 'words' if there are tags; "
        "'spans' otherwise, [] for none. If they have another key, set words_key or tags_key of the corpus."
    )
    L332 = (
        "[L332] {place}the keys {keys} can mean the same. Choose one by {setting} of the corpus, such as "
        '{setting} = "{example}".'
    )
    L333 = (
        "[L333] {place}entry {index} of {key!r}, counted from 0, is {value}, but must be a string or null, "
        "unless numbers have names. Set labels of the corpus, in the order of the numbers: labels = "
        '["O", "B-PER", "I-PER"], or a file with them.'
    )
    L334 = (
        "[L334] {place}entry {index} of {key!r}, counted from 0, is the label number {value}, but there "
        "are {count} names. Add the others to the labels of the corpus."
    )
    L335 = (
        "[L335] {place}entry {index} of {key!r}, counted from 0, is {value}. Write spans of the text as "
        '[start, end, label], or an object with "start", "end" and "label", where 0 <= start < end <= '
        '{length}. If the text has emojis, set offsets = "utf-16" of the corpus; tags of words need '
        "'words'."
    )
    L336 = (
        "[L336] {place}entry {index} of {key!r}, counted from 0, is {value}, which is not the next token "
        'of the text. Correct its "start" and "end", or remove {key!r}, so that the pipeline\'s '
        "tokenizer finds the words."
    )
    L337 = (
        "[L337] {place}'heads' of the sentence from word {start} on, counted from 0, are not a tree. Write "
        "the index of each word's head, its own for the only root, or null; with several sentences, add "
        "'sent_starts': true for the first word of each, false for the others."
    )
    L338 = (
        "[L338] Can't read names of labels from {path}: {reason}. Write a JSON list of them, or one on "
        "every line, in the order of their numbers. If they are a data set's dataset_info.json, set "
        "tags_key of the corpus."
    )
    L339 = (
        '[L339] {place}the text can\'t be split into words: {reason}. Correct it, or add "tokens" with '
        'the "start" and "end" of each word.'
    )
    L330 = (
        "[L330] The label {label!r} belongs to no scheme of spans. Write 'O', or one of the prefixes B, I, "
        "L, U, E and S, '-' and the type of the span, such as 'B-city'."
    )
    L340 = (
        "[L340] {place}what the columns are can't be guessed. This row, {row}, has {count} column(s). "
        "Set columns of the corpus: columns = {example}, with word, tag, pos, lemma, morph, head, dep or "
        "ent for each, and _ for one that is not read. Set separator if it is neither tabs nor spaces."
    )
    L341 = (
        "[L341] {place}the row has {count} column(s), where {expected} are expected. Correct the row, or "
        "the settings columns and separator of the corpus."
    )
    L342 = "[L342] {place}there is no word in the column of words. Write it, or remove the row."
    L343 = (
        "[L343] {place}{token} has {count} part(s) instead of {expected}, separated by {separator}. Write "
        "a word with its annotation, and spaces between words only, or set separator of the corpus."
    )
    L344 = (
        "[L344] {place}the label of an entity is {value}. Write O, or B, I, L, U, E or S, '-' and the type "
        "of the entity, or _ for none."
    )
    L345 = (
        "[L345] {place}there is no column {name}; the columns are {columns}. Set tag of the corpus to the "
        "one that has the tags, or columns if they are others."
    )
    L360 = (
        "[L360] All {words} words of {path} are '_': it is a treebank that was published without its text. "
        "Get the text from its publisher, and merge it in as its README says."
    )
