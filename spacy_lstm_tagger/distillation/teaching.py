"""A teacher reads raw text, once: its soft labels are written shard by shard, and reading can resume."""

from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc

from ..bulk.formats import INPUT_FORMATS, plan
from ..bulk.inputs import find_files, get_ending
from ..bulk.layout import (
    Layout,
    check_apart,
    check_free,
    finish,
    is_finished,
    remove_leftovers,
    start_over,
    write_whole,
)
from ..bulk.manifest import compute_fingerprint, keep_manifest
from ..bulk.progress import show_progress
from ..bulk.rows import BadRow, ColumnNames, Row, attempt
from ..bulk.shards import Shard
from ..bulk.tagging import BATCH_SIZE, OnError, batch_rows, forget_words, refuse
from ..pipeline.devices import use_gpu
from ..pipeline.soft_labels import copy_words
from .storage import SUFFIX, ShardWriter
from .teachers import TeacherPipeline

SHARD_SIZE = 2000  # texts


class Teaching(NamedTuple):
    """What was done.

    n_texts (int): The number of texts read now.
    n_words (int): Their number of words.
    n_bad (int): The number of texts skipped.
    n_finished_before (int): The number of shards that an earlier run had finished.
    hard (List[str]): The annotation that the teacher gives without probabilities.
    bad_rows (Optional[Path]): The file of all bad texts, if there are some.
    """

    n_texts: int
    n_words: int
    n_bad: int
    n_finished_before: int
    hard: list[str]
    bad_rows: Path | None


def teach(
    teacher: str | Path,
    raw: str | Path,
    output: str | Path,
    student: Language,
    *,
    batch_size: int = BATCH_SIZE,
    shard_size: int = SHARD_SIZE,
    columns: ColumnNames | None = None,
    on_error: OnError = "stop",
    gpu_id: int = -1,
    force: bool = False,
    progress: bool = False,
) -> Teaching:
    """Let a teacher read raw text, and keep the probabilities of its labels. After an interruption, the
    same call resumes.

    teacher (str | Path): A trained pipeline, a folder or a package.
    raw (str | Path): What `lstm-tagger apply` reads: a .txt, .jsonl, .csv, .conllu, .parquet or .spacy
        file, a folder of them, or a glob.
    output (str | Path): The folder for the soft labels.
    student (Language): A pipeline whose tokenizer cuts texts into words, as the student will see them.
    batch_size (int): How many texts are read together.
    shard_size (int): The maximum number of texts of a file.
    columns (Optional[ColumnNames]): The names of the input's columns.
    on_error ("stop" | "skip"): What to do with a text that can't be read.
    gpu_id (int): The GPU that the teacher reads on; -1 for the CPU.
    force (bool): Whether to start over.
    progress (bool): Whether to show progress.
    RETURNS (Teaching): What was done.
    RAISES (LSTMTaggerValueError): If there is no such teacher, it annotates nothing that can be taught, or
        changes words; there is no raw text; the folder belongs to something else; or a text is bad.
    """
    columns = columns or ColumnNames()
    layout = Layout(Path(output), SUFFIX, None)
    fingerprint = compute_fingerprint(teacher)
    files = find_files(raw, tuple(INPUT_FORMATS))
    shards = plan(files, shard_size)
    check_apart(layout, raw, files)
    if force:
        start_over(layout)
    check_free(layout)
    config = student.config["nlp"]
    settings = {
        "teacher": fingerprint,
        "lang": config["lang"],
        "tokenizer": dict(config["tokenizer"]),
        "columns": list(columns),
        "shard_size": shard_size,
    }
    keep_manifest(layout, settings, files)
    remove_leftovers(layout)
    use_gpu(gpu_id)
    pipeline = TeacherPipeline(spacy.load(teacher))
    todo = [shard for shard in shards if not is_finished(layout, shard)]
    n_rows, n_left = (sum(shard.slice.n_rows for shard in some) for some in (shards, todo))
    shown: Any = show_progress(n_rows, n_rows - n_left) if progress else nullcontext(_show_nothing)
    n_texts = n_words = n_bad = 0
    with shown as advance:
        for shard in todo:
            writer = ShardWriter()
            bad = _read_shard(shard, pipeline, student, writer, batch_size, columns, on_error)
            if bad:
                with write_whole(layout.get_bad_rows(shard), layout) as path:
                    srsly.write_jsonl(path, [row.describe() for row in bad])
            with write_whole(layout.get_part(shard), layout) as path:
                path.write_bytes(writer.to_bytes())
            n_texts, n_words = n_texts + len(writer.lengths), n_words + len(writer.words)
            n_bad += len(bad)
            advance(shard.slice.n_rows, len(writer.words))
    finish(layout, shards)
    bad_rows = layout.bad_rows if layout.bad_rows.exists() else None
    return Teaching(n_texts, n_words, n_bad, len(shards) - len(todo), pipeline.hard, bad_rows)


def _show_nothing(n_rows: int, n_words: int) -> None:
    pass


def _read_shard(
    shard: Shard,
    teacher: TeacherPipeline,
    student: Language,
    writer: ShardWriter,
    batch_size: int,
    columns: ColumnNames,
    on_error: OnError,
) -> list[BadRow]:
    """RETURNS (List[BadRow]): The bad texts."""
    bad: list[BadRow] = []
    shard.file.check()
    read = INPUT_FORMATS[get_ending(shard.file.path)].read
    with forget_words(student):
        rows: Any = read(shard.file, shard.slice, columns, student.vocab)
        with closing(rows):
            for batch in batch_rows(rows, batch_size):
                with forget_words(teacher.nlp):
                    made = [_attempt(row, teacher.nlp, student) for row in batch]
                    bad += [refuse(doc, on_error) for doc in made if isinstance(doc, BadRow)]
                    docs = [doc for doc in made if isinstance(doc, Doc) and len(doc)]
                    if docs:
                        writer.add(docs, teacher(docs))
    return bad


def _attempt(row: Row | BadRow, teacher: Language, student: Language) -> Doc | BadRow:
    if isinstance(row, BadRow):
        return row
    make = partial(_make_doc, teacher, student)
    return attempt(make, row, lambda row: str(row.content), row.file, row.number)


def _make_doc(teacher: Language, student: Language, row: Row) -> Doc:
    """RETURNS (Doc): The text for the teacher, in the words of the student."""
    content = row.content
    if isinstance(content, str):
        content = student.tokenizer(content)
    if isinstance(content, Doc):
        content = copy_words(content, teacher.vocab)
        content.user_data.clear()
        return content
    return Doc(teacher.vocab, words=content)
