"""Trains what a plan lists: settings × treebanks × seeds.

    python -m benchmarks.accuracy.experiments benchmarks/accuracy/plans/configs.yaml --treebanks FOLDER

FOLDER has a subfolder for each treebank of the plan, with train.conllu, dev.conllu and test.conllu.
Finished training runs are kept, so the same command resumes an interrupted one.
"""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Annotated, Any, NamedTuple

import srsly
import typer
from thinc.api import Config

from benchmarks.accuracy.experiments_table import render
from benchmarks.common import options
from benchmarks.common.machine import describe_machine
from benchmarks.common.paths import CONFIGS, RESULTS, WORK
from benchmarks.common.processes import THREAD_SETTINGS, run_child
from benchmarks.common.tables import write_report
from benchmarks.common.training import Treebank, make_spacy_config, prepare, read_config, train_timed


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
    plan: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Plan in YAML")],
    treebanks: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="Folder with a subfolder for each treebank")
    ],
    work: options.Work = WORK / "experiments",
    output: Annotated[
        Path | None, typer.Option(help="Markdown report; by default results/ and the plan's name")
    ] = None,
    cores: Annotated[
        str, typer.Option(help="Cores to run on, separated by commas; each trains one pipeline at a time")
    ] = "0,1",
    with_test: Annotated[bool, typer.Option(help="Score on test too, once all settings are final")] = False,
) -> None:
    """Train what a plan lists, and write tables."""
    figures: dict[str, Any] = {"machine": describe_machine("benchmarks.accuracy.experiments")}
    os.environ.update(dict.fromkeys(THREAD_SETTINGS, "1"))
    runs = list(read_plan(srsly.read_yaml(plan), treebanks.resolve()))
    free_cores: SimpleQueue[int] = SimpleQueue()
    for core in cores.split(","):
        free_cores.put(int(core))

    def execute(run: Run) -> dict[str, Any]:
        treebank = Treebank(*(treebanks / run.treebank / f"{part}.conllu" for part in Treebank._fields))
        with take_core(free_cores):
            return {
                "treebank": run.treebank,
                "setting": run.setting,
                "seed": run.seed,
                "training": train_timed(work / run.name, run.config, treebank, run.seed, reuse=True),
                "accuracy": score(work / run.name, treebank, with_test=with_test),
            }

    with ThreadPoolExecutor(free_cores.qsize()) as pool:
        figures["runs"] = list(pool.map(execute, runs))
    write_report(output or RESULTS / f"{plan.stem}.md", figures, partial(render, notes=read_notes(plan)))


def read_plan(plan: dict[str, Any], folder: Path) -> Iterator[Run]:
    """Read a plan. `treebanks` has the language of each, `seeds` their number, and `settings` for each name
    a `config` (the name of one in `configs/`, or "spacy"), values to `set` by dotted names, and optionally
    its own `treebanks` and `seeds` (a number, or one for each treebank). In a value, {treebank} stands for
    the treebank's folder.

    plan (Dict[str, Any]): The plan.
    folder (Path): The folder of the treebanks.
    YIELDS (Run): Every run.
    """
    for setting, details in plan["settings"].items():
        for treebank in details.get("treebanks", plan["treebanks"]):
            lang = plan["treebanks"][treebank]["lang"]
            name = details["config"]
            path = CONFIGS / f"{name}.cfg"
            seeds = details.get("seeds", plan["seeds"])
            overrides = {
                key: value.format(treebank=folder / treebank) if isinstance(value, str) else value
                for key, value in details.get("set", {}).items()
            }
            for seed in range(seeds[treebank] if isinstance(seeds, dict) else seeds):
                config = make_spacy_config(lang) if name == "spacy" else read_config(path)
                yield Run(treebank, setting, seed, prepare(config, {"nlp.lang": lang, **overrides}))


@contextmanager
def take_core(free_cores: "SimpleQueue[int]") -> Iterator[None]:
    """Bind this thread and its child processes to a core that no other thread uses."""
    core = free_cores.get()
    os.sched_setaffinity(0, [core])  # on Linux, of the calling thread only
    try:
        yield
    finally:
        free_cores.put(core)


def score(folder: Path, treebank: Treebank, *, with_test: bool) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The output of `benchmarks.accuracy.probe`, cached in the folder."""
    path = folder / ("accuracy-test.json" if with_test else "accuracy.json")
    if not path.exists():
        arguments = [folder / "model-best", "--train", treebank.train, "--dev", treebank.dev, "--disturbed"]
        arguments += ["--test", treebank.test] if with_test else []
        srsly.write_json(path, run_child("benchmarks.accuracy.probe", *arguments))
    figures: dict[str, Any] = srsly.read_json(path)
    return figures


def read_notes(plan: Path) -> str:
    """RETURNS (str): The comment at the top of a plan."""
    lines = plan.read_text(encoding="utf-8").splitlines()
    n_comments = next(i for i, line in enumerate([*lines, ""]) if not line.startswith("#"))
    return "\n".join(line.removeprefix("#").strip() for line in lines[:n_comments])


if __name__ == "__main__":
    options.run(main)
