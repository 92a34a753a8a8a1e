"""A teacher reads raw text, in any format; what it says is kept on disk, and can be read by students."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import srsly
from helpers import CRF, TRAIN, make_docs, make_examples, make_trained, read_files
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from spacy_lstm_tagger.bulk.rows import ColumnNames
from spacy_lstm_tagger.distillation import storage, teaching
from spacy_lstm_tagger.distillation.storage import (
    ShardWriter,
    count_words,
    find_parts,
    iterate_parts,
    read_part,
)
from spacy_lstm_tagger.distillation.teachers import TeacherPipeline, find_places
from spacy_lstm_tagger.distillation.teaching import teach
from spacy_lstm_tagger.distillation.training import make_annotated
from spacy_lstm_tagger.errors import LSTMTaggerValueError
from spacy_lstm_tagger.pipeline.soft_labels import SoftLabels, name_best, predict_soft_labels

RAW = ["I like blue eggs.", "She sees old dogs", "", "Eat ham now, dogs!"]
WORDS = [
    ["I", "like", "blue", "eggs", "."],
    ["She", "sees", "old", "dogs"],
    [*["Eat", "ham", "now", ",", "dogs", "!"]],
]


@pytest.fixture(scope="module")
def teacher() -> Language:
    return make_trained()


@pytest.fixture(scope="module")
def folder(teacher: Language, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("teacher") / "model"
    teacher.to_disk(path)
    return path


def write(path: Path, suffix: str) -> Path:
    """RETURNS (Path): The raw text in a format."""
    file = path / f"raw{suffix}"
    if suffix == ".txt":
        file.write_text("\n".join(RAW))
    elif suffix == ".jsonl":
        srsly.write_jsonl(file, [{"text": text} for text in RAW])
    elif suffix == ".spacy":
        DocBin(docs=map(spacy.blank("en"), RAW)).to_disk(file)
    return file


def read(*folders: Path) -> list[Any]:
    return [text for paths in iterate_parts(folders) for text in read_part(paths)]


@pytest.mark.parametrize("suffix", [".txt", ".jsonl", ".spacy"])
def test_soft_labels_are_those_of_the_teacher(
    teacher: Language, folder: Path, tmp_path: Path, suffix: str
) -> None:
    done = teach(folder, write(tmp_path, suffix), tmp_path / "soft", spacy.blank("en"), shard_size=3)
    texts = read(tmp_path / "soft")
    assert [text.words for text in texts] == WORDS
    assert [Doc(teacher.vocab, t.words, t.spaces).text.strip() for t in texts] == [*filter(None, RAW)]
    assert (done.n_texts, done.n_words, done.n_bad, done.hard) == (3, 15, 0, [])
    assert len(find_parts(tmp_path / "soft")) == 2
    for text, words in zip(texts, WORDS, strict=True):
        (found,) = text.taught["tag"]
        expected = predict_soft_labels(teacher.get_pipe("lstm_tagger"), make_docs([words], teacher.vocab))
        assert found.labels == expected.labels
        is_kept = expected.probs >= 0.001
        np.testing.assert_allclose(found.probs, np.where(is_kept, expected.probs, 0), atol=1e-3)
        np.testing.assert_array_equal(found.ids[is_kept], expected.ids[is_kept])


def test_words_are_read_as_they_are(folder: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw.jsonl"
    srsly.write_jsonl(raw, [{"tokens": ["I like", "eggs."]}])
    columns = ColumnNames(words="tokens")
    teach(folder, raw, tmp_path / "soft", spacy.blank("en"), columns=columns)
    assert [text.words for text in read(tmp_path / "soft")] == [["I like", "eggs."]]


def test_texts_are_cut_as_the_student_cuts_them(folder: Path, tmp_path: Path) -> None:
    student = spacy.blank("en")
    student.tokenizer = spacy.tokenizer.Tokenizer(student.vocab)  # at spaces only
    teach(folder, write(tmp_path, ".txt"), tmp_path / "soft", student)
    assert read(tmp_path / "soft")[0].words == ["I", "like", "blue", "eggs."]


def test_reading_resumes_after_an_interruption(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, nlp = write(tmp_path, ".txt"), spacy.blank("en")
    teach(folder, raw, tmp_path / "whole", nlp, shard_size=1)
    read_shard, calls = teaching._read_shard, []

    def interrupt(*args: Any) -> int:
        calls.append(args[0])
        if len(calls) == 3:
            raise KeyboardInterrupt
        return read_shard(*args)

    monkeypatch.setattr(teaching, "_read_shard", interrupt)
    with pytest.raises(KeyboardInterrupt):
        teach(folder, raw, tmp_path / "soft", nlp, shard_size=1)
    done = teach(folder, raw, tmp_path / "soft", nlp, shard_size=1)
    assert done.n_finished_before == 2
    assert [call.number for call in calls] == [0, 1, 2, 2, 3]
    assert read_files(tmp_path / "soft") == read_files(tmp_path / "whole")


def test_other_settings_do_not_resume(folder: Path, tmp_path: Path) -> None:
    raw = write(tmp_path, ".txt")
    teach(folder, raw, tmp_path / "soft", spacy.blank("en"))
    with pytest.raises(LSTMTaggerValueError, match=r"L409.*'lang' was 'en', and now is 'de'"):
        teach(folder, raw, tmp_path / "soft", spacy.blank("de"))
    teach(folder, raw, tmp_path / "soft", spacy.blank("de"), force=True)


def test_no_raw_text(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(LSTMTaggerValueError, match="L411"):
        teach(folder, tmp_path / "none.txt", tmp_path / "soft", spacy.blank("en"))


def test_bad_texts_stop_or_are_skipped(folder: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw.jsonl"
    raw.write_text('{"text": "I like ham"}\n{"text": 1}\n{"text": "ham"}\n')
    with pytest.raises(LSTMTaggerValueError, match=r"L416.*raw.jsonl, row 2.*L422"):
        teach(folder, raw, tmp_path / "soft", spacy.blank("en"))
    done = teach(folder, raw, tmp_path / "soft", spacy.blank("en"), on_error="skip")
    assert (done.n_texts, done.n_bad) == (2, 1)
    (bad,) = srsly.read_jsonl(done.bad_rows)
    assert (bad["file"], bad["row"]) == ("raw.jsonl", 2)
    assert len(read(tmp_path / "soft")) == 2
    again = teach(folder, raw, tmp_path / "soft", spacy.blank("en"), on_error="skip")
    assert (again.n_bad, again.bad_rows) == (0, done.bad_rows), "those of the earlier run"


def test_texts_that_the_tokenizer_fails_on_are_bad(folder: Path, tmp_path: Path) -> None:
    student = spacy.blank("en")
    tokenizer = student.tokenizer

    def tokenize(text: str) -> Doc:
        if "dogs!" in text:
            raise OSError("no more")
        return tokenizer(text)

    student.tokenizer = tokenize
    raw = write(tmp_path, ".txt")
    with pytest.raises(LSTMTaggerValueError, match=r"L416.*raw.txt, row 4: OSError: no more"):
        teach(folder, raw, tmp_path / "soft", student)
    done = teach(folder, raw, tmp_path / "soft", student, on_error="skip", force=True)
    assert (done.n_texts, done.n_bad) == (2, 1)


def test_several_teachers_are_read_together(folder: Path, tmp_path: Path) -> None:
    make_trained(CRF).to_disk(tmp_path / "crf")
    raw = write(tmp_path, ".txt")
    for name, model in (("first", folder), ("second", tmp_path / "crf")):
        teach(model, raw, tmp_path / name, spacy.blank("en"), shard_size=2)
    both = read(tmp_path / "first", tmp_path / "second")
    alone = [read(tmp_path / "first"), read(tmp_path / "second")]
    for text, first, second in zip(both, *alone, strict=True):
        for found, expected in zip(
            text.taught["tag"], (first.taught["tag"][0], second.taught["tag"][0]), strict=True
        ):
            np.testing.assert_array_equal(found.probs, expected.probs)


def test_teachers_of_different_texts_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("Eat eggs")
    teach(folder, write(tmp_path, ".txt"), tmp_path / "first", spacy.blank("en"))
    teach(folder, tmp_path / "other.txt", tmp_path / "second", spacy.blank("en"))
    with pytest.raises(LSTMTaggerValueError, match=r"L474.*second"):
        read(tmp_path / "first", tmp_path / "second")
    teach(folder, write(tmp_path, ".txt"), tmp_path / "third", spacy.blank("en"), shard_size=1)
    with pytest.raises(LSTMTaggerValueError, match=r"L474.*third"):
        read(tmp_path / "first", tmp_path / "third")


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_damaged_files_are_refused(folder: Path, tmp_path: Path, damage: bytes | None) -> None:
    teach(folder, write(tmp_path, ".txt"), tmp_path / "soft", spacy.blank("en"))
    (part,) = find_parts(tmp_path / "soft")
    part.write_bytes(part.read_bytes()[:-9] if damage is None else damage)
    with pytest.raises(LSTMTaggerValueError, match=r"L473.*part-00000000.soft"):
        read(tmp_path / "soft")


def test_a_later_format_is_refused(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teach(folder, write(tmp_path, ".txt"), tmp_path / "soft", spacy.blank("en"))
    monkeypatch.setattr(storage, "_VERSION", 0)
    with pytest.raises(LSTMTaggerValueError, match=r"L473.*version 1 of the format, not 0"):
        read(tmp_path / "soft")


def test_a_folder_without_soft_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LSTMTaggerValueError, match="L472"):
        count_words(tmp_path)


TEXTS = st.lists(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=4), min_size=1, max_size=5)


@given(TEXTS, st.data())
def test_what_is_written_is_read(sentences: list[list[str]], data: Any) -> None:
    nlp, writer = spacy.blank("en"), ShardWriter()
    docs, labels = [], []
    for words in sentences:
        spaces = data.draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words)))
        docs.append(Doc(nlp.vocab, words=words, spaces=spaces))
        labels.append(data.draw(st.lists(st.sampled_from("ABC"), min_size=len(words), max_size=len(words))))
        own = tuple(data.draw(st.permutations("ABC")))  # batches may have different labels
        ids = np.array([[own.index(label)] for label in labels[-1]])
        writer.add(docs[-1:], {"tag": SoftLabels(own, ids, np.ones(ids.shape, dtype=np.float32))})
    content = writer.to_bytes()
    path = Path("part")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_bytes", lambda self: content)
        texts = read_part([path])
    assert [(t.words, t.spaces) for t in texts] == [
        ([token.text for token in doc], [bool(token.whitespace_) for token in doc]) for doc in docs
    ]
    assert [name_best(text.taught["tag"][0]) for text in texts] == labels


def test_words_are_counted(folder: Path, tmp_path: Path) -> None:
    teach(folder, write(tmp_path, ".txt"), tmp_path / "soft", spacy.blank("en"), shard_size=1)
    counts = count_words(tmp_path / "soft")
    assert counts == {word: sum(words.count(word) for words in WORDS) for words in WORDS for word in words}
    assert counts["dogs"] == 2


# Teachers


class Adder:
    """A component that assigns lemmas."""

    def __call__(self, doc: Doc) -> Doc:
        for token in doc:
            token.lemma_ = token.lower_
        return doc


@Language.factory("lower_lemmas", assigns=["token.lemma"])
def make_adder(nlp: Language, name: str) -> Adder:
    return Adder()


def make_full() -> Language:
    """RETURNS (Language): Tags by ours, and parts of speech by rules from these, lemmas, entities."""
    nlp = make_trained()
    ruler = nlp.add_pipe("attribute_ruler")
    ruler.add(patterns=[[{"TAG": "N"}]], attrs={"POS": "NOUN"})
    nlp.add_pipe("lower_lemmas")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "FOOD", "pattern": "blue ham"}])
    nlp.add_pipe("sentencizer")
    return nlp


def test_every_annotation_is_taught_by_the_last_component_that_assigns_it() -> None:
    nlp = make_full()
    pipeline = TeacherPipeline(nlp)
    assert pipeline.places == {"tag": 0, "morph": 1, "lemma": 2, "ent": 3}
    assert pipeline.hard == ["morph", "lemma", "ent"]
    doc = nlp.make_doc("Eat blue ham")
    taught = pipeline([doc])
    assert name_best(taught["tag"]) == ["V", "J", "N"]
    assert 0.5 < taught["tag"].probs[0, 0] < 1
    assert name_best(taught["morph"]) == ["", "", "POS=NOUN"]
    assert name_best(taught["lemma"]) == ["eat", "blue", "ham"]
    assert name_best(taught["ent"]) == ["", "B-FOOD", "L-FOOD"] or name_best(taught["ent"])[0] == "O"


def test_rules_for_a_few_words_leave_the_others_their_probabilities() -> None:
    """spaCy's English pipelines have one for whitespace."""
    nlp = make_trained()
    ruler = nlp.add_pipe("attribute_ruler")
    ruler.add(patterns=[[{"ORTH": "blue"}]], attrs={"TAG": "COLOR"})
    pipeline = TeacherPipeline(nlp)
    assert (pipeline.places, pipeline.hard) == ({"tag": 1}, [])
    soft = pipeline([nlp.make_doc("Eat blue ham")])["tag"]
    expected = predict_soft_labels(nlp.get_pipe("lstm_tagger"), [nlp.make_doc("Eat blue ham")])
    assert name_best(soft) == ["V", "COLOR", "N"]
    assert soft.probs[1].tolist() == [1, 0, 0, 0]
    np.testing.assert_allclose(soft.probs[[0, 2]], expected.probs[[0, 2]])


