"""`--columns`: every annotation of any pipeline, in every format, and nothing that was not asked for."""

import csv
import gzip
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
import spacy
from commands import invoke_plugin
from helpers import TRAIN, TRAIN_TEXTS, make_trained, read_files
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.attrs import LEMMA
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

from spacy_lstm_tagger import LSTMTagger
from spacy_lstm_tagger.bulk import apply, load_pipeline, tag_files
from spacy_lstm_tagger.bulk.layout import MANIFEST
from spacy_lstm_tagger.corpora import create_conllu_corpus, create_jsonl_corpus
from spacy_lstm_tagger.pipeline.labels import align

COLUMNS = ["tag", "pos", "morph", "lemma", "ents"]
TEXTS = [*TRAIN_TEXTS, "", "Eat green eggs  and ham ham", "\u2028 She"]
POS = {"N": "NOUN", "V": "VERB", "J": "ADJ", "R": "ADV"}
PATTERNS = [{"label": "FOOD", "pattern": "green eggs"}, {"label": "FOOD", "pattern": "ham"}]
PATTERNS += [{"label": "PERSON", "pattern": "She"}]


def add_trained(nlp, name):
    """Add a component of spaCy that learns parts of speech, or tags, of the sentences."""
    examples = []
    for text, tags in TRAIN:
        words = text.split()
        pos = [POS[tag] for tag in tags]
        morphs = ["Number=Sing" if tag == "N" else "" for tag in tags]
        examples.append(
            Example(Doc(nlp.vocab, words), Doc(nlp.vocab, words, tags=tags, pos=pos, morphs=morphs))
        )
    nlp.add_pipe(name).initialize(lambda: examples, nlp=nlp)
    with nlp.select_pipes(enable=name):
        optimizer = nlp.create_optimizer()
        for _ in range(30):
            nlp.update(examples, sgd=optimizer)


def add_rules(nlp):
    nlp.add_pipe("attribute_ruler").add([[{"LOWER": {"IN": ["eggs", "dogs"]}}]], {"LEMMA": "thing"})
    nlp.add_pipe("entity_ruler").add_patterns(PATTERNS)


