"""Figures of tags on text, counted by hand, and the command that prints them."""

import json
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import spacy
from commands import invoke_plugin
from helpers import save
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example

from spacy_lstm_tagger.report.retokenized import evaluate_text
from spacy_lstm_tagger.report.writing import read_texts


@pytest.fixture
def nlp() -> Language:
    """RETURNS (Language): A pipeline that tags every token by its length, so that tags can be foretold."""
    nlp = spacy.blank("en")

    @Language.component("tag_by_length")
    def tag_by_length(doc: Doc) -> Doc:
        for token in doc:
            token.tag_ = str(len(token))
        return doc

    nlp.add_pipe("tag_by_length")
    return nlp


def make(nlp: Language, *words: str, tags: list[str], spaces: list[bool] | None = None) -> Doc:
    return Doc(nlp.vocab, words=list(words), tags=tags, spaces=spaces or [True] * len(words))


def test_counts_by_hand(nlp: Language) -> None:
    # The tokenizer cuts "don't" into do + n't, and keeps "a-b1" whole.
    docs = [
        make(nlp, "I", "don't", "run", tags=["1", "5", "wrong"]),
        make(nlp, "a", "-", "b1", "it", tags=["1", "1", "2", "2"], spaces=[False, False, True, False]),
    ]
    found = evaluate_text(nlp, docs)
    assert found is not None
    cut = [token.text for token in nlp.tokenizer(docs[1].text)]
    n_same = 1 if cut == ["a", "-", "b1", "it"] else 0
    assert cut in (["a-b1", "it"], ["a", "-", "b1", "it"])
    assert found.found.words == found.right.words == 7
    assert found.found.right == 2 + (4 if n_same else 1)
    assert found.right.right == 1 + (4 if n_same else 1)
    n_predicted = 4 + len(cut)
    assert found.precision == pytest.approx(found.right.right / n_predicted)
    assert found.f1 == pytest.approx(2 * found.right.right / (7 + n_predicted))
    assert ("don't", "do n't") in found.examples


def test_words_without_a_gold_tag_do_not_count(nlp: Language) -> None:
    found = evaluate_text(nlp, [make(nlp, "I", "run", "far", tags=["1", "", "3"])])
    assert found is not None
    assert (found.found.words, found.right.right, found.f1) == (2, 2, 1.0)


def test_the_same_words_give_the_score_of_spacy(nlp: Language) -> None:
    docs = [make(nlp, "I", "run", "far", tags=["1", "2", "3"]), make(nlp, "Far", "away", tags=["3", "4"])]
    found = evaluate_text(nlp, docs)
    expected = Scorer.score_token_attr([Example(nlp(doc.text), doc) for doc in docs], "tag")["tag_acc"]
    assert found is not None
    assert found.f1 == found.right.value == pytest.approx(expected)


def test_a_text_of_unknown_spaces_is_not_evaluated(nlp: Language) -> None:
    assert evaluate_text(nlp, [Doc(nlp.vocab, words=["I", "run"], tags=["1", "3"])]) is None
    assert evaluate_text(nlp, []) is None


# Multiword tokens

CONTRACTED = (
    "1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n1\tdo\tdo\t_\tV\t_\t_\t_\t_\t_\n2\tn't\tnot\t_\tN\t_\t_\t_\t_\t_\n"
)


@pytest.fixture
def evaluate(model: Path) -> Callable[..., tuple[int, str]]:
    return partial(invoke_plugin, "evaluate", model)


def test_multiword_tokens_are_in_the_text(evaluate: Any, tmp_path: Path) -> None:
    """The English tokenizer cuts "don't" as the corpus does; "joined", it would be one word."""
    data, output = save(tmp_path, CONTRACTED, "data.conllu"), tmp_path / "figures.json"
    code, printed = evaluate(data, "--output", output)
    assert code == 0, printed
    figures = json.loads(output.read_text())
    assert figures["accuracy"]["words"] == 2
    assert figures["retokenized"]["found"]["words"] == 1
    assert figures["retokenized"]["examples"] == [{"word": "don't", "cut": "do n't"}]
    assert '"don\'t" as "do n\'t"' in printed
    code, printed = evaluate(data, "--output", output, "--multiword-tokens", "first")
    assert json.loads(output.read_text())["accuracy"]["words"] == 1


def test_the_command_prints_figures_of_both(evaluate: Any, tmp_path: Path) -> None:
    content = "1\tI\tI\t_\tN\t_\t_\t_\t_\t_\n2\tlike\tlike\t_\tX\t_\t_\t_\t_\tSpaceAfter=No\n\n"
    code, printed = evaluate(save(tmp_path, content, "data.conllu"))
    assert code == 0
    assert "Gold words 50.00" in printed
    assert "From text 50.00" in printed
    assert "tokenizer finds 100.00" in printed


def test_unknown_spaces_are_said(evaluate: Any, data: Path) -> None:
    code, printed = evaluate(data)
    assert code == 0
    assert "does not say where there are spaces" in printed


def test_bad_input_is_a_message(evaluate: Any, tmp_path: Path) -> None:
    for content, name, message in (
        ("wrong", "a.conllu", "[L308]"),
        (CONTRACTED.replace("\tV", "\t_").replace("\tN", "\t_"), "b.conllu", "[L502]"),
    ):
        code, printed = evaluate(save(tmp_path, content, name))
        assert code == 1
        assert message in printed
        assert "Traceback" not in printed


VERB_CONTRACTED = """\
1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
1\tdo\tdo\tAUX\tVBP\t_\t_\t_\t_\t_
2\tn't\tnot\tPART\tRB\t_\t_\t_\t_\t_
3\tgo\tgo\tVERB\tVB\t_\t_\t_\t_\t_

"""


def test_joined_tags_of_contractions_are_no_cause_for_a_warning(tmp_path: Path) -> None:
    """The tagger need not know "VBP_RB", which no word of the treebank has."""
    nlp = spacy.blank("en")
    nlp.add_pipe("lstm_tagger")
    gold = {"words": ["do", "n't", "go"], "tags": ["VBP", "RB", "VB"]}
    nlp.initialize(lambda: [Example.from_dict(Doc(nlp.vocab, gold["words"]), gold)])
    data = save(tmp_path, VERB_CONTRACTED, "data.conllu")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        [doc] = read_texts(data, "xpos", "split", nlp)
    assert [(token.text, token.tag_) for token in doc] == [("don't", "VBP_RB"), ("go", "VB")]
    assert doc.vocab is nlp.vocab
