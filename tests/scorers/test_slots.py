"""The slots of tags are those of CoNLL's evaluation, and their counts are those made by hand."""

from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest
import spacy
from hypothesis import example, given
from hypothesis import strategies as st
from spacy.lang.en import English
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.iob_utils import iob_to_biluo, tags_to_entities
from spacy.util import registry

from spacy_lstm_tagger.schemes import Span, convert, find_spans, is_valid
from spacy_lstm_tagger.scorers import score_slots

NLP = spacy.blank("en")
SCORER = "spacy-lstm-tagger.slot_scorer.v1"
NOTHING = {"slots_p": None, "slots_r": None, "slots_f": None, "slots_per_type": None}

# The parts of a text: a label, or None for words outside, and a number of words. Labels may look like tags.
PARTS = st.lists(st.tuples(st.sampled_from([None, "X", "Y", "B-U-L", "I"]), st.integers(1, 4)), max_size=8)
TAG = st.sampled_from(["O", "I", *map("-".join, product("BILU", "XY"))])
TAGS = st.lists(TAG | st.just(""), max_size=8)


def make_doc(tags: Iterable[str], words: Iterable[str] = ()) -> Doc:
    """Make a doc with these tags, of which some may be missing ("")."""
    tags = list(tags)
    return Doc(NLP.vocab, words=list(words) or [f"w{i}" for i in range(len(tags))], tags=tags)


def score(*pairs: tuple[str, str]) -> dict[str, Any]:
    """Score pairs of predicted and gold tags, which are separated by spaces; a missing tag is "-"."""
    docs = [[make_doc(tag.strip("-") for tag in tags.split()) for tags in pair] for pair in pairs]
    return score_slots([Example(*pair) for pair in docs])


def score_words(predicted: list[tuple[str, str]], gold: list[tuple[str, str]]) -> dict[str, Any]:
    """Score the tags of words that are not the same."""
    docs = [make_doc(*reversed(list(zip(*pairs, strict=True)))) for pairs in (predicted, gold)]
    return score_slots([Example(*docs)])


def prf(tp: int, fp: int, fn: int) -> dict[str, Any]:
    """Precision, recall and F-score from counts, as in a textbook."""
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    fscore = 2 * tp / (2 * tp + fp + fn)
    return {"p": pytest.approx(precision), "r": pytest.approx(recall), "f": pytest.approx(fscore)}


def write(parts: list[tuple[str | None, int]]) -> tuple[list[str], list[str], list[Span]]:
    """Write a text's parts as tags of BIO and of BILUO, and as slots."""
    bio: list[str] = []
    biluo: list[str] = []
    slots = []
    for label, length in parts:
        if label is None:
            bio += ["O"] * length
            biluo += ["O"] * length
            continue
        slots.append(Span(label, len(bio), len(bio) + length))
        bio += [f"B-{label}", *[f"I-{label}"] * (length - 1)]
        shape = "U" if length == 1 else f"B{'I' * (length - 2)}L"
        biluo += [f"{prefix}-{label}" for prefix in shape]
    return bio, biluo, slots


def count_by_hand(predicted: list[list[Span]], gold: list[list[Span]]) -> dict[str, list[int]]:
    """Count slots found, invented and overlooked, for each label and for all together."""
    counts: dict[str, list[int]] = {"all": [0, 0, 0]}
    for found, expected in zip(predicted, gold, strict=True):
        outcomes = [(slot.label, 0 if slot in expected else 1) for slot in found]
        outcomes += [(slot.label, 2) for slot in expected if slot not in found]
        for label, outcome in outcomes:
            for key in ("all", label):
                counts.setdefault(key, [0, 0, 0])[outcome] += 1
    return counts


# Tags → slots