def save(nlp, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipeline") / "model"
    nlp.to_disk(folder)
    return folder


@pytest.fixture(scope="module")
def full(model, tmp_path_factory):
    """A pipeline with our tagger that assigns all columns."""
    nlp = spacy.load(model)
    add_trained(nlp, "morphologizer")
    add_rules(nlp)
    return save(nlp, tmp_path_factory)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A pipeline of spaCy's own components that assigns all columns."""
    nlp = spacy.blank("en")
    add_trained(nlp, "tagger")
    add_trained(nlp, "morphologizer")
    add_rules(nlp)
    return save(nlp, tmp_path_factory)


def make_model(folder, *names):
    nlp = spacy.blank("en")
    for name in names:
        if name == "morphologizer":
            add_trained(nlp, name)
        else:
            pipe = nlp.add_pipe(name)
            if name == "entity_ruler":
                pipe.add_patterns(PATTERNS)
    nlp.to_disk(folder)
    return folder


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in.txt"
    path.write_text("".join(f"{text}\n" for text in TEXTS), encoding="utf8", newline="")
    return path


def expect(model, columns, texts=TEXTS):
    """The rows that the pipeline gives, one text after the other."""
    nlp = spacy.load(model)
    rows = []
    for number, doc in enumerate(map(nlp, texts), start=1):
        row = {"id": f"in.txt:{number}", "words": [token.text for token in doc]}
        fields = {
            "tag": ("tags", [token.tag_ for token in doc]),
            "pos": ("pos", [token.pos_ for token in doc]),
            "morph": ("morphs", [str(token.morph) for token in doc]),
            "lemma": ("lemmas", [token.lemma_ for token in doc]),
            "ents": ("ents", [{"start": e.start, "end": e.end, "label": e.label_} for e in doc.ents]),
        }
        rows.append(row | dict(fields[name] for name in columns))
    return rows


def read_rows(path):
    if path.suffix == ".parquet":
        return pq.ParquetFile(path).read().to_pylist()
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = content.decode().split("\n")[:-1]
    if ".csv" not in path.name:
        return [json.loads(line) for line in lines]
    return [
        {name: value if name == "id" else json.loads(value) for name, value in row.items()}
        for row in csv.DictReader(lines)
    ]


# Which columns


@pytest.mark.parametrize("output", ["out.jsonl", "out.csv", "out.parquet", "out.jsonl.gz", "out.csv.gz"])
@pytest.mark.parametrize("name", ["full", "plain"])
def test_every_column_in_every_format(output, name, source, tmp_path, request):
    model = request.getfixturevalue(name)
    expected = expect(model, COLUMNS)
    tag_files(model, source, tmp_path / output, columns=COLUMNS, shard_size=2)
    assert read_rows(tmp_path / output) == expected
    entities = [[(e["start"], e["end"], e["label"]) for e in row["ents"]] for row in expected]
    assert entities == [
        [(2, 4, "FOOD")],
        [(2, 3, "FOOD")],
        [(0, 1, "PERSON")],
        [],
        [(1, 3, "FOOD"), (5, 6, "FOOD"), (6, 7, "FOOD")],
        [(1, 2, "PERSON")],
    ]
    assert expected[0]["lemmas"] == ["", "", "", "thing"]
    assert expected[2]["pos"] == ["NOUN", "VERB", "ADJ", "NOUN", "ADV"]
    assert expected[2]["morphs"] == ["Number=Sing", "", "", "Number=Sing", ""]


@settings(max_examples=20)
@given(columns=st.lists(st.sampled_from(COLUMNS), min_size=1), suffix=st.sampled_from(["jsonl", "csv"]))
def test_only_what_is_asked_for_in_one_order(columns, suffix, full, tmp_path_factory):
    folder = tmp_path_factory.mktemp("any")
    (folder / "in.txt").write_text(TEXTS[2])
    tag_files(full, folder / "in.txt", folder / f"out.{suffix}", columns=columns)
    (row,) = read_rows(folder / f"out.{suffix}")
    (expected,) = expect(full, [name for name in COLUMNS if name in columns], [TEXTS[2]])
    assert row == expected
    assert list(row) == list(expected)


def test_the_default_is_tags_and_the_bytes_are_as_before(full, nlp, source, tmp_path):
    for scores in (False, True):
        rows = expect(full, ["tag"])
        for row, text in zip(rows, TEXTS, strict=True):
            if scores:
                row["scores"] = [round(token._.tag_score, 6) for token in nlp(text)]
        output = tmp_path / f"{scores}.jsonl"
        tag_files(full, source, output, scores=scores, batch_size=1)
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        assert output.read_text(encoding="utf8").split("\n") == [*lines, ""]
        tag_files(full, source, output.with_suffix(".csv"), scores=scores, batch_size=1)
        header = output.with_suffix(".csv").read_text(encoding="utf8").partition("\n")[0]
        assert header == "id,words,tags" + ",scores" * scores
        tag_files(full, source, output.with_suffix(".parquet"), scores=scores)
        schema = pq.ParquetFile(output.with_suffix(".parquet")).schema_arrow
        lists = ["words", "tags", "scores"] if scores else ["words", "tags"]
        assert schema.names == ["id", *lists]
        assert [str(schema.field(name).type).split()[-1] for name in lists] == (
            ["string>", "string>", "float>"][: len(lists)]
        )


@pytest.mark.parametrize(
    ("components", "columns"),
    [
        (["morphologizer"], ["pos", "morph"]),
        (["entity_ruler"], ["ents"]),
        (["sentencizer", "morphologizer", "entity_ruler"], ["pos", "morph", "ents"]),
    ],
)
def test_the_default_without_tags_is_what_the_pipeline_assigns(components, columns, source, tmp_path):
    model = make_model(tmp_path / "model", *components)
    tag_files(model, source, tmp_path / "out.jsonl")
    assert read_rows(tmp_path / "out.jsonl") == expect(model, columns)


def test_the_default_of_a_pipeline_of_spacy_is_tags(plain, source, tmp_path):
    tag_files(plain, source, tmp_path / "out.jsonl")
    assert read_rows(tmp_path / "out.jsonl") == expect(plain, ["tag"])


def test_rules_are_asked_what_they_assign(source, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("span_ruler", config={"annotate_ents": True}).add_patterns(PATTERNS)
    ruler = nlp.add_pipe("attribute_ruler")
    ruler.add([[{"LOWER": "eggs"}]], {"POS": "NOUN"})
    ruler.add([[{"LOWER": "she"}]], {"MORPH": "Person=3"})
    nlp.to_disk(tmp_path / "model")
    tag_files(tmp_path / "model", source, tmp_path / "out.jsonl")
    expected = expect(tmp_path / "model", ["pos", "morph", "ents"])
    assert read_rows(tmp_path / "out.jsonl") == expected
    assert expected[0]["pos"][-1] == "NOUN"
    assert expected[2]["morphs"][0] == "Person=3"
    assert expected[0]["ents"] == [{"start": 2, "end": 4, "label": "FOOD"}]
    with pytest.raises(ValueError, match=r"L464.*assigns tag, lemma; .* written: pos, morph, ents\."):
        tag_files(tmp_path / "model", source, tmp_path / "other.jsonl", columns=["lemma", "tag"])
    silent = spacy.blank("en")
    silent.add_pipe("span_ruler").add_patterns(PATTERNS)
    silent.add_pipe("attribute_ruler")
    silent.to_disk(tmp_path / "silent")
    with pytest.raises(ValueError, match=r"L464.*assigns ents; what can be written: none\."):
        tag_files(tmp_path / "silent", source, tmp_path / "other.jsonl", columns=["ents"])


def test_a_disabled_component_assigns_nothing(full, source, tmp_path):
    nlp = spacy.load(full)
    nlp.disable_pipe("morphologizer")
    nlp.to_disk(tmp_path / "model")
    with pytest.raises(ValueError, match=r"L464.*assigns pos; what can be written: tag, lemma, ents\."):
        tag_files(tmp_path / "model", source, tmp_path / "out.jsonl", columns=["pos", "tag"])


# What is read again


def test_jsonl_is_a_corpus(full, source, tmp_path):
    tag_files(full, source, tmp_path / "out.jsonl", columns=COLUMNS[:4])
    corpus = create_jsonl_corpus(tmp_path / "out.jsonl")(spacy.blank("en"))
    docs = [example.reference for example in corpus]
    expected = [doc for doc in map(spacy.load(full), TEXTS) if len(doc)]

    def describe(docs):
        return [[(t.text, t.tag_, t.pos_, str(t.morph), t.lemma_) for t in doc] for doc in docs]

    assert describe(docs) == describe(expected)


def test_jsonl_with_entities_is_a_corpus(full, source, tmp_path):
    tag_files(full, source, tmp_path / "out.jsonl", columns=["tag", "ents"])
    examples = list(create_jsonl_corpus(tmp_path / "out.jsonl")(spacy.blank("en")))
    with (tmp_path / "out.jsonl").open(encoding="utf8") as file:
        rows = [row for row in map(json.loads, file) if row["words"]]
    assert any(row["ents"] for row in rows)
    for example, row in zip(examples, rows, strict=True):
        assert [token.tag_ for token in example.reference] == row["tags"]
        assert [
            {"start": ent.start, "end": ent.end, "label": ent.label_} for ent in example.reference.ents
        ] == row["ents"]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_output_is_input(suffix, full, source, tmp_path):
    first, again = tmp_path / f"first{suffix}", tmp_path / f"again{suffix}"
    tag_files(full, source, first, columns=COLUMNS)
    tag_files(full, first, again, columns=COLUMNS, id_column="id")
    assert read_rows(again) == read_rows(first)


# CoNLL-U

SENTENCE = (
    "# sent_id = s1\n"
    "1-2\tShe'\t_\t_\t_\t_\t_\t_\t_\tNER=B-KEPT\n"
    "1\tShe\told\tX\tOLD\tA=b\t2\tdep\t2:dep\tGloss=she|NER=B-OLD|TagScore=0.5\n"
    "2\tsees\told\tX\tOLD\tA=b\t0\troot\t_\tname=I-OLD\n"
    "3\tgreen\told\tX\tOLD\tA=b\t2\tdep\t_\tNE=O|SpaceAfter=No\n"
    "4\teggs\told\tX\tOLD\tA=b\t2\tdep\t_\t_\n\n"
)
CELLS = {"tag": 4, "pos": 3, "morph": 5, "lemma": 2, "ents": 9}


def parse(path):
    lines = [line.split("\t") for line in path.read_text(encoding="utf8").split("\n")]
    return [cells for cells in lines if cells[0].isdecimal()]


@pytest.mark.parametrize("columns", [["tag"], ["morph", "lemma"], ["ents"], COLUMNS])
def test_only_columns_that_are_asked_for_are_filled(columns, full, tmp_path):
    (tmp_path / "in.conllu").write_text(SENTENCE)
    tag_files(full, tmp_path / "in.conllu", tmp_path / "out.conllu", columns=columns)
    doc = spacy.load(full)(Doc(spacy.load(full).vocab, words=["She", "sees", "green", "eggs"]))
    misc = ["Gloss=she|TagScore=0.5|NER=B-PERSON", "NER=O", "SpaceAfter=No|NER=B-FOOD", "NER=I-FOOD"]
    values = {
        "tag": [token.tag_ for token in doc],
        "pos": [token.pos_ for token in doc],
        "morph": [str(token.morph) or "_" for token in doc],
        "lemma": ["_", "_", "_", "thing"],
        "ents": misc,
    }
    expected = parse(tmp_path / "in.conllu")
    for name in columns:
        for cells, value in zip(expected, values[name], strict=True):
            cells[CELLS[name]] = value
    assert parse(tmp_path / "out.conllu") == expected
    assert "NER=B-KEPT" in (tmp_path / "out.conllu").read_text(), "a multiword token is no word"


def test_without_the_option_misc_keeps_its_entities(full, tmp_path):
    (tmp_path / "in.conllu").write_text(SENTENCE)
    tag_files(full, tmp_path / "in.conllu", tmp_path / "out.conllu")
    before, after = parse(tmp_path / "in.conllu"), parse(tmp_path / "out.conllu")
    assert [cells[6:] for cells in after] == [cells[6:] for cells in before]
    assert not {"OLD", "X", "A=b"} & {cell for cells in after for cell in cells[2:6]}


def test_conllu_is_a_corpus_with_entities(full, source, tmp_path):
    nlp = spacy.load(full)
    docs = [doc for doc in map(nlp, TEXTS) if len(doc)]
    tag_files(full, source, tmp_path / "out.conllu", columns=COLUMNS)
    compare(tmp_path / "out.conllu", docs)
    words = [[token.text for token in doc if not token.is_space] for doc in docs]
    tag_files(full, tmp_path / "out.conllu", tmp_path / "filled.conllu", columns=COLUMNS)
    compare(tmp_path / "filled.conllu", [nlp(Doc(nlp.vocab, words=some)) for some in words])


def compare(path, expected):
    """A corpus in CoNLL-U has the annotation of these docs."""
    found = [example.reference for example in create_conllu_corpus(path)(spacy.blank("en"))]
    for doc, other in zip(found, expected, strict=True):
        words = [token for token in other if not token.is_space]
        assert [(t.text, t.tag_, t.pos_, str(t.morph), t.lemma_, t.ent_iob_) for t in doc] == [
            (t.text, t.tag_, t.pos_, str(t.morph), t.lemma_, t.ent_iob_) for t in words
        ]
        assert [(e.text, e.label_) for e in doc.ents] == [(e.text, e.label_) for e in other.ents]


def test_labels_that_misc_can_not_have(source, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "A|B\tC", "pattern": "green eggs"}])
    nlp.to_disk(tmp_path / "model")
    tag_files(tmp_path / "model", source, tmp_path / "out.conllu")
    cells = [cells[9] for cells in parse(tmp_path / "out.conllu") if cells[1] in ("green", "eggs")]
    assert cells[:2] == [r"NER=B-A\pB C", r"NER=I-A\pB C"]
    corpus = create_conllu_corpus(tmp_path / "out.conllu")(spacy.blank("en"))
    assert [e.label_ for e in next(corpus).reference.ents] == [r"A\pB C"]


