"""Damaged files: an error that names file and line, or the rest of the file and a count of what is lost."""

import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from contracts import Outcome, check_reader, count_skipped, read
from helpers import NLP, save
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin

from spacy_lstm_tagger.corpora import create_conllu_corpus, create_corpus, create_jsonl_corpus

CREATE = {"conllu": create_conllu_corpus, "jsonl": create_jsonl_corpus}


def row(number: int | str, form: str, tag: str = "_") -> str:
    return f"{number}\t{form}\t_\t_\t{tag}\t_\t_\t_\t_\t_\n"


def sentence(*forms: str) -> str:
    return "".join(row(i, form) for i, form in enumerate(forms, start=1)) + "\n"


def record(*words: str) -> str:
    return json.dumps({"words": words, "tags": ["T"] * len(words)}) + "\n"


def texts(outcome: Outcome) -> list[str]:
    """RETURNS (List[str]): The words of every example."""
    return [" ".join(word[0] for word in words) for _, (_, _, words) in outcome.examples]


# Valid files, made of independent pieces

WORD = st.text(st.characters(codec="utf-8", exclude_characters="\t\n"), min_size=1, max_size=4).filter(
    lambda word: word == word.strip(" ")  # spaces around a form do not count
)
WORDS = st.lists(st.tuples(WORD, WORD), min_size=1, max_size=4)


@st.composite
def conllu_piece(draw: st.DrawFn) -> bytes:
    lines = [row(i, word, tag) for i, (word, tag) in enumerate(draw(WORDS), start=1)]
    if draw(st.booleans()):
        lines.insert(0, row(f"1-{draw(st.integers(1, len(lines)))}", "range"))
    if draw(st.booleans()):
        lines.insert(0, f"# text = {draw(WORD)}\n")
    return "".join(lines).rstrip("\n").encode()


@st.composite
def jsonl_piece(draw: st.DrawFn) -> bytes:
    words, tags = zip(*draw(WORDS), strict=True)
    content: dict[str, Any] = {"words": words, "tags": tags}
    if draw(st.booleans()):
        content["spaces"] = [True] * len(words)
    return json.dumps(content, ensure_ascii=draw(st.booleans())).encode()


PIECES = {"conllu": conllu_piece(), "jsonl": jsonl_piece()}
ENDS = {"conllu": b"\n\n", "jsonl": b"\n"}

# Damage

