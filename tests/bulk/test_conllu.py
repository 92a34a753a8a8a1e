"""CoNLL-U in and out: what the pipeline annotates is filled in, and all else stays as it was."""

import gzip
import json
import re

import conllu
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_lstm_tagger.bulk import tag_files
from spacy_lstm_tagger.corpora import create_conllu_corpus

SENTENCES = (
    "# newdoc id = d\n# sent_id = s1\n# text = Vámonos ya!\n"
    "1-2\tVámonos\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No\n"
    "1\tVamos\tir\tVERB\tOLD\tMood=Imp|Number=Plur\t0\troot\t0:root\t_\n"
    "2\tnos\tnosotros\tPRON\t_\tCase=Acc\t1\tobj\t_\tGloss=us\n"
    "2.1\tya\tya\tADV\tKEPT\t_\t_\t_\t1:advmod\t_\n"
    "3\t!\t!\tPUNCT\tOLD\t_\t1\tpunct\t_\tSpaceAfter=No\n\n"
    "# sent_id = s2\n"
    "1\tlike eggs\t_\t_\t_\t_\t_\t_\t_\t_\n\n"
)


def parse_words(content):
    """The lines of words, found by their IDs, as lists of cells."""
    lines = [line.removeprefix("\ufeff").rstrip("\r").split("\t") for line in content.split("\n")]
    return [cells for cells in lines if cells[0].strip().isdecimal() and len(cells) == 10]


def tag_sentence(nlp, words):
    return [token.tag_ or "_" for token in nlp(Doc(nlp.vocab, words=words))]


def take_back(filled, source, column=4):
    """RETURNS (bytes): Filled lines, with a column of the words as it is in the source."""
    lines, sources = filled.split(b"\n"), source.split(b"\n")
    assert len(lines) == len(sources)
    for i, (line, before) in enumerate(zip(lines, sources, strict=True)):
        cells, old = line.split(b"\t"), before.split(b"\t")
        if re.fullmatch(rb"(\xef\xbb\xbf)? *[0-9]+ *", cells[0]) and len(cells) == 10:
            cells[column] = old[column]
            lines[i] = b"\t".join(cells)
    return b"\n".join(lines)


CHARACTERS = st.characters(exclude_characters="\t\n\r\ufeff", exclude_categories=["Cs"])
CELLS = st.one_of(st.sampled_from(["_", "", " ", "A=b|C=d", "SpaceAfter=No", "#"]), st.text(CHARACTERS))
FORMS = st.one_of(
    st.sampled_from(["I", "eggs", "_", "green eggs", "#", " a", "\u2028"]), st.text(CHARACTERS, min_size=1)
).filter(lambda form: form.strip(" "))
COMMENTS = st.text(CHARACTERS | st.just("\r"), max_size=9).map("#{}".format)


@st.composite
def make_sentence(draw):
    """Lines of a sentence, and its words."""
    words = draw(st.lists(FORMS, min_size=1, max_size=4))
    lines = draw(st.lists(COMMENTS, max_size=2))
    for number, form in enumerate(words, start=1):
        if draw(st.booleans()):
            lines.append("\t".join([f"{number}-{number}", *draw(st.tuples(*[CELLS] * 9))]))
        lines.append("\t".join([str(number), form, *draw(st.tuples(*[CELLS] * 8))]))
        if draw(st.booleans()):
            lines.append("\t".join([f"{number}.1", *draw(st.tuples(*[CELLS] * 9))]))
        lines += draw(st.lists(COMMENTS, max_size=1))
    return lines, words


@st.composite
def make_file(draw):
    """The content of a file, and the words of its sentences."""
    lines, sentences = [], []
    for sentence, words in draw(st.lists(make_sentence(), max_size=5)):
        lines += [*draw(st.lists(st.one_of(COMMENTS, st.just(""), st.just("  ")), max_size=3)), *sentence]
        lines += draw(st.lists(st.sampled_from(["", " "]), min_size=1, max_size=2))
        sentences.append(words)
    lines += draw(st.lists(st.one_of(COMMENTS, st.just("")), max_size=2))
    ends = st.sampled_from(["\n", "\r\n"])
    content = "".join(line + draw(ends) for line in lines)
    if draw(st.booleans()):
        content = content.rstrip("\r\n")
    return ("\ufeff" * draw(st.booleans()) + content).encode(), sentences