# Confidences


class Lemmatizer(LSTMTagger):
    """A labeler of lemmas, as simple as possible."""

    annotation = "lemma"

    def read_labels(self, doc):
        return np.asarray(doc.to_array([LEMMA]), dtype=np.uint64).reshape(-1)

    def get_gold(self, example):
        return align(example, self.read_labels(example.reference))

    def write_labels(self, docs, label_ids):
        for doc, labels in zip(docs, label_ids, strict=True):
            for token, label in zip(doc, labels, strict=True):
                token.lemma_ = self.labels[label]


@Language.factory("labeler_of_lemmas", assigns=["token.lemma"])
def make_lemmatizer(nlp, name):
    tagger = spacy.blank("en").add_pipe("lstm_tagger")
    return Lemmatizer(nlp.vocab, tagger.model, name)


@pytest.fixture(scope="module")
def labelers(tmp_path_factory):
    """A pipeline of two labelers of ours, and a component of spaCy."""
    nlp = make_trained()
    examples = [
        Example.from_dict(nlp.make_doc(text), {"lemmas": [f"l{word.lower()}" for word in text.split()]})
        for text, _ in TRAIN
    ]
    nlp.add_pipe("labeler_of_lemmas").initialize(lambda: examples, nlp=nlp)
    with nlp.select_pipes(enable="labeler_of_lemmas"):
        optimizer = nlp.create_optimizer()
        for _ in range(40):
            nlp.update(examples, sgd=optimizer)
    nlp.add_pipe("entity_ruler").add_patterns(PATTERNS)
    return save(nlp, tmp_path_factory)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_each_labeler_gives_its_confidences(suffix, labelers, source, tmp_path):
    nlp = load_pipeline(labelers, component=None, scores=True)
    tag_files(labelers, source, tmp_path / f"out{suffix}", columns=["lemma", "tag", "ents"], scores=True)
    rows = read_rows(tmp_path / f"out{suffix}")
    assert list(rows[0]) == ["id", "words", "tags", "lemmas", "ents", "scores", "lemma_scores"]
    for row, doc in zip(rows, map(nlp, TEXTS), strict=True):
        assert row["scores"] == pytest.approx([t._.tag_score for t in doc], abs=1e-5)
        assert row["lemma_scores"] == pytest.approx([t._.lemma_score for t in doc], abs=1e-5)
        assert row["ents"] == [{"start": e.start, "end": e.end, "label": e.label_} for e in doc.ents]
    assert rows[1]["lemmas"] == ["leat", "lblue", "lham"]
    assert rows[1]["scores"] != rows[1]["lemma_scores"]
    tag_files(labelers, source, tmp_path / f"lemmas{suffix}", columns=["lemma"], scores=True)
    assert list(read_rows(tmp_path / f"lemmas{suffix}")[0]) == ["id", "words", "lemmas", "lemma_scores"]
    tag_files(labelers, source, tmp_path / f"none{suffix}", columns=["lemma"])
    assert list(read_rows(tmp_path / f"none{suffix}")[0]) == ["id", "words", "lemmas"]


