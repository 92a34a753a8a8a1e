"""`python -m spacy lstm-tagger …`: what spaCy's own commands do not do."""

from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from spacy.cli._util import app
from spacy.language import Language
from spacy.training import Example
from wasabi import msg

from .bulk import tag_files
from .bulk.apply import SHARD_SIZE
from .bulk.tagging import BATCH_SIZE
from .calibration import compute_calibration_error, read_confidences
from .errors import Errors
from .readers import create_corpus
from .report import write_report

lstm_tagger_cli = typer.Typer(
    name="lstm-tagger", help="Commands of the component lstm_tagger.", no_args_is_help=True
)
app.add_typer(lstm_tagger_cli)


class Column(str, Enum):
    """CoNLL-U's columns of tags. No `Literal`: older versions of Typer fail on it, for all commands."""

    xpos = "xpos"
    upos = "upos"


class OutputFormat(str, Enum):
    """The formats of a folder's files."""

    jsonl = "jsonl"
    parquet = "parquet"
    spacy = "spacy"


class EngineName(str, Enum):
    """Where bulk tagging runs."""

    local = "local"
    ray = "ray"


class OnError(str, Enum):
    """What to do with a bad row."""

    stop = "stop"
    skip = "skip"


@lstm_tagger_cli.callback()
def main() -> None:
    """Commands of the component lstm_tagger."""


@lstm_tagger_cli.command("calibrate")
def calibrate_cli(
    model: Annotated[str, typer.Argument(help="Trained pipeline, a folder or a package")],
    data: Annotated[Path, typer.Argument(exists=True, help=".conllu, .jsonl or .spacy, not trained on")],
    output: Annotated[Path, typer.Argument(file_okay=False, help="Folder for the calibrated pipeline")],
    tag: Annotated[Column, typer.Option(help="CoNLL-U's column")] = Column.xpos,
    component: Annotated[str, typer.Option(help="The component's name in the pipeline")] = "lstm_tagger",
) -> None:
    """Fit the temperature of the confidences on data that was not trained on. Tags stay the same."""
    nlp = spacy.load(model)
    if component not in nlp.pipe_names:
        msg.fail(Errors.L401.format(name=component, pipeline=", ".join(nlp.pipe_names)), exits=1)
    tagger: Any = nlp.get_pipe(component)
    if not hasattr(tagger, "calibrate"):
        msg.fail(Errors.L402.format(name=component), exits=1)
    output.mkdir(parents=True, exist_ok=True)  # now, rather than fail at the end
    corpus = create_corpus(data, tag=tag.value)
    try:
        before = measure(nlp, tagger, list(corpus(nlp)))
        temperature = tagger.calibrate(_prepare(nlp, component, list(corpus(nlp))))
        after = measure(nlp, tagger, list(corpus(nlp)))
    except ValueError as error:
        msg.fail(str(error), exits=1)
    nlp.to_disk(output)
    msg.table(
        [
            ("Temperature", f"{temperature:.3f}"),
            ("Expected calibration error before, %", f"{100 * before:.2f}"),
            ("Expected calibration error after, %", f"{100 * after:.2f}"),
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
        OutputFormat | None, typer.Option("--format", help="Of files in a folder")
    ] = None,
    n_process: Annotated[int, typer.Option(help="Processes that tag side by side")] = 1,
    batch_size: Annotated[int, typer.Option(help="Rows that are tagged together")] = BATCH_SIZE,
    shard_size: Annotated[int, typer.Option(help="Rows of a shard, at most")] = SHARD_SIZE,
    scores: Annotated[bool, typer.Option("--scores", help="Write each word's confidence")] = False,
    on_error: Annotated[OnError, typer.Option(help="What to do with a bad row")] = OnError.stop,
    text_column: Annotated[str, typer.Option(help="Column or key of the text")] = "text",
    words_column: Annotated[str, typer.Option(help="… of words, taken as they are")] = "words",
    id_column: Annotated[str | None, typer.Option(help="… of the id; without, rows are numbered")] = None,
    component: Annotated[str, typer.Option(help="The component's name in the pipeline")] = "lstm_tagger",
    engine: Annotated[EngineName, typer.Option(help="This machine, or a Ray cluster")] = EngineName.local,
    ray_address: Annotated[
        str | None, typer.Option(help="The cluster; by default RAY_ADDRESS, else here")
    ] = None,
    gpu: Annotated[bool, typer.Option("--gpu", help="Tag on GPUs, with --engine ray")] = False,
) -> None:
    """Tag files of any size. The same command goes on after an interruption."""
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
        msg.warn("Interrupted. The same command goes on from here.")
        raise typer.Exit(130) from None
    if summary.n_finished_before:
        msg.info(f"{summary.n_finished_before} shards were finished before")
    if summary.bad_rows:
        msg.warn(f"Skipped {summary.n_bad} bad rows in this run; all are in", summary.bad_rows)
    speed = summary.n_words / summary.seconds
    msg.good(f"{summary.n_rows:,} rows, {summary.n_words:,} words, {speed:,.0f} words/s", output)


@lstm_tagger_cli.command("report")
def report_cli(
    model: Annotated[str, typer.Argument(help="Trained pipeline, a folder or a package")],
    data: Annotated[Path, typer.Argument(exists=True, help=".conllu, .jsonl or .spacy, with gold tags")],
    output: Annotated[Path, typer.Argument(dir_okay=False, help="The page, a .html file")],
    compare: Annotated[str | None, typer.Option(help="Another pipeline to compare with")] = None,
    train: Annotated[
        Path | None, typer.Option(exists=True, help="Training data: tells known words")
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Log of the training, text or JSONL"),
    ] = None,
    tag: Annotated[Column, typer.Option(help="CoNLL-U's column")] = Column.xpos,
    component: Annotated[str, typer.Option(help="The component that gives confidences")] = "lstm_tagger",
    as_json: Annotated[bool, typer.Option("--json", help="Write the figures beside it as JSON")] = False,
) -> None:
    """Evaluate a pipeline, alone or against another, on one HTML page."""
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
        msg.info(f"p = {report['comparison']['p_randomisation']:.2g} (approximate randomisation)")
    msg.good(f"{output.stat().st_size / 1e6:.1f} MB", output)


def _prepare(nlp: Language, component: str, examples: list[Example]) -> list[Example]:
    """RETURNS (List[Example]): Examples whose predictions went through the components before one."""
    for _, pipe in nlp.pipeline[: nlp.pipe_names.index(component)]:
        for example in examples:
            example.predicted = pipe(example.predicted)
    return examples


def measure(nlp: Language, tagger: Any, examples: list[Example]) -> float:
    """RETURNS (float): The expected calibration error. The examples get their predictions.
    RAISES (ValueError): If no word has a gold tag.
    """
    stores_scores, tagger.cfg["store_scores"] = tagger.cfg["store_scores"], True
    try:
        docs = nlp.pipe(example.predicted for example in examples)
        for example, doc in zip(examples, docs, strict=True):
            example.predicted = doc
    finally:
        tagger.cfg["store_scores"] = stores_scores
    confidences, is_right = read_confidences(examples)
    if not len(confidences):
        raise ValueError(Errors.L105.format(name=tagger.name))
    return compute_calibration_error(confidences, is_right)
