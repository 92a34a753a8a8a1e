"""Experiments on accuracy: a list of settings, each trained on every treebank with several seeds.

    python benchmarks/experiments.py benchmarks/plans/configs.yaml --data TREEBANKS

TREEBANKS holds a folder for each treebank of the plan, with train.conllu, dev.conllu and test.conllu. What
is trained already is kept: the same command goes on where it was stopped.
"""

import os
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Annotated, Any, NamedTuple

import srsly
import typer
from experiments_report import render
from machine import describe_machine
from processes import HERE, THREAD_SETTINGS
from thinc.api import Config
from training import Data, make_spacy_config, measure_accuracy, prepare, read_config, train_once

WORK = HERE / "work" / "experiments"


class Run(NamedTuple):
    """One training run of a plan."""

    treebank: str
    setting: str
    seed: int
    config: Config

    @property
    def name(self) -> str:
        """The name of its folder."""
        return re.sub(r"[^\w.=-]+", "_", f"{self.treebank}-{self.setting}-{self.seed}")


def main(
    plan: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Plan, in YAML")],
    data: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder of the treebanks")],
    work: Annotated[Path, typer.Option(help="Folder for the trained pipelines")] = WORK,
    output: Annotated[
        Path | None, typer.Option(help="The report; by default results/ and the plan's name")
    ] = None,
    cores: Annotated[str, typer.Option(help="Cores to use, each for one training run at a time")] = "0,1",
    test: Annotated[bool, typer.Option(help="Score on test too, once everything is chosen")] = False,
) -> None:
    """Train what a plan lists, and write tables."""
    figures: dict[str, Any] = {"machine": describe_machine(sys.argv), "runs": []}
    os.environ.update(dict.fromkeys(THREAD_SETTINGS, "1"))
    runs = list(read_plan(srsly.read_yaml(plan), data.resolve()))
    free_cores: SimpleQueue[int] = SimpleQueue()
    for core in cores.split(","):
        free_cores.put(int(core))

    def execute(run: Run) -> dict[str, Any]:
        files = Data(*(data / run.treebank / f"{part}.conllu" for part in Data._fields))
        with take_core(free_cores):
            return {
                "treebank": run.treebank,
                "setting": run.setting,
                "seed": run.seed,
                "training": train_once(work / run.name, run.config, files, run.seed, reuse=True),
                "accuracy": measure(work / run.name, files, test=test),
            }

    with ThreadPoolExecutor(free_cores.qsize()) as pool:
        figures["runs"] = list(pool.map(execute, runs))
    output = output or HERE / "results" / f"{plan.stem}.md"
    output.parent.mkdir(parents=True, exist_ok=True)
    srsly.write_json(output.with_suffix(".json"), figures)
    report = render(figures, read_notes(plan))
    output.write_text(report, encoding="utf-8")
    typer.echo(report)


def read_plan(plan: dict[str, Any], data: Path) -> Iterator[Run]:
    """Read a plan: `treebanks` gives each one's language, `seeds` how many, and `settings` has for each
    name a `config` (the name of one in `configs/`, or "spacy"), settings to `set` by dotted names, and
    the `treebanks` and `seeds` (how many, or how many on each treebank) where they differ. In a setting,
    {treebank} stands for the treebank's folder.

    plan (Dict[str, Any]): The plan.
    data (Path): The folder of the treebanks.
    YIELDS (Run): Every run.
    """
    for setting, details in plan["settings"].items():
        for treebank in details.get("treebanks", plan["treebanks"]):
            lang = plan["treebanks"][treebank]["lang"]
            name = details["config"]
            path = HERE.parent / "configs" / f"{name}.cfg"
            seeds = details.get("seeds", plan["seeds"])
            overrides = {
                key: value.format(treebank=data / treebank) if isinstance(value, str) else value
                for key, value in details.get("set", {}).items()
            }
            for seed in range(seeds[treebank] if isinstance(seeds, dict) else seeds):
                config = make_spacy_config(lang) if name == "spacy" else read_config(path)
                yield Run(treebank, setting, seed, prepare(config, {"nlp.lang": lang, **overrides}))


@contextmanager
def take_core(free_cores: "SimpleQueue[int]") -> Iterator[None]:
    """Bind this thread, and the processes that it starts, to a core that nobody else has."""
    core = free_cores.get()
    os.sched_setaffinity(0, [core])  # on Linux that of the calling thread alone
    try:
        yield
    finally:
        free_cores.put(core)


def measure(folder: Path, data: Data, *, test: bool) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): What `accuracy.py` counts, kept beside the trained pipeline."""
    path = folder / ("accuracy-test.json" if test else "accuracy.json")
    if not path.exists():
        options = ["--disturbed", *(["--test", data.test] if test else [])]
        srsly.write_json(path, measure_accuracy(folder / "model-best", data, *options))
    figures: dict[str, Any] = srsly.read_json(path)
    return figures


def read_notes(plan: Path) -> str:
    """RETURNS (str): The comment that a plan begins with."""
    lines = plan.read_text(encoding="utf-8").splitlines()
    n_comments = next(i for i, line in enumerate([*lines, ""]) if not line.startswith("#"))
    return "\n".join(line.removeprefix("#").strip() for line in lines[:n_comments])


if __name__ == "__main__":
    typer.run(main)
