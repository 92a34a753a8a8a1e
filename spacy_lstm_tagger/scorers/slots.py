"""`spacy-lstm-tagger.slot_scorer.v1`: scores spans that are written as one tag per word."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Any

from spacy.pipeline.tagger import tagger_score
from spacy.scorer import PRFScore
from spacy.tokens import Doc, Token
from spacy.training import Example

from ..schemes import Span, find_spans

NEG_PREFIX = "!"  # the default of the component's `neg_prefix`


def create_slot_scorer() -> Callable[..., dict[str, Any]]:
    """RETURNS (Callable): `score_slots`."""
    return score_slots


def score_slots(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Score tags word by word, as spaCy's tagger does, and slot by slot.

    A predicted slot is right if the reference has one with the same label and the same characters,
    whatever the tokenization, whitespace and case. `schemes.find_spans` says what the slots of an invalid
    sequence are.

    A word without a gold tag, or with one that says what it is not ("!B-city"), may or may not be part of a
    slot. So a predicted slot with such a word is neither right nor wrong; spaCy's `tag_acc` and `ents_f`
    ignore such words and entities, too.

    examples (Iterable[Example]): The examples.
    **kwargs (Any): For spaCy's `tagger_score`.
    RETURNS (Dict[str, Any]): `tag_acc`; precision, recall and F-score of all slots as `slots_p`, `slots_r`
        and `slots_f`, and by label as `slots_per_type`. As in spaCy, scores of nothing are None.
    RAISES (LSTMTaggerValueError): If a tag belongs to no scheme of spans.
    """
    examples = list(examples)
    per_type: defaultdict[str, PRFScore] = defaultdict(PRFScore)
    for example in examples:
        gold = _locate_slots(example.reference, _get_gold)
        predicted = _locate_slots(example.predicted, _get_tag)
        predicted = _leave_out_unknown(predicted, example.reference)
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


def _locate_slots(doc: Doc, get_label: Callable[[Token], str]) -> set[Span]:
    """Find the slots of a doc, whose `start` and `end` count characters."""
    offsets = [0, *accumulate(map(_count_characters, doc))]
    slots = (
        Span(label, offsets[start], offsets[end]) for label, start, end in find_spans(map(get_label, doc))
    )
    # Tokenizers make tokens of whitespace, which are not words.
    return {slot for slot in slots if slot.start < slot.end}


def _get_tag(token: Token) -> str:
    return token.tag_


def _get_gold(token: Token) -> str:
    return "" if token.tag_.startswith(NEG_PREFIX) else token.tag_


def _leave_out_unknown(slots: set[Span], reference: Doc) -> set[Span]:
    unknown = [not _get_gold(token) for token in reference for _ in range(_count_characters(token))]
    return {slot for slot in slots if not any(unknown[slot.start : slot.end])}


def _count_characters(token: Token) -> int:
    # The texts of an example may differ in whitespace and case; an "İ" in lower case is two characters.
    return len("".join(token.text.lower().split()))
