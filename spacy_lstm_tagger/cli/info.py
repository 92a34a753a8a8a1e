"""`lstm-tagger info`: how this machine predicts."""

import platform
from importlib.metadata import version

from wasabi import msg

from ..pipeline.devices import describe_devices
from .app import lstm_tagger_cli


@lstm_tagger_cli.command("info")
def info_cli() -> None:
    """Show versions, and what decides how fast components predict on this machine."""
    versions = {"spacy-lstm-tagger": version("spacy-lstm-tagger"), "spaCy": version("spacy")}
    system = {"Python": platform.python_version(), "System": platform.platform()}
    msg.table(list((versions | system | describe_devices()).items()))