@given(made=make_file(), shard_size=st.integers(1, 6), batch_size=st.integers(1, 6))
def test_all_else_stays_byte_for_byte(made, shard_size, batch_size, model, nlp, tmp_path_factory):
    content, sentences = made
    folder = tmp_path_factory.mktemp("any")
    (folder / "in.conllu").write_bytes(content)
    sizes = {"shard_size": shard_size, "batch_size": batch_size}
    tag_files(model, folder / "in.conllu", folder / "out.conllu", **sizes)
    filled = (folder / "out.conllu").read_bytes()
    assert take_back(filled, content) == content
    tags = [cells[4] for cells in parse_words(filled.decode())]
    assert tags == [tag for words in sentences for tag in tag_sentence(nlp, [w.strip(" ") for w in words])]
    tag_files(model, folder / "in.conllu", folder / "shards", output_format="conllu", **sizes)
    assert b"".join(path.read_bytes() for path in sorted((folder / "shards").glob("part-*"))) == filled
    tag_files(model, folder / "in.conllu", folder / "out.jsonl", **sizes)
    rows = [json.loads(line) for line in (folder / "out.jsonl").read_bytes().splitlines()]
    assert [row["words"] for row in rows if row["words"]] == [[w.strip(" ") for w in s] for s in sentences]
    assert len(rows) == (len(sentences) or bool(content)), "what has no words at all is one row"


def test_an_independent_reader_finds_the_same(model, nlp, tmp_path):
    (tmp_path / "in.conllu").write_text(SENTENCES * 3, encoding="utf8")
    tag_files(model, tmp_path / "in.conllu", tmp_path / "out.conllu", shard_size=2)
    before = conllu.parse(SENTENCES * 3)
    after = conllu.parse((tmp_path / "out.conllu").read_text(encoding="utf8"))
    tags = tag_sentence(nlp, ["Vamos", "nos", "!"]) + tag_sentence(nlp, ["like eggs"])
    for sentence in before:
        for word in sentence:
            if isinstance(word["id"], int):
                word["xpos"] = tags[word["id"] - 1 if sentence.metadata["sent_id"] == "s1" else 3]
    assert after == before
    assert [sentence.metadata for sentence in after] == [sentence.metadata for sentence in before]


ENDINGS = ("\n\n", "\n", "", "\n \n", "\n\n# the end", "\r\n", "\n\n\n  ")


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_files_are_joined_between_sentences(suffix, model, tmp_path):
    (tmp_path / "in").mkdir()
    for number, end in enumerate(ENDINGS):
        content = f"\ufeff# sent_id = {number}\n1\tI\t_\t_\t_\t_\t_\t_\t_\t_{end}"
        (tmp_path / "in" / f"{number}.conllu").write_text(content, encoding="utf8", newline="")
        (tmp_path / "in" / f"{number}.json").write_text("not read")
    tag_files(model, tmp_path / "in", tmp_path / f"out.conllu{suffix}")
    whole = (tmp_path / f"out.conllu{suffix}").read_bytes()
    text = (gzip.decompress(whole) if suffix else whole).decode()
    assert text.count("\ufeff") == 1
    found = conllu.parse(text.removeprefix("\ufeff").replace("\n \n", "\n\n").replace("\r", ""))
    found = [sentence for sentence in found if sentence]  # it reads "# the end" as one
    assert [sentence.metadata["sent_id"] for sentence in found] == [*map(str, range(7))]
    assert [len(sentence) for sentence in found] == [1] * 7
    assert "\r\n\r\n" in text, "an empty line ends like the others of its file"


