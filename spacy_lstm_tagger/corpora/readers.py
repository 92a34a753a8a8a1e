"""The registered readers of corpora: for CoNLL-U, for JSONL, and one that goes by the file's extension."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

from spacy.errors import Errors as SpacyErrors
from spacy.language import Language
from spacy.training import Corpus, Example

from ..errors import Errors, LSTMTaggerValueError, check_setting
from .conllu import parse_conllu
from .jsonl import parse_jsonl
from .reading import CorpusReader, Format, OnError

Reader: TypeAlias = Callable[[Language], Iterable[Example]]
TagColumn: TypeAlias = Literal["xpos", "upos"]


def create_corpus(
    path: Path | None = None,
    *,
    tag: TagColumn = "xpos",
    max_length: int = 0,
    limit: int = 0,
    on_error: OnError = "raise",
) -> Reader:
    """Create the reader for the path's extension, so that one config serves every format.

    path (Optional[Path]): A .conllu, .jsonl or .spacy file (the last is read by spaCy's own reader), or a
        folder of files of one kind.
    tag (str): For CoNLL-U, the column that becomes the tag: "xpos" or "upos".
    max_length (int): Skip docs of more words; 0 keeps all.
    limit (int): The maximum number of examples; 0 yields all.
    on_error (str): What to do about a damaged sentence or line: "raise" an error, or "skip" it, with a
        warning for every file. No effect on .spacy files: such a file is compressed as a whole, so a
        damaged one can't be read in part, and the error is that of spaCy's reader.
    RETURNS (Callable[[Language], Iterable[Example]]): The reader.
    RAISES (LSTMTaggerValueError): If a setting is invalid, or the path has another extension; the reader
        raises it if the path is missing, a file is malformed, or nothing of a file is left.
    """
    if path is None:
        raise LSTMTaggerValueError(SpacyErrors.E913)
    _check_settings("spacy-lstm-tagger.Corpus.v1", tag, on_error, max_length=max_length, limit=limit)
    path = Path(path)
    settings: dict[str, Any] = {"max_length": max_length, "limit": limit}
    makers: dict[str, Callable[[], Reader]] = {
        ".conllu": lambda: create_conllu_corpus(path, tag=tag, on_error=on_error, **settings),
        ".jsonl": lambda: create_jsonl_corpus(path, on_error=on_error, **settings),
        ".spacy": lambda: Corpus(path, **settings),
    }
    suffix = path.suffix
    if path.is_dir():
        suffix = next((end for end in makers if any(path.rglob(f"*{end}"))), "")
    if suffix not in makers:
        raise LSTMTaggerValueError(Errors.L322.format(path=path, suffixes=", ".join(makers)))
    return makers[suffix]()


def create_conllu_corpus(
    path: Path | None = None,
    *,
    tag: TagColumn = "xpos",
    sentences_per_doc: int = 1,
    max_length: int = 0,
    limit: int = 0,
    on_error: OnError = "raise",
) -> Reader:
    """Create a reader of CoNLL-U files.

    The words are the syntactic words, and the text of a doc is built from them: there are no spaces inside
    a multiword token, and the space after it follows its last word. Empty nodes are skipped. A tag, part of
    speech or lemma of `_` is missing (except for the lemma of the word `_`), while FEATS of `_` mean that
    there are no features.

    path (Optional[Path]): A file, or a folder that is searched for *.conllu files.
    tag (str): The column that becomes the tag: "xpos" or "upos".
    sentences_per_doc (int): The maximum number of sentences per doc; 0 makes whole documents. No doc
        crosses a `# newdoc` comment or the end of a file, so a file without such comments is one document.
    max_length (int): Skip docs of more words; 0 keeps all.
    limit (int): The maximum number of examples; 0 yields all.
    on_error (str): What to do about a damaged sentence: "raise" an error, or "skip" it and keep the others
        of its document. At the end of a file, a warning counts what was skipped.
    RETURNS (Callable[[Language], Iterable[Example]]): The reader.
    RAISES (LSTMTaggerValueError): If a setting is invalid; the reader raises it if the path is missing, a
        file is malformed, or nothing of a file is left.
    """
    counts = {"sentences_per_doc": sentences_per_doc, "max_length": max_length, "limit": limit}
    _check_settings("spacy-lstm-tagger.ConlluCorpus.v1", tag, on_error, **counts)
    parse = partial(parse_conllu, tag=tag, sentences_per_doc=sentences_per_doc)
    return CorpusReader(path, Format(".conllu", "sentence(s)", parse), max_length, limit, on_error)


def create_jsonl_corpus(
    path: Path | None = None, *, max_length: int = 0, limit: int = 0, on_error: OnError = "raise"
) -> Reader:
    """Create a reader of JSONL files.

    A line is `{"words": [...], "tags": [...], "spaces": [...]}`, and becomes a doc. A tag of null or "" is
    missing. Without "spaces", those of the doc are unknown. Blank lines and lines without words are
    skipped.

    path (Optional[Path]): A file, or a folder that is searched for *.jsonl files.
    max_length (int): Skip docs of more words; 0 keeps all.
    limit (int): The maximum number of examples; 0 yields all.
    on_error (str): What to do about a damaged line: "raise" an error, or "skip" it. At the end of a file, a
        warning counts what was skipped.
    RETURNS (Callable[[Language], Iterable[Example]]): The reader.
    RAISES (LSTMTaggerValueError): If a setting is invalid; the reader raises it if the path is missing, a
        file is malformed, or nothing of a file is left.
    """
    name = "spacy-lstm-tagger.JsonlCorpus.v1"
    _check_settings(name, on_error=on_error, max_length=max_length, limit=limit)
    return CorpusReader(path, Format(".jsonl", "line(s)", parse_jsonl), max_length, limit, on_error)


def _check_settings(reader: str, tag: str = "xpos", on_error: str = "raise", **counts: int) -> None:
    check_setting(reader, "tag", tag, tag in ("xpos", "upos"), '"xpos" or "upos"')
    check_setting(reader, "on_error", on_error, on_error in ("raise", "skip"), '"raise" or "skip"')
    for setting, value in counts.items():
        check_setting(reader, setting, value, value >= 0, "0 or more")