FRAGMENTS = st.sampled_from(
    [
        *(b"\x00", b"\x01", b"\x1b", b"\x7f", b"\r", b"\t", b"\n", b"\n\n", b" ", b"\x0b", b"\xc2\x85"),
        *(b"\xff", b"\xc3", b"\xe2\x80", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xc0\xaf", b"\xef\xbb\xbf"),
        *(b"\xff\xfe", b"\xfe\xff", b"\\ud800", b"\\udfff\\ud800", b"\\u0000", b"\\q", b'"', b"\\", b"{"),
        *(b"}", b"]", b",", b":", b"#", b"# newdoc\n", b"|", b"=", b"_", b"1-", b"0.", b"{path}", b"%s"),
        *(b"9" * 30, b"-" + b"9" * 5000, b"1e999999", b"NaN", b"-Infinity", b"1" + b"0" * 400, b"a" * 9000),
        *(b"[" * 900, b"[" * 1020 + b"]" * 1020, b"[" * 100_000, b'{"a":' * 1000 + b"1" + b"}" * 1000),
    ]
)


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    for _ in range(draw(st.integers(1, 3))):
        content = draw(st.sampled_from(KINDS))(draw, content)
    return content


def flip(draw: st.DrawFn, content: bytes) -> bytes:
    at = draw(st.integers(0, max(0, len(content) - 1)))
    changed = bytes(byte ^ 1 << draw(st.integers(0, 7)) for byte in content[at : at + 1])
    return content[:at] + changed + content[at + 1 :]


def insert(draw: st.DrawFn, content: bytes) -> bytes:
    at = draw(st.integers(0, len(content)))
    return content[:at] + draw(FRAGMENTS | st.binary(max_size=4)) + content[at:]


def delete(draw: st.DrawFn, content: bytes) -> bytes:
    first, last = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    return content[:first] + content[min(last, first + 20) :]


def cut(draw: st.DrawFn, content: bytes) -> bytes:
    return content[: draw(st.integers(0, len(content)))]


def change_separated(separator: bytes) -> Callable[[st.DrawFn, bytes], bytes]:
    """Lines or columns: dropped, doubled, truncated, replaced, or two of them swapped."""

    def change(draw: st.DrawFn, content: bytes) -> bytes:
        parts = content.split(separator)
        i, j = draw(st.tuples(*[st.integers(0, len(parts) - 1)] * 2))
        kind = draw(st.sampled_from(["drop", "double", "truncate", "replace", "swap"]))
        if kind == "drop":
            del parts[i]
        elif kind == "double":
            parts.insert(j, parts[i])
        elif kind == "truncate":
            parts[i] = cut(draw, parts[i])
        elif kind == "replace":
            parts[i] = draw(FRAGMENTS)
        else:
            parts[i], parts[j] = parts[j], parts[i]
        return separator.join(parts)

    return change


def recode(draw: st.DrawFn, content: bytes) -> bytes:
    """What an editor does that assumes another encoding."""
    text = content.decode("utf-8", errors="replace")
    encoding = draw(st.sampled_from(["utf-16", "utf-8-sig", "latin-1", "cp1252", "utf-32-be"]))
    newline = draw(st.sampled_from(["\n", "\r\n", "\r", "\n\r"]))
    return text.replace("\n", newline).encode(encoding, errors="replace")


KINDS = [
    *(flip, insert, delete, cut, recode),
    *(change_separated(separator) for separator in (b"\n", b"\n\n", b"\t", b", ", b'"')),
]


# What holds for any damage


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damage")


@pytest.mark.parametrize("name", CREATE)
@settings(max_examples=120)
@given(data=st.data())
def test_any_file_is_read_or_refused_with_its_line(folder: Path, name: str, data: st.DataObject) -> None:
    pieces = data.draw(st.lists(PIECES[name], max_size=4))
    content = data.draw(damaged(ENDS[name].join(pieces)))
    check_reader(CREATE[name], save(folder, content))


@pytest.mark.parametrize("name", CREATE)
@settings(max_examples=100)
@given(data=st.data())
def test_damage_in_one_piece_costs_only_that_piece(folder: Path, name: str, data: st.DataObject) -> None:
    """What is before and after it is read as if the damaged piece were a file of its own."""
    end, create = ENDS[name], CREATE[name]
    before, after = data.draw(st.tuples(*[st.lists(PIECES[name], max_size=2)] * 2))
    piece = data.draw(damaged(data.draw(PIECES[name])))
    assume(all(line.strip(b" \r\xef\xbb\xbf") for line in piece.split(end[:1])))
    assume(name == "conllu" or b"\n" not in piece)
    parts = [read(create, save(folder, content + end)) for content in (*before, piece, *after)]
    assume(not any(part.error.startswith("[L326]") for part in parts))  # the whole file is refused
    strict, tolerant = check_reader(
        create, save(folder, b"".join(c + end for c in (*before, piece, *after)))
    )
    assert tolerant.examples == [example for part in parts for example in part.examples]
    alone = parts[len(before)].error
    if alone and not alone.startswith("[L306]"):  # not only comments, or no words
        number = content_lines(before, end) + int(re.search(r", line (\d+): ", alone)[1])
        assert strict.error == re.sub(r", line \d+: ", f", line {number}: ", alone, count=1)
        assert count_skipped("".join([*tolerant.warnings, tolerant.error])) == (1, len(parts))
    elif before or after:
        assert not strict.error


def content_lines(pieces: list[bytes], end: bytes) -> int:
    return sum((piece + end).count(b"\n") for piece in pieces)


@settings(max_examples=60)
@given(
    plan=st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=8),
    sentences_per_doc=st.integers(0, 4),
)
def test_a_document_loses_only_the_damaged_sentences(
    folder: Path, plan: list[tuple[bool, bool]], sentences_per_doc: int
) -> None:
    content, documents = "", [[]]
    for i, (is_new, is_damaged) in enumerate(plan):
        if is_new:
            content += "# newdoc\n"
            documents.append([])
        content += "wrong\n" * is_damaged + sentence(f"w{i}")
        if not is_damaged:
            documents[-1].append(f"w{i}")
    size = sentences_per_doc or len(plan)
    expected = [" ".join(doc[i : i + size]) for doc in documents for i in range(0, len(doc), size)]
    path = save(folder, content)
    _, tolerant = check_reader(create_conllu_corpus, path, sentences_per_doc=sentences_per_doc)
    assert texts(tolerant) == expected
    n_damaged = sum(is_damaged for _, is_damaged in plan)
    if n_damaged:
        [message] = tolerant.warnings or [tolerant.error]
        assert count_skipped(message) == (n_damaged, len(plan))