def test_rulers_teach_what_their_rules_assign() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("attribute_ruler").add(patterns=[[{"ORTH": "ham"}]], attrs={"LEMMA": "ham"})
    nlp.add_pipe("span_ruler", config={"annotate_ents": True})
    assert find_places(nlp) == {"lemma": 0, "ent": 1}


def test_norms_of_the_tokenizer_reach_the_teacher(folder: Path, tmp_path: Path) -> None:
    norms = []

    @Language.component("norm_reader", assigns=["token.lemma"])
    def read_norms(doc: Doc) -> Doc:
        norms.extend(token.norm_ for token in doc)
        return doc

    nlp = spacy.blank("en")
    nlp.add_pipe("norm_reader")
    nlp.to_disk(tmp_path / "teacher")
    (tmp_path / "raw.txt").write_text("I can't")
    teach(tmp_path / "teacher", tmp_path / "raw.txt", tmp_path / "soft", spacy.blank("en"))
    assert norms == ["i", "can", "not"]


def test_components_that_come_after_are_not_run() -> None:
    nlp = make_trained()

    @Language.component("failing")
    def fail(doc: Doc) -> Doc:
        raise AssertionError

    nlp.add_pipe("failing")
    assert name_best(TeacherPipeline(nlp)([nlp.make_doc("Eat blue ham")])["tag"]) == ["V", "J", "N"]