def test_confidences_in_conllu(labelers, tmp_path):
    (tmp_path / "in.conllu").write_text(SENTENCE)
    nlp = load_pipeline(labelers, component=None, scores=True)
    doc = nlp(Doc(nlp.vocab, words=["She", "sees", "green", "eggs"]))
    kept = ["Gloss=she|NER=B-OLD", "name=I-OLD", "NE=O|SpaceAfter=No", ""]

    def parse_misc(columns):
        output = tmp_path / f"{columns}.conllu"
        tag_files(labelers, tmp_path / "in.conllu", output, columns=columns, scores=True)
        filled = output.read_text()
        tag_files(labelers, output, tmp_path / "again.conllu", columns=columns, scores=True, force=True)
        assert (tmp_path / "again.conllu").read_text() == filled
        return [[*cells[9].split("|")] for cells in parse(output)]

    for parts, before, token in zip(parse_misc(["tag", "lemma"]), kept, doc, strict=True):
        *others, tag, lemma = parts
        assert "|".join(others) == before
        assert tag.startswith("TagScore=")
        assert float(tag.partition("=")[2]) == pytest.approx(token._.tag_score, abs=1e-5)
        assert lemma.startswith("LemmaScore=")
        assert float(lemma.partition("=")[2]) == pytest.approx(token._.lemma_score, abs=1e-5)
    assert not any("LemmaScore" in part for parts in parse_misc(None) for part in parts), "as before"


