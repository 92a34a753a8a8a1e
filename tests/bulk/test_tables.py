"""CSV in and out: records are those of the csv module, wherever the shards are cut."""

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_formats import expect, read_output

from spacy_lstm_tagger.bulk import tag_files
from spacy_lstm_tagger.bulk.inputs import find_files
from spacy_lstm_tagger.bulk.rows import BadRow, ColumnNames
from spacy_lstm_tagger.bulk.tables import read, split

CELLS = st.one_of(
    st.sampled_from(
        ["I like", "a,b", 'say "eggs"', "two\nlines", "two\r\nlines", "", ";", "\t", '"', "\u2028"]
    ),
    st.text(st.characters(exclude_characters="\r\x00\ufeff", exclude_categories=["Cs"])),
)


@settings(max_examples=25)
@given(
    records=st.lists(st.tuples(CELLS, CELLS), max_size=9),
    delimiter=st.sampled_from(",;\t"),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from(["", "\ufeff"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    shard_size=st.integers(1, 10),
)
def test_any_records(records, delimiter, end, mark, quoting, shard_size, model, nlp, tmp_path_factory):
    folder = tmp_path_factory.mktemp("any")
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([("key", "text"), *records])
    (folder / "in.csv").write_text(mark + buffer.getvalue(), encoding="utf8", newline="")
    tag_files(model, folder / "in.csv", folder / "out.jsonl", shard_size=shard_size, batch_size=3)
    assert read_output(folder / "out.jsonl") == expect(nlp, [text for _, text in records], "in.csv")
    tag_files(model, folder / "in.csv", folder / "out.csv", shard_size=shard_size)
    with (folder / "out.csv").open(encoding="utf8", newline="") as file:
        found = [
            {name: json.loads(value) if name != "id" else value for name, value in row.items()}
            for row in csv.DictReader(file)
        ]
    assert found == read_output(folder / "out.jsonl")


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf8")
    return path


def read_rows(path, columns=ColumnNames(), size=2):  # noqa: B008
    (file,) = find_files(path, (".csv",))
    return [row for piece in split(file, size) for row in read(file, piece, columns, None)]


def test_ids_and_words(tmp_path):
    path = write(
        tmp_path / "in.csv",
        "words,n,text",
        '"[""I"", ""like eggs""]",7,not read',
        ",8,I like",
        '[],9,"not, read"',
        ",,I",
        "I like,1,",
        "7,1,",
        '"[""I"", 3]",1,',
        "",
        "[" * 100_000 + ",1,",
    )
    rows = read_rows(path, ColumnNames(id="n"))
    assert [(row.id, row.content) for row in rows[:3]] == [
        ("7", ["I", "like eggs"]),
        ("8", "I like"),
        ("9", []),
    ]
    bad = [(row.row, row.reason[:6]) for row in rows[3:]]
    assert bad == [(4, "[L423]"), (5, "[L424]"), (6, "[L424]"), (7, "[L424]"), (9, "[L424]")]
    assert len(rows[-1].reason) < 500


BAD = {
    "a,b,c": ("L462", "3 field"),
    "a": ("L462", "1 field"),
    'a,"b" c': ("L461", "expected after"),
    "a,b\rc": ("L461", "new-line character"),
    "a,caf\udce9": ("L307", "byte 5"),
}


@pytest.mark.parametrize("record", BAD)
@pytest.mark.parametrize("size", [1, 2, 9])
def test_a_bad_record_is_alone(record, size, tmp_path):
    lines = ["n,text", '1,"two\nlines"', record, "3,x", '4,"two\nlines"', record, "6,x"]
    (tmp_path / "in.csv").write_bytes("\n".join(lines).encode(errors="surrogateescape"))
    rows = read_rows(tmp_path / "in.csv", size=size)
    assert [getattr(row, "content", None) for row in rows] == [
        "two\nlines",
        None,
        "x",
        "two\nlines",
        None,
        "x",
    ]
    code, reason = BAD[record]
    for row, line in ((rows[1], 4), (rows[4], 8)):
        assert isinstance(row, BadRow)
        assert row.reason.startswith(f"[{code}]")
        assert reason in row.reason
        assert code == "L307" or f"line {line} on" in row.reason
        assert row.raw.rstrip("\n") == record.encode(errors="surrogateescape").decode(
            errors="backslashreplace"
        )


def test_a_quotation_mark_that_is_not_closed(tmp_path):
    path = write(tmp_path / "in.csv", "n,text", '1,"I like', "2,eggs", '3,"ham"', "4,x", '5,"open', "6,x")
    rows = read_rows(path)
    assert [(row.row, row.raw) for row in rows if isinstance(row, BadRow)] == [
        (1, '1,"I like\n2,eggs\n3,"ham"\n'),
        (3, '5,"open\n6,x\n'),
    ]
    assert [row.content for row in rows if not isinstance(row, BadRow)] == ["x"]


def test_texts_longer_than_the_limit_of_the_csv_module(tmp_path):
    before = csv.field_size_limit(100)
    try:
        text = "eggs " * 100
        (row,) = read_rows(write(tmp_path / "in.csv", "text", text))
        assert row.content == text
        assert csv.field_size_limit() == 100, "the rest of the process may want a limit"
    finally:
        csv.field_size_limit(before)


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("a,b;c,text", ["a", "b;c", "text"]),
        ("a;b;c,text", ["a", "b", "c,text"]),
        ("a\tb,c\td", ["a", "b,c", "d"]),
        ('"a;b;c",text', ["a;b;c", "text"]),
        ('"a\nb",text', ["a\nb", "text"]),
        ("text", ["text"]),
    ],
)
def test_the_header_says_what_separates(header, names, model, tmp_path):
    path = write(tmp_path / "in.csv", header, "x")
    with pytest.raises(ValueError, match="L415") as error:
        tag_files(model, path, tmp_path / "out.jsonl", text_column="?")
    assert f"it has: {', '.join(names)}." in str(error.value)


