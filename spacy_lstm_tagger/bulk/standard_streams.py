"""Bulk tagging of standard input, or to standard output. They are kept in a temporary folder in between, so
that every format is read and written there as anywhere else.
"""

import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..errors import Errors, LSTMTaggerValueError
from .apply import Summary, tag_files
from .formats import INPUT_FORMATS

STANDARD = "-"


def tag_streams(
    model: str | Path,
    source: str | Path,
    output: str | Path,
    *,
    input_format: str | None = None,
    output_format: str | None = None,
    **settings: Any,
) -> Summary:
    """Tag files, or standard input.

    model (str | Path): A trained pipeline, a folder or a package.
    source (str | Path): As for `tag_files`, or "-" for standard input, which is read to its end first.
    output (str | Path): As for `tag_files`, or "-" for standard output. Bad rows are then written to
        standard error.
    input_format (Optional[str]): The format of standard input, an extension such as "txt" or "jsonl.gz".
    output_format (Optional[str]): That of standard output, "jsonl" by default, or of the files of a folder.
    **settings (Any): Those of `tag_files`.
    RETURNS (Summary): What was done.
    RAISES (LSTMTaggerValueError): As `tag_files`, and if the format of standard input is not named.
    """
    with TemporaryDirectory() as folder:
        if str(source) == STANDARD:
            source = _keep_input(Path(folder), input_format)
        elif input_format is not None:
            reason, advice = "without standard input", "give - as input"
            raise LSTMTaggerValueError(
                Errors.L432.format(option="input_format", reason=reason, advice=advice)
            )
        if str(output) != STANDARD:
            return tag_files(model, source, output, output_format=output_format, **settings)
        target = Path(folder) / "output" / f"stdout.{output_format or 'jsonl'}"
        summary = tag_files(model, source, target, output_format=output_format, **settings)
        _write_output(target, summary.bad_rows)
        return summary._replace(bad_rows=None)


def _keep_input(folder: Path, input_format: str | None) -> Path:
    """RETURNS (Path): A file with what was read from standard input."""
    if f".{input_format}" not in INPUT_FORMATS:
        formats = ", ".join(suffix[1:] for suffix in INPUT_FORMATS)
        raise LSTMTaggerValueError(Errors.L436.format(formats=formats))
    path = folder / f"stdin.{input_format}"
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    return path


def _write_output(target: Path, bad_rows: Path | None) -> None:
    if bad_rows is not None:
        sys.stderr.write(bad_rows.read_text(encoding="utf8"))
    try:
        with target.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Whoever reads has enough, such as `head`. Python would flush once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
