"""The log of a training, as spaCy's ConsoleLogger prints it or writes it to its `output_file`."""

import json
from math import isfinite
from pathlib import Path
from typing import Any

from ..errors import Errors, LSTMTaggerValueError, summarize_error
from .console_log import read_table


def read_log(path: Path) -> dict[str, Any]:
    """Read the scores and losses of a training.

    path (Path): What the training printed; or JSONL with an object for each evaluation: `step`, and
        `losses` and `scores` by name, in percent as spaCy writes them, or `tag_acc` as a share.
    RETURNS (Dict[str, Any]): `steps`, and by name `scores`, as shares, and `losses`: a list for each, with
        None where a step lacks it.
    RAISES (LSTMTaggerValueError): If there is no table in it, and a line is not such an object or there is
        none.
    """
    # A byte that is not UTF-8 makes its line invalid JSON, or changes the name of a score.
    text = path.read_text(encoding="utf8", errors="replace")
    records = read_table(text) or [
        _parse(path, number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()
    ]
    if not records:
        raise LSTMTaggerValueError(Errors.L505.format(path=path))
    return {
        "steps": [record["step"] for record in records],
        "scores": _transpose([_get_scores(record) for record in records]),
        "losses": _transpose([record.get("losses", {}) for record in records]),
    }


def _parse(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise LSTMTaggerValueError(
            Errors.L504.format(path=path, number=number, reason=summarize_error(error))
        ) from error
    if not _is_evaluation(record):
        reason = "it is not an object with a 'step'"
        raise LSTMTaggerValueError(Errors.L504.format(path=path, number=number, reason=reason))
    evaluation: dict[str, Any] = record
    return evaluation


def _is_evaluation(record: Any) -> bool:
    return (
        isinstance(record, dict)
        and isinstance(record.get("step"), int)
        and all(isinstance(record.get(name, {}), dict) for name in ("scores", "losses"))
    )


def _get_scores(record: dict[str, Any]) -> dict[str, float]:
    scores = {
        name: value / 100
        for name, value in record.get("scores", {}).items()
        if _is_number(value) and name != "speed"  # words per second
    }
    return scores or {name: record[name] for name in ("tag_acc",) if _is_number(record.get(name))}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def _transpose(records: list[dict[str, Any]]) -> dict[str, list[float | None]]:
    """RETURNS (Dict[str, List[Optional[float]]]): One column per name, from a list of rows."""
    names = dict.fromkeys(name for record in records for name, value in record.items() if _is_number(value))
    return {
        name: [record[name] if _is_number(record.get(name)) else None for record in records]
        for name in names
    }