class Recognizer(LSTMTagger):
    """A labeler of entities in name only: what `span._.score` is, a test says."""

    annotation = "ent"

    def predict(self, docs):
        return []

    def set_annotations(self, docs, batch_label_ids):
        pass


@Language.factory("labeler_of_entities", assigns=["doc.ents"])
def make_recognizer(nlp, name):
    tagger = spacy.blank("en").add_pipe("lstm_tagger")
    tagger.model.initialize(X=[nlp.make_doc("I")], Y=[tagger.model.ops.alloc2f(1, 2)])
    return Recognizer(nlp.vocab, tagger.model, name)


@pytest.fixture
def no_span_scores():
    """No `span._.score` until the end of the test, except what the test registers."""
    _, _, getter, _ = Span.remove_extension("score") if Span.has_extension("score") else [None] * 4
    yield
    if Span.has_extension("score"):
        Span.remove_extension("score")
    if getter:
        Span.set_extension("score", getter=getter)


@pytest.fixture
def span_scores(no_span_scores):
    """`span._.score` of food only."""
    Span.set_extension("score", getter=lambda ent: 0.12345678 if ent.label_ == "FOOD" else None)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_entities_have_confidences(suffix, span_scores, source, tmp_path):
    model = make_model(tmp_path / "model", "labeler_of_entities", "entity_ruler")
    tag_files(model, source, tmp_path / f"out{suffix}", scores=True)
    expected = expect(model, ["ents"])
    for row in expected:
        for entity in row["ents"]:
            entity["score"] = pytest.approx(0.123457, abs=1e-9) if entity["label"] == "FOOD" else None
    assert read_rows(tmp_path / f"out{suffix}") == expected
    tag_files(model, source, tmp_path / f"none{suffix}")
    assert read_rows(tmp_path / f"none{suffix}") == expect(model, ["ents"])


