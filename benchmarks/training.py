"""Training pipelines with `python -m spacy train`, and measuring their accuracy, each in a process of its
own, and what is kept of it.
"""

import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import srsly
import typer
from corpora import READER
from machine import read_commit
from processes import HERE, run_child
from spacy.cli.init_config import init_config
from thinc.api import Config


class Data(NamedTuple):
    """The CoNLL-U files."""

    train: Path
    dev: Path
    test: Path


def read_config(path: Path) -> Config:
    """RETURNS (Config): A config as it is written, with its variables."""
    return Config().from_disk(path, interpolate=False)


def make_spacy_config(lang: str) -> Config:
    """RETURNS (Config): What `python -m spacy init config --pipeline tagger --optimize efficiency` writes,
    but that it reads CoNLL-U, one sentence a document.
    """
    config = init_config(lang=lang, pipeline=["tagger"], optimize="efficiency", silent=True)
    config["corpora"] = {
        part: {"@readers": READER, "path": f"${{paths.{part}}}"} for part in ("train", "dev")
    }
    return config


def prepare(config: Config, overrides: dict[str, Any]) -> Config:
    """Let a config keep the time.

    config (Config): The config; it is changed.
    overrides (Dict[str, Any]): Settings, by dotted names.
    RETURNS (Config): The config with the overrides.
    """
    config["training"]["logger"] = {"@loggers": "benchmarks.TimedLogger.v1", "output_file": "log.jsonl"}
    text = config.to_str(interpolate=False)
    return Config().from_str(text, interpolate=False, overrides=overrides)


def train_once(folder: Path, config: Config, data: Data, seed: int, *, reuse: bool) -> dict[str, Any]:
    """Train a pipeline with `python -m spacy train`.

    folder (Path): Gets the config, the logs and the trained pipeline; what it held is deleted.
    config (Config): The config.
    data (Data): The data.
    seed (int): The seed.
    reuse (bool): Whether to keep what an earlier run with the same config, data and seed left.
    RETURNS (Dict[str, Any]): How it went; see `read_training`.
    """
    fingerprint = hash_training(config, data, seed)
    run_path = folder / "run.json"
    if reuse and run_path.exists() and srsly.read_json(run_path)["fingerprint"] == fingerprint:
        typer.echo(f"{folder.name}: kept from an earlier run", err=True)
        return read_training(folder)
    typer.echo(f"{folder.name}: training, see {folder.name}/train.log in the work folder", err=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config.to_disk(folder / "config.cfg", interpolate=False)
    command = [sys.executable, "-m", "spacy", "train", folder / "config.cfg", "--output", folder]
    command += ["--code", HERE / "timed_logger.py", "--system.seed", seed]
    command += ["--paths.train", data.train, "--paths.dev", data.dev]
    command += ["--training.logger.output_file", folder / "log.jsonl"]
    start = time.time()
    with (folder / "train.log").open("w", encoding="utf-8") as log:
        subprocess.run(list(map(str, command)), stdout=log, stderr=subprocess.STDOUT, check=True)
    run = {
        "fingerprint": fingerprint,
        "commit": read_commit(),
        "start": start,
        "seconds": time.time() - start,
    }
    srsly.write_json(run_path, run)
    return read_training(folder)


def measure_accuracy(model: Path, data: Data, *options: str | Path) -> Any:
    """RETURNS (Dict[str, Any]): What `accuracy.py` counted."""
    return run_child("accuracy.py", model, "--train", data.train, "--dev", data.dev, *options)


def hash_training(config: Config, data: Data, seed: int) -> str:
    """RETURNS (str): A hash of all that a training run reads."""
    digest = hashlib.sha256(config.to_str(interpolate=False).encode())
    digest.update(f"seed {seed}".encode())
    for path in (data.train, data.dev):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def read_training(folder: Path) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The commit, the seconds in all, words trained on per second of the updates
    alone, and the "epoch", "step", "tag_acc" and "seconds" (from the start of the process) of every
    evaluation.
    """
    run = srsly.read_json(folder / "run.json")
    log = list(srsly.read_jsonl(folder / "log.jsonl"))
    last = log[-1]
    # The steps with an evaluation are not timed; their words are those of an average step.
    words = last["words"] * last["update_steps"] / (last["step"] + 1)
    evaluations = [
        {
            "seconds": entry["time"] - run["start"],
            **{key: entry[key] for key in ("epoch", "step", "tag_acc")},
        }
        for entry in log
    ]
    return {
        "commit": run["commit"],
        "seconds": run["seconds"],
        "rate": words / max(last["update_seconds"], 1e-9),  # a short trial may have no such step
        "evaluations": evaluations,
    }