# Special cases


@pytest.mark.parametrize("name", CREATE)
def test_bytes_of_another_encoding_cost_their_line_or_sentence(tmp_path: Path, name: str) -> None:
    make = {
        "conllu": sentence,
        "jsonl": lambda *words: json.dumps({"words": words, "tags": words}, ensure_ascii=False) + "\n",
    }[name]
    content = make("a").encode() + make("é", "x").encode("latin-1") + make("é").encode()
    strict, tolerant = check_reader(CREATE[name], save(tmp_path, content))
    assert "is not UTF-8" in strict.error
    assert texts(tolerant) == ["a", "é"]
    assert count_skipped(tolerant.warnings[0]) == (1, 3)


@pytest.mark.parametrize("comment", ["# é\n", "# é\n\n"], ids=["above a sentence", "alone"])
def test_comments_of_another_encoding(tmp_path: Path, comment: str) -> None:
    content = sentence("a").encode() + comment.encode("latin-1") + sentence("b").encode()
    strict, tolerant = check_reader(create_conllu_corpus, save(tmp_path, content))
    assert "line 3: byte 2, counted" in strict.error
    assert texts(tolerant) == (["a", "b"] if comment.endswith("\n\n") else ["a"])


def test_file_cut_in_the_middle_of_a_character(tmp_path: Path) -> None:
    content = (sentence("a") + "1\té").encode()[:-1]
    strict, tolerant = check_reader(create_conllu_corpus, save(tmp_path, content))
    assert "line 3: byte 2, counted" in strict.error
    assert texts(tolerant) == ["a"]


@pytest.mark.parametrize("depth", [1, 100, 900, 1000, 1020, 1024, 100_000])
@pytest.mark.parametrize(
    "template", ["{}", '{{"words": {}, "tags": []}}', '{{"words": [{}], "tags": ["A"]}}']
)
def test_deeply_nested_json(tmp_path: Path, template: str, depth: int) -> None:
    """What ujson still reads may be too deep to be written into a message."""
    for first, last in (("[", "]"), ('{"a":', "}")):
        line = template.format(first * depth + "1" + last * depth)
        strict, tolerant = check_reader(create_jsonl_corpus, save(tmp_path, record("a") + line))
        assert "line 2: " in strict.error
        assert texts(tolerant) == ["a"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("conllu", row("9" * 100_000, "a")),
        ("conllu", row(1, "a").replace("_\t_\n", "_\t_\t" * 100_000)),
        ("jsonl", json.dumps(["x" * 100_000])),
        ("jsonl", json.dumps({"words": "x" * 100_000, "tags": []})),
        ("jsonl", json.dumps({"words": {str(i): i for i in range(9999)}, "tags": []})),
        ("jsonl", json.dumps({"words": [["x"] * 9999], "tags": [""]})),
        ("jsonl", "9" * 100_000),
        ("jsonl", "x" * 100_000),
    ],
)
def test_messages_are_short(tmp_path: Path, name: str, line: str) -> None:
    strict, _ = check_reader(CREATE[name], save(tmp_path, line))
    assert 50 < len(strict.error) < 500 + len(str(tmp_path))


@pytest.mark.parametrize("name", CREATE)
def test_warning_says_how_many_and_where_the_first(tmp_path: Path, name: str) -> None:
    make = {"conllu": sentence, "jsonl": record}[name]
    wrong = "wrong\n\n" if name == "conllu" else "wrong\n"
    path = save(tmp_path, make("a") + wrong + make("b") + wrong * 2 + make("c"))
    strict, tolerant = check_reader(CREATE[name], path)
    assert texts(tolerant) == ["a", "b", "c"]
    assert count_skipped(tolerant.warnings[0]) == (3, 6)
    assert f"{path}, line {3 if name == 'conllu' else 2}: " in strict.error  # checked: it ends the warning