def test_confidences_of_entities_in_conllu(span_scores, tmp_path):
    model = make_model(tmp_path / "model", "labeler_of_entities", "entity_ruler")
    content = SENTENCE.replace("NE=O", "NERScore=0.9|NE=O").replace("name=I", "NERScore=0.8|name=I")
    (tmp_path / "in.conllu").write_text(content)
    tag_files(model, tmp_path / "in.conllu", tmp_path / "out.conllu", columns=["ents"], scores=True)
    assert [cells[9] for cells in parse(tmp_path / "out.conllu")] == [
        "Gloss=she|TagScore=0.5|NER=B-PERSON",
        "NER=O",
        "SpaceAfter=No|NER=B-FOOD|NERScore=0.123457",
        "NER=I-FOOD",
    ]


def test_entities_without_the_extension(no_span_scores, source, tmp_path):
    model = make_model(tmp_path / "model", "labeler_of_entities", "entity_ruler")
    with pytest.raises(ValueError, match=r"L465.* of ents: "):
        tag_files(model, source, tmp_path / "out.jsonl", scores=True)


def train_all(folder):
    """A pipeline of this package's components."""
    nlp = spacy.blank("en")
    names = ("lstm_tagger", "lstm_morphologizer", "lstm_lemmatizer", "lstm_ner")
    for name in names:
        nlp.add_pipe(name)
    words = ["She", "sees", "green", "eggs"]
    reference = Doc(
        nlp.vocab,
        words=words,
        tags=["N", "V", "J", "N"],
        pos=["PRON", "VERB", "ADJ", "NOUN"],
        morphs=["Person=3", "", "", "Number=Plur"],
        lemmas=["she", "see", "green", "egg"],
        ents=["B-PERSON", "O", "B-FOOD", "I-FOOD"],
    )
    examples = [Example(Doc(nlp.vocab, words=words), reference)]
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(60):
        nlp.update(examples, sgd=optimizer)
    nlp.to_disk(folder)
    return folder