def test_a_shard_ends_with_its_sentence(model, tmp_path):
    """Also if comments and empty lines follow."""
    content = SENTENCES + "\n# of the next\n\n# sentence\n" + SENTENCES.removeprefix("# newdoc id = d\n")
    (tmp_path / "in.conllu").write_text(content, encoding="utf8")
    tag_files(model, tmp_path / "in.conllu", tmp_path / "out", output_format="conllu", shard_size=1)
    parts = [path.read_text(encoding="utf8") for path in sorted((tmp_path / "out").glob("part-*"))]
    starts = ["# newdoc id = d\n", "# sent_id = s2\n", "# of the next\n", "# sent_id = s2\n"]
    assert [part[: len(start)] for part, start in zip(parts, starts, strict=True)] == starts
    assert [re.search("\n*$", part)[0] for part in parts] == ["\n\n", "\n\n\n", "\n\n", "\n\n"]


@pytest.fixture(scope="module")
def annotating(model, tmp_path_factory):
    """A pipeline that annotates all columns, as those of a single sentence."""
    nlp = spacy.load(model)
    doc = Doc(
        nlp.vocab,
        words=["I", "like", "eggs"],
        pos=["PRON", "VERB", "NOUN"],
        morphs=["Case=Nom|Person=1", "", "Number=Plur"],
        lemmas=["I", "lik", "egg"],
        heads=[1, 1, 1],
        deps=["nsubj", "ROOT", "obj"],
    )
    example = Example(Doc(nlp.vocab, words=[token.text for token in doc]), doc)
    added = {
        "morphologizer": {},
        "trainable_lemmatizer": {"min_tree_freq": 1},
        "parser": {"min_action_freq": 1},
    }
    for name, config in added.items():
        nlp.add_pipe(name, config=config).initialize(lambda: [example], nlp=nlp)
    with nlp.select_pipes(enable=list(added)):
        optimizer = nlp.create_optimizer()
        for _ in range(20):
            nlp.update([example], sgd=optimizer)
    folder = tmp_path_factory.mktemp("annotating") / "model"
    nlp.to_disk(folder)
    return folder


def test_every_annotated_column_is_filled(annotating, tmp_path):
    nlp = spacy.load(annotating)
    (tmp_path / "in.conllu").write_text(SENTENCES, encoding="utf8")
    tag_files(annotating, tmp_path / "in.conllu", tmp_path / "out.conllu")
    found = parse_words((tmp_path / "out.conllu").read_text(encoding="utf8"))
    sources = parse_words(SENTENCES)
    expected = []
    for start, words in ((0, ["Vamos", "nos", "!"]), (3, ["like eggs"])):
        for token in nlp(Doc(nlp.vocab, words=words, sent_starts=[1, -1, -1][: len(words)])):
            number, form, *_, deps, misc = sources[start + token.i]
            head = 0 if token.head == token else token.head.i + 1
            relation = {"ROOT": "root"}.get(token.dep_, token.dep_)
            values = [token.lemma_, token.pos_, token.tag_, str(token.morph), str(head), relation]
            expected.append([number, form, *(value or "_" for value in values), deps, misc])
    assert found == expected
    assert {"1", "2"} & {cells[6] for cells in found[:3]}
    assert {cells[3] for cells in found} <= {"PRON", "VERB", "NOUN"}


def test_a_column_that_a_component_leaves_empty(model, tmp_path):
    """The component says that it assigns lemmas, and so replaces all."""
    nlp = spacy.load(model)
    nlp.add_pipe("attribute_ruler").add([[{"LOWER": "nos"}]], {"POS": "X", "MORPH": "A=B"})
    nlp.add_pipe("lemmatizer", config={"mode": "lookup"})
    nlp.get_pipe("lemmatizer").lookups.add_table("lemma_lookup", {"nos": "nosotros\tx"})
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "in.conllu").write_text(SENTENCES, encoding="utf8")
    tag_files(tmp_path / "model", tmp_path / "in.conllu", tmp_path / "out.conllu")
    found = parse_words((tmp_path / "out.conllu").read_text(encoding="utf8"))
    assert [cells[2] for cells in found] == ["Vamos", "nosotros x", "!", "like eggs"]
    # This one does not say so, and so replaces those of a sentence in which it found some.
    assert [(cells[3], cells[5]) for cells in found] == [("_", "_"), ("X", "A=B"), ("_", "_"), ("_", "_")]


@Language.component("says_what_it_assigns", assigns=["token.morph"])
def assign_nothing(doc):
    return doc


