"""The registered readers of corpora: one for each format, and one that goes by the file's extension."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from spacy.errors import Errors as SpacyErrors
from spacy.language import Language
from spacy.training import Corpus, Example

from ..errors import Errors, LSTMTaggerValueError, check_setting
from ..schemes import SCHEMES
from .checks import CheckedCorpus
from .columns import parse_columns
from .conllu import parse_conllu
from .files import get_suffix
from .jsonl import Keys, Offsets, parse_jsonl
from .label_names import read_names
from .layouts import are_columns, is_separator, normalize
from .multiword import Multiword
from .reading import Augmenter, CorpusReader, Format, Limits, OnError

Reader: TypeAlias = Callable[[Language], Iterable[Example]]
TagColumn: TypeAlias = Literal["xpos", "upos"]

# The extensions of files with columns.
COLUMN_SUFFIXES = (
    *(".conll", ".conllx", ".conll09", ".conllup", ".conll2000", ".conll2002", ".conll2003"),
    *(".iob", ".iob2", ".bio", ".bioes", ".tsv", ".col", ".pos", ".tags", ".tagged"),
)
# Those that say less, for single files: folders have other texts as well.
_TEXT_SUFFIXES = (".txt", ".train", ".testa", ".testb")


def create_corpus(
    path: Path | None = None,
    *,
    tag: str = "xpos",
    multiword_tokens: Multiword = "split",
    columns: list[str] | None = None,
    separator: str | None = None,
    words_key: str | None = None,
    tags_key: str | None = None,
    labels: list[str] | Path | None = None,
    offsets: Offsets = "characters",
    scheme: str | None = None,
    max_length: int = 0,
    limit: int = 0,
    on_error: OnError = "raise",
    augmenter: Augmenter | None = None,
) -> Reader:
    """Create the reader for the path's extension, so that one config serves every format.

    path (Optional[Path]): A .conllu, .jsonl or .spacy file (the last is read by spaCy's own reader), one
        with an extension of `COLUMN_SUFFIXES` or a .txt file with columns, or a folder of files of one
        kind. All but .spacy may be compressed: .conllu.gz.
    tag (str): For CoNLL-U, the column that becomes the tag: "xpos" or "upos". For columns, its name.
    multiword_tokens (str): For CoNLL-U, what becomes of multiword tokens; see `create_conllu_corpus`.
    columns (Optional[List[str]]), separator (Optional[str]): For columns, what they are; see
        `create_column_corpus`.
    words_key, tags_key, labels, offsets: For JSONL, where words and labels are; see `create_jsonl_corpus`.
    scheme (Optional[str]): Tags are labels of spans in any scheme, and are converted to "bio", "iob1",
        "bioes" or "biluo". No effect on .spacy files.
    max_length (int): Skip docs of more words; 0 keeps all.
    limit (int): The maximum number of examples, before augmentation; 0 yields all.
    on_error (str): What to do about a damaged sentence or line: "raise" an error, or "skip" it, with a
        warning for every file. No effect on .spacy files: such a file is compressed as a whole, so a
        damaged one can't be read in part, and the error is that of spaCy's reader.
    augmenter (Optional[Callable[[Language, Example], Iterable[Example]]]): As that of `spacy.Corpus.v1`.
    RETURNS (Callable[[Language], Iterable[Example]]): The reader.
    RAISES (LSTMTaggerValueError): If a setting is invalid, or the path has another extension; the reader
        raises it if the path is missing, a file is malformed, or nothing of a file is left.
    """
    if path is None:
        raise LSTMTaggerValueError(SpacyErrors.E913)
    name = "spacy-lstm-tagger.Corpus.v1"
    counts = {"max_length": max_length, "limit": limit}
    path = Path(path)
    shared: dict[str, Any] = {**counts, "augmenter": augmenter}
    ours = {**shared, "scheme": scheme, "on_error": on_error}
    of_words: dict[str, Any] = {**ours, "tag": tag, "multiword_tokens": multiword_tokens}
    keys: dict[str, Any] = {
        "words_key": words_key,
        "tags_key": tags_key,
        "labels": labels,
        "offsets": offsets,
    }
    makers: dict[str, Callable[[], Reader]] = {
        ".conllu": lambda: create_conllu_corpus(path, **of_words),
        ".jsonl": lambda: create_jsonl_corpus(path, **keys, **ours),
        ".spacy": lambda: CheckedCorpus(Corpus(path, **shared), path),
    }
    for end in (*COLUMN_SUFFIXES, *_TEXT_SUFFIXES):
        makers[end] = lambda: create_column_corpus(path, columns=columns, separator=separator, **of_words)
    suffix = get_suffix(path)
    if path.is_dir():
        found = {get_suffix(file) for file in path.rglob("*")}.difference(_TEXT_SUFFIXES)
        suffix = next((end for end in makers if end in found), "")
    column = "xpos" if suffix in (*COLUMN_SUFFIXES, *_TEXT_SUFFIXES) else tag  # which has any name
    _check_settings(name, column, multiword_tokens, scheme, on_error, **counts)
    _check_choice(name, "offsets", offsets, get_args(Offsets))
    _check_columns(name, columns, separator, tag)
    if suffix not in makers:
        raise LSTMTaggerValueError(Errors.L322.format(path=path, suffixes=", ".join(makers)))
    return makers[suffix]()


def create_conllu_corpus(
    path: Path | None = None,
    *,
    tag: TagColumn = "xpos",
    multiword_tokens: Multiword = "split",
    sentences_per_doc: int = 1,
    scheme: str | None = None,
    max_length: int = 0,
    limit: int = 0,
    on_error: OnError = "raise",
    augmenter: Augmenter | None = None,
) -> Reader:
    """Create a reader of CoNLL-U files. Tags, parts of speech, lemmas, features, heads, relations, and the
    entities that MISC has as `NER=B-PER` (or `Entity=`, `NE=`, `name=`), become those of the docs.

    The words are the syntactic words, and the text of a doc is built from them: there are no spaces inside
    a multiword token, and the space after it follows its last word. Empty nodes are skipped. A value of `_`
    is missing (except for the lemma of the word `_`), while FEATS of `_` mean that there are no features.
    The relation "root" is spaCy's "ROOT".

    path (Optional[Path]): A file, or a folder that is searched for .conllu and .conllu.gz files.
    tag (str): The column that becomes the tag: "xpos" or "upos".
    multiword_tokens (str): What becomes of multiword tokens such as "du". "split": their syntactic words
        "de" and "le". Otherwise, the token as a tokenizer meets it, with the annotation of its "first" or
        "last" word or of the "head", on which the others depend; "join" joins tags by "_" and lemmas by a
        space, and takes the rest from the head.
    sentences_per_doc (int): The maximum number of sentences per doc; 0 makes whole documents. No doc
        crosses a `# newdoc` comment or the end of a file, so a file without such comments is one document.
    scheme (Optional[str]): Tags are labels of spans in any scheme, and are converted to this one: "bio",
        "iob1", "bioes" or "biluo".
    max_length (int): Skip docs of more words; 0 keeps all.
    limit (int): The maximum number of examples, before augmentation; 0 yields all.
    on_error (str): What to do about a damaged sentence: "raise" an error, or "skip" it and keep the others
        of its document. At the end of a file, a warning counts what was skipped. A part of speech, features
        or a head that can't be read damage the sentence if a component of the pipeline assigns those;
        otherwise they are missing, with a warning.
    augmenter (Optional[Callable[[Language, Example], Iterable[Example]]]): As that of `spacy.Corpus.v1`.
    RETURNS (Callable[[Language], Iterable[Example]]): The reader.
    RAISES (LSTMTaggerValueError): If a setting is invalid; the reader raises it if the path is missing, a
        file is malformed, or nothing of a file is left.
    """
    counts = {"sentences_per_doc": sentences_per_doc, "max_length": max_length, "limit": limit}
    name = "spacy-lstm-tagger.ConlluCorpus.v1"
    _check_settings(name, tag, multiword_tokens, scheme, on_error, **counts)
    parse = partial(
        parse_conllu, tag=tag, multiword_tokens=multiword_tokens, sentences_per_doc=sentences_per_doc
    )
    limits = Limits(max_length, limit, on_error)
    file_format = Format((".conllu",), "sentence(s)", parse)
    reader = CorpusReader(path, file_format, limits, scheme=scheme, augmenter=augmenter)
    return CheckedCorpus(reader, reader.path)


def create_column_corpus(
    path: Path | None = None,
    *,
    columns: list[str] | None = None,
    separator: str | None = None,
    tag: str = "xpos",
    multiword_tokens: Multiword = "split",
    sentences_per_doc: int = 1,
    scheme: str | None = None,
    max_length: int = 0,
    limit: int = 0,
    on_error: OnError = "raise",
    augmenter: Augmenter | None = None,
) -> Reader:
    """Create a reader of files with columns: a word on every line and a blank line after a sentence, as in
    CoNLL-2000, 2003, X, 09 and CoNLL-U Plus; or a sentence on every line, as in `word_TAG word_TAG`.

    A value of "_" or "" is missing, except for words. With IDs, they, heads and multiword tokens are those
    of CoNLL-U. Without, a line of `-DOCSTART-` begins a document, and comments are lines such as
    `# id = 3` or `# newdoc`. Spaces are unknown, unless there is a column MISC. What is guessed is logged.

    path (Optional[Path]): A file, or a folder that is searched for files with one of the extensions of
        `COLUMN_SUFFIXES`, which may end in .gz as well.
    columns (Optional[List[str]]): What each column is: "word", "tag", "pos", "lemma", "morph", "head",
        "dep", "ent" for labels of entities, or "_" for one that is not read; or CoNLL-U's names, such as
        "ID" and "XPOS". "..." at the end stands for any number of columns. None to guess.
    separator (Optional[str]): What separates the columns: a tab, " " for any spaces and tabs, or
        characters such as "/" between a word and its tag. The last ones count: "1/2/CD" is "1/2" and "CD".
        "\\/" is "/" if that is the separator. None to guess.
    tag (str): The name of the column that becomes the tag: "xpos" is "tag", "upos" is "pos". Any name that
        a CoNLL-U Plus file gives its columns.
    multiword_tokens (str): What becomes of multiword tokens; see `create_conllu_corpus`.
    sentences_per_doc (int): The maximum number of sentences per doc; 0 makes whole documents.
    scheme (Optional[str]): Tags are labels of spans in any scheme, and are converted to this one: "bio",
        "iob1", "bioes" or "biluo".
    max_length (int): Skip docs of more words; 0 keeps all.
    limit (int): The maximum number of examples, before augmentation; 0 yields all.
    on_error (str): What to do about a damaged sentence; see `create_conllu_corpus`.
    augmenter (Optional[Callable[[Language, Example], Iterable[Example]]]): As that of `spacy.Corpus.v1`.
    RETURNS (Callable[[Language], Iterable[Example]]): The reader.
    RAISES (LSTMTaggerValueError): If a setting is invalid; the reader raises it if the path is missing, the
        columns can't be guessed, a file is malformed, or nothing of a file is left.
    """
    counts = {"sentences_per_doc": sentences_per_doc, "max_length": max_length, "limit": limit}
    name = "spacy-lstm-tagger.ColumnCorpus.v1"
    _check_settings(name, "xpos", multiword_tokens, scheme, on_error, **counts)
    _check_columns(name, columns, separator, tag)
    parse = partial(
        parse_columns,
        columns=tuple(map(normalize, columns)) if columns else None,
        separator=separator,
        tag=normalize(tag),
        multiword_tokens=multiword_tokens,
        sentences_per_doc=sentences_per_doc,
    )
    limits = Limits(max_length, limit, on_error)
    file_format = Format(COLUMN_SUFFIXES, "sentence(s)", parse)
    reader = CorpusReader(path, file_format, limits, scheme=scheme, augmenter=augmenter)
    return CheckedCorpus(reader, reader.path)


def create_jsonl_corpus(
    path: Path | None = None,
    *,
    words_key: str | None = None,
    tags_key: str | None = None,
    labels: list[str] | Path | None = None,
    offsets: Offsets = "characters",
    scheme: str | None = None,
    max_length: int = 0,
    limit: int = 0,
    on_error: OnError = "raise",
    augmenter: Augmenter | None = None,
) -> Reader:
    """Create a reader of JSONL files.

    A line is `{"words": [...], "tags": [...], "spaces": [...]}`, and becomes a doc. A tag of null or "" is
    missing. Without "spaces", those of the doc are unknown. It can also have "pos", "lemmas", "morphs",
    "heads" and "deps", "ents" and "sent_starts", lists as those that spaCy's `Doc` is made from, or null.

    Or a line is `{"text": "...", "spans": [{"start": 0, "end": 5, "label": "PER"}]}`, with spans of
    characters, also `[0, 5, "PER"]`. The words are those that "tokens" bound in the same way, or the
    pipeline's tokenizer finds. The spans become entities, and tags in the scheme BIO. A span that begins or
    ends inside a word, or overlaps another, leaves its words without a tag, with a warning for every file.

    Blank lines and lines without words are skipped, and those whose "answer" is "reject" or "ignore".

    path (Optional[Path]): A file, or a folder that is searched for .jsonl and .jsonl.gz files.
    words_key (Optional[str]): The key of the words or tokens. None: "words", or if it is missing, "tokens",
        "forms" or "text_tokens".
    tags_key (Optional[str]): The key of the tags or spans. None: "tags", or if it is missing, the only one
        of "labels", "pos_tags", "ner_tags", "chunk_tags", "xpos", "upos", "ner" and "slots" that has a
        list; for a text, "spans", or the only one of "entities", "label" and "labels".
    labels (Optional[List[str] | Path]): The names of labels that are numbers, in their order, or a file
        that has them: a JSON list, a name on every line, or a data set's `dataset_info.json`.
    offsets (str): What the bounds of spans count: "characters", as in Python, or "utf-16" code units, of
        which an emoji has two, as in JavaScript.
    scheme (Optional[str]): Tags are labels of spans in any scheme, and are converted to this one: "bio",
        "iob1", "bioes" or "biluo".
    max_length (int): Skip docs of more words; 0 keeps all.
    limit (int): The maximum number of examples, before augmentation; 0 yields all.
    on_error (str): What to do about a damaged line: "raise" an error, or "skip" it. At the end of a file, a
        warning counts what was skipped.
    augmenter (Optional[Callable[[Language, Example], Iterable[Example]]]): As that of `spacy.Corpus.v1`.
    RETURNS (Callable[[Language], Iterable[Example]]): The reader.
    RAISES (LSTMTaggerValueError): If a setting is invalid; the reader raises it if the path is missing, a
        file is malformed, or nothing of a file is left.
    """
    name = "spacy-lstm-tagger.JsonlCorpus.v1"
    if path is None:
        raise LSTMTaggerValueError(SpacyErrors.E913)
    _check_settings(name, scheme=scheme, on_error=on_error, max_length=max_length, limit=limit)
    _check_choice(name, "offsets", offsets, get_args(Offsets))
    limits = Limits(max_length, limit, on_error)

    def read(nlp: Language) -> Iterable[Example]:
        keys = Keys(words_key, tags_key, read_names(labels, tags_key), offsets)
        parse = partial(parse_jsonl, keys=keys, tokenizer=nlp.tokenizer)
        file_format = Format((".jsonl",), "line(s)", parse)
        return CorpusReader(path, file_format, limits, scheme=scheme, augmenter=augmenter)(nlp)

    return CheckedCorpus(read, Path(path or ""))


def _check_settings(
    reader: str,
    tag: str = "xpos",
    multiword_tokens: str = "split",
    scheme: str | None = None,
    on_error: str = "raise",
    **counts: int,
) -> None:
    choices: dict[str, tuple[Any, tuple[Any, ...]]] = {
        "tag": (tag, get_args(TagColumn)),
        "multiword_tokens": (multiword_tokens, get_args(Multiword)),
        "scheme": (scheme, (None, *SCHEMES)),
        "on_error": (on_error, get_args(OnError)),
    }
    for setting, (value, valid) in choices.items():
        _check_choice(reader, setting, value, valid)
    for setting, count in counts.items():
        check_setting(reader, setting, count, count >= 0, "0 or more")


def _check_choice(reader: str, setting: str, value: Any, valid: tuple[Any, ...]) -> None:
    expected = " or ".join("null" if choice is None else f'"{choice}"' for choice in valid)
    check_setting(reader, setting, value, value in valid, expected)


def _check_columns(reader: str, columns: list[str] | None, separator: str | None, tag: str) -> None:
    expected = (
        'a list of "word" and, at most once each, of "tag", "pos", "lemma", "morph", "head", "dep", "ent", '
        '"id", "misc" and the name that is set as tag; "_" for others, and "..." for any more at the end'
    )
    check_setting(reader, "columns", columns, columns is None or are_columns(columns, tag), expected)
    expected = r'null, "	", " ", or marks such as "_" or "/"'
    check_setting(reader, "separator", separator, separator is None or is_separator(separator), expected)
