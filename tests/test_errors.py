"""The catalogue of messages: each is used, with all its details, and explained on a page."""

import ast
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import combinations
from pathlib import Path
from string import Formatter

import pytest
from spacy.errors import Errors as SpacyErrors

import spacy_lstm_tagger
from spacy_lstm_tagger.errors import Errors, Warnings

PACKAGE = Path(spacy_lstm_tagger.__file__).parent
PAGE = Path(__file__).parent.parent / "docs" / "troubleshooting.md"
MESSAGES = {
    code: getattr(catalogue, code)
    for catalogue in (Errors, Warnings)
    for code in dir(catalogue)
    if not code.startswith("_")
}
CATALOGUES = ("Errors", "Warnings", "SpacyErrors")
OF_A_LINE = {"place"}  # what `lines.Line.error` fills in
OF_A_FILE = {"path", "piece", "skipped", "total", "error"}  # what `reading.Damage.describe` fills in


def find_uses() -> Iterator[tuple[str, set[str]]]:
    """RETURNS (Iterator[Tuple[str, Set[str]]]): Every use of a code in the package, with the details that
    it is given, those of `Errors.L001.format(detail=...)` or `line.error(Errors.L001, detail=...)`.
    """
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf8"))
        parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id in CATALOGUES
            ):
                yield node.attr, find_details(node, parents)


def find_details(code: ast.AST, parents: dict[ast.AST, ast.AST]) -> set[str]:
    node = parents[code]
    if isinstance(node, ast.Attribute) and node.attr == "format":
        call = parents[node]
        assert isinstance(call, ast.Call)
        return {str(keyword.arg) for keyword in call.keywords}
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "error":
        return {str(keyword.arg) for keyword in node.keywords} | OF_A_LINE
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "describe":
        return OF_A_FILE
    return set()


def find_fields(message: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(message) if field is not None}


USES = list(find_uses())


@pytest.mark.parametrize("code", MESSAGES)
def test_message_has_its_code_and_tells_something_to_do(code: str) -> None:
    message = MESSAGES[code]
    assert message.startswith(f"[{code}] ")
    assert message.endswith((".", "{error}", "{cause}", "{advice}")), "or with another message"
    assert re.search(r"[.,:] \S", message), "what was wrong, and what to do"


@pytest.mark.parametrize("code", MESSAGES)
def test_message_is_used_with_all_its_details(code: str) -> None:
    uses = [details for used, details in USES if used == code]
    assert uses
    assert all(details == find_fields(MESSAGES[code]) for details in uses)


def test_every_code_is_of_a_catalogue() -> None:
    unknown = [code for code, _ in USES if code not in MESSAGES and not hasattr(SpacyErrors, code)]
    assert unknown == []


def read_page() -> list[str]:
    """RETURNS (List[str]): The codes in the first cells of the page's tables."""
    rows = re.findall(r"^\|([^|]*)\|", PAGE.read_text(encoding="utf8"), flags=re.MULTILINE)
    return re.findall(r"`([ELW]\d+)`", " ".join(rows))


def test_every_code_is_explained_once() -> None:
    codes = read_page()
    assert sorted(code for code in codes if code[0] in "LW") == sorted(MESSAGES)
    assert len(codes) == len(set(codes))


def test_codes_of_spacy_are_explained() -> None:
    codes = {code for code in read_page() if code.startswith("E")}
    assert {code for code, _ in USES if code.startswith("E")} <= codes
    assert [code for code in codes if not hasattr(SpacyErrors, code)] == []


def test_no_two_messages_say_the_same() -> None:
    pairs = combinations(MESSAGES.items(), 2)
    alike = [
        (code, other)
        for (code, message), (other, text) in pairs
        if SequenceMatcher(None, message[len(code) :], text[len(other) :]).ratio() > 0.8
    ]
    assert alike == []


def test_errors_of_the_package_come_from_a_catalogue() -> None:
    """A message in the place where it is raised would have no code."""
    raised = [
        f"{path.name}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8")))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and any(
            isinstance(argument, ast.JoinedStr)
            or (isinstance(argument, ast.Constant) and isinstance(argument.value, str))
            for argument in node.exc.args
        )
    ]
    assert raised == []
