"""Compressed files in and out, names in any case, and files that are something else than they claim."""

import gc
import gzip
import json
import random

import pytest
from test_formats import TEXTS, expect, read_output, write_input

from spacy_lstm_tagger.bulk import shards, streams, tag_files
from spacy_lstm_tagger.bulk.inputs import find_files

WORD = "1\tI\t_\t_\t_\t_\t_\t_\t_\t_\n\n"
CONTENTS = {
    ".txt": "I like\neggs\n\n" * 3,
    ".jsonl": '{"text": "I like"}\n{"words": ["eggs"]}\n\n' * 3,
    ".csv": 'text\nI like\n"eggs\nand ham"\n""\n' + "I\n" * 6,
    ".conllu": WORD * 9,
}


@pytest.mark.parametrize(("suffix", "n_process"), [*((suffix, 1) for suffix in CONTENTS), (".csv", 2)])
def test_compressed_input(suffix, n_process, model, tmp_path):
    (tmp_path / f"in{suffix}").write_text(CONTENTS[suffix])
    # As `cat a.gz b.gz` makes it.
    content = CONTENTS[suffix].encode()
    (tmp_path / f"in{suffix}.gz").write_bytes(
        gzip.compress(content[:20], mtime=0) + gzip.compress(content[20:])
    )
    tag_files(model, tmp_path / f"in{suffix}", tmp_path / "plain.jsonl", shard_size=2)
    tag_files(model, tmp_path / f"in{suffix}.gz", tmp_path / "out.jsonl", shard_size=2, n_process=n_process)
    plain, found = (read_output(tmp_path / name) for name in ("plain.jsonl", "out.jsonl"))
    assert len(plain) > 4
    assert [(row["words"], row["tags"]) for row in found] == [(row["words"], row["tags"]) for row in plain]
    assert {row["id"].split(":")[0] for row in found} == {f"in{suffix}.gz"}


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".conllu"])
def test_compressed_output(suffix, model, tmp_path):
    (tmp_path / "in.txt").write_text("\n".join(TEXTS), encoding="utf8")
    names = {"": f"out{suffix}", ".gz": f"out{suffix}.gz"}
    for name in names.values():
        tag_files(model, tmp_path / "in.txt", tmp_path / name, shard_size=2)
    plain, compressed = ((tmp_path / name).read_bytes() for name in names.values())
    assert gzip.decompress(compressed) == plain
    assert compressed[3:8] == bytes(5), "no name and no time: the same rows make the same bytes"
    tag_files(model, tmp_path / "in.txt", tmp_path / f"Again{suffix.upper()}.GZ", shard_size=2)
    assert (tmp_path / f"Again{suffix.upper()}.GZ").read_bytes() == compressed
    tag_files(model, tmp_path / "in.txt", tmp_path / "out", shard_size=2, output_format=f"{suffix[1:]}.gz")
    parts = sorted(path.name for path in (tmp_path / "out").glob("part-*"))
    assert parts == [f"part-0000000{i}{suffix}.gz" for i in range(3)]
    for part in parts:
        assert gzip.decompress((tmp_path / "out" / part).read_bytes())


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".csv.gz", ".conllu.gz"])
def test_no_rows_make_a_valid_file(suffix, model, tmp_path):
    (tmp_path / "in.txt").write_bytes(b"")
    tag_files(model, tmp_path / "in.txt", tmp_path / f"out{suffix}")
    assert gzip.decompress((tmp_path / f"out{suffix}").read_bytes()) == b""
    assert (tmp_path / f"out{suffix}").stat().st_size > 0


def test_bad_rows_of_compressed_files(model, tmp_path):
    (tmp_path / "in.txt.gz").write_bytes(gzip.compress(b"I\n\xff\neggs", mtime=0))
    summary = tag_files(model, tmp_path / "in.txt.gz", tmp_path / "Out.JSONL.gz", on_error="skip")
    assert summary.bad_rows == tmp_path / "Out.errors.jsonl"
    assert json.loads(summary.bad_rows.read_text())["row"] == 2


def test_a_compressed_file_is_decompressed_once(model, tmp_path, monkeypatch):
    """And once to find the shards, however many these are."""
    content = "".join(f"{i} {random.random()}\n" for i in range(3000)).encode()
    (tmp_path / "in.txt.gz").write_bytes(gzip.compress(content, mtime=0))
    opened = []
    open_file = gzip.open
    monkeypatch.setattr(gzip, "open", lambda path: opened.append(path) or open_file(path))
    monkeypatch.setattr(gzip._GzipReader, "_rewind", None)  # what starts again
    tag_files(model, tmp_path / "in.txt.gz", tmp_path / "out.jsonl", shard_size=300)
    assert opened == [tmp_path / "in.txt.gz"] * 2
    assert not streams._kept


def open_slice(file, offset):
    with streams.open_at(file, offset) as lines:
        return lines.readline()


