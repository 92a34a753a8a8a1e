"""What a corpus has: figures of its splits, and what in them is suspicious."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..schemes import PREFIXES, is_valid, split_label
from .files import find_files
from .lines import read_lines

RARE = 5  # a label of fewer words is rare
N_EXAMPLES = 5
COLUMNS = ("tag", "pos", "lemma", "dep", "ent_type")
FREQUENT = 20  # a word whose labels are worth comparing
_PADDED = re.compile(rb"(?:^|\t) +|[ ]+(?:\t|$)")  # a cell with spaces around it, in a line with tabs


@dataclass
class Split:
    """The figures of a file, or of the files that are read as one.

    name (str): Its name.
    docs, sentences, words (int): How many there are.
    labels (Counter[str]): The tags, and how many words have each; "" is none.
    forms (Dict[str, Counter[str]]): The words, and how often each has each tag.
    annotated (Counter[str]): By column, how many words have a value.
    texts (Dict[Tuple, Counter[Tuple]]): The sentences as words, and how often each has which tags.
    normalization (Counter[str]): How many words are in which Unicode normalization form, other than those
        that are the same in all: "NFC", "NFD" or "neither".
    compared, cut (int): The words of docs with known spaces, and how many of them the tokenizer cuts
        differently.
    cuts (Counter[str]): These words.
    invalid (int): Sentences whose labels break the scheme that they are written in.
    padded (int): Lines with white space around a cell.
    """

    name: str
    docs: int = 0
    sentences: int = 0
    words: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    forms: dict[str, Counter[str]] = field(default_factory=dict)
    annotated: Counter[str] = field(default_factory=Counter)
    texts: dict[tuple[str, ...], Counter[tuple[str, ...]]] = field(default_factory=dict)
    normalization: Counter[str] = field(default_factory=Counter)
    compared: int = 0
    cut: int = 0
    cuts: Counter[str] = field(default_factory=Counter)
    invalid: int = 0
    padded: int = 0


def measure(nlp: Language, docs: Iterable[Doc], name: str) -> Split:
    """RETURNS (Split): The figures of annotated documents."""
    split = Split(name)
    for doc in docs:
        split.docs += 1
        split.words += len(doc)
        for column in COLUMNS:
            split.annotated[column] += sum(bool(getattr(token, column)) for token in doc)
        _compare_tokenizer(split, nlp, doc)
        for sentence in doc.sents if doc.has_annotation("SENT_START") else [doc[:]]:
            words = tuple(token.text for token in sentence)
            tags = tuple(token.tag_ for token in sentence)
            split.sentences += 1
            split.texts.setdefault(words, Counter())[tags] += 1
            split.labels.update(tags)
            split.invalid += _looks_like_spans(tags) and not is_valid([tag for tag in tags if tag])
            for word, tag in zip(words, tags, strict=True):
                split.forms.setdefault(word, Counter())[tag] += 1
    for word, labels in split.forms.items():
        split.normalization[_find_form(word)] += labels.total()
    del split.normalization[""]
    return split


def _compare_tokenizer(split: Split, nlp: Language, doc: Doc) -> None:
    if doc.has_unknown_spaces:
        return
    found = {(token.idx, token.idx + len(token)) for token in nlp.make_doc(doc.text)}
    cuts = [token.text for token in doc if (token.idx, token.idx + len(token)) not in found]
    split.compared += len(doc)
    split.cut += len(cuts)
    split.cuts.update(cuts)


def _looks_like_spans(tags: Sequence[str]) -> bool:
    labels = [tag for tag in tags if tag]
    return "O" in labels and all(
        tag == "O" or ("-" in tag and split_label(tag)[0] in PREFIXES) for tag in labels
    )


def _find_form(word: str) -> str:
    is_nfc, is_nfd = (unicodedata.is_normalized(form, word) for form in ("NFC", "NFD"))
    if is_nfc and is_nfd:
        return ""
    return "NFC" if is_nfc else "NFD" if is_nfd else "neither"


def count_padded(path: Path, suffixes: Iterable[str]) -> int:
    """RETURNS (int): The lines of text files with tabs that have white space around a cell."""
    lines = (line.content for file in find_files(path, suffixes) for line in read_lines(file))
    return sum(b"\t" in line and not line.startswith(b"#") and bool(_PADDED.search(line)) for line in lines)


def compare(splits: Sequence[Split]) -> list[dict[str, Any]]:
    """Find what is suspicious.

    splits (Sequence[Split]): The splits; the first is trained on.
    RETURNS (List[Dict[str, Any]]): For each problem whether it is an "error" or a "warning", the split, and
        what it is.
    """
    problems = [
        {"kind": kind, "split": split.name, "message": message}
        for split in splits
        for kind, message in _find_problems(split, splits[0])
    ]
    return sorted(problems, key=lambda problem: problem["kind"] != "error")


def _find_problems(split: Split, train: Split) -> Iterable[tuple[str, str]]:
    tagged = {label: n for label, n in split.labels.items() if label}
    missing = split.labels[""]
    if not split.words:
        yield "error", "there are no words"
        return
    if {*split.forms} == {"_"}:
        yield "error", "every word is '_': the treebank was published without its text"
    if not tagged:
        yield "error", "no word has a tag"
    elif missing:
        yield "warning", f"{missing:,} of {split.words:,} words have no tag"
    rare = sorted(label for label, n in tagged.items() if n < RARE)
    if rare:
        yield "warning", f"{len(rare)} labels have fewer than {RARE} words: {_list(rare)}"
    if split is not train:
        yield from _compare_with_training(split, train, tagged)
    yield from _find_contradictions(split)
    yield from _find_lookalikes(tagged)
    if split.padded:
        yield "warning", f"{split.padded:,} lines have white space around a cell"
    if len(split.normalization) > 1 or split.normalization["NFD"]:
        found = ", ".join(f"{n:,} {form}" for form, n in split.normalization.most_common())
        yield (
            "warning",
            f'words in more than one Unicode form, or decomposed ({found}): normalization = "NFC"',
        )
    if split.cut:
        share = 100 * split.cut / split.compared
        words = _list([word for word, _ in split.cuts.most_common(N_EXAMPLES)])
        yield "warning", f"the tokenizer cuts {share:.1f}% of the words differently: {words}"
    if split.invalid:
        yield "warning", f"the labels of {split.invalid:,} sentences break their scheme"


def _compare_with_training(split: Split, train: Split, tagged: dict[str, int]) -> Iterable[tuple[str, str]]:
    unseen = sorted(label for label in tagged if label not in train.labels)
    if unseen:
        n_words = sum(tagged[label] for label in unseen)
        kind = "error" if 2 * n_words > sum(tagged.values()) else "warning"
        yield kind, f"{n_words:,} words have labels that {train.name} does not have: {_list(unseen)}"
    both = sum(counts.total() for words, counts in split.texts.items() if words in train.texts)
    if both:
        share = 100 * both / split.sentences
        yield "warning", f"{both:,} sentences ({share:.1f}%) are in {train.name} as well"


def _find_contradictions(split: Split) -> Iterable[tuple[str, str]]:
    differing = [words for words, tags in split.texts.items() if len(tags) > 1]
    if differing:
        shown = _list([" ".join(words) for words in differing])
        yield "warning", f"{len(differing):,} sentences occur with different tags: {shown}"
    odd = [
        f"{word} ({labels.most_common(1)[0][0]}, once {label})"
        for word, labels in split.forms.items()
        if labels.total() >= FREQUENT and labels.most_common(1)[0][1] >= labels.total() - 1
        for label, n in labels.items()
        if n == 1
    ]
    if odd:
        yield "warning", f"{len(odd):,} frequent words have another tag than usual once: {_list(odd)}"


def _find_lookalikes(tagged: dict[str, int]) -> Iterable[tuple[str, str]]:
    alike: dict[str, list[str]] = {}
    for label in tagged:
        alike.setdefault("".join(label.lower().split()), []).append(label)
    groups = [" = ".join(map(repr, sorted(labels))) for labels in alike.values() if len(labels) > 1]
    if groups:
        yield "warning", f"labels that differ in case or white space alone: {_list(groups)}"


def _list(values: Sequence[str]) -> str:
    more = f", and {len(values) - N_EXAMPLES:,} more" if len(values) > N_EXAMPLES else ""
    return ", ".join(values[:N_EXAMPLES]) + more
