"""`lstm-tagger evaluate`: accuracy on the words of a corpus, and from its text."""

from pathlib import Path
from typing import Annotated, Any

import spacy
import srsly
import typer
from wasabi import msg

from ..corpora import create_corpus
from ..corpora.files import explain_failure
from ..report.annotations import ANNOTATIONS, Annotation
from ..report.evaluation import evaluate
from ..report.page import SPAN_ERRORS
from ..report.plots import percent
from ..report.retokenized import evaluate_text, to_dict
from ..report.summary import collect_tags, summarize
from ..report.writing import read_texts
from .app import AnnotationColumn, MultiwordTokens, TagColumn, lstm_tagger_cli


@lstm_tagger_cli.command("evaluate")
def evaluate_cli(
    model: Annotated[str, typer.Argument(help="Trained pipeline, a folder or a package")],
    data: Annotated[Path, typer.Argument(exists=True, help="Corpus with gold tags, in any format")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", dir_okay=False, help="JSON file for the figures")
    ] = None,
    tag: Annotated[TagColumn, typer.Option(help="CoNLL-U's column")] = TagColumn.xpos,
    multiword_tokens: Annotated[
        MultiwordTokens, typer.Option(help="What becomes of CoNLL-U's multiword tokens")
    ] = MultiwordTokens.SPLIT,
    annotation: Annotated[AnnotationColumn, typer.Option(help="What is evaluated")] = AnnotationColumn.tag,
    component: Annotated[
        str | None, typer.Option(help="Component that gives confidences; by default, any that has some")
    ] = None,
) -> None:
    """Evaluate labels of words on gold words, and on the text as the pipeline's tokenizer cuts it."""
    try:
        figures = _evaluate(
            model, data, tag.value, multiword_tokens.value, ANNOTATIONS[annotation.value], component
        )
        if output is not None:
            with explain_failure(output):
                srsly.write_json(output, figures)
    except (ImportError, OSError, ValueError) as error:
        msg.fail(str(error), exits=1)
    rows = [_describe("Gold words", figures["accuracy"])]
    if text := figures["retokenized"]:
        rows += [
            _describe("From text", text["right"]),
            _describe("Words that the tokenizer finds", text["found"]),
            ("From text, F1", f"{100 * text['f1']:.2f}", "", ""),
        ]
    msg.table(
        rows, header=("Accuracy", "%", "95% interval", "Words"), divider=True, aligns=["l", "r", "r", "r"]
    )
    _show_parts(figures)
    if text is None:
        msg.info("Not measured from text: the data does not say where there are spaces")
    elif text["examples"]:
        cuts = ", ".join(f"{example['word']!r} as {example['cut']!r}" for example in text["examples"])
        msg.info(f"Words that are cut otherwise, most frequent first: {cuts}")


def _evaluate(
    model: str,
    data: Path,
    tag: Any,
    multiword_tokens: Any,
    annotation: Annotation,
    component: str | None,
) -> dict[str, Any]:
    nlp = spacy.load(model)
    examples = create_corpus(data, tag=tag, multiword_tokens=multiword_tokens)(nlp)
    evaluation = evaluate(nlp, examples, annotation.find_component(nlp, component), data, annotation)
    text = evaluate_text(nlp, read_texts(data, tag, multiword_tokens, nlp), annotation)
    return summarize(evaluation, collect_tags([evaluation]), None, annotation.details) | {
        "retokenized": to_dict(text)
    }


def _show_parts(figures: dict[str, Any]) -> None:
    """Show the scores of features, or those of entities."""
    spans = figures["spans"]
    scores = [spans["total"] | {"name": "all entities"}, *spans["types"]] if spans else figures["features"]
    if not scores:
        return
    columns = ("precision", "recall", "f1")
    rows = [
        (s["name"], *(percent(s[column]) for column in columns), f"{s['support']:,}", f"{s['predicted']:,}")
        for s in scores
    ]
    header = ("Entities" if spans else "Features", "Precision", "Recall", "F1", "Support", "Predicted")
    msg.table(rows, header=header, divider=True, aligns=["l", *["r"] * 5])
    if spans:
        counts = ", ".join(f"{SPAN_ERRORS[name]} {n:,}" for name, n in spans["errors"].items())
        msg.info(f"Entities: {counts}")


def _describe(name: str, share: dict[str, Any]) -> tuple[str, ...]:
    """RETURNS (Tuple[str, ...]): A row of the table."""
    interval = f"{100 * share['low']:.2f} – {100 * share['high']:.2f}"
    return name, f"{100 * share['value']:.2f}", interval, f"{share['words']:,}"
