"""The names of labels that a corpus has as numbers."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import Errors, LSTMTaggerValueError, summarize_error
from .lines import shorten


def read_names(labels: Sequence[str] | Path | None, key: str | None) -> list[str] | None:
    """Read the names of labels, in the order of their numbers.

    labels (Optional[Sequence[str] | Path]): The names, or a file: a JSON list, a name on every line, or the
        `dataset_info.json` of a data set from Hugging Face.
    key (Optional[str]): The key of the labels, if a file has the names of several.
    RETURNS (Optional[List[str]]): The names; None if there are none.
    RAISES (LSTMTaggerValueError): If the file can't be read, or has no names.
    """
    if labels is None or not isinstance(labels, (str, Path)):
        return None if labels is None else list(labels)
    path = Path(labels)
    try:
        names = _parse(path.read_text(encoding="utf-8-sig"), key)
    except (OSError, ValueError, RecursionError) as error:
        raise LSTMTaggerValueError(Errors.L338.format(path=path, reason=summarize_error(error))) from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or not names:
        reason = f"found {shorten(names)} instead of names"
        raise LSTMTaggerValueError(Errors.L338.format(path=path, reason=reason))
    return names


def _parse(content: str, key: str | None) -> Any:
    if content.lstrip()[:1] == "[":
        return json.loads(content)
    if content.lstrip()[:1] == "{":
        return _find_feature(json.loads(content), key)
    return [name for line in content.splitlines() if (name := line.strip())]


def _find_feature(info: dict[str, Any], key: str | None) -> Any:
    """RETURNS (Any): The names of the only feature of a data set that has some, or of that with this key;
    otherwise those of every feature.
    """
    features = info.get("features")
    named = {
        name: names
        for name, feature in (features.items() if isinstance(features, dict) else ())
        if (names := _find_class_label(feature)) and key in (None, name)
    }
    return next(iter(named.values())) if len(named) == 1 else dict.fromkeys(named, "…")


def _find_class_label(feature: Any) -> Any:
    """RETURNS (Any): The names of a `ClassLabel`, or of the one in a `Sequence` or `List`."""
    while isinstance(feature, dict) and "names" not in feature:
        feature = feature.get("feature")
    return feature["names"] if isinstance(feature, dict) else None
