"""The table that spaCy's ConsoleLogger prints, with a row for each evaluation, among other output. Its
column names are in capitals, and truncated to 13 letters.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

COLOR = re.compile(r"\x1b\[[0-9;]*m")
RULE = re.compile(r"-+( +-+)+ *")
LOSS = "loss "


def read_table(text: str) -> list[dict[str, Any]]:
    """Find the rows of the last table.

    text (str): Everything that a training printed.
    RETURNS (List[Dict[str, Any]]): One object per row, as ConsoleLogger writes them to its `output_file`:
        `step`, `losses`, `scores`. Empty if there is no table.
    """
    # A progress bar returns to the start of its line.
    lines = [COLOR.sub("", line).rstrip().rsplit("\r", 1)[-1] for line in text.split("\n")]
    heads = [i for i, (head, rule) in enumerate(pairwise(lines)) if _is_head(head, rule)]
    if not heads:
        return []
    start = heads[-1]
    names = _disambiguate(_split_head(lines[start], lines[start + 1]))
    return list(_parse(names, lines[start + 2 :]))


def _is_head(head: str, rule: str) -> bool:
    return RULE.fullmatch(rule) is not None and _split_head(head, rule)[:2] == ["e", "#"]


def _split_head(head: str, rule: str) -> list[str]:
    """RETURNS (List[str]): The names of the columns; names may have spaces, so columns are found by the
    rule below them."""
    return [head[slice(*match.span())].strip().lower() for match in re.finditer("-+", rule)]


def _disambiguate(names: Sequence[str]) -> list[str]:
    """RETURNS (List[str]): The names, with a number after those that were truncated to the same one."""
    earlier = [names[:i].count(name) for i, name in enumerate(names)]
    return [f"{name} ({n + 1})" if n else name for name, n in zip(names, earlier, strict=True)]


def _parse(names: Sequence[str], lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    """YIELDS (Dict[str, Any]): Each line that is a row."""
    for line in lines:
        fields = line.split()
        try:
            step, values = int(fields[1]), [float(field) for field in fields[2:]]
        except (IndexError, ValueError):
            continue  # other output
        if len(fields) != len(names):
            continue
        row = dict(zip(names[2:], values, strict=True))
        row.pop("score", None)  # the weighted sum of the others, not a share
        losses = {name.removeprefix(LOSS): row[name] for name in row if name.startswith(LOSS)}
        scores = {name: row[name] for name in row if not name.startswith(LOSS)}
        yield {"step": step, "losses": losses, "scores": scores}
