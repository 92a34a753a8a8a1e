"""Bulk tagging from end to end: find the input, plan, run, join."""

from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, NamedTuple, get_args

from ..corpora.files import COMPRESSED
from ..errors import Errors, LSTMTaggerValueError
from .cluster import run_on_ray
from .columns import order_columns
from .formats import INPUT_FORMATS, OUTPUT_FORMATS, plan
from .inputs import InputFile, find_files, get_ending
from .layout import (
    Layout,
    check_apart,
    check_free,
    finish,
    is_finished,
    lay_out,
    remove_leftovers,
    start_over,
)
from .manifest import compute_fingerprint, keep_manifest
from .processes import run_in_processes
from .progress import show_progress
from .rows import ColumnNames
from .running import Engine, ShardResult, Task, run_here
from .shards import Shard
from .tagging import BATCH_SIZE, OnError

SHARD_SIZE = 5000
WITH_COLUMNS = {".jsonl", ".csv", ".parquet"}
WITH_IDS = WITH_COLUMNS | {".conllu", ".spacy"}


class Summary(NamedTuple):
    """What a run did.

    n_rows (int): The number of rows written.
    n_words (int): Their number of words.
    n_bad (int): The number of rows skipped.
    n_shards (int): The number of shards written.
    n_finished_before (int): The number of shards that an earlier run finished.
    seconds (float): The duration.
    bad_rows (Optional[Path]): The file of skipped rows, including those of earlier runs, if there are any.
    """

    n_rows: int
    n_words: int
    n_bad: int
    n_shards: int
    n_finished_before: int
    seconds: float
    bad_rows: Path | None


def tag_files(
    model: str | Path,
    source: str | Path,
    output: str | Path,
    *,
    output_format: str | None = None,
    n_process: int = 1,
    batch_size: int = BATCH_SIZE,
    shard_size: int = SHARD_SIZE,
    columns: Sequence[str] | None = None,
    scores: bool = False,
    on_error: OnError = "stop",
    text_column: str = "text",
    words_column: str = "words",
    id_column: str | None = None,
    component: str | None = None,
    engine: Literal["local", "ray"] = "local",
    ray_address: str | None = None,
    gpu: bool = False,
    gpu_id: int = -1,
    force: bool = False,
    progress: bool = False,
) -> Summary:
    """Tag files. After an interruption, the same call resumes.

    model (str | Path): A trained pipeline, a folder or a package.
    source (str | Path): A .txt, .jsonl, .csv, .conllu, .parquet or .spacy file, a folder of them, or a
        glob. All but the last two may be compressed: .txt.gz.
    output (str | Path): A folder for the shards, or a .jsonl, .csv, .conllu, .parquet or .spacy file. The
        first three can be compressed: .jsonl.gz.
    output_format (Optional[str]): For a folder, an extension: "jsonl", which is the default, "csv.gz" and
        so on.
    n_process (int): How many processes tag in parallel, on this machine or in a cluster. With more than
        one, a script needs `if __name__ == "__main__":`.
    batch_size (int): The number of rows that are tagged together.
    shard_size (int): The maximum number of rows of a shard.
    columns (Optional[Sequence[str]]): What to write: "tag", "pos", "morph", "lemma" and "ents". By default,
        tags, or if no component assigns any, whatever the components assign; in CoNLL-U all its columns
        that they assign. Documents in .spacy files have everything.
    scores (bool): Whether to write confidences: of each word's label, and of entities.
    on_error ("stop" | "skip"): What to do with a bad row: raise, or write it to a file of its own.
    text_column (str): The column, or key, of the text.
    words_column (str): That of pre-tokenized words; if a row has them, its text is not read.
    id_column (Optional[str]): That of the id; without, rows are numbered in each file.
    component (Optional[str]): The name of a component of ours that the pipeline must have; by default none.
    engine ("local" | "ray"): Where to run: here, or on a Ray cluster whose machines see the same files.
    ray_address (Optional[str]): The cluster's address; by default that in RAY_ADDRESS, or a local cluster.
    gpu (bool): Whether each process tags on a GPU of its own; only with "ray".
    gpu_id (int): The GPU on which all processes of this machine tag, -1 for the CPU; not with "ray".
    force (bool): Whether to start over, and replace what an earlier run wrote.
    progress (bool): Whether to show progress: a bar on a terminal, otherwise a line now and then.
    RETURNS (Summary): What was done.
    RAISES (LSTMTaggerValueError): If an argument is invalid or has no effect, the output belongs to
        something else, the input or the settings differ from those of the run to be resumed, or, with
        "stop", a row is bad. (LSTMTaggerOSError): If a file can't be written.
        (LSTMTaggerRuntimeError): If a process or a cluster died. Finished shards are always kept.
        (LSTMTaggerImportError): If pyarrow or Ray is needed and not installed.
    """
    start = perf_counter()
    _check_positive(n_process=n_process, batch_size=batch_size, shard_size=shard_size)
    _check_choice("on_error", on_error, get_args(OnError))
    _check_choice("engine", engine, ("local", "ray"))
    _check_engine(engine, ray_address, gpu, gpu_id)
    layout = lay_out(output, output_format)
    files = find_files(source, tuple(INPUT_FORMATS))
    input_columns = ColumnNames(text_column, words_column, id_column)
    _check_columns(input_columns, files)
    output_columns = _check_output_columns(columns, layout)
    fingerprint = compute_fingerprint(model)
    shards = plan(files, shard_size)
    check_apart(layout, source, files)  # before anything is removed
    if force:
        start_over(layout)
    check_free(layout)
    # Settings that only affect speed or errors may differ in a run that resumes.
    settings = {
        "model": fingerprint,
        "component": component,
        "columns": list(input_columns),
        "output_columns": output_columns and list(output_columns),
        "scores": scores,
        "shard_size": shard_size,
        "format": layout.suffix[1:],
    }
    keep_manifest(layout, settings, files)
    remove_leftovers(layout)
    task = Task(
        model=str(model),
        fingerprint=fingerprint,
        component=component,
        layout=layout,
        columns=input_columns,
        output_columns=output_columns,
        scores=scores,
        batch_size=batch_size,
        on_error=on_error,
        gpu_id=gpu_id,
    )
    run: Engine = run_here if n_process == 1 else partial(run_in_processes, n_process=n_process)
    if engine == "ray":
        run = partial(run_on_ray, n_workers=n_process, address=ray_address, gpu=gpu)
    results = list(_run(run, task, shards, progress))
    for file in files:
        file.check()
    finish(layout, shards)
    return Summary(
        n_rows=sum(result.n_rows for result in results),
        n_words=sum(result.n_words for result in results),
        n_bad=sum(result.n_bad for result in results),
        n_shards=len(results),
        n_finished_before=len(shards) - len(results),
        seconds=perf_counter() - start,
        bad_rows=layout.bad_rows if layout.bad_rows.exists() else None,
    )


