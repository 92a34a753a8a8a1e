"""Training with `python -m spacy train`, in a process of its own."""

import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import srsly
import typer
from spacy.cli.init_config import init_config
from thinc.api import Config

from benchmarks.common.corpora import READER
from benchmarks.common.machine import read_commit
from benchmarks.common.paths import BENCHMARKS

LOGGER = BENCHMARKS / "common" / "timed_logger.py"


class Treebank(NamedTuple):
    """The CoNLL-U files of a treebank."""

    train: Path
    dev: Path
    test: Path


def read_config(path: Path) -> Config:
    """RETURNS (Config): A config as written, with its variables."""
    return Config().from_disk(path, interpolate=False)


def make_spacy_config(lang: str) -> Config:
    """RETURNS (Config): What `python -m spacy init config --pipeline tagger --optimize efficiency` writes,
    but for CoNLL-U, one sentence per document.
    """
    config = init_config(lang=lang, pipeline=["tagger"], optimize="efficiency", silent=True)
    config["corpora"] = {
        part: {"@readers": READER, "path": f"${{paths.{part}}}"} for part in ("train", "dev")
    }
    return config


def prepare(config: Config, overrides: dict[str, Any]) -> Config:
    """Set up a config for `train_timed`.

    config (Config): The config; it is changed.
    overrides (Dict[str, Any]): Settings, by dotted names.
    RETURNS (Config): The config with the logger and the overrides.
    """
    config["training"]["logger"] = {"@loggers": "benchmarks.TimedLogger.v1", "output_file": "log.jsonl"}
    text = config.to_str(interpolate=False)
    return Config().from_str(text, interpolate=False, overrides=overrides)


def train(folder: Path, config: Config, *options: object) -> None:
    """Train a pipeline.

    folder (Path): Gets the config, the log and the pipelines; its previous content is deleted.
    config (Config): The config.
    *options (object): Further options of `python -m spacy train`.
    """
    typer.echo(f"{folder.name}: training, see {folder.name}/train.log in the work folder", err=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config.to_disk(folder / "config.cfg", interpolate=False)
    command = [sys.executable, "-m", "spacy", "train", folder / "config.cfg", "--output", folder, *options]
    with (folder / "train.log").open("w", encoding="utf-8") as log:
        subprocess.run(list(map(str, command)), stdout=log, stderr=subprocess.STDOUT, check=True)


def train_timed(
    folder: Path, config: Config, treebank: Treebank, seed: int, *, reuse: bool
) -> dict[str, Any]:
    """Train a tagger, and keep time.

    folder (Path): See `train`; also gets the times.
    config (Config): The config, from `prepare`.
    treebank (Treebank): The data.
    seed (int): The seed.
    reuse (bool): Whether to keep the result of an earlier run with the same config, data and seed.
    RETURNS (Dict[str, Any]): See `read_training`.
    """
    fingerprint = hash_training(config, treebank, seed)
    run_path = folder / "run.json"
    if reuse and run_path.exists() and srsly.read_json(run_path)["fingerprint"] == fingerprint:
        typer.echo(f"{folder.name}: kept from an earlier run", err=True)
        return read_training(folder)
    options: list[object] = ["--code", LOGGER, "--system.seed", seed]
    options += ["--paths.train", treebank.train, "--paths.dev", treebank.dev]
    options += ["--training.logger.output_file", folder / "log.jsonl"]
    start = time.time()
    train(folder, config, *options)
    run = {"fingerprint": fingerprint, "commit": read_commit(), "start": start}
    srsly.write_json(run_path, {**run, "seconds": time.time() - start})
    return read_training(folder)


def hash_training(config: Config, treebank: Treebank, seed: int) -> str:
    """RETURNS (str): A hash of everything that a training run reads."""
    digest = hashlib.sha256(config.to_str(interpolate=False).encode())
    digest.update(f"seed {seed}".encode())
    for path in (treebank.train, treebank.dev):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def read_training(folder: Path) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The "commit", the total "seconds", the "rate" (training words per second of
    the updates alone), and of all evaluations "epoch", "step", "tag_acc" and "seconds" since the start.
    """
    run = srsly.read_json(folder / "run.json")
    log = list(srsly.read_jsonl(folder / "log.jsonl"))
    last = log[-1]
    # Steps with an evaluation are not timed. They are assumed to have the average number of words.
    words = last["words"] * last["update_steps"] / (last["step"] + 1)
    keys = ("epoch", "step", "tag_acc")
    evaluations = [
        {"seconds": entry["time"] - run["start"], **{key: entry[key] for key in keys}} for entry in log
    ]
    return {
        "commit": run["commit"],
        "seconds": run["seconds"],
        "rate": words / max(last["update_seconds"], 1e-9),  # a short trial may have no timed step
        "evaluations": evaluations,
    }
