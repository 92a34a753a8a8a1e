"""The gold annotation of a batch of examples, as label indices."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from spacy.attrs import ORTH, TAG
from spacy.strings import get_string_id
from spacy.training import Example

from ..errors import Errors
from ..features import Ids

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
    meaning_of_ids = {get_string_id(tag): pair for tag, pair in meaning.items()}
    examples = list(examples)
    tags = [get_aligned_tags(example) for example in examples]
    distinct, index = np.unique(np.concatenate([np.zeros(0, dtype=np.uint64), *tags]), return_inverse=True)
    unknown = [tag for tag in distinct.tolist() if tag not in meaning_of_ids]
    for example, example_tags in zip(examples, tags, strict=True) if unknown else ():
        for i in np.flatnonzero(np.isin(example_tags, unknown)):
            _raise_unknown_tag(example, int(i), example_tags[i], labels, neg_prefix=neg_prefix, name=name)
    pairs = [meaning_of_ids[tag] for tag in distinct.tolist()]
    gold, excluded = np.array(pairs, dtype=np.int64).reshape(-1, 2)[index].T
    return GoldTags(gold, excluded)


def get_aligned_tags(example: Example) -> Ids:
    """RETURNS (Ids): The string id of the gold tag of every predicted token, 0 where there is none."""
    predicted, reference = example.predicted, example.reference
    if np.array_equal(predicted.to_array(ORTH), reference.to_array(ORTH)):
        return np.asarray(reference.to_array(TAG), dtype=np.uint64)  # nothing to align
    return np.array([tag or 0 for tag in example.get_aligned("TAG")], dtype=np.uint64)


def _raise_unknown_tag(
    example: Example, index: int, tag: int, labels: Sequence[str], *, neg_prefix: str, name: str
) -> None:
    message = Errors.L101.format(
        tag=example.reference.vocab.strings[int(tag)],
        index=index,
        word=example.predicted[index].text,
        text=example.predicted.text[:60],
        n_labels=len(labels),
        name=name,
        neg_prefix=neg_prefix,
    )
    raise ValueError(message)
