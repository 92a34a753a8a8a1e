"""`python -m spacy lstm-tagger …`: the commands that spaCy does not have."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import spacy
import typer
from spacy.cli._util import app
from wasabi import msg

from .bulk import tag_files
from .bulk.apply import SHARD_SIZE
from .bulk.tagging import BATCH_SIZE
from .corpora import create_corpus
from .pipeline import calibrate_pipeline, get_labeler
from .report import write_report

lstm_tagger_cli = typer.Typer(
    name="lstm-tagger", help="Commands of the component lstm_tagger.", no_args_is_help=True
)
app.add_typer(lstm_tagger_cli)


class TagColumn(str, Enum):
    """CoNLL-U's columns of tags. Not a `Literal`, which makes older versions of Typer fail."""

    xpos = "xpos"
    upos = "upos"


class OutputFormat(str, Enum):
    """The formats of output files."""

    jsonl = "jsonl"
    parquet = "parquet"
    spacy = "spacy"


class EngineName(str, Enum):
    """Where bulk tagging runs."""

    local = "local"
    ray = "ray"


class OnError(str, Enum):
    """What to do about a bad row."""

    stop = "stop"
    skip = "skip"


@lstm_tagger_cli.callback()
def main() -> None:
    """Commands of the component lstm_tagger."""


@lstm_tagger_cli.command("calibrate")
def calibrate_cli(
    model: Annotated[str, typer.Argument(help="Trained pipeline, a folder or a package")],
    data: Annotated[
        Path, typer.Argument(exists=True, help=".conllu, .jsonl or .spacy that was not trained on")
    ],
    output: Annotated[Path, typer.Argument(file_okay=False, help="Folder for the calibrated pipeline")],
    tag: Annotated[TagColumn, typer.Option(help="CoNLL-U's column")] = TagColumn.xpos,
    component: Annotated[str, typer.Option(help="Name of the component")] = "lstm_tagger",
) -> None:
    """Calibrate confidences on data that was not trained on. Tags stay the same."""
    nlp = spacy.load(model)
    corpus = create_corpus(data, tag=tag.value)
    try:
        get_labeler(nlp, component)
        output.mkdir(parents=True, exist_ok=True)  # fail now rather than at the end
        found = calibrate_pipeline(nlp, component, lambda: corpus(nlp))
    except ValueError as error:
        msg.fail(str(error), exits=1)
    nlp.to_disk(output)
    msg.table(
        [
            ("Temperature", f"{found.temperature:.3f}"),
            ("Expected calibration error before, %", f"{100 * found.error_before:.2f}"),
            ("Expected calibration error after, %", f"{100 * found.error_after:.2f}"),
        ]
    )
    msg.good("Saved the calibrated pipeline", output)


@lstm_tagger_cli.command("apply")
def apply_cli(
    model: Annotated[str, typer.Argument(help="Trained pipeline, a folder or a package")],
    source: Annotated[
        str,
        typer.Argument(metavar="INPUT", help=".txt, .jsonl, .parquet or .spacy: a file, folder or glob"),
    ],
    output: Annotated[Path, typer.Argument(help="Folder, or a .jsonl, .parquet or .spacy file")],
    output_format: Annotated[
        OutputFormat | None, typer.Option("--format", help="Output format if OUTPUT is a folder")
    ] = None,
    n_process: Annotated[int, typer.Option(help="Number of processes")] = 1,
    batch_size: Annotated[int, typer.Option(help="Rows per batch")] = BATCH_SIZE,
    shard_size: Annotated[int, typer.Option(help="Maximum rows per shard")] = SHARD_SIZE,
    scores: Annotated[bool, typer.Option("--scores", help="Write each word's confidence")] = False,
    on_error: Annotated[OnError, typer.Option(help="What to do about a bad row")] = OnError.stop,
    text_column: Annotated[str, typer.Option(help="Column of the text")] = "text",
    words_column: Annotated[str, typer.Option(help="Column of pre-tokenized words")] = "words",
    id_column: Annotated[
        str | None, typer.Option(help="Column of the id; by default, rows are numbered")
    ] = None,
    component: Annotated[str, typer.Option(help="Name of the component")] = "lstm_tagger",
    engine: Annotated[EngineName, typer.Option(help="This machine, or a Ray cluster")] = EngineName.local,
    ray_address: Annotated[
        str | None, typer.Option(help="Address of the cluster; default: RAY_ADDRESS, or a local one")
    ] = None,
    gpu: Annotated[bool, typer.Option("--gpu", help="Tag on GPUs, with --engine ray")] = False,
) -> None:
    """Tag files of any size. After an interruption, the same command resumes."""
    try:
        summary = tag_files(
            model,
            source,
            output,
            output_format=output_format and output_format.value,
            n_process=n_process,
            batch_size=batch_size,
            shard_size=shard_size,
            scores=scores,
            on_error=on_error.value,
            text_column=text_column,
            words_column=words_column,
            id_column=id_column,
            component=component,
            engine=engine.value,
            ray_address=ray_address,
            gpu=gpu,
            progress=True,
        )
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        msg.fail(str(error), exits=1)
    except KeyboardInterrupt:
        msg.warn("Interrupted. Run the same command to resume.")
        raise typer.Exit(130) from None
    if summary.n_finished_before:
        msg.info(f"Resumed: {summary.n_finished_before} shards were already finished")
    if summary.bad_rows:
        msg.warn(f"Skipped {summary.n_bad} bad rows in this run; all bad rows are in", summary.bad_rows)
    speed = summary.n_words / summary.seconds
    msg.good(f"{summary.n_rows:,} rows, {summary.n_words:,} words, {speed:,.0f} words/s", output)


@lstm_tagger_cli.command("report")
def report_cli(
    model: Annotated[str, typer.Argument(help="Trained pipeline, a folder or a package")],
    data: Annotated[Path, typer.Argument(exists=True, help=".conllu, .jsonl or .spacy, with gold tags")],
    output: Annotated[Path, typer.Argument(dir_okay=False, help="The report, a .html file")],
    compare: Annotated[str | None, typer.Option(help="Second pipeline to compare with")] = None,
    train: Annotated[
        Path | None, typer.Option(exists=True, help="Training data, to find unknown words")
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Training log, text or JSONL"),
    ] = None,
    tag: Annotated[TagColumn, typer.Option(help="CoNLL-U's column")] = TagColumn.xpos,
    component: Annotated[str, typer.Option(help="Component that gives confidences")] = "lstm_tagger",
    as_json: Annotated[bool, typer.Option("--json", help="Also write the figures as JSON")] = False,
) -> None:
    """Evaluate a pipeline, or compare two, and write an HTML page."""
    try:
        report = write_report(
            model,
            data,
            output,
            other_model=compare,
            train=train,
            log=log,
            tag=tag.value,
            component=component,
            as_json=as_json,
        )
    except (ImportError, OSError, ValueError) as error:
        msg.fail(str(error), exits=1)
    for found in filter(None, (report["model"], report["other_model"])):
        share = found["accuracy"]
        interval = f"{100 * share['low']:.2f} – {100 * share['high']:.2f}"
        msg.info(f"{found['path']}: accuracy {100 * share['value']:.2f}% ({interval})")
    if report["comparison"]:
        msg.info(f"p = {report['comparison']['p_randomization']:.2g} (approximate randomization)")
    msg.good(f"{output.stat().st_size / 1e6:.1f} MB", output)
