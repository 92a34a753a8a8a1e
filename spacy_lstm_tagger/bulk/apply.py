"""Bulk tagging from end to end: find the input, plan, run, join."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, NamedTuple, get_args

from tqdm import tqdm

from ..errors import Errors, LSTMTaggerValueError
from .cluster import run_on_ray
from .formats import INPUT_FORMATS, plan
from .inputs import find_files
from .layout import check_place, finish, is_finished, lay_out, remove_leftovers
from .manifest import compute_fingerprint, keep_manifest
from .processes import run_in_processes
from .rows import ColumnNames
from .running import Engine, ShardResult, Task, run_here
from .shards import Shard
from .tagging import BATCH_SIZE, OnError

SHARD_SIZE = 5000


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
    scores: bool = False,
    on_error: OnError = "stop",
    text_column: str = "text",
    words_column: str = "words",
    id_column: str | None = None,
    component: str = "lstm_tagger",
    engine: Literal["local", "ray"] = "local",
    ray_address: str | None = None,
    gpu: bool = False,
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
    scores (bool): Whether to write each word's confidence.
    on_error ("stop" | "skip"): What to do with a bad row: raise, or write it to a file of its own.
    text_column (str): The column, or key, of the text.
    words_column (str): That of pre-tokenized words; if a row has them, its text is not read.
    id_column (Optional[str]): That of the id; without, rows are numbered in each file.
    component (str): The component's name in the pipeline.
    engine ("local" | "ray"): Where to run: here, or on a Ray cluster whose machines see the same files.
    ray_address (Optional[str]): The cluster's address; by default that in RAY_ADDRESS, or a local cluster.
    gpu (bool): Whether each process tags on a GPU; only with "ray".
    progress (bool): Whether to show a progress bar.
    RETURNS (Summary): What was done.
    RAISES (LSTMTaggerValueError): If an argument is invalid, the output belongs to something else, the
        input or the settings differ from those of the run to be resumed, or, with "stop", a row is bad.
        (LSTMTaggerRuntimeError): If a process or a cluster died. Finished shards are always kept.
        (LSTMTaggerImportError): If pyarrow or Ray is needed and not installed.
    """
    start = perf_counter()
    _check_positive(n_process=n_process, batch_size=batch_size, shard_size=shard_size)
    _check_choice("on_error", on_error, get_args(OnError))
    _check_choice("engine", engine, ("local", "ray"))
    layout = lay_out(output, output_format)
    files = find_files(source, tuple(INPUT_FORMATS))
    check_place(layout, source, files)
    columns = ColumnNames(text_column, words_column, id_column)
    fingerprint = compute_fingerprint(model)
    shards = plan(files, shard_size)
    # Settings that only affect speed or errors may differ in a run that resumes.
    settings = {"model": fingerprint, "component": component, "columns": list(columns), "scores": scores}
    keep_manifest(layout, settings | {"shard_size": shard_size, "format": layout.suffix[1:]}, files)
    remove_leftovers(layout)
    task = Task(str(model), fingerprint, component, layout, columns, scores, batch_size, on_error)
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
    # None shows a bar only on a terminal.
    bar: Any = tqdm(total=n_rows, initial=n_rows - n_left, unit=" rows", disable=None if progress else True)
    results: Any = engine(task, todo)
    with bar, closing(results):
        start, n_words = perf_counter(), 0
        for result in results:
            n_words += result.n_words
            bar.set_postfix_str(f"{n_words / (perf_counter() - start):,.0f} words/s", refresh=False)
            bar.update(result.shard.slice.n_rows)
            yield result
