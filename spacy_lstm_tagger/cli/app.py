"""The group of commands, and the options that several of them have."""

from enum import Enum
from typing import Annotated, TypeAlias

import typer
from spacy.cli._util import app

lstm_tagger_cli = typer.Typer(
    name="lstm-tagger", help="Commands of the component lstm_tagger.", no_args_is_help=True
)
app.add_typer(lstm_tagger_cli)


@lstm_tagger_cli.callback()
def main() -> None:
    """Commands of the component lstm_tagger."""


GpuId: TypeAlias = Annotated[int, typer.Option("--gpu-id", "-g", help="GPU ID, or -1 for CPU")]


class MultiwordTokens(str, Enum):
    """What becomes of CoNLL-U's multiword tokens."""

    SPLIT = "split"
    JOIN = "join"
    FIRST = "first"
    LAST = "last"
    HEAD = "head"


class AnnotationColumn(str, Enum):
    """What is evaluated."""

    tag = "tag"
    pos = "pos"
    morph = "morph"
    lemma = "lemma"
    ents = "ents"


class TagColumn(str, Enum):
    """CoNLL-U's columns of tags. Not a `Literal`, which makes older versions of Typer fail."""

    xpos = "xpos"
    upos = "upos"