def test_a_pipeline_that_annotates_nothing_is_no_teacher() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    with pytest.raises(LSTMTaggerValueError, match=r"L470.*sentencizer"):
        TeacherPipeline(nlp)
    assert find_places(nlp) == {}


def test_a_teacher_that_merges_words_is_refused() -> None:
    nlp = make_full()
    nlp.add_pipe("merge_entities", before="sentencizer")
    nlp.add_pipe("lower_lemmas", name="again")
    with pytest.raises(LSTMTaggerValueError, match=r"L471.*'Eat blue ham"):
        TeacherPipeline(nlp)([nlp.make_doc("Eat blue ham")])


def test_most_probable_labels_become_annotation() -> None:
    nlp = make_full()
    writer = ShardWriter()
    docs = [nlp.make_doc("Eat blue ham")]
    writer.add(docs, TeacherPipeline(nlp)(docs))
    content = writer.to_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_bytes", lambda self: content)
        (text,) = read_part([Path("part")])
    doc, expected = make_annotated(nlp.vocab, text), nlp("Eat blue ham")
    assert [(t.text, t.tag_, t.pos_, t.lemma_) for t in doc] == [
        (t.text, t.tag_, t.pos_, t.lemma_) for t in expected
    ]
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("blue ham", "FOOD")]


def test_a_listening_teacher_hears() -> None:
    """spaCy's tagger over its own tok2vec component."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96}
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    nlp.add_pipe("tagger", config={"model": model})
    examples = make_examples(nlp, TRAIN)
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(20):
        nlp.update(examples, sgd=optimizer)
    docs: Sequence[Doc] = [nlp.make_doc(text) for text, _ in TRAIN]
    found = name_best(TeacherPipeline(nlp)(docs)["tag"])
    assert found == [token.tag_ for doc in nlp.pipe(text for text, _ in TRAIN) for token in doc]
    assert len(set(found)) > 1
