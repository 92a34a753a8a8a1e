"""`lstm-tagger report`: evaluate a pipeline, or compare two, on an HTML page."""

from pathlib import Path
from typing import Annotated, Any

import typer
from wasabi import msg

from ..report import write_report
from ..report.page import format_p_value
from ..report.plots import percent
from .app import AnnotationColumn, MultiwordTokens, TagColumn, lstm_tagger_cli


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
    multiword_tokens: Annotated[
        MultiwordTokens, typer.Option(help="What becomes of CoNLL-U's multiword tokens")
    ] = MultiwordTokens.SPLIT,
    annotation: Annotated[AnnotationColumn, typer.Option(help="What to evaluate")] = AnnotationColumn.tag,
    component: Annotated[
        str | None, typer.Option(help="Component that gives confidences; by default, any that has some")
    ] = None,
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
            multiword_tokens=multiword_tokens.value,
            annotation=annotation.value,
            component=component,
            as_json=as_json,
        )
    except (ImportError, OSError, ValueError) as error:
        msg.fail(str(error), exits=1)
    for found in filter(None, (report["model"], report["other_model"])):
        share = found["accuracy"]
        interval = f"{100 * share['low']:.2f} – {100 * share['high']:.2f}"
        msg.info(f"{found['path']}: accuracy {100 * share['value']:.2f}% ({interval})")
        if spans := found["spans"]:
            msg.info(f"{found['path']}: {describe_spans(spans)}")
        if text := found["retokenized"]:
            msg.info(f"{found['path']}: from text, {100 * text['right']['value']:.2f}%")
    if report["comparison"]:
        p_value = format_p_value(report["comparison"]["p_randomization"])
        p_value = p_value if p_value.startswith("<") else f"= {p_value}"
        msg.info(f"p {p_value} (approximate randomization)")
    msg.good(f"{output.stat().st_size / 1e6:.1f} MB", output)


def describe_spans(spans: dict[str, Any]) -> str:
    """RETURNS (str): Scores of entities, in percent."""
    names = {"precision": "precision", "recall": "recall", "f1": "F1"}
    return "entities: " + ", ".join(f"{name} {percent(spans['total'][key])}" for key, name in names.items())