@given(parts=PARTS)
def test_slots_are_found_in_both_schemes(parts: list[tuple[str | None, int]]) -> None:
    bio, biluo, slots = write(parts)
    for tags in (bio, biluo):
        assert find_spans(tags) == slots
        assert is_valid(tags)
    as_spacy_reads = [Span(label, start, end + 1) for label, start, end in tags_to_entities(biluo)]
    assert as_spacy_reads == slots
    assert iob_to_biluo(bio) == biluo


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("I-X", ["X 0 1"]),
        ("O I-X I-X", ["X 1 3"]),
        ("I-X O I-X", ["X 0 1", "X 2 3"]),
        ("B-X I-Y I-Y", ["X 0 1", "Y 1 3"]),
        ("I-X I-Y B-Y", ["X 0 1", "Y 1 2", "Y 2 3"]),
        ("L-X", ["X 0 1"]),
        ("O L-X L-X", ["X 1 2", "X 2 3"]),
        ("B-X L-Y", ["X 0 1", "Y 1 2"]),
        ("B-X L-X I-X L-X", ["X 0 2", "X 2 4"]),
        ("U-X I-X", ["X 0 1", "X 1 2"]),
        ("B-X U-X L-X", ["X 0 1", "X 1 2", "X 2 3"]),
        ("I-X U-X", ["X 0 1", "X 1 2"]),
        ("B-X I-X B-X", ["X 0 2", "X 2 3"]),
        ("B I O B", [" 0 2", " 3 4"]),  # without labels, as for phrases of one kind
        ("E-X S-X B-X E-X", ["X 0 1", "X 1 2", "X 2 4"]),
    ],
)
def test_slots_of_doubtful_tags(tags: str, expected: list[str]) -> None:
    assert [" ".join(map(str, slot)) for slot in find_spans(tags.split())] == expected


def test_a_missing_tag_is_in_no_slot() -> None:
    assert find_spans(["B-X", "", "I-X"]) == [Span("X", 0, 1), Span("X", 2, 3)]


@pytest.mark.parametrize("tag", ["NN", "b-X", "XB-X", "O-X", "!B-X", "X", "o", "BI-X"])
def test_tags_of_no_scheme_are_refused_rather_than_outside(tag: str) -> None:
    for tags in ([tag], ["B-X", tag], ["O", tag, "B-X"]):
        with pytest.raises(ValueError, match=rf"\[L330\] The label '{tag}' belongs to no scheme"):
            find_spans(tags)
        with pytest.raises(ValueError, match=r"\[L330\]"):
            convert(tags, "bio")
        with pytest.raises(ValueError, match=r"\[L330\]"):
            score((" ".join(tags), " ".join("O" for _ in tags)))


def test_negative_annotation_is_neither_right_nor_wrong() -> None:
    """A gold tag "!B-X" says what a word is not: as little is known about a slot there as without a tag."""
    missing = score(("B-X O U-Y", "- O U-Y"))
    assert score(("B-X O U-Y", "!B-X O U-Y"))["slots_f"] == missing["slots_f"] == 1.0


@given(tags=TAGS)
def test_slots_of_any_tags_lie_apart_and_hold_every_slot_tag(tags: list[str]) -> None:
    slots = find_spans(tags)
    held = [index for slot in slots for index in range(slot.start, slot.end)]
    assert held == [index for index, tag in enumerate(tags) if tag not in ("O", "")]
    for slot in slots:
        assert {tag.partition("-")[2] for tag in tags[slot.start : slot.end]} == {slot.label}


@given(tags=TAGS)
@example(tags=["B-X", "O"])
@example(tags=["B-X", "O", "U-X"])
@example(tags=["B-X", "L-X", "B-X"])
def test_valid_tags_are_those_that_their_slots_are_written_as(tags: list[str]) -> None:
    parts: list[tuple[str | None, int]] = []
    end = 0
    for slot in find_spans(tags):
        parts += [(None, slot.start - end), (slot.label, slot.end - slot.start)]
        end = slot.end
    bio, biluo, _ = write([*parts, (None, len(tags) - end)])  # which has O where a tag is missing
    without_labels = [tag.removesuffix("-") for tag in bio], [tag.removesuffix("-") for tag in biluo]
    assert is_valid(tags) == (tags in without_labels)


@pytest.mark.parametrize("tags", ["", "O O", "B-X B-X I-X", "U-X B-X L-X", "B-X I-X L-X O U-Y", "B I"])
def test_valid(tags: str) -> None:
    assert is_valid(tags.split())


@pytest.mark.parametrize(
    "tags",
    [
        *(
            "I-X",
            "O I-X",
            "B-X I-Y",
            "B-X O I-X",
            "L-X",
            "U-X I-X",
            "U-X L-X",
            "B-X L-X L-X",
            "U-X B-Y L-X",
        ),
        *(
            "B-X L-X B-X",
            "B-X L-X B-X O",
            "U-X B-X U-X",
            "B-X I-X U-X",
            "NN",
            "O-X",
            "b-X",
            "S-X L-X",
            "S-X U-X",
            "B-X NN",
        ),
    ],
)
def test_not_valid(tags: str) -> None:
    assert not is_valid(tags.split())


def test_a_missing_tag_is_not_valid() -> None:
    assert not is_valid(["O", ""])


# Scores