@pytest.mark.skipif(not spacy.blank("en").has_factory("lstm_ner"), reason="has no lstm_ner yet")
@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_all_components_of_this_package(suffix, source, tmp_path):
    model = train_all(tmp_path / "model")
    tag_files(model, source, tmp_path / f"out{suffix}", columns=COLUMNS, scores=True)
    nlp = load_pipeline(model, scores=True)
    expected = expect(model, COLUMNS)
    for row, doc in zip(expected, map(nlp, TEXTS), strict=True):
        for entity, ent in zip(row["ents"], doc.ents, strict=True):
            entity["score"] = pytest.approx(ent._.score, abs=1e-5)
        for name in ("tag", "morph", "lemma"):
            scores = [token._.get(f"{name}_score") for token in doc]
            row["scores" if name == "tag" else f"{name}_scores"] = pytest.approx(scores, abs=1e-5)
    rows = read_rows(tmp_path / f"out{suffix}")
    assert rows == expected
    assert any(row["ents"] for row in rows)
    assert len({tuple(rows[2][name]) for name in ("scores", "morph_scores", "lemma_scores")}) == 3
    tag_files(model, source, tmp_path / f"pos{suffix}", columns=["pos", "ents"])
    assert read_rows(tmp_path / f"pos{suffix}") == expect(model, ["pos", "ents"])


def test_documents_have_the_confidences_of_all_labelers(labelers, source, tmp_path):
    tag_files(labelers, source, tmp_path / "out.spacy", scores=True)
    nlp = load_pipeline(labelers, component=None, scores=True)
    docs = list(DocBin(store_user_data=True).from_disk(tmp_path / "out.spacy").get_docs(nlp.vocab))
    for doc, text in zip(docs, TEXTS, strict=True):
        expected = nlp(text)
        for name in ("tag_score", "lemma_score"):
            scores = [token._.get(name) for token in expected]
            assert [token._.get(name) for token in doc] == pytest.approx(scores, abs=1e-5)


def test_components_of_spacy_give_no_confidences(plain, labelers, source, tmp_path):
    for output in ("out.jsonl", "out.csv", "out.parquet", "out.conllu", "out.spacy"):
        with pytest.raises(ValueError, match=r"L465.* of tag.*Leave out --scores.*--columns: none\."):
            tag_files(plain, source, tmp_path / output, scores=True)
        assert not (tmp_path / output).exists()
    with pytest.raises(ValueError, match=r"L465.* of pos, ents: .*--columns: none\."):
        tag_files(plain, source, tmp_path / "out.jsonl", scores=True, columns=["ents", "pos"])
    with pytest.raises(ValueError, match=r"L465.* of ents: .*--columns: tag, lemma\."):
        tag_files(labelers, source, tmp_path / "out.jsonl", scores=True, columns=["ents"])


# What is refused


@pytest.mark.parametrize(
    ("columns", "found"),
    [(["tags"], "'tags'"), (["tag", "dep", "x"], "'dep', 'x'"), ([], "nothing"), ("tag", "'t', 'a', 'g'")],
)
def test_unknown_columns_are_refused_before_anything_is_done(columns, found, full, source, tmp_path):
    with pytest.raises(ValueError, match=rf"L463.* are {found}\. .*: tag, pos, morph, lemma, ents;"):
        tag_files(full, source, tmp_path / "out.jsonl", columns=columns)
    assert {path.name for path in tmp_path.iterdir()} == {source.name}


@pytest.mark.parametrize("output", ["out.jsonl", "out.conllu"])
def test_columns_that_no_component_assigns(output, model, source, tmp_path):
    with pytest.raises(ValueError, match=r"L464.*assigns pos, ents; what can be written: tag\."):
        tag_files(model, source, tmp_path / output, columns=["tag", "ents", "pos"])
    assert not (tmp_path / output).exists()
    tag_files(model, source, tmp_path / output, columns=["tag"])  # nothing was finished, nothing is bound


def test_documents_are_written_as_a_whole(full, source, tmp_path):
    for output, changed in (("out.spacy", {}), ("out", {"output_format": "spacy"})):
        with pytest.raises(ValueError, match=r"L432.*'columns' has no effect on \.spacy files"):
            tag_files(full, source, tmp_path / output, columns=["tag"], **changed)
    tag_files(full, source, tmp_path / "out.spacy")
    docs = DocBin(store_user_data=True).from_disk(tmp_path / "out.spacy").get_docs(spacy.load(full).vocab)
    assert [[e.label_ for e in doc.ents] for doc in docs] == [
        [e["label"] for e in row["ents"]] for row in expect(full, ["ents"])
    ]


