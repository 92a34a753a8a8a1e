"""Mutations of saved models that keep the msgpack whole: plain bytes seldom get past its headers."""

import random
from hashlib import sha256
from typing import Any

import atheris
from srsly.msgpack._packer import Packer
from srsly.msgpack._unpacker import unpackb

from spacy_lstm_tagger.pipeline.saving import compute_checksums

# What is put where another value was: numbers at the ends of their types, other types, depth.
VALUES = [
    *(None, True, False, 0, 1, -1, 7, 2**31, -(2**31), 2**63, 1e308, float("nan"), float("-inf")),
    *("", "x", "0.weight", "\x00", b"", b"\xff", b"nd", b"\xc1", [], {}, [[]], {"x": {}}, {0: 1}),
    {b"nd": True, b"type": "<f4", b"kind": b"", b"shape": [2, 2], b"data": bytes(16)},
    {b"nd": True, b"type": "|O", b"kind": b"", b"shape": [1], b"data": bytes(8)},
    {b"nd": True, b"type": "<f4,", b"kind": b"", b"shape": [-1], b"data": bytes(8)},
    {b"nd": True, b"type": [["a", "<f4"]], b"kind": b"V", b"shape": [1], b"data": bytes(4)},
    {b"nd": False, b"type": "<f8", b"data": bytes(8)},
    {b"complex": True, b"data": "1+j"},
]


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Change one place of saved data, of bytes in it that are msgpack as well, or any bytes.

    data (bytes): What another mutation gave, or a seed.
    max_size (int): How long the result may be.
    seed (int): Of the random choices.
    RETURNS (bytes): The changed data.
    """
    rng = random.Random(seed)
    for _ in range(rng.choice((1, 1, 2, 4))):
        data = change_bytes(data, rng, max_size)
    return data[:max_size]


def change_bytes(data: bytes, rng: random.Random, max_size: int = 1 << 16) -> bytes:
    if rng.random() < 0.9:
        try:
            return pack(change(unpackb(data, raw=False, strict_map_key=False), rng))
        except Exception:  # no msgpack, or not any more
            pass
    return bytes(atheris.Mutate(data, max(max_size, len(data))))


def pack(tree: Any) -> bytes:
    return bytes(Packer(use_bin_type=True).pack(tree))


def change(tree: Any, rng: random.Random) -> Any:
    """RETURNS (Any): The tree with one change at a random place of it."""
    if isinstance(tree, dict) and tree and rng.random() < 0.9:
        return change_dict(dict(tree), rng)
    if isinstance(tree, list) and tree and rng.random() < 0.9:
        return change_list(list(tree), rng)
    if isinstance(tree, bytes) and tree and rng.random() < 0.9:
        return change_bytes(tree, rng)
    if isinstance(tree, str) and rng.random() < 0.3:
        return atheris.Mutate(tree.encode(), len(tree) + 8).decode("utf-8", errors="replace")
    if isinstance(tree, int) and rng.random() < 0.5:
        return tree + rng.choice((-1, 1, 100_000, 10_000_000))
    return nest(rng) if rng.random() < 0.05 else rng.choice(VALUES)


def change_dict(tree: dict[Any, Any], rng: random.Random) -> dict[Any, Any]:
    key, kind = rng.choice(list(tree)), rng.random()
    if kind < 0.8:
        tree[key] = change(tree[key], rng)
    elif kind < 0.87:
        del tree[key]
    elif kind < 0.94:
        tree[rng.choice(list(tree))] = tree[key]
    else:
        tree[rng.choice((0, "x", b"nd", b"x", f"{key}x"))] = tree[key]
    return tree if rng.random() < 0.1 else correct_checksums(tree)


def correct_checksums(tree: dict[Any, Any]) -> dict[Any, Any]:
    """Let what is behind a checksum be read in spite of its mutations."""
    if isinstance(tree.get("content"), bytes) and "sha256" in tree:
        tree["sha256"] = sha256(tree["content"]).digest()
    if "checksums" in tree:
        parts = {name: part for name, part in tree.items() if isinstance(part, (str, bytes))}
        tree["checksums"] = compute_checksums(parts)
    return tree


def change_list(tree: list[Any], rng: random.Random) -> list[Any]:
    i, kind = rng.randrange(len(tree)), rng.random()
    if kind < 0.8:
        tree[i] = change(tree[i], rng)
    elif kind < 0.9:
        del tree[i]
    else:
        tree.insert(rng.randrange(len(tree) + 1), tree[i])
    return tree


def nest(rng: random.Random) -> Any:
    tree: Any = []
    for _ in range(rng.choice((10, 400, 600, 2000))):
        tree = rng.choice(([tree], {"x": tree}))
    return tree