def _check_engine(engine: str, ray_address: str | None, gpu: bool, gpu_id: int) -> None:
    """RAISES (LSTMTaggerValueError): If an option would have no effect."""
    if engine == "ray":
        if gpu_id >= 0:
            _refuse("gpu_id", "on a cluster", "set gpu, which gives each worker a GPU")
        return
    for name, is_set in (("gpu", gpu), ("ray_address", ray_address is not None)):
        if is_set:
            advice = "set gpu_id (--gpu-id 0)" if name == "gpu" else 'set engine = "ray"'
            _refuse(name, "without a cluster", advice)


def _check_columns(columns: ColumnNames, files: list[InputFile]) -> None:
    """RAISES (LSTMTaggerValueError): If a column is named, and no file has columns."""
    suffixes = {get_ending(file.path).removesuffix(COMPRESSED) for file in files}
    for name, value, default in zip(ColumnNames._fields, columns, ColumnNames(), strict=True):
        readable = WITH_IDS if name == "id" else WITH_COLUMNS
        if value != default and not suffixes & readable:
            _refuse(f"{name}_column", f"on {', '.join(sorted(suffixes))} files", "check the input")


def _check_output_columns(columns: Sequence[str] | None, layout: Layout) -> tuple[str, ...] | None:
    """RETURNS (Optional[Tuple[str, ...]]): The columns that are asked for, in order.
    RAISES (LSTMTaggerValueError): If one is unknown, or the format has no columns.
    """
    if columns is None:
        return None
    if OUTPUT_FORMATS[layout.suffix].is_whole:
        _refuse("columns", f"on {layout.suffix} files, which have all annotation", "write another format")
    return order_columns(columns)


def _refuse(option: str, reason: str, advice: str) -> None:
    raise LSTMTaggerValueError(Errors.L432.format(option=option, reason=reason, advice=advice))


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise LSTMTaggerValueError(Errors.L418.format(name=name, value=value, choices=", ".join(choices)))


def _check_positive(**settings: int) -> None:
    for name, value in settings.items():
        if value < 1:
            raise LSTMTaggerValueError(Errors.L419.format(name=name, value=value))


def _run(engine: Engine, task: Task, shards: list[Shard], progress: bool) -> Iterator[ShardResult]:
    """YIELDS (ShardResult): The results of the shards that were not finished before."""
    todo = [shard for shard in shards if not is_finished(task.layout, shard)]
    n_rows, n_left = (sum(shard.slice.n_rows for shard in some) for some in (shards, todo))
    shown = show_progress(n_rows, n_rows - n_left) if progress else nullcontext()
    results: Any = engine(task, todo)
    with shown as advance, closing(results):
        for result in results:
            if advance is not None:
                advance(result.shard.slice.n_rows, result.n_words)
            yield result
