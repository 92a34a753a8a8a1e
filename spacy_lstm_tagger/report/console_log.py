"""What spaCy's ConsoleLogger prints: a table with a row for each evaluation, among whatever else was
printed. Names of columns are capitals there, and are cut off at 13 letters.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
RULE = re.compile(r"-+( +-+)+ *")
LOSS = "loss "


def read_table(text: str) -> list[dict[str, Any]]:
    """Find the rows of the last table.

    text (str): All that a training printed.
    RETURNS (List[Dict[str, Any]]): An object for each row, as ConsoleLogger writes to its `output_file`:
        `step`, `losses`, `scores`. Empty if there is no table.
    """
    # A progress bar returns to the start of its line.
    lines = [COLOUR.sub("", line).rstrip().rsplit("\r", 1)[-1] for line in text.split("\n")]
    heads = [i for i, (head, rule) in enumerate(pairwise(lines)) if _is_head(head, rule)]
    if not heads:
        return []
    start = heads[-1]
    names = _number(_cut(lines[start], lines[start + 1]))
    return list(_parse(names, lines[start + 2 :]))


def _is_head(head: str, rule: str) -> bool:
    return RULE.fullmatch(rule) is not None and _cut(head, rule)[:2] == ["e", "#"]


def _cut(head: str, rule: str) -> list[str]:
    """RETURNS (List[str]): The names of columns, which may have spaces, above the dashes below them."""
    return [head[slice(*match.span())].strip().lower() for match in re.finditer("-+", rule)]


def _number(names: Sequence[str]) -> list[str]:
    """RETURNS (List[str]): The names, with a number after those that were cut off to the same."""
    earlier = [names[:i].count(name) for i, name in enumerate(names)]
    return [f"{name} ({n + 1})" if n else name for name, n in zip(names, earlier, strict=True)]


def _parse(names: Sequence[str], lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    """YIELDS (Dict[str, Any]): Each line that is a row."""
    for line in lines:
        fields = line.split()
        try:
            step, values = int(fields[1]), [float(field) for field in fields[2:]]
        except (IndexError, ValueError):
            continue  # something else that was printed
        if len(fields) != len(names):
            continue
        row = dict(zip(names[2:], values, strict=True))
        row.pop("score", None)  # the sum of the others, by their weights; no share
        losses = {name.removeprefix(LOSS): row[name] for name in row if name.startswith(LOSS)}
        scores = {name: row[name] for name in row if not name.startswith(LOSS)}
        yield {"step": step, "losses": losses, "scores": scores}
