"""`lstm-tagger apply`: files in, tagged files out."""

from enum import Enum
from typing import Annotated

import typer
from wasabi import msg

from ..bulk.apply import SHARD_SIZE, Summary
from ..bulk.standard_streams import STANDARD, tag_streams
from ..bulk.tagging import BATCH_SIZE
from .app import GpuId, lstm_tagger_cli


class EngineName(str, Enum):
    """Where bulk tagging runs."""

    local = "local"
    ray = "ray"


class OnError(str, Enum):
    """What to do about a bad row."""

    stop = "stop"
    skip = "skip"


@lstm_tagger_cli.command("apply")
def apply_cli(
    model: Annotated[str, typer.Argument(help="Trained pipeline, a folder or a package")],
    source: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help=".txt, .jsonl, .csv, .conllu (or .gz of these), .parquet, .spacy: file, folder or glob; - "
            "for standard input",
        ),
    ],
    output: Annotated[
        str,
        typer.Argument(
            help="Folder, or a .jsonl, .csv, .conllu, .parquet or .spacy file; - for standard output"
        ),
    ],
    input_format: Annotated[
        str | None, typer.Option(help="Format of standard input: txt, jsonl, csv, conllu…")
    ] = None,
    output_format: Annotated[
        str | None,
        typer.Option("--format", help="Format if OUTPUT is a folder or -: jsonl, csv.gz, parquet…"),
    ] = None,
    n_process: Annotated[int, typer.Option(help="Number of processes")] = 1,
    batch_size: Annotated[int, typer.Option(help="Rows per batch")] = BATCH_SIZE,
    shard_size: Annotated[int, typer.Option(help="Maximum rows per shard")] = SHARD_SIZE,
    columns: Annotated[
        str | None,
        typer.Option(
            help="What to write, one or more of tag,pos,morph,lemma,ents; by default tags, or if the "
            "pipeline assigns none, whatever it assigns"
        ),
    ] = None,
    scores: Annotated[bool, typer.Option("--scores", help="Write confidences")] = False,
    on_error: Annotated[OnError, typer.Option(help="What to do about a bad row")] = OnError.stop,
    text_column: Annotated[str, typer.Option(help="Column of the text")] = "text",
    words_column: Annotated[str, typer.Option(help="Column of pre-tokenized words")] = "words",
    id_column: Annotated[
        str | None, typer.Option(help="Column of the id; by default, rows are numbered")
    ] = None,
    component: Annotated[
        str | None, typer.Option(help="Name of a component that the pipeline must have")
    ] = None,
    engine: Annotated[EngineName, typer.Option(help="This machine, or a Ray cluster")] = EngineName.local,
    ray_address: Annotated[
        str | None, typer.Option(help="Address of the cluster; default: RAY_ADDRESS, or a local one")
    ] = None,
    gpu: Annotated[bool, typer.Option("--gpu", help="Tag on GPUs, with --engine ray")] = False,
    gpu_id: GpuId = -1,
    force: Annotated[
        bool, typer.Option("--force", "-F", help="Start over, and replace an earlier output")
    ] = False,
) -> None:
    """Tag files of any size. After an interruption, the same command resumes."""
    try:
        summary = tag_streams(
            model,
            source,
            output,
            input_format=input_format,
            output_format=output_format,
            n_process=n_process,
            batch_size=batch_size,
            shard_size=shard_size,
            columns=None if columns is None else [name.strip() for name in columns.split(",")],
            scores=scores,
            on_error=on_error.value,
            text_column=text_column,
            words_column=words_column,
            id_column=id_column,
            component=component,
            engine=engine.value,
            ray_address=ray_address,
            gpu=gpu,
            gpu_id=gpu_id,
            force=force,
            progress=True,
        )
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        msg.fail(str(error), exits=1)
    except KeyboardInterrupt:
        msg.warn("Interrupted. Run the same command to resume.")
        raise typer.Exit(130) from None
    if output != STANDARD:
        _report(summary, output)


def _report(summary: Summary, output: str) -> None:
    if summary.n_finished_before:
        msg.info(f"Resumed: {summary.n_finished_before} shards were already finished")
    if summary.bad_rows:
        msg.warn(f"Skipped {summary.n_bad} bad rows in this run; all bad rows are in", summary.bad_rows)
    if not summary.n_shards and summary.n_finished_before:
        msg.good("Everything was already finished", output)
        return
    speed = summary.n_words / summary.seconds
    msg.good(f"{summary.n_rows:,} rows, {summary.n_words:,} words, {speed:,.0f} words/s", output)
