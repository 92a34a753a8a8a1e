"""`lstm-tagger check`: what a corpus has, and what in it is suspicious, before it is trained on."""

from pathlib import Path
from typing import Annotated, Any

import spacy
import srsly
import typer
from spacy.cli._util import parse_config_overrides
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.util import load_config, load_model_from_config, registry, resolve_dot_names
from wasabi import msg

from ..corpora import create_corpus
from ..corpora.files import explain_failure, get_suffix
from ..corpora.statistics import Split, compare, count_padded, measure
from .app import TagColumn, lstm_tagger_cli

_TABBED = (".conllu", ".conllup", ".conllx", ".conll09", ".tsv")


@lstm_tagger_cli.command("check", context_settings={"ignore_unknown_options": True})
def check_cli(
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="FILES | CONFIG [OVERRIDES]", help="Files, first those to train on; or a config"
        ),
    ],
    tag: Annotated[TagColumn, typer.Option(help="CoNLL-U's column")] = TagColumn.xpos,
    lang: Annotated[str, typer.Option("--lang", "-l", help="Language of the tokenizer")] = "xx",
    n_labels: Annotated[int, typer.Option(help="How many labels to list")] = 10,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", dir_okay=False, help="JSON file for the figures")
    ] = None,
) -> None:
    """Check corpora: a config's with overrides such as --paths.train FILE, or files."""
    try:
        if data[0].endswith(".cfg"):
            splits = _read_config(Path(data[0]), parse_config_overrides(data[1:]))
        else:
            splits = [_read_file(spacy.blank(lang), Path(path), tag.value) for path in data]
        problems = compare(splits)
        if output is not None:
            figures = {"splits": [_to_dict(split) for split in splits], "problems": problems}
            with explain_failure(output):
                srsly.write_json(output, figures)
    except (ImportError, OSError, ValueError) as error:
        msg.fail(str(error), exits=1)
    _print(splits, problems, n_labels)
    if any(problem["kind"] == "error" for problem in problems):
        raise typer.Exit(1)


def _read_file(nlp: Language, path: Path, tag: Any) -> Split:
    docs = (example.reference for example in create_corpus(path, tag=tag)(nlp))
    split = measure(nlp, docs, str(path))
    if get_suffix(path) in _TABBED or path.is_dir():
        split.padded = count_padded(path, _TABBED) if path.is_file() else 0
    return split


def _read_config(path: Path, overrides: dict[str, Any]) -> list[Split]:
    """RETURNS (List[Split]): The training and development corpora of a config."""
    config = load_config(path, overrides=overrides, interpolate=False)
    nlp = load_model_from_config(config)
    training = registry.resolve(nlp.config.interpolate()["training"], schema=ConfigSchemaTraining)
    names = [training["train_corpus"], training["dev_corpus"]]
    corpora = resolve_dot_names(nlp.config.interpolate(), names)
    return [
        measure(nlp, (example.reference for example in corpus(nlp)), name)
        for name, corpus in zip(names, corpora, strict=True)
    ]


def _to_dict(split: Split) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The figures of a split as plain data."""
    return {
        **{
            name: getattr(split, name)
            for name in ("name", "docs", "sentences", "words", "invalid", "padded")
        },
        "distinct_words": len(split.forms),
        "labels": dict(split.labels.most_common()),
        "annotated": dict(split.annotated),
        "normalization": dict(split.normalization),
        "words_compared": split.compared,
        "words_cut_differently": split.cut,
    }


def _print(splits: list[Split], problems: list[dict[str, Any]], n_labels: int) -> None:
    header = ("", *(split.name for split in splits))
    rows = [
        ("documents", *(f"{split.docs:,}" for split in splits)),
        ("sentences", *(f"{split.sentences:,}" for split in splits)),
        ("words", *(f"{split.words:,}" for split in splits)),
        ("distinct words", *(f"{len(split.forms):,}" for split in splits)),
        ("labels", *(f"{len([label for label in split.labels if label]):,}" for split in splits)),
    ]
    for column in splits[0].annotated:
        shares = (f"{100 * split.annotated[column] / max(split.words, 1):.1f}" for split in splits)
        rows.append((f"words with {column}, %", *shares))
    msg.divider("Corpora")
    msg.table(rows, header=header, divider=True, aligns=["l"] + ["r"] * len(splits))
    labels = sum((split.labels for split in splits), splits[0].labels.__class__())
    counts = [
        (label or "(none)", *(f"{split.labels[label]:,}" for split in splits))
        for label, _ in labels.most_common(n_labels)
    ]
    msg.divider(f"The {len(counts)} most frequent labels")
    msg.table(counts, header=("label", *header[1:]), divider=True, aligns=["l"] + ["r"] * len(splits))
    msg.divider("Problems")
    for problem in problems:
        text = f"{problem['split']}: {problem['message']}"
        if problem["kind"] == "error":
            msg.fail(text)
        else:
            msg.warn(text)
    if not problems:
        msg.good("None found")
