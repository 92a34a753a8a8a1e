"""What a pipeline gives for a corpus, and which of its words are known."""

import json

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from spacy_lstm_tagger.corpora import create_corpus
from spacy_lstm_tagger.report.evaluation import evaluate
from spacy_lstm_tagger.report.known_words import from_training_data, from_vocabulary
from spacy_lstm_tagger.report.summary import collect_tags, collect_words, compare, summarize


@pytest.fixture(scope="module")
def evaluation(nlp, data):
    return evaluate(nlp, create_corpus(data)(nlp), "lstm_tagger", data)


def test_words_and_gold_tags_are_those_of_the_data(evaluation, data):
    rows = [json.loads(line) for line in data.read_text(encoding="utf8").splitlines()]
    assert [sentence.words for sentence in evaluation.sentences] == [row["words"] for row in rows]
    gold = [[tag or "" for tag in row["tags"]] for row in rows]
    assert [sentence.gold for sentence in evaluation.sentences] == gold


def test_tags_and_confidences_are_the_pipelines(evaluation, nlp):
    for sentence in evaluation.sentences:
        doc = nlp(Doc(nlp.vocab, words=sentence.words))
        assert sentence.predicted == [token.tag_ for token in doc]
        assert sentence.confidences == pytest.approx([token._.tag_score for token in doc], abs=1e-6)


def test_accuracy_is_that_of_spacy(nlp, data, tmp_path):
    """For words: with whitespace, spaCy's is not a share."""
    lines = data.read_text(encoding="utf8").splitlines()
    (tmp_path / "words.jsonl").write_text("\n".join(lines[:3]))
    corpus = create_corpus(tmp_path / "words.jsonl")
    found = evaluate(nlp, corpus(nlp), "lstm_tagger", "words")
    summary = summarize(found, collect_tags([found]), None)
    assert summary["accuracy"]["value"] == pytest.approx(nlp.evaluate(list(corpus(nlp)))["tag_acc"])
    assert summary["accuracy"]["words"] == 11  # one of twelve has no gold tag
    assert (summary["known"], summary["unknown"]) == (None, None)


def test_documents_are_tagged_whole_and_shown_by_sentence(nlp, tmp_path):
    """The .spacy reader tokenizes the text again; the report keeps the words of the data."""
    words = ["Can't", "eat", ".", "Old", "ham"]
    reference = Doc(nlp.vocab, words=words, tags=["V", "V", "R", "J", "N"], sent_starts=[1, 0, 0, 1, 0])
    DocBin(docs=[reference]).to_disk(tmp_path / "data.spacy")
    found = evaluate(nlp, create_corpus(tmp_path / "data.spacy")(nlp), "lstm_tagger", "data").sentences
    assert [sentence.words for sentence in found] == [words[:3], words[3:]]
    doc = nlp(Doc(nlp.vocab, words=words))
    assert [tag for sentence in found for tag in sentence.predicted] == [token.tag_ for token in doc]


def test_a_pipeline_without_confidences_has_none(data):
    """spaCy's own tagger, here one that knows only two tags."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tagger")
    doc = Doc(nlp.vocab, words=["green", "ham"], tags=["J", "N"])
    nlp.initialize(lambda: [Example(Doc(nlp.vocab, words=["green", "ham"]), doc)])
    found = evaluate(nlp, create_corpus(data)(nlp), "lstm_tagger", data)
    summary = summarize(found, collect_tags([found]), None)
    assert all(sentence.confidences is None for sentence in found.sentences)
    assert summary["calibration"] is None
    assert 0 <= summary["accuracy"]["value"] < 1
    assert from_vocabulary(nlp, "tagger") is None


def test_data_without_gold_tags_and_pipelines_without_tags_are_refused(nlp, data, tmp_path):
    (tmp_path / "bare.jsonl").write_text('{"words": ["a"], "tags": [null]}\n')
    with pytest.raises(ValueError, match=r"L502.*bare\.jsonl"):
        evaluate(nlp, create_corpus(tmp_path / "bare.jsonl")(nlp), "lstm_tagger", "bare.jsonl")
    blank = spacy.blank("en")
    blank.add_pipe("sentencizer")
    with pytest.raises(ValueError, match=r"L503.*sentencizer"):
        evaluate(blank, create_corpus(data)(blank), "lstm_tagger", data)


def test_pipelines_that_merge_words_are_refused(model, data):
    nlp = spacy.load(model)
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "FOOD", "pattern": "green eggs"}])
    nlp.add_pipe("merge_entities")
    with pytest.raises(ValueError, match=r"L507.*I like green eggs.*merge_entities"):
        evaluate(nlp, create_corpus(data)(nlp), "lstm_tagger", data)


def test_known_words_of_the_vocabulary_and_of_training_data(nlp, data, evaluation):
    known = from_vocabulary(nlp, "lstm_tagger")
    assert "LOWER" in known.source
    assert [known.contains(word) for word in ("ham", "HAM", "hams")] == [True, True, False]
    known = from_training_data(create_corpus(data)(nlp), "train.jsonl")
    assert "train.jsonl" in known.source
    assert [known.contains(word) for word in ("ham", "HAM", "Ham")] == [True, False, True]
    summary = summarize(evaluation, collect_tags([evaluation]), from_vocabulary(nlp, "lstm_tagger"))
    assert summary["known"]["words"] == 12
    assert summary["unknown"]["words"] == 2
    assert summary["known"]["right"] + summary["unknown"]["right"] == summary["accuracy"]["right"]


def test_the_vocabulary_of_hashed_tables_is_none(nlp, monkeypatch):
    tagger = nlp.get_pipe("lstm_tagger")
    monkeypatch.setattr(type(tagger), "label_data", {"labels": [], "vocabulary": {"PREFIX": {"h": 1}}})
    assert from_vocabulary(nlp, "lstm_tagger") is None


def test_comparison_counts_words(evaluation):
    """The second model is the first with the tag of one word made right, that of another wrong."""
    second = evaluation.sentences[1]
    assert (second.gold, second.predicted) == (["N", "J", "N"], ["V", "J", "N"])
    changed = [*evaluation.sentences]
    changed[1] = second._replace(predicted=["N", "J", "V"])
    changed[0] = changed[0]._replace(predicted=["N", "V", "V", "N"])
    evaluations = [evaluation, evaluation._replace(sentences=changed)]
    found = compare(evaluations, collect_tags(evaluations))
    assert (found["only_first_right"], found["only_second_right"], found["differing_words"]) == (2, 1, 3)
    assert found["difference"]["value"] == pytest.approx(-1 / 14)
    assert found["p_mcnemar"] == 1


def test_words_without_a_gold_tag_do_not_count(evaluation):
    words = collect_words(evaluation.sentences, collect_tags([evaluation]))
    assert len(words.forms) == len(words.gold) == len(words.confidences) == 14
    assert "dogs" not in words.forms
