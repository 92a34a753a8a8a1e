"""The gold annotation of a batch of examples, as label indices."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from spacy.attrs import ORTH, TAG
from spacy.training import Example

from ..errors import Errors

Labels = npt.NDArray[np.int64]
NONE = -1


class GoldTags(NamedTuple):
    """What the annotation says of every token of `example.predicted`, documents end to end.

    gold (Labels): The index of the token's label, -1 where none is given, `(tokens,)`.
    excluded (Labels): The index of the label that a negative annotation excludes, or -1, `(tokens,)`.
    """

    gold: Labels
    excluded: Labels


def get_gold_tags(
    examples: Iterable[Example], labels: Sequence[str], *, neg_prefix: str, name: str
) -> GoldTags:
    """Read the gold tags of examples.

    A tag that is among the labels is that label, even if it begins with the negative prefix (some
    treebanks tag the exclamation mark "!"). Tokens that are misaligned or not annotated have no label.

    examples (Iterable[Example]): The examples.
    labels (Sequence[str]): The component's labels.
    neg_prefix (str): What a negative annotation begins with.
    name (str): The component's name, for errors.
    RAISES (ValueError): For a tag that is not among the labels.
    """
    indices = {label: i for i, label in enumerate(labels)}
    meaning: dict[str, tuple[int, int]] = {"": (NONE, NONE)}
    meaning |= {neg_prefix + label: (NONE, i) for label, i in indices.items() if neg_prefix}
    meaning |= {label: (i, NONE) for label, i in indices.items()}
    pairs: list[tuple[int, int]] = []
    for example in examples:
        tags = aligned_tags(example)
        try:
            pairs.extend([meaning[tag] for tag in tags])
        except KeyError:
            _raise_unknown_tag(example, tags, meaning, labels, neg_prefix=neg_prefix, name=name)
    gold, excluded = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return GoldTags(gold, excluded)


def aligned_tags(example: Example) -> list[str]:
    """RETURNS (List[str]): The gold tag of every predicted token, "" where there is none."""
    predicted, reference = example.predicted, example.reference
    if np.array_equal(predicted.to_array(ORTH), reference.to_array(ORTH)):
        strings = reference.vocab.strings  # the same words: nothing to align
        return [strings[tag] for tag in reference.to_array(TAG).tolist()]
    return [tag or "" for tag in example.get_aligned("TAG", as_string=True)]


def _raise_unknown_tag(
    example: Example,
    tags: Sequence[str],
    meaning: Mapping[str, tuple[int, int]],
    labels: Sequence[str],
    *,
    neg_prefix: str,
    name: str,
) -> None:
    index, tag = next((i, tag) for i, tag in enumerate(tags) if tag not in meaning)
    message = Errors.L101.format(
        tag=tag,
        index=index,
        word=example.predicted[index].text,
        text=example.predicted.text[:60],
        n_labels=len(labels),
        name=name,
        neg_prefix=neg_prefix,
    )
    raise ValueError(message)