@pytest.mark.parametrize("predicted_scheme", [0, 1])
@pytest.mark.parametrize("gold_scheme", [0, 1])
@given(parts=st.lists(PARTS, max_size=3))
def test_gold_slots_are_right_in_either_scheme(predicted_scheme: int, gold_scheme: int, parts: Any) -> None:
    texts = [write(text) for text in parts]
    scores = score(*((" ".join(text[predicted_scheme]), " ".join(text[gold_scheme])) for text in texts))
    labels = sorted({slot.label for *_, slots in texts for slot in slots})
    if predicted_scheme == gold_scheme:
        assert scores.pop("tag_acc") == (pytest.approx(1.0) if any(text[0] for text in texts) else None)
    scores.pop("tag_acc", None)
    perfect = prf(1, 0, 0)
    expected: dict[str, Any] = {f"slots_{key}": value for key, value in perfect.items()}
    expected["slots_per_type"] = dict.fromkeys(labels, perfect)
    assert scores == (expected if labels else NOTHING)


@given(pairs=st.lists(st.lists(st.tuples(TAG, TAG))))
def test_scores_are_those_of_counting_by_hand(pairs: list[list[tuple[str, str]]]) -> None:
    predicted = [[tag for tag, _ in pair] for pair in pairs]
    gold = [[tag for _, tag in pair] for pair in pairs]
    scores = score(*((" ".join(a), " ".join(b)) for a, b in zip(predicted, gold, strict=True)))
    counts = count_by_hand([find_spans(tags) for tags in predicted], [find_spans(tags) for tags in gold])
    total = counts.pop("all")
    per_type = scores.pop("slots_per_type")
    words = sum(map(len, pairs))
    right = sum(a == b for pair in pairs for a, b in pair)
    assert scores.pop("tag_acc") == (pytest.approx(right / words) if words else None)
    if any(total):
        assert scores == {f"slots_{key}": value for key, value in prf(*total).items()}
        assert per_type == {label: prf(*count) for label, count in counts.items()}
        assert list(per_type) == sorted(per_type)
    else:
        assert scores | {"slots_per_type": per_type} == NOTHING


def test_worked_example() -> None:
    scores = score(
        ("B-city I-city O B-day", "B-city I-city O B-day"),  # two are right
        ("B-city O O B-day", "B-city I-city O B-city"),  # one is too short, one has the wrong label
        ("O O I-day", "B-day O B-day"),  # one is overlooked, one is right although it begins with I
    )
    assert scores == {
        "tag_acc": pytest.approx(7 / 11),
        **{f"slots_{key}": value for key, value in prf(3, 2, 3).items()},
        "slots_per_type": {"city": prf(1, 1, 2), "day": prf(2, 1, 1)},
    }


@pytest.mark.parametrize(
    ("predicted", "gold", "counts"),
    [
        ("O I-X I-X", "O B-X I-X", (1, 0, 0)),
        ("B-X I-Y", "B-X I-X", (0, 2, 1)),
        ("L-X O B-X", "U-X O U-X", (2, 0, 0)),
        ("U-X L-X", "B-X L-X", (0, 2, 1)),
        ("B-X I-X O", "B-X L-X O", (1, 0, 0)),
        ("B-X B-X", "B-X I-X", (0, 2, 1)),
        ("O O", "U-X O", (0, 0, 1)),
        ("U-X O", "O O", (0, 1, 0)),
        ("- -", "B-X I-X", (0, 0, 1)),  # nothing was predicted
        # Gold tags are missing: the predicted slots that hold such words are left out.
        ("U-X O", "- U-X", (0, 0, 1)),
        ("B-X I-X O", "- - -", None),
        ("B-X L-X U-X", "O - U-X", (1, 0, 0)),
        ("B-X L-X U-X", "- O U-X", (1, 0, 0)),
        ("O U-X O", "- U-X -", (1, 0, 0)),
        ("O U-X O", "- O -", (0, 1, 0)),
        ("B-X I-X", "B-X -", (0, 0, 1)),
        ("O O", "O -", None),
    ],
)
def test_counts(predicted: str, gold: str, counts: tuple[int, int, int] | None) -> None:
    scores = score((predicted, gold))
    expected = prf(*counts) if counts else dict.fromkeys("prf")
    assert {key: scores[f"slots_{key}"] for key in "prf"} == expected


def test_slots_of_different_docs_are_different() -> None:
    scores = score(("U-X O", "O O"), ("O O", "U-X O"))
    assert scores["slots_per_type"] == {"X": prf(0, 1, 1)}