def test_any_order_of_slices(tmp_path):
    content = b"".join(b"%d\n" % i for i in range(5000))
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt.gz").write_bytes(gzip.compress(content, mtime=0))
    files = find_files(tmp_path, (".txt.gz",))
    offsets = [0, 19, 18, 10_000, 10_000, len(content) - 5, 100, 0]
    for file in (*files, files[0]):
        for offset in offsets:
            assert open_slice(file, offset) == content[offset:].split(b"\n")[0] + b"\n"
            assert len(streams._kept) <= 1
    streams.close_inputs()
    assert not streams._kept


@pytest.mark.filterwarnings("error")
def test_no_file_stays_open_after_an_error(model, tmp_path):
    (tmp_path / "in.jsonl.gz").write_bytes(gzip.compress(b'{"text": "I"}\n' * 5 + b"bad\n" * 5, mtime=0))
    with pytest.raises(ValueError, match=r"\[L416\] in.jsonl.gz, row 6: \[L316\]"):
        tag_files(model, tmp_path / "in.jsonl.gz", tmp_path / "out.jsonl", shard_size=2)
    assert not streams._kept
    gc.collect()  # warns of open files


def test_a_changed_file_is_not_mixed_up(tmp_path):
    path = tmp_path / "a.txt.gz"
    for content in (b"old\nold\n", b"new\nnews\n"):
        path.write_bytes(gzip.compress(content, mtime=0))
        (file,) = find_files(path, (".txt.gz",))
        assert open_slice(file, 4) == content[4:]
        assert open_slice(file, 0) == content[:4]
    streams.close_inputs()


@pytest.mark.parametrize("damage", ["truncated", "plain"])
def test_damaged_compression(damage, model, tmp_path):
    content = gzip.compress(b"I like eggs\n" * 1000, mtime=0)
    (tmp_path / "in.txt.gz").write_bytes(content[:-20] if damage == "truncated" else b"I like\n")
    with pytest.raises(ValueError, match=r"^\[L327\] .*in.txt.gz can't be decompressed"):
        tag_files(model, tmp_path / "in.txt.gz", tmp_path / "out.jsonl")


@pytest.mark.parametrize(
    "name", ["A.TXT", "b.Jsonl", "C.Parquet", "D.SPACY", "e.TXT.gz", "F.jsonL.GZ", "G.CSV"]
)
def test_names_in_any_case(name, model, nlp, tmp_path):
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / name
    plain = path.with_name("x" + "".join(path.suffixes).lower().removesuffix(".gz"))
    if plain.suffix == ".csv":
        plain.write_text("text\nI like\neggs\n")
    else:
        write_input(plain, ["I like", "eggs"], nlp)
    content = plain.read_bytes()
    plain.unlink()
    path.write_bytes(gzip.compress(content, mtime=0) if name.lower().endswith(".gz") else content)
    sources = {"file": path, "folder": tmp_path / "in", "glob": str(tmp_path / "in" / "*")}
    for kind, source in sources.items():
        tag_files(model, source, tmp_path / f"{kind}.JSONL")
        found = read_output((tmp_path / f"{kind}.JSONL").rename(tmp_path / "found.jsonl"))
        assert found == expect(nlp, ["I like", "eggs"], name)


FOREIGN = {
    "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n": "Git LFS pointer",
    "\n<!DOCTYPE html>\n<html>": "HTML page",
    "I like eggs\n".encode("utf-16"): "UTF-16",
    gzip.compress(b"I like eggs\n", mtime=0): "compressed with gzip",
    b"PK\x03\x04": "ZIP",
    "a\rb\rc": "CR alone",
}


@pytest.mark.parametrize(
    "suffix", [".txt", ".jsonl", ".csv", ".conllu", ".conllu.gz", ".parquet", ".spacy"]
)
@pytest.mark.parametrize("kind", FOREIGN.values())
def test_files_that_are_something_else(suffix, kind, model, tmp_path):
    (content,) = (content for content, other in FOREIGN.items() if other == kind)
    content = content if isinstance(content, bytes) else content.encode()
    path = tmp_path / f"in{suffix}"
    path.write_bytes(gzip.compress(content, mtime=0) if suffix.endswith(".gz") else content)
    if suffix == ".txt" and kind in ("HTML page", "CR alone"):
        tag_files(model, path, tmp_path / "out.jsonl")  # any text is a text
        return
    with pytest.raises(ValueError, match=rf"^\[L326\] .*{path.name} is .*{kind}"):
        tag_files(model, path, tmp_path / "out.jsonl")


def test_long_records_make_short_shards(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "MAX_BYTES", 10)
    lengths = [shards.Extent(n, 2) for n in (6, 2, 13, 1, 4)]
    found = list(shards.cut_text(lengths, 9, shards.Extent(5, 1)))
    assert found == [(0, 2, 5, 1), (2, 1, 13, 5), (3, 2, 26, 7)]
    assert [len(list(shards.cut_text(lengths, size))) for size in (1, 2)] == [5, 3]
