"""The evaluation report: an HTML page about a trained pipeline, and tagged documents in notebooks."""

from .rendering import render
from .writing import write_report

__all__ = ["render", "write_report"]
