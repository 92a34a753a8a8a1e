"""What the readers make of a file: annotated sentences, and from these the reference `Doc`."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, TypeAlias

import numpy as np
from spacy.attrs import SENT_START
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..schemes import convert

Annotations: TypeAlias = dict[str, Any]  # the keyword arguments of one reference Doc

MISSING_HEAD = -1
ROOT = "ROOT"  # spaCy's label of a sentence's root, "root" in Universal Dependencies


@dataclass
class Sentence:
    """A sentence: one entry per word in each list, "" where the annotation is missing; None for a list that
    the format does not have.

    words (List[str]): The words.
    spaces (Optional[List[bool]]): Whether a space follows.
    tags, pos, lemmas, morphs (Optional[List[str]]): As spaCy's attributes of these names.
    heads (Optional[List[int]]): The index of each word's head in the sentence, its own for the root,
        `MISSING_HEAD` where it is missing.
    deps (Optional[List[str]]): The labels of the relations to the heads.
    ents (Optional[List[str]]): Entities, as one label per word in any scheme.
    """

    words: list[str]
    spaces: list[bool] | None = None
    tags: list[str] | None = None
    pos: list[str] | None = None
    lemmas: list[str] | None = None
    morphs: list[str] | None = None
    heads: list[int] | None = None
    deps: list[str] | None = None
    ents: list[str] | None = None


# The values of an annotation that a sentence of the doc does not have.
_LISTS = ("tags", "pos", "lemmas", "morphs", "ents")


def join_sentences(sentences: Sequence[Sentence]) -> Annotations:
    """RETURNS (Annotations): What a doc of these sentences is made from."""
    joined: Annotations = {"words": [word for sentence in sentences for word in sentence.words]}
    joined["spaces"] = None
    if all(sentence.spaces is not None for sentence in sentences):
        joined["spaces"] = [space for sentence in sentences for space in sentence.spaces or []]
    joined["sent_starts"] = [index == 0 for sentence in sentences for index in range(len(sentence.words))]
    for name in _LISTS:
        values = [getattr(sentence, name) or [""] * len(sentence.words) for sentence in sentences]
        if any(map(any, values)):
            joined[name] = [value for part in values for value in part]
    if "ents" in joined:  # spaCy knows BIO and BILUO only
        joined["ents"] = [label for sentence in sentences for label in _to_bio(sentence)]
    return joined | _join_trees(sentences)


def _to_bio(sentence: Sentence) -> list[str]:
    return convert(sentence.ents or [""] * len(sentence.words), "bio")


def _join_trees(sentences: Sequence[Sentence]) -> Annotations:
    """RETURNS (Annotations): Heads as indices in the doc, and relations; nothing if all are missing."""
    trees = [complete_tree(sentence) for sentence in sentences]
    if not any(any(deps) for _, deps in trees):
        return {}
    starts = [0, *accumulate(len(sentence.words) for sentence in sentences)]
    heads = [start + head for start, (heads, _) in zip(starts, trees, strict=False) for head in heads]
    return {"heads": heads, "deps": [dep for _, deps in trees for dep in deps]}


def complete_tree(sentence: Sentence) -> tuple[list[int], list[str]]:
    """Attach words without a head to the root, or to the first word if there is none, so that spaCy keeps
    the sentence together. It ignores the head of a word without a relation.

    RETURNS (Tuple[List[int], List[str]]): For each word its head's index and its relation.
    """
    n_words = len(sentence.words)
    heads = sentence.heads or [MISSING_HEAD] * n_words
    deps = sentence.deps or [""] * n_words
    roots = [index for index, head in enumerate(heads) if head == index]
    if len(roots) != 1:
        return [0] * n_words, [""] * n_words
    is_known = [head != MISSING_HEAD and dep != "" for head, dep in zip(heads, deps, strict=True)]
    return (
        [head if known else roots[0] for head, known in zip(heads, is_known, strict=True)],
        [dep if known else "" for dep, known in zip(deps, is_known, strict=True)],
    )


def is_tree(heads: Sequence[int]) -> bool:
    """RETURNS (bool): Whether heads, as in `Sentence`, are in the sentence, with one root at most and no
    cycle; some may be missing.
    """
    if not all(head == MISSING_HEAD or 0 <= head < len(heads) for head in heads):
        return False
    ends = list(heads)
    for _ in range(len(heads).bit_length()):  # each step doubles how far up every word looks
        ends = [end if end == MISSING_HEAD else ends[end] for end in ends]
    roots = {index for index, head in enumerate(heads) if head == index}
    return len(roots) <= 1 and {*ends} <= roots | {MISSING_HEAD}


def convert_tags(annotations: Annotations, scheme: str) -> Annotations:
    """RETURNS (Annotations): With tags, which are labels of spans in any scheme, in this scheme.
    RAISES (LSTMTaggerValueError): If a tag belongs to no scheme.
    """
    tags = annotations.get("tags") or []
    starts = annotations.get("sent_starts") or [index == 0 for index in range(len(tags))]
    bounds = [index for index, is_start in enumerate(starts) if is_start] + [len(tags)]
    converted: list[str] = []
    for start, end in pairwise(bounds):
        converted += convert(tags[start:end], scheme)
    return annotations | ({"tags": converted} if tags else {})


def make_reference(vocab: Vocab, annotations: Annotations) -> Doc:
    """RETURNS (Doc): The reference doc."""
    doc = Doc(vocab, **annotations)
    if annotations.get("heads"):
        # spaCy finds sentences by their roots, and so loses those without one.
        starts = np.where(annotations["sent_starts"], 1, -1).astype(np.int32)
        doc.from_array([SENT_START], starts.astype(np.uint64)[:, None])  # type: ignore[arg-type]
    return doc
