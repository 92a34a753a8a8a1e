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

from .calibration import compute_calibration_error, read_confidences
from .errors import Errors
from .readers import create_corpus

lstm_tagger_cli = typer.Typer(
    name="lstm-tagger", help="Commands of the component lstm_tagger.", no_args_is_help=True
)
app.add_typer(lstm_tagger_cli)


class Column(str, Enum):
    """CoNLL-U's columns of tags. No `Literal`: older versions of Typer fail on it, for all commands."""

    xpos = "xpos"
    upos = "upos"


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
