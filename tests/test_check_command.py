"""`lstm-tagger check`: every problem in a small corpus, counted by hand."""

import json
from pathlib import Path
from typing import Any

import pytest
from commands import invoke_plugin
from helpers import save

ROOT = Path(__file__).parent.parent
DECOMPOSED = "e\u0301te\u0301"


def line(*pairs: tuple[str, str], spaces: list[bool] | None = None) -> str:
    words, tags = zip(*pairs, strict=True)
    record: dict[str, Any] = {"words": words, "tags": tags}
    return json.dumps(record | ({"spaces": spaces} if spaces else {})) + "\n"


def check(
    folder: Path, *contents: str, options: tuple[object, ...] = ()
) -> tuple[int, dict[str, Any], str]:
    """RETURNS (Tuple[int, Dict[str, Any], str]): The exit code, the figures, and what is printed."""
    paths = [save(folder, content, f"{i}.jsonl") for i, content in enumerate(contents)]
    code, output = invoke_plugin("check", *paths, "--output", folder / "found.json", *options)
    return code, json.loads((folder / "found.json").read_text()), output


def messages(found: dict[str, Any]) -> str:
    return "\n".join(f"{problem['kind']}: {problem['message']}" for problem in found["problems"])


CLEAN = line(("a", "D"), ("dog", "N")) * 5


def test_figures(tmp_path: Path) -> None:
    code, found, output = check(tmp_path, CLEAN, line(("a", "D"), ("cat", "N"), ("x", "")) * 5)
    train, dev = found["splits"]
    assert (train["docs"], train["words"], train["distinct_words"]) == (5, 10, 2)
    assert train["labels"] == {"D": 5, "N": 5}
    assert (dev["labels"], dev["annotated"]["tag"]) == ({"D": 5, "N": 5, "": 5}, 10)
    assert code == 0
    assert "distinct words 2 3" in output
    assert messages(found) == "warning: 5 of 15 words have no tag"


@pytest.mark.parametrize(
    ("train", "dev", "message"),
    [
        (CLEAN, line(("a", "")) * 5, "error: no word has a tag"),
        (CLEAN, line(("_", "D")) * 5, "error: every word is '_'"),
        (CLEAN, line(("b", "X"), ("c", "D")) * 5, "warning: 5 words have labels that"),
        (CLEAN, line(("b", "X"), ("c", "Y")) * 5, "error: 10 words have labels that"),
        (
            CLEAN,
            line(("a", "D"), ("dog", "N")) + line(("b", "D"), ("c", "N")) * 4,
            "1 sentences (20.0%) are in",
        ),
        (CLEAN + line(("b", "R")), CLEAN, "warning: 1 labels have fewer than 5 words: R"),
        (
            CLEAN + line(("a", "N"), ("dog", "N")),
            line(("z", "N")) * 5,
            "1 sentences occur with different tags: a dog",
        ),
        (line(("a", "D")) * 25 + line(("a", "N"), ("b", "N")) + line(("c", "N")) * 5, "", "a (D, once N)"),
        (line(("a", "D"), ("b", "d "), ("c", "d")) * 5, "", "case or white space alone: 'D' = 'd' = 'd '"),
        (line((DECOMPOSED, "N"), ("\u00e9", "N")) * 5, "", "(5 NFD, 5 NFC): normalization"),
        (line((DECOMPOSED, "N"), ("a", "N")) * 5, "", "or decomposed (5 NFD)"),
        (
            line(("don't", "V"), ("a", "N"), spaces=[True, False]) * 5,
            "",
            "cuts 50.0% of the words differently: don't",
        ),
        (
            line(("a", "O"), ("b", "I-x"), ("c", "B-x")) * 5,
            "",
            "the labels of 5 sentences break their scheme",
        ),
    ],
)
def test_problems(tmp_path: Path, train: str, dev: str, message: str) -> None:
    code, found, output = check(tmp_path, *filter(None, (train, dev)), options=("--lang", "en"))
    assert message in messages(found)
    assert code == int(any(problem["kind"] == "error" for problem in found["problems"]))
    assert " ".join(message.split(": ", 1)[-1].split()[:2]) in output


def test_white_space_in_cells(tmp_path: Path) -> None:
    content = (
        "1\ta\t_\t_\tD \t_\t_\t_\t_\t_\n2\tb \t_\t_\tN\t_\t_\t_\t_\t_\n3\tc d\t_\t_\tN\t_\t_\t_\t_\t_\n\n"
    )
    code, output = invoke_plugin("check", save(tmp_path, content * 5, "a.conllu"))
    assert code == 0
    assert "10 lines have white space around a cell" in output


def test_a_config_with_overrides() -> None:
    corpus = ROOT / "corpus" / "en"
    paths = ("--paths.train", corpus / "train.jsonl", "--paths.dev", corpus / "dev.jsonl")
    code, output = invoke_plugin("check", ROOT / "configs" / "default.cfg", *paths)
    assert code == 0
    assert "corpora.train corpora.dev" in output
    assert "documents 795" in output


def test_bad_files_are_messages(tmp_path: Path) -> None:
    code, output = invoke_plugin("check", save(tmp_path, "wrong", "a.conllu"))
    assert code == 1
    assert "[L308]" in output
    assert "Traceback" not in output
