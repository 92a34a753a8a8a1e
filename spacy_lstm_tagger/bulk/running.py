"""One shard, from its input to its output. An engine that calls `run_shard` for all shards, in any order
and in any process that sees the files, makes the same output.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from spacy.language import Language

from ..errors import LSTMTaggerValueError
from ..pipeline.devices import use_gpu
from .columns import select
from .formats import INPUT_FORMATS, OUTPUT_FORMATS
from .inputs import get_ending
from .layout import Layout, write_whole
from .rows import BadRow, ColumnNames, Row
from .shards import Shard
from .streams import close_inputs
from .tagging import OnError, batch_rows, forget_words, load_pipeline, refuse, tag_batch
from .writing import Writer


@dataclass(frozen=True)
class Task:
    """What to do with each shard.

    model (str): The pipeline's folder or package.
    fingerprint (str): The pipeline's fingerprint, so that a changed one is loaded again.
    component (Optional[str]): The name of a component that the pipeline must have.
    layout (Layout): Where the output is written.
    columns (ColumnNames): The names of the input's columns.
    output_columns (Optional[Tuple[str, ...]]): The columns of the output that are asked for.
    scores (bool): Whether to write confidences.
    batch_size (int): The number of rows that are tagged together.
    on_error ("stop" | "skip"): What to do with a bad row.
    gpu_id (int): The GPU, or -1.
    """

    model: str
    fingerprint: str
    component: str | None
    layout: Layout
    columns: ColumnNames
    output_columns: tuple[str, ...] | None
    scores: bool
    batch_size: int
    on_error: OnError
    gpu_id: int = -1


class ShardResult(NamedTuple):
    """The result of a shard.

    shard (Shard): The shard.
    n_rows (int): The number of rows written.
    n_words (int): Their number of words.
    n_bad (int): The number of rows skipped.
    """

    shard: Shard
    n_rows: int
    n_words: int
    n_bad: int


Engine: TypeAlias = Callable[[Task, Iterable[Shard]], Iterator[ShardResult]]


@lru_cache(maxsize=1)
def _load(model: str, fingerprint: str, component: str | None, scores: bool, gpu_id: int) -> Language:
    use_gpu(gpu_id)
    return load_pipeline(model, component=component, scores=scores)


def run_shard(task: Task, shard: Shard, check: Callable[[], None] = lambda: None) -> ShardResult:
    """Tag a shard, and write it and its bad rows.

    task (Task): What to do.
    shard (Shard): The shard.
    check (Callable[[], None]): Called before each batch; may raise.
    RETURNS (ShardResult): Its result.
    RAISES (LSTMTaggerValueError): If the pipeline has no such component or does not assign such columns,
        the input changed, or a row is bad and `on_error` is "stop".
    """
    nlp = _load(task.model, task.fingerprint, task.component, task.scores, task.gpu_id)
    output_format = OUTPUT_FORMATS[task.layout.suffix]
    selection = select(nlp, task.output_columns, scores=task.scores, is_whole=output_format.is_whole)
    shard.file.check()
    # The shard gets its name last: when it exists, it is complete, and so are its bad rows.
    with (
        write_whole(task.layout.get_part(shard), task.layout) as path,
        write_whole(task.layout.get_bad_rows(shard), task.layout) as bad_path,
        forget_words(nlp),
    ):
        writer = output_format.open(path, selection)
        try:
            read = INPUT_FORMATS[get_ending(shard.file.path)].read
            rows: Any = read(shard.file, shard.slice, task.columns, nlp.vocab)
            with closing(rows):
                n_rows, n_words, bad = _tag(task, nlp, rows, writer, check)
        finally:
            writer.close()
        if bad:
            lines = [json.dumps(row.describe()) + "\n" for row in bad]
            bad_path.write_text("".join(lines), encoding="utf8")
    return ShardResult(shard, n_rows, n_words, len(bad))


def _tag(
    task: Task, nlp: Language, rows: Iterator[Row | BadRow], writer: Writer, check: Callable[[], None]
) -> tuple[int, int, list[BadRow]]:
    """RETURNS (Tuple[int, int, List[BadRow]]): The numbers of rows and words written, and the bad rows."""
    n_rows = n_words = 0
    bad = []
    for batch in batch_rows(rows, task.batch_size):
        check()
        for found in tag_batch(nlp, batch, task.on_error):
            if isinstance(found, BadRow):
                writer.skip(found)
                bad.append(found._replace(source=None))
                continue
            row, doc = found
            try:
                writer.write(row, doc)
            except LSTMTaggerValueError as error:  # a component merged words, for example
                skipped = BadRow(row.file, row.number, str(error), doc.text, row.source)
                writer.skip(refuse(skipped, task.on_error))
                bad.append(skipped._replace(source=None))
                continue
            n_rows, n_words = n_rows + 1, n_words + len(doc)
    return n_rows, n_words, bad


def run_here(task: Task, shards: Iterable[Shard]) -> Iterator[ShardResult]:
    """YIELDS (ShardResult): The result of each shard, one after the other, in this process."""
    try:
        yield from (run_shard(task, shard) for shard in shards)
    finally:
        close_inputs()
