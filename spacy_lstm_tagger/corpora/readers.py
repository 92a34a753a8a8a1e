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
from .conllu import parse_conllu
from .files import get_suffix
from .jsonl import parse_jsonl
from .multiword import Multiword
from .reading import Augmenter, CorpusReader, Format, Limits, OnError

Reader: TypeAlias = Callable[[Language], Iterable[Example]]
TagColumn: TypeAlias = Literal["xpos", "upos"]


def create_corpus(
    path: Path | None = None,
    *,
    tag: TagColumn = "xpos",
    multiword_tokens: Multiword = "split",
    scheme: str | None = None,
    max_length: int = 0,
    limit: int = 0,
    on_error: OnError = "raise",
    augmenter: Augmenter | None = None,
) -> Reader:
    """Create the reader for the path's extension, so that one config serves every format.

    path (Optional[Path]): A .conllu, .jsonl or .spacy file (the last is read by spaCy's own reader), or a
        folder of files of one kind. The first two may be compressed: .conllu.gz.
    tag (str): For CoNLL-U, the column that becomes the tag: "xpos" or "upos".
    multiword_tokens (str): For CoNLL-U, what becomes of multiword tokens; see `create_conllu_corpus`.
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
    _check_settings(name, tag, multiword_tokens, scheme, on_error, **counts)
    path = Path(path)
    shared: dict[str, Any] = {**counts, "augmenter": augmenter}
    ours = {**shared, "scheme": scheme, "on_error": on_error}
    makers: dict[str, Callable[[], Reader]] = {
        ".conllu": lambda: create_conllu_corpus(path, tag=tag, multiword_tokens=multiword_tokens, **ours),
        ".jsonl": lambda: create_jsonl_corpus(path, **ours),
        ".spacy": lambda: Corpus(path, **shared),
    }
    suffix = get_suffix(path)
    if path.is_dir():
        found = {get_suffix(file) for file in path.rglob("*")}
        suffix = next((end for end in makers if end in found), "")
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
    entities that MISC has as `NER=B-PER` (or `NE=`, `name=`), become those of the docs.

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
    return CorpusReader(path, file_format, limits, scheme=scheme, augmenter=augmenter)


def create_jsonl_corpus(
    path: Path | None = None,
    *,
    scheme: str | None = None,
    max_length: int = 0,
    limit: int = 0,
    on_error: OnError = "raise",
    augmenter: Augmenter | None = None,
) -> Reader:
    """Create a reader of JSONL files.

    A line is `{"words": [...], "tags": [...], "spaces": [...]}`, and becomes a doc. A tag of null or "" is
    missing. Without "spaces", those of the doc are unknown. Blank lines and lines without words are
    skipped.

    path (Optional[Path]): A file, or a folder that is searched for .jsonl and .jsonl.gz files.
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
    _check_settings(name, scheme=scheme, on_error=on_error, max_length=max_length, limit=limit)
    limits = Limits(max_length, limit, on_error)
    file_format = Format((".jsonl",), "line(s)", parse_jsonl)
    return CorpusReader(path, file_format, limits, scheme=scheme, augmenter=augmenter)


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
        expected = " or ".join("null" if choice is None else f'"{choice}"' for choice in valid)
        check_setting(reader, setting, value, value in valid, expected)
    for setting, count in counts.items():
        check_setting(reader, setting, count, count >= 0, "0 or more")