def test_a_column_without_any_value(model, tmp_path):
    """What was there before is not what the component says."""
    nlp = spacy.load(model)
    nlp.add_pipe("says_what_it_assigns")
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "in.conllu").write_text(SENTENCES, encoding="utf8")
    tag_files(tmp_path / "model", tmp_path / "in.conllu", tmp_path / "out.conllu")
    found = parse_words((tmp_path / "out.conllu").read_text(encoding="utf8"))
    assert [cells[5] for cells in found] == ["_"] * 4
    assert [cells[3] for cells in found] == [cells[3] for cells in parse_words(SENTENCES)]


def test_scores_are_in_misc(model, nlp, tmp_path):
    (tmp_path / "in.conllu").write_text(SENTENCES, encoding="utf8")
    tag_files(model, tmp_path / "in.conllu", tmp_path / "out.conllu", scores=True)
    filled = (tmp_path / "out.conllu").read_text(encoding="utf8")
    misc = [cells[9] for cells in parse_words(filled)]
    docs = [nlp(Doc(nlp.vocab, words=words)) for words in (["Vamos", "nos", "!"], ["like eggs"])]
    scores = [token._.tag_score for doc in docs for token in doc]
    parts = [cell.rpartition("TagScore=") for cell in misc]
    assert [start for start, _, _ in parts] == ["", "Gloss=us|", "SpaceAfter=No|", ""]
    assert [float(score) for _, _, score in parts] == pytest.approx(scores, abs=1e-5)
    tag_files(model, tmp_path / "out.conllu", tmp_path / "again.conllu", scores=True)
    assert (tmp_path / "again.conllu").read_text(encoding="utf8") == filled, "there is one score"


WORD = "1\tI\t_\t_\t_\t_\t_\t_\t_\t_"
DAMAGED = {
    "1\tI\t_": "L308",
    WORD.replace("1", "x", 1): "L309",
    WORD.replace("1", "2", 1): "L310",
    WORD.replace("1", "3-2", 1): "L310",
    WORD.replace("1", "1-2", 1) + "\n" + WORD: "L312",
    WORD.replace("I", " "): "L313",
    WORD + "\n" + WORD.replace("1", "2").replace("I", "caf\udce9"): "L307",
}


@pytest.mark.parametrize("damaged", DAMAGED)
def test_a_damaged_sentence(damaged, model, tmp_path):
    content = f"{SENTENCES}# bad\n{damaged}\n\n{SENTENCES}".encode(errors="surrogateescape")
    (tmp_path / "in.conllu").write_bytes(content)
    with pytest.raises(
        ValueError, match=rf"\[L416\] in.conllu, row 3: \[{DAMAGED[damaged]}\] in.conllu, line 1[345]:"
    ):
        tag_files(model, tmp_path / "in.conllu", tmp_path / "out.conllu", shard_size=2)
    summary = tag_files(
        model, tmp_path / "in.conllu", tmp_path / "out.conllu", shard_size=2, on_error="skip"
    )
    assert (summary.n_bad, summary.bad_rows) == (1, tmp_path / "out.errors.jsonl")
    bad = json.loads(summary.bad_rows.read_text())
    assert list(bad) == ["file", "row", "reason", "raw"]
    assert damaged.encode(errors="surrogateescape").decode(errors="backslashreplace") in bad["raw"]
    before, kept, after = (
        (tmp_path / "out.conllu")
        .read_bytes()
        .partition(f"# bad\n{damaged}\n\n".encode(errors="surrogateescape"))
    )
    assert kept, "unchanged"
    assert before == after
    assert "OLD" not in before.decode()


def test_comments_can_be_anything(model, tmp_path):
    content = b"# caf\xe9\n" + SENTENCES.encode() + b"# caf\xe9\n"
    (tmp_path / "in.conllu").write_bytes(content)
    tag_files(model, tmp_path / "in.conllu", tmp_path / "out.conllu")
    filled = (tmp_path / "out.conllu").read_bytes()
    assert take_back(filled, content) == content != filled


