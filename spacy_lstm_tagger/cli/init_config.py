"""`lstm-tagger init-config`: a config to start from, with this project's training settings."""

from enum import Enum
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer
from spacy.cli._util import string_to_list
from wasabi import msg

from ..corpora.files import explain_failure
from ..errors import Errors, LSTMTaggerValueError
from ..quickstart import make_config
from .app import lstm_tagger_cli


class Optimize(str, Enum):
    """What a config is good at."""

    speed = "speed"
    accuracy = "accuracy"


@lstm_tagger_cli.command("init-config")
def init_config_cli(
    output: Annotated[Path, typer.Argument(allow_dash=True, help="The config, or - for standard output")],
    lang: Annotated[str, typer.Option("--lang", "-l", help="Code of the language")] = "en",
    pipeline: Annotated[
        str,
        typer.Option("--pipeline", "-p", help="Comma-separated names of components; they share a tok2vec"),
    ] = "lstm_tagger",
    optimize: Annotated[
        Optimize, typer.Option("--optimize", "-o", help="Speed, or accuracy")
    ] = Optimize.speed,
    distill: Annotated[
        bool, typer.Option("--distill", help="Also learn from raw text, with `lstm-tagger distill`")
    ] = False,
    force: Annotated[bool, typer.Option("--force", "-F", help="Overwrite OUTPUT")] = False,
) -> None:
    """Write a config for training, as `spacy init config` does, with settings that suit LSTMs."""
    is_stdout = str(output) == "-"
    try:
        if not is_stdout and not force and output.exists():
            raise LSTMTaggerValueError(Errors.L451.format(path=output))
        config = make_config(lang, string_to_list(pipeline), optimize.value, distill=distill)
        if is_stdout:
            print(config)
            return
        with explain_failure(output):
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text(config, encoding="utf8")
    except (OSError, ValueError) as error:
        msg.fail(str(error), exits=1)
    msg.good("Saved the config", output)
    msg.text("TRAIN and DEV are annotated files. If you change max_steps, change total_steps too.")
    path = quote(str(output))
    command = f"lstm-tagger distill TEACHER {path} --raw RAW" if distill else f"train {path}"
    # Not by `msg`, which would break the line.
    print(f"python -m spacy {command} --output training --paths.train TRAIN --paths.dev DEV")