@pytest.mark.parametrize(
    ("header", "reason"), [('"text" x\n', "L413.*expected after"), ("caf\udce9,a\n", "L307.*line 1")]
)
def test_a_bad_header(header, reason, model, tmp_path):
    (tmp_path / "in.csv").write_bytes(header.encode(errors="surrogateescape"))
    with pytest.raises(ValueError, match=reason):
        tag_files(model, tmp_path / "in.csv", tmp_path / "out.jsonl")


def test_a_file_without_records(model, tmp_path):
    for content in ("", "text\n", "\ufefftext"):
        (tmp_path / "in.csv").write_text(content, encoding="utf8")
        summary = tag_files(model, tmp_path / "in.csv", tmp_path / "out.jsonl")
        assert (summary.n_rows, (tmp_path / "out.jsonl").read_text()) == (0, "")
        (tmp_path / "out.jsonl").unlink()


def test_shards_of_a_folder_have_headers(model, nlp, tmp_path):
    write(tmp_path / "in.csv", "text,n", "I like,1", "eggs,2", "ham,3")
    tag_files(
        model,
        tmp_path / "in.csv",
        tmp_path / "out",
        output_format="csv",
        shard_size=2,
        scores=True,
        id_column="n",
    )
    parts = [path.read_text().splitlines() for path in sorted((tmp_path / "out").glob("part-*"))]
    assert [lines[0] for lines in parts] == ["id,words,tags,scores"] * 2
    assert [line.partition(",")[0] for lines in parts for line in lines[1:]] == ["1", "2", "3"]
    (row,) = csv.DictReader(parts[1])
    assert json.loads(row["scores"]) == pytest.approx([token._.tag_score for token in nlp("ham")], abs=1e-5)


def test_output_is_input(model, tmp_path):
    write(tmp_path / "in.csv", "text,n", "I like (green) eggs,1", '"",2')
    tag_files(model, tmp_path / "in.csv", tmp_path / "out.csv", id_column="n")
    tag_files(model, tmp_path / "out.csv", tmp_path / "again.csv", id_column="id")
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()
