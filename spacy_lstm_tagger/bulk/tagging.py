"""Rows through a pipeline: batch by batch, and one by one where a batch fails."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from sys import maxsize
from typing import Any, Literal, TypeAlias

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from ..corpora.lines import shorten
from ..errors import Errors, LSTMTaggerValueError
from ..pipeline.labeler import SequenceLabeler
from ..pipeline.lookup import get_labeler
from ..pipeline.predictions import require_scores
from .rows import BadRow, Content, Row, TaggedRow, attempt, extract

OnError: TypeAlias = Literal["stop", "skip"]

BATCH_SIZE = 256
NEED_LIMIT = ("parser", "ner", "beam_parser", "beam_ner")  # the reason of spaCy's `nlp.max_length`
MAX_CHARACTERS = 2**20  # per batch, so that long documents do not make a long batch


def load_pipeline(
    model: str | Path, *, component: str | None = "lstm_tagger", scores: bool = False
) -> Language:
    """Load a trained pipeline to tag rows with.

    model (str | Path): Its folder, or the name of its package.
    component (Optional[str]): The name of a component of ours that the pipeline must have; None for any
        pipeline.
    scores (bool): Whether all components of ours store their confidences.
    RETURNS (Language): The pipeline. It takes texts of any length, unless a component needs much memory
        for a long one.
    RAISES (LSTMTaggerValueError): If the pipeline has no such component of ours.
    """
    nlp = spacy.load(model)
    if component is not None:
        get_labeler(nlp, component)
    for _, pipe in nlp.pipeline:
        if isinstance(pipe, SequenceLabeler):
            pipe.cfg["store_scores"] = scores
    if not any(nlp.get_pipe_meta(name).factory in NEED_LIMIT for name in nlp.pipe_names):
        nlp.max_length = maxsize
    return nlp


def tag_rows(
    nlp: Language,
    rows: Iterable[Row | BadRow],
    *,
    batch_size: int = BATCH_SIZE,
    scores: bool = False,
    on_error: OnError = "stop",
) -> Iterator[TaggedRow | BadRow]:
    """Tag rows in bounded memory: each batch has a memory zone of its own.

    nlp (Language): The pipeline. Documents that it made before stay valid.
    rows (Iterable[Row | BadRow]): The rows.
    batch_size (int): How many are tagged together.
    scores (bool): Whether to return the confidences, which the component has to store: see `load_pipeline`.
    on_error ("stop" | "skip"): What to do with a row that can't be tagged: raise, or yield a `BadRow`.
    YIELDS (TaggedRow | BadRow): One for each row, in order.
    RAISES (LSTMTaggerValueError): For a bad row, with "stop"; for anything that is not a row.
    """
    for batch in batch_rows(map(check_row, rows), batch_size):
        with forget_words(nlp):
            tagged = [
                found if isinstance(found, BadRow) else _extract(*found, scores, on_error)
                for found in tag_batch(nlp, batch, on_error)
            ]
        yield from tagged


def _extract(row: Row, doc: Doc, scores: bool, on_error: OnError) -> TaggedRow | BadRow:
    if scores and doc._.tag_scores is None:  # the call is wrong, not the row: none would be left
        require_scores(doc, "tag")
    made = attempt(lambda row: extract(row.id, doc, scores=scores), row, _show, row.file, row.number)
    return refuse(made, on_error) if isinstance(made, BadRow) else made


def check_row(row: Any) -> Row | BadRow:
    """RETURNS (Row | BadRow): A row whose content can be tagged, or why it can't.
    RAISES (LSTMTaggerValueError): If it is not a row at all.
    """
    if isinstance(row, BadRow):
        return row
    if not isinstance(row, Row):
        raise LSTMTaggerValueError(Errors.L430.format(found=shorten(row)))
    content = row.content
    is_words = isinstance(content, list) and all(isinstance(word, str) and word for word in content)
    if isinstance(content, (str, Doc)) or is_words:
        return row
    return BadRow(row.file, row.number, Errors.L431.format(found=shorten(content)), _show(row))


def refuse(bad: BadRow, on_error: OnError) -> BadRow:
    """RETURNS (BadRow): The bad row, with "skip".
    RAISES (LSTMTaggerValueError): With "stop".
    """
    if on_error == "stop":
        reason = bad.reason.rstrip(".")
        raise LSTMTaggerValueError(Errors.L416.format(file=bad.file, row=bad.row, reason=reason))
    return bad


@contextmanager
def forget_words(nlp: Language) -> Iterator[None]:
    """The pipeline's memory zone, which here ends after an error as well: older versions of spaCy leave it
    open then, and mix up the words of the next one.
    """
    zone = nlp.memory_zone()
    zone.__enter__()
    try:
        yield
    finally:
        zone.__exit__(None, None, None)


def batch_rows(rows: Iterable[Row | BadRow], size: int) -> Iterator[list[Row | BadRow]]:
    """YIELDS (List[Row | BadRow]): Batches of at most this many rows, and at most `MAX_CHARACTERS` if of
    several.
    """
    batch: list[Row | BadRow] = []
    n_characters = 0
    for row in rows:
        length = 0 if isinstance(row, BadRow) else _count_characters(row.content)
        if batch and (len(batch) == size or n_characters + length > MAX_CHARACTERS):
            yield batch
            batch, n_characters = [], 0
        batch.append(row)
        n_characters += length
    if batch:
        yield batch


def _count_characters(content: Content) -> int:
    return sum(map(len, content)) if isinstance(content, list) else len(content)


def tag_batch(
    nlp: Language, batch: Sequence[Row | BadRow], on_error: OnError
) -> Iterator[tuple[Row, Doc] | BadRow]:
    """Tag a batch of rows together; if that fails, one by one, to find those that are bad.

    YIELDS (Tuple[Row, Doc] | BadRow): Each row with its document, or why there is none, in order.
    RAISES (LSTMTaggerValueError): For a bad row, with "stop".
    """
    made = [row if isinstance(row, BadRow) else _attempt(partial(_make_doc, nlp), row) for row in batch]
    together = _tag_together(nlp, [doc for doc in made if isinstance(doc, Doc)])
    for row, doc in zip(batch, made, strict=True):
        found = doc
        if isinstance(row, Row) and isinstance(doc, Doc):
            found = next(together) if together else _attempt(partial(_tag_alone, nlp), row)
            if isinstance(found, Doc):
                yield row, found
                continue
        assert isinstance(found, BadRow)
        yield refuse(found, on_error)._replace(source=row.source)


def _tag_together(nlp: Language, docs: list[Doc]) -> Iterator[Doc] | None:
    """RETURNS (Optional[Iterator[Doc]]): The documents, or None if the pipeline fails or drops some."""
    try:
        tagged = list(nlp.pipe(docs, batch_size=len(docs)))
    except Exception:  # a component can raise anything; which document is bad is found one by one
        return None
    return iter(tagged) if len(tagged) == len(docs) else None


def _attempt(function: Callable[[Row], Doc], row: Row) -> Doc | BadRow:
    return attempt(function, row, _show, row.file, row.number)


def _show(row: Row) -> str:
    return str(row.content)


def _make_doc(nlp: Language, row: Row) -> Doc:
    """RETURNS (Doc): A new document, so that a second attempt does not see annotations of the first."""
    if isinstance(row.content, str):
        length, limit = len(row.content), nlp.max_length
        if length > limit:
            raise LSTMTaggerValueError(Errors.L433.format(length=length, limit=limit))
        return nlp.make_doc(row.content)
    return Doc(nlp.vocab, words=row.content) if isinstance(row.content, list) else row.content.copy()


def _tag_alone(nlp: Language, row: Row) -> Doc:
    return nlp(_make_doc(nlp, row))
