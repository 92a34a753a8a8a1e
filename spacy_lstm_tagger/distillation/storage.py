"""The files that soft labels are kept in: a folder for each teacher, with a file for each shard of the raw
text.

A file is MessagePack, compressed with zlib: its distinct words, and arrays over its tokens.
"""

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import srsly
from spacy.tokens import Doc

from ..bulk.layout import MANIFEST
from ..bulk.shards import PART
from ..errors import Errors, LSTMTaggerValueError, summarize_error
from ..pipeline.soft_labels import SoftLabels, join_soft_labels

SUFFIX = ".soft"
_VERSION = 1
_MIN_PROB = 0.001  # less is not kept
_LEVEL = 1  # of compression: higher ones take longer, and save little


@dataclass(frozen=True)
class TaughtText:
    """A text that teachers have read.

    words (List[str]): Its words.
    spaces (List[bool]): Whether each is followed by a space.
    taught (Mapping[str, Sequence[SoftLabels]]): For each annotation the soft labels of every teacher.
    """

    words: list[str]
    spaces: list[bool]
    taught: Mapping[str, Sequence[SoftLabels]]

    def __len__(self) -> int:
        return len(self.words)

    def slice(self, start: int, end: int) -> "TaughtText":
        """RETURNS (TaughtText): Some consecutive words."""
        taught = {name: [soft.slice(start, end) for soft in of_all] for name, of_all in self.taught.items()}
        return TaughtText(self.words[start:end], self.spaces[start:end], taught)


class ShardWriter:
    """Collects the documents of a shard, and their soft labels batch by batch."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.words: list[int] = []
        self.spaces: list[bool] = []
        self.lengths: list[int] = []
        self.taught: dict[str, list[SoftLabels]] = {}

    def add(self, docs: Sequence[Doc], taught: Mapping[str, SoftLabels]) -> None:
        """Add documents, and what the teacher says about each annotation of their tokens."""
        for doc in docs:
            self.words += [self.places.setdefault(token.text, len(self.places)) for token in doc]
            self.spaces += [bool(token.whitespace_) for token in doc]
            self.lengths.append(len(doc))
        for name, soft in taught.items():
            self.taught.setdefault(name, []).append(soft)

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): The content of the file."""
        content = {
            "version": _VERSION,
            "strings": list(self.places),
            "words": np.array(self.words, dtype=np.uint32),
            "spaces": np.packbits(np.array(self.spaces, dtype=np.bool_)),
            "lengths": np.array(self.lengths, dtype=np.uint32),
            "taught": {name: _pack(parts) for name, parts in self.taught.items()},
        }
        return zlib.compress(srsly.msgpack_dumps(content), _LEVEL)


def _pack(parts: Sequence[SoftLabels]) -> dict[str, Any]:
    labels, ids, probs = join_soft_labels(parts)
    is_kept = probs >= _MIN_PROB
    size = np.min_scalar_type(max(len(labels) - 1, 0))
    return {
        "labels": list(labels),
        "ids": np.where(is_kept, ids, 0).astype(size),  # zeros take no space
        "probs": np.where(is_kept, probs, 0.0).astype(np.float16),
    }


def find_parts(folder: Path) -> list[Path]:
    """RETURNS (List[Path]): The files of a folder of soft labels, in order.
    RAISES (LSTMTaggerValueError): If it has none.
    """
    parts = sorted(folder.glob(f"{PART}*{SUFFIX}")) if (folder / MANIFEST).is_file() else []
    if not parts:
        raise LSTMTaggerValueError(Errors.L472.format(folder=folder))
    return parts


def read_part(paths: Sequence[Path]) -> list[TaughtText]:
    """Read a shard.

    paths (Sequence[Path]): Its file of each teacher.
    RETURNS (List[TaughtText]): Its texts that have words.
    RAISES (LSTMTaggerValueError): If a file is damaged, or they are of different texts.
    """
    first, *others = (_load(path) for path in paths)
    for path, other in zip(paths[1:], others, strict=True):
        if other["strings"] != first["strings"] or not np.array_equal(other["words"], first["words"]):
            raise LSTMTaggerValueError(Errors.L474.format(path=path, other=paths[0]))
    words = [first["strings"][place] for place in first["words"].tolist()]
    spaces = np.unpackbits(first["spaces"], count=len(words)).astype(bool).tolist()
    taught: dict[str, list[SoftLabels]] = {}
    for content in (first, *others):
        for name, packed in content["taught"].items():
            soft = SoftLabels(tuple(packed["labels"]), packed["ids"], packed["probs"])
            taught.setdefault(name, []).append(soft)
    whole = TaughtText(words, spaces, taught)
    ends = np.cumsum(first["lengths"], dtype=np.int64).tolist()
    return [whole.slice(start, end) for start, end in zip([0, *ends], ends, strict=False) if start < end]


def count_words(folder: Path) -> Counter[str]:
    """RETURNS (Counter[str]): How often each word occurs in a folder of soft labels."""
    total: Counter[str] = Counter()
    for path in find_parts(folder):
        content = _load(path)
        counts = np.bincount(content["words"], minlength=len(content["strings"])).tolist()
        total.update(dict(zip(content["strings"], counts, strict=True)))
    return total


def _load(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = srsly.msgpack_loads(zlib.decompress(path.read_bytes()))
        version = content["version"]
    except Exception as error:  # damaged data can make MessagePack raise anything
        raise LSTMTaggerValueError(Errors.L473.format(path=path, reason=summarize_error(error))) from error
    if version != _VERSION:
        reason = f"they have version {version} of the format, not {_VERSION}"
        raise LSTMTaggerValueError(Errors.L473.format(path=path, reason=reason))
    return content


def iterate_parts(folders: Sequence[Path]) -> Iterator[list[Path]]:
    """YIELDS (List[Path]): For each shard its file of each teacher.
    RAISES (LSTMTaggerValueError): If folders have different shards.
    """
    parts = [find_parts(folder) for folder in folders]
    names = [[path.name for path in of_teacher] for of_teacher in parts]
    for folder, found in zip(folders, names, strict=True):
        if found != names[0]:
            raise LSTMTaggerValueError(Errors.L474.format(path=folder, other=folders[0]))
    yield from (list(paths) for paths in zip(*parts, strict=True))