@pytest.mark.parametrize("examples", [[], [Example(make_doc([]), make_doc([]))]])
def test_no_words(examples: list[Example]) -> None:
    assert score_slots(examples) == {"tag_acc": None, **NOTHING}
    assert score_slots(iter(examples)) == {"tag_acc": None, **NOTHING}


def test_examples_may_be_an_iterator() -> None:
    pair = make_doc(["U-X"]), make_doc(["U-X"])
    scores = score_slots(iter([Example(*pair)]))
    assert scores["tag_acc"] == scores["slots_f"] == pytest.approx(1.0)


# Different tokenization

NEW_YORK = [("to", "O"), ("New", "B-city"), ("York", "I-city"), (".", "O")]


@pytest.mark.parametrize(
    ("predicted", "counts"),
    [
        (NEW_YORK, (1, 0, 0)),
        ([("to", "O"), ("New York", "B-city"), (".", "O")], (1, 0, 0)),
        ([("toNew", "O"), ("York.", "O")], (0, 0, 1)),
        ([("to", "O"), ("New", "B-city"), ("York.", "I-city")], (0, 1, 1)),
        ([("toNew", "B-city"), ("York", "I-city"), (".", "O")], (0, 1, 1)),
        ([("to", "O"), ("N", "B-city"), ("ewYo", "I-city"), ("rk", "L-city"), (".", "O")], (1, 0, 0)),
        ([("TO", "O"), ("new", "B-city"), ("\n", "I-city"), ("york", "I-city"), (".", "O")], (1, 0, 0)),
        ([("to", "O"), ("\n", "O"), ("New", "B-city"), ("York", "L-city"), (".", "O")], (1, 0, 0)),
        ([("to", "O"), ("\n", "U-city"), ("New", "B-city"), ("York", "L-city"), (".", "O")], (1, 0, 0)),
    ],
)
def test_slots_are_compared_by_characters(
    predicted: list[tuple[str, str]], counts: tuple[int, int, int]
) -> None:
    assert score_words(predicted, NEW_YORK)["slots_per_type"] == {"city": prf(*counts)}
    tp, fp, fn = counts
    assert score_words(NEW_YORK, predicted)["slots_per_type"] == {"city": prf(tp, fn, fp)}


def test_part_of_a_word_without_a_gold_tag_is_unknown() -> None:
    gold = [("to", "O"), ("NewYork", ""), (".", "O")]
    assert score_words(NEW_YORK, gold) == {"tag_acc": pytest.approx(1.0), **NOTHING}


def test_texts_with_other_whitespace() -> None:
    predicted = NLP.make_doc("Fly  to Rome.")
    for token, tag in zip(predicted, ["O", "O", "O", "U-city", "O"], strict=True):
        token.tag_ = tag
    words = {"words": ["Fly", "to", "Rome", "."], "tags": ["O", "O", "B-city", "O"]}
    assert score_slots([Example.from_dict(predicted, words)])["slots_f"] == pytest.approx(1.0)


def test_lower_case_may_be_longer() -> None:
    predicted = [("i̇", "O"), ("x", "U-X")]
    assert score_words(predicted, [("İ", "O"), ("x", "U-X")])["slots_f"] == pytest.approx(1.0)


# In a pipeline

CONFIG = """
[nlp]
lang = "en"
pipeline = ["lstm_tagger"]

[components]

[components.lstm_tagger]
factory = "lstm_tagger"

[components.lstm_tagger.scorer]
@scorers = "spacy-lstm-tagger.slot_scorer.v1"

[training]

[training.score_weights]
tag_acc = 0.0
slots_f = 1.0
"""


def test_evaluation_of_a_pipeline() -> None:
    nlp = English.from_config(spacy.util.load_config_from_str(CONFIG))
    assert nlp.get_pipe("lstm_tagger").scorer is registry.scorers.get(SCORER)()
    words = ["fly", "to", "New", "York"]
    gold = {"words": words, "tags": ["O", "O", "B-city", "I-city"]}
    examples = [Example.from_dict(Doc(nlp.vocab, words=words), gold)]
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(20):
        nlp.update(examples, sgd=optimizer)
    scores = nlp.evaluate(examples)
    assert scores["tag_acc"] == scores["slots_f"] == pytest.approx(1.0)
    assert scores["slots_per_type"] == {"city": prf(1, 0, 0)}
    wrong = [Example.from_dict(Doc(nlp.vocab, words=words), gold | {"tags": ["O", "O", "B-city", "O"]})]
    assert nlp.evaluate(wrong)["slots_f"] == 0.0