def test_a_sentence_that_the_pipeline_fails_for(model, tmp_path, monkeypatch):
    nlp = spacy.load(model)
    (tag,) = tag_sentence(nlp, ["like eggs"])

    def fail(doc):
        if "nos" in [token.text for token in doc]:
            raise ArithmeticError
        return doc

    monkeypatch.setattr(nlp, "_components", [*nlp._components, ("fail", fail)])
    monkeypatch.setitem(nlp._pipe_configs, "fail", {})
    monkeypatch.setattr("spacy_lstm_tagger.bulk.running._load", lambda *_: nlp)
    monkeypatch.setattr("spacy_lstm_tagger.bulk.columns.find_assigned", lambda _: frozenset(["token.tag"]))
    (tmp_path / "in.conllu").write_text(SENTENCES, encoding="utf8")
    summary = tag_files(model, tmp_path / "in.conllu", tmp_path / "out.conllu", on_error="skip")
    assert (summary.n_rows, summary.n_bad) == (1, 1)
    whole = (tmp_path / "out.conllu").read_text(encoding="utf8")
    first, _, _ = SENTENCES.partition("# sent_id = s2")
    assert whole.startswith(first)
    assert parse_words(whole)[-1][4] == tag


def test_a_pipeline_that_merges_words(model, tmp_path):
    nlp = spacy.load(model)
    nlp.add_pipe("entity_ruler").add_patterns(
        [{"label": "X", "pattern": [{"LOWER": "nos"}, {"LOWER": "!"}]}]
    )
    nlp.add_pipe("merge_entities")
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "in.conllu").write_text(SENTENCES, encoding="utf8")
    with pytest.raises(ValueError, match=r"\[L460\] in.conllu, row 1: "):
        tag_files(tmp_path / "model", tmp_path / "in.conllu", tmp_path / "out.conllu")
    tag_files(tmp_path / "model", tmp_path / "in.conllu", tmp_path / "out.jsonl")


def test_ids_are_values_of_comments(model, tmp_path):
    (tmp_path / "in.conllu").write_text(SENTENCES + WORD, encoding="utf8")
    for column, ids in (("sent_id", ["s1", "s2"]), ("newdoc id", ["d"])):
        output = tmp_path / f"{column}.jsonl"
        summary = tag_files(model, tmp_path / "in.conllu", output, id_column=column, on_error="skip")
        assert [json.loads(line)["id"] for line in output.read_text().splitlines()] == ids
        assert "L423" in summary.bad_rows.read_text()


def test_documents_have_the_spaces_of_the_file(model, tmp_path):
    (tmp_path / "in.conllu").write_text(SENTENCES, encoding="utf8")
    tag_files(model, tmp_path / "in.conllu", tmp_path / "out.spacy")
    docs = list(DocBin(store_user_data=True).from_disk(tmp_path / "out.spacy").get_docs(Vocab()))
    assert [doc.text for doc in docs] == ["Vamosnos!", "like eggs "]
    assert [doc.user_data["id"] for doc in docs] == ["in.conllu:1", "in.conllu:2"]


# From other formats


def read_back(path):
    """What this project's reader of corpora finds."""
    examples = create_conllu_corpus(path)(spacy.blank("en"))
    return [example.reference for example in examples]


@settings(max_examples=25)
@given(texts=st.lists(st.text(st.characters(exclude_characters="\r\n\ufeff", exclude_categories=["Cs"]))))
def test_conllu_of_any_text(texts, model, nlp, tmp_path_factory):
    folder = tmp_path_factory.mktemp("any")
    texts = ["I like (green)  eggs ", " \t She\tsees | dogs\\", "", "  ", *texts]
    (folder / "in.txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf8", newline="")
    summary = tag_files(model, folder / "in.txt", folder / "out.conllu", shard_size=3)
    assert summary.n_rows == len(texts)
    docs = [[token for token in nlp(text) if not token.is_space] for text in texts]
    found = read_back(folder / "out.conllu")
    expected = [
        [(re.sub("[\v\f\x1c-\x1e\x85\u2028\u2029]", " ", t.text), t.tag_) for t in words]
        for words in docs
        if words
    ]
    assert [[(token.text, token.tag_) for token in doc] for doc in found] == expected
    parsed = conllu.parse((folder / "out.conllu").read_text(encoding="utf8"))
    assert [sentence.metadata["sent_id"] for sentence in parsed] == [
        f"in.txt:{number}" for number, words in enumerate(docs, start=1) if words
    ]
    for sentence, doc in zip(parsed, found, strict=True):
        spaces = [" " * ((word["misc"] or {}).get("SpaceAfter") != "No") for word in sentence]
        text = "".join(word["form"] + space for word, space in zip(sentence, spaces, strict=True))
        assert sentence.metadata["text"].strip() == text.strip() == doc.text.strip()


