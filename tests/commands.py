"""`python -m spacy`, in this process."""

from typing import Any

from spacy.cli import app
from spacy.util import registry
from typer.testing import CliRunner

registry.cli.get_all()  # as `python -m spacy` does: entry points bring their commands


def invoke(*arguments: object) -> Any:
    return CliRunner().invoke(app, [*map(str, arguments)])


def invoke_plugin(*arguments: object) -> tuple[int, str]:
    """RETURNS (Tuple[int, str]): The exit code and the output, on one line, of a command of this plugin."""
    result = invoke("lstm-tagger", *arguments)
    return result.exit_code, " ".join(result.output.split())
