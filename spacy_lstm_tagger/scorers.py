"""A scorer of slots: labelled spans that are written as one tag a word, in the BIO or the BILUO scheme."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from spacy.pipeline.tagger import tagger_score
from spacy.scorer import PRFScore
from spacy.tokens import Doc, Token
from spacy.training import Example

# What stands before the "-" and the label. The last two are BILUO's alone.
_BEGIN, _IN, _LAST, _UNIT = _PREFIXES = ("B", "I", "L", "U")
_OUTSIDE = "O"


class Slot(NamedTuple):
    """A label and its span: from `start` up to, but not including, `end`."""

    label: str
    start: int
    end: int


def create_slot_scorer() -> Callable[..., dict[str, Any]]:
    """RETURNS (Callable): `score_slots`."""
    return score_slots


def score_slots(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Score tags word by word, as spaCy's tagger does, and slot by slot.

    A predicted slot is right if the reference has one with the same label and the same characters,
    whatever the tokenization, whitespace and case. The slots of a sequence that is not valid are those that
    `find_slots` finds.

    A word without a gold tag may be part of a slot or not. So a predicted slot that holds such a word is
    neither right nor wrong; spaCy's `tag_acc` and `ents_f` leave out such words and entities, too.

    examples (Iterable[Example]): The examples.
    **kwargs (Any): For spaCy's `tagger_score`.
    RETURNS (Dict[str, Any]): `tag_acc`; precision, recall and F-score of all slots as `slots_p`, `slots_r`
        and `slots_f`, and by label as `slots_per_type`. As in spaCy, scores of nothing are None.
    """
    examples = list(examples)
    per_type: defaultdict[str, PRFScore] = defaultdict(PRFScore)
    for example in examples:
        gold = _locate_slots(example.reference)
        predicted = _leave_out_unknown(_locate_slots(example.predicted), example.reference)
        for slot in predicted & gold:
            per_type[slot.label].tp += 1
        for slot in predicted - gold:
            per_type[slot.label].fp += 1
        for slot in gold - predicted:
            per_type[slot.label].fn += 1
    total = sum(per_type.values(), PRFScore())
    scores: dict[str, Any] = tagger_score(examples, **kwargs)
    scores |= {f"slots_{key}": value if per_type else None for key, value in total.to_dict().items()}
    scores["slots_per_type"] = {label: per_type[label].to_dict() for label in sorted(per_type)} or None
    return scores


def find_slots(tags: Iterable[str]) -> list[Slot]:
    """Find the slots that tags stand for, whether in BIO or BILUO.

    The tags need not be valid. As in CoNLL's evaluation, an I or L that continues no slot of its label
    begins one, and a slot ends where the next tag does not continue it. Tags of neither scheme are outside.

    tags (Iterable[str]): One tag a word, such as "B-city".
    RETURNS (List[Slot]): The slots in their order, whose `start` and `end` count words.
    """
    slots: list[Slot] = []
    is_open = False
    for index, tag in enumerate(tags):
        prefix, label = _split(tag)
        if is_open and prefix in (_IN, _LAST) and label == slots[-1].label:
            slots[-1] = slots[-1]._replace(end=index + 1)
        elif prefix in _PREFIXES:
            slots.append(Slot(label, index, index + 1))
        is_open = prefix in (_BEGIN, _IN)
    return slots


def has_valid_slots(tags: Sequence[str]) -> bool:
    """Tell whether all tags of a sequence follow the rules of BIO, or all of them those of BILUO.

    tags (Sequence[str]): One tag a word.
    RETURNS (bool): Whether the sequence is valid. One with a missing tag or one of neither scheme is not.
    """
    pairs = [_split(tag) for tag in tags]
    is_biluo = any(prefix in (_LAST, _UNIT) for prefix, _ in pairs)
    outside = (_OUTSIDE, "")
    for (prefix, label), (following, following_label) in pairwise([outside, *pairs, outside]):
        is_open = prefix in (_BEGIN, _IN)
        is_continued = following in (_IN, _LAST)
        if is_continued and not (is_open and label == following_label):
            return False
        if is_biluo and is_open and not is_continued:
            return False
    return all(tag == _OUTSIDE or prefix in _PREFIXES for tag, (prefix, _) in zip(tags, pairs, strict=True))


def _split(tag: str) -> tuple[str, str]:
    prefix, _, label = tag.partition("-")
    return prefix, label


def _locate_slots(doc: Doc) -> set[Slot]:
    """Find the slots of a doc, whose `start` and `end` count characters."""
    offsets = [0, *accumulate(map(_count_characters, doc))]
    slots = (
        Slot(label, offsets[start], offsets[end])
        for label, start, end in find_slots(token.tag_ for token in doc)
    )
    # A tokenizer makes tokens of whitespace, which are no words.
    return {slot for slot in slots if slot.start < slot.end}


def _leave_out_unknown(slots: set[Slot], reference: Doc) -> set[Slot]:
    unknown = [not token.tag_ for token in reference for _ in range(_count_characters(token))]
    return {slot for slot in slots if not any(unknown[slot.start : slot.end])}


def _count_characters(token: Token) -> int:
    # The texts of an example may differ in whitespace and case; an "İ" in lower case is two characters.
    return len("".join(token.text.lower().split()))