def test_spaces_are_kept(model, tmp_path):
    (tmp_path / "in.txt").write_text("I  like\t(eggs) | now \n")
    tag_files(model, tmp_path / "in.txt", tmp_path / "out.conllu")
    words = parse_words((tmp_path / "out.conllu").read_text())
    assert [(cells[1], cells[9]) for cells in words] == [
        ("I", r"SpacesAfter=\s\s"),
        ("like", r"SpacesAfter=\t"),
        ("(", "SpaceAfter=No"),
        ("eggs", "SpaceAfter=No"),
        (")", "_"),
        ("|", "_"),
        ("now", "_"),
    ]


TEXT = "I like eggs.  She sees dogs."


def test_sentences_of_a_text(model, tmp_path):
    nlp = spacy.load(model)
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "in.jsonl").write_text(json.dumps({"text": TEXT, "n": "a b\n"}) + '\n{"text": "I", "n": 2}')
    tag_files(tmp_path / "model", tmp_path / "in.jsonl", tmp_path / "out.conllu", id_column="n")
    content = (tmp_path / "out.conllu").read_text()
    assert re.findall("# .*", content) == [
        "# newdoc id = a b",
        "# sent_id = a b-1",
        "# text = I like eggs.",
        "# sent_id = a b-2",
        "# text = She sees dogs.",
        "# newdoc id = 2",
        "# sent_id = 2-1",
        "# text = I",
    ]


def test_trees_of_a_text(annotating, tmp_path):
    nlp = spacy.load(annotating)
    (tmp_path / "in.txt").write_text(TEXT)
    tag_files(annotating, tmp_path / "in.txt", tmp_path / "out.conllu", scores=True)
    content = (tmp_path / "out.conllu").read_text()
    found = [parse_words(part) for part in content.split("\n\n") if part]
    sentences = [[token for token in sentence if not token.is_space] for sentence in nlp(TEXT).sents]
    for cells, words in zip(found, filter(None, sentences), strict=True):
        assert [line[0] for line in cells] == [str(i) for i in range(1, len(words) + 1)]
        for line, word in zip(cells, words, strict=True):
            assert line[2:6] == [word.lemma_ or "_", word.pos_ or "_", word.tag_, str(word.morph) or "_"]
            heads = [head for head in word.ancestors if head in words]
            assert line[1] == word.text
            assert line[6] == (str(words.index(heads[0]) + 1) if heads else "0")
            assert re.fullmatch(r"(Space.*\|)?TagScore=[0-9.e-]+", line[9])


def test_words_as_they_are(model, nlp, tmp_path):
    (tmp_path / "in.jsonl").write_text(json.dumps({"words": ["I", " ", "like\teggs ", "\u00a0"]}))
    tag_files(model, tmp_path / "in.jsonl", tmp_path / "out.conllu")
    tags = tag_sentence(nlp, ["I", " ", "like\teggs ", "\u00a0"])
    found = parse_words((tmp_path / "out.conllu").read_text(encoding="utf8"))
    assert [(cells[1], cells[4]) for cells in found] == [("I", tags[0]), ("like eggs", tags[2])]


def test_annotation_of_documents_is_written(model, tmp_path):
    doc = Doc(Vocab(), words=["I", "eat"], lemmas=["I", "eat"], heads=[1, 1], deps=["nsubj", "ROOT"])
    DocBin(docs=[doc]).to_disk(tmp_path / "in.spacy")
    tag_files(model, tmp_path / "in.spacy", tmp_path / "out.conllu")
    (found,) = read_back(tmp_path / "out.conllu")
    assert [(t.lemma_, t.dep_, t.head.i) for t in found] == [("I", "nsubj", 1), ("eat", "ROOT", 1)]