def test_a_pipeline_that_annotates_nothing(source, tmp_path):
    model = make_model(tmp_path / "model", "sentencizer")
    for output in ("out.jsonl", "out.csv", "out.parquet"):
        with pytest.raises(ValueError, match=r"L464.*any column; what can be written: nothing"):
            tag_files(model, source, tmp_path / output)
    tag_files(model, source, tmp_path / "out.conllu")
    assert "# newdoc id = in.txt:1\n" in (tmp_path / "out.conllu").read_text(encoding="utf8")


def test_a_component_that_is_named_must_be_there(full, plain, source, tmp_path):
    for name, code in (("lstm_tagger", "L401"), ("tagger", "L402")):
        with pytest.raises(ValueError, match=rf"{code}.*'{name}'"):
            tag_files(plain, source, tmp_path / "out.jsonl", component=name)
    tag_files(full, source, tmp_path / "out.jsonl", component="lstm_tagger", columns=["pos"])
    assert read_rows(tmp_path / "out.jsonl") == expect(full, ["pos"])


# Resuming


def interrupt_after_one(monkeypatch):
    run_here = apply.run_here

    def stop(*args):
        yield next(run_here(*args))
        raise KeyboardInterrupt

    monkeypatch.setattr(apply, "run_here", stop)


def test_a_run_resumes_with_the_same_columns_only(full, source, tmp_path, monkeypatch):
    tag_files(full, source, tmp_path / "whole", columns=["tag", "ents"], shard_size=2)
    with monkeypatch.context() as patch:
        interrupt_after_one(patch)
        with pytest.raises(KeyboardInterrupt):
            tag_files(full, source, tmp_path / "out", columns=["tag", "ents"], shard_size=2)
    before = read_files(tmp_path / "out")
    assert len(before) == 2
    for columns, now in ((["tag"], r"\['tag'\]"), (None, "None"), (["ents", "pos"], r"\['pos', 'ents'\]")):
        with pytest.raises(
            ValueError, match=rf"L409.*'output_columns' was \['tag', 'ents'\], and now is {now}"
        ):
            tag_files(full, source, tmp_path / "out", columns=columns, shard_size=2)
    assert read_files(tmp_path / "out") == before
    summary = tag_files(full, source, tmp_path / "out", columns=("ents", "tag", "ents"), shard_size=2)
    assert (summary.n_finished_before, summary.n_shards) == (1, 2)
    assert read_files(tmp_path / "out") == read_files(tmp_path / "whole")


def test_a_run_of_an_earlier_version_resumes(model, source, tmp_path):
    """Its manifest does not know of columns of the output."""
    tag_files(model, source, tmp_path / "out", component="lstm_tagger")
    path = tmp_path / "out" / MANIFEST
    manifest = json.loads(path.read_text())
    assert manifest.pop("output_columns") is None
    path.write_text(json.dumps(manifest))
    summary = tag_files(model, source, tmp_path / "out", component="lstm_tagger")
    assert (summary.n_finished_before, summary.n_shards) == (1, 0)


def test_processes_write_the_same(full, source, tmp_path):
    for name, n_process in (("one", 1), ("two", 2)):
        tag_files(full, source, tmp_path / name, columns=COLUMNS, shard_size=2, n_process=n_process)
    assert read_files(tmp_path / "one") == read_files(tmp_path / "two")


# The command


def test_the_command(full, plain, source, tmp_path):
    code, output = invoke_plugin(
        "apply",
        full,
        source,
        tmp_path / "out.jsonl",
        "--columns",
        "ents, lemma",
        "--component",
        "lstm_tagger",
    )
    assert code == 0, output
    assert read_rows(tmp_path / "out.jsonl") == expect(full, ["lemma", "ents"])
    for options, message in (
        (["--columns", ""], "[L463] The columns to be written are ''."),
        (["--columns", "tag,dep"], "[L463] The columns to be written are 'dep'."),
        (["--scores"], "[L465]"),
        (["--component", "lstm_tagger"], "[L401]"),
    ):
        code, output = invoke_plugin("apply", plain, source, tmp_path / "other.jsonl", *options)
        assert code == 1
        assert message in output
        assert "Traceback" not in output