def test_every_file_has_its_warning(tmp_path: Path) -> None:
    save(tmp_path, sentence("a") + "wrong", "1.conllu")
    save(tmp_path, sentence("b"), "2.conllu")
    save(tmp_path, "wrong\n\n" * 2 + sentence("c"), "3.conllu")
    outcome = read(create_corpus, tmp_path, on_error="skip")
    assert texts(outcome) == ["a", "b", "c"]
    assert [count_skipped(message) for message in outcome.warnings] == [(1, 2), (2, 3)]
    assert "1.conllu" in outcome.warnings[0]
    assert "3.conllu" in outcome.warnings[1]


def test_a_file_without_anything_left_is_an_error(tmp_path: Path) -> None:
    save(tmp_path, sentence("a"), "1.conllu")
    path = save(tmp_path, "wrong\n\n" + row("0.1", "empty node"), "2.conllu")
    outcome = read(create_corpus, tmp_path, on_error="skip")
    assert texts(outcome) == ["a"]
    assert outcome.error.startswith(f"[L323] Nothing is left of the file {path}: 1 of 2 sentence(s)")


@pytest.mark.parametrize("create", [create_conllu_corpus, create_jsonl_corpus])
def test_no_file_is_an_error_in_either_mode(tmp_path: Path, create: Any) -> None:
    assert "[L305]" in read(create, tmp_path, on_error="skip").error
    assert "[L304]" in read(create, tmp_path / "missing", on_error="skip").error
    assert "[L306]" in read(create, save(tmp_path, "\n"), on_error="skip").error


@pytest.mark.parametrize("max_length", [0, 1])
@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_limits_count_what_is_left(tmp_path: Path, limit: int, max_length: int) -> None:
    content = sentence("a") + "wrong\n\n" + sentence("b") + "wrong\n\n" + sentence("c")
    outcome = read(
        create_conllu_corpus, save(tmp_path, content), on_error="skip", limit=limit, max_length=max_length
    )
    assert texts(outcome) == ["a", "b", "c"][:limit]
    counts = {1: [], 2: [(1, 3)], 3: [(2, 5)], 4: [(2, 5)]}  # among what was read before the limit
    assert [count_skipped(message) for message in outcome.warnings] == counts[limit]


def test_words_too_many_are_not_damage(tmp_path: Path) -> None:
    path = save(tmp_path, sentence("a", "b") + "wrong")
    outcome = read(create_conllu_corpus, path, on_error="skip", max_length=1)
    assert (outcome.examples, outcome.error) == ([], "")
    assert count_skipped(outcome.warnings[0]) == (1, 2)


def test_epochs_do_not_repeat_the_warning(tmp_path: Path) -> None:
    """Under Python's own filter, which shows a message once per place in the code."""
    reader = create_corpus(save(tmp_path, sentence("a") + "wrong", "a.conllu"), on_error="skip")
    with warnings.catch_warnings(record=True) as caught:
        warnings.resetwarnings()
        for _ in range(3):
            assert len(list(reader(NLP))) == 1
    assert len(caught) == 1


@pytest.mark.parametrize("suffix", [".conllu", ".jsonl", ".spacy"])
def test_unknown_modes_are_refused(tmp_path: Path, suffix: str) -> None:
    for create in (create_corpus, create_conllu_corpus, create_jsonl_corpus):
        with pytest.raises(ValueError, match=r"\[L001\].*'on_error': 'ignore'.*\"raise\" or \"skip\""):
            create(tmp_path / f"corpus{suffix}", on_error="ignore")


def test_spacy_files_are_read_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "corpus.spacy"
    DocBin(docs=[Doc(NLP.vocab, ["a"]), Doc(NLP.vocab, ["b"])]).to_disk(path)
    assert len(list(create_corpus(path, on_error="skip")(NLP))) == 2
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match="E1014"):
        list(create_corpus(path, on_error="skip")(NLP))
