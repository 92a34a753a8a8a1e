"""What users get: the text of a corpus, cut by the pipeline's tokenizer, compared with the gold words."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Token

from ..metrics.accuracy import Share, compute_share
from .annotations import ANNOTATIONS, Annotation


class Retokenized(NamedTuple):
    """How a pipeline does on text, compared with gold words at the same characters.

    found (Share): The gold words that the tokenizer cuts as in the data.
    right (Share): Those that it cuts so, and whose tag is right; of all words with a gold tag.
    precision (float): The share of the pipeline's words that are gold words with the right tag.
    f1 (float): The harmonic mean of that and `right`: the F1 of the CoNLL 2018 shared task (Zeman et al.
        2018, section 4).
    examples (List[Tuple[str, str]]): Gold words that are cut otherwise, and how, most frequent first.
    """

    found: Share
    right: Share
    precision: float
    f1: float
    examples: list[tuple[str, str]]


N_EXAMPLES = 10


def evaluate_text(
    nlp: Language, references: Sequence[Doc], annotation: Annotation = ANNOTATIONS["tag"]
) -> Retokenized | None:
    """Tag the text of a corpus.

    nlp (Language): The pipeline.
    references (Sequence[Doc]): The corpus. Multiword tokens must be one token: their words are not in the
        text.
    annotation (Annotation): What is evaluated.
    RETURNS (Optional[Retokenized]): None if the spaces between words, and so the text, are unknown.
    """
    if not references or any(doc.has_unknown_spaces for doc in references):
        return None
    docs = nlp.pipe(doc.text for doc in references)
    found, right, sentences, n_predicted = [], [], [], 0
    differences: dict[tuple[str, str], int] = {}
    for number, (doc, reference) in enumerate(zip(docs, references, strict=True)):
        predicted = {_locate(token): annotation.read(token) for token in doc if not token.is_space}
        gold = [token for token in reference if annotation.read(token)]
        untagged = {_locate(token) for token in reference if not annotation.read(token)}
        n_predicted += len(predicted.keys() - untagged)
        for token in gold:
            place = _locate(token)
            found.append(place in predicted)
            right.append(predicted.get(place) == annotation.read(token))
            if not found[-1]:
                difference = token.text, _describe_cut(doc, *place)
                differences[difference] = differences.get(difference, 0) + 1
        sentences += [number] * len(gold)
    found_share, right_share = (_share(values, sentences) for values in (found, right))
    if found_share is None or right_share is None:
        return None
    n_right = right_share.right
    examples = sorted(differences, key=lambda difference: -differences[difference])[:N_EXAMPLES]
    return Retokenized(
        found_share,
        right_share,
        precision=n_right / n_predicted if n_predicted else 0.0,
        f1=2 * n_right / (len(right) + n_predicted),
        examples=examples,
    )


def _locate(token: Token) -> tuple[int, int]:
    """RETURNS (Tuple[int, int]): The characters of a word."""
    return token.idx, token.idx + len(token)


def _describe_cut(doc: Doc, start: int, end: int) -> str:
    """RETURNS (str): The pipeline's words that have some of these characters."""
    return " ".join(token.text for token in doc if token.idx < end and token.idx + len(token) > start)


def _share(values: Iterable[bool], sentences: Sequence[int]) -> Share | None:
    return compute_share(np.array([*values], dtype=np.bool_), np.array(sentences, dtype=np.int64))


def to_dict(retokenized: Retokenized | None) -> dict[str, Any] | None:
    """RETURNS (Optional[Dict[str, Any]]): The figures as plain data."""
    if retokenized is None:
        return None
    return retokenized._asdict() | {
        "found": retokenized.found._asdict(),
        "right": retokenized.right._asdict(),
        "examples": [{"word": word, "cut": cut} for word, cut in retokenized.examples],
    }
