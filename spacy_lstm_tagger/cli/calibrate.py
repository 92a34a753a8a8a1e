"""`lstm-tagger calibrate`: calibrated confidences for a trained pipeline."""

from pathlib import Path
from typing import Annotated

import spacy
import typer
from wasabi import msg

from ..corpora import create_corpus
from ..pipeline import calibrate_pipeline, get_labeler
from .app import TagColumn, lstm_tagger_cli


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
