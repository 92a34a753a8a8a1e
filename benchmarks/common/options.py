"""Command-line options, declared once for all benchmarks: the same name always means the same."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

_declare_file = partial(typer.Option, exists=True, dir_okay=False)

Model: TypeAlias = Annotated[Path, typer.Argument(exists=True, help="Trained pipeline")]
SpacyModel: TypeAlias = Annotated[Path, typer.Argument(exists=True, help="Pipeline with spaCy's tagger")]
LstmModel: TypeAlias = Annotated[Path, typer.Argument(exists=True, help="Pipeline with an lstm_tagger")]

TEST = _declare_file(help="CoNLL-U file for testing")
Train: TypeAlias = Annotated[Path, _declare_file(help="CoNLL-U file for training")]
Dev: TypeAlias = Annotated[Path, _declare_file(help="CoNLL-U file for development")]
Test: TypeAlias = Annotated[Path, TEST]
Data: TypeAlias = Annotated[Path, _declare_file(help="CoNLL-U file whose sentences are repeated")]

ROUNDS, SEEDS = 5, 1  # the defaults
Rounds: TypeAlias = Annotated[int, typer.Option(min=1, help="Times that each speed is measured")]
Seeds: TypeAlias = Annotated[
    int, typer.Option(min=1, help="Training runs per system, with the seeds 0, 1, …")
]
Core: TypeAlias = Annotated[int | None, typer.Option(help="Core to run on; by default the last one")]
Work: TypeAlias = Annotated[Path, typer.Option(help="Folder for trained pipelines and their logs")]
Output: TypeAlias = Annotated[
    Path, typer.Option(help="Markdown report; the raw figures go next to it, as JSON")
]


def run(*commands: Callable[..., None], **settings: Any) -> None:
    """Run a module's command; several functions become subcommands.

    *commands (Callable): The functions. Their parameters are the options.
    **settings (Any): Settings for all of them: see `typer.Typer.command`.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    for command in commands:
        app.command(**settings)(command)
    app()
