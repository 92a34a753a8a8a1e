"""Slot filling on SNIPS: `lstm_tagger` with CRF and with softmax, beside spaCy's `tagger` and `ner`.

`python benchmarks/slots.py SNIPS --work FOLDER` trains all of them on what `snips.py` converts and writes
`results/snips.md`.
"""

import statistics
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import spacy
import srsly
import typer
from snips import convert
from spacy.cli.init_config import init_config
from spacy.tokens import DocBin
from spacy.training import Example
from thinc.api import Config

from spacy_lstm_tagger.scorers import has_valid_slots, score_slots

HERE = Path(__file__).parent
OURS = {
    "lstm_tagger, CRF": {"@architectures": "spacy-lstm-tagger.CRF.v1", "constraints": "bio"},
    "lstm_tagger, CRF without constraints": {
        "@architectures": "spacy-lstm-tagger.CRF.v1",
        "constraints": "none",
    },
    "lstm_tagger, softmax": {"@architectures": "spacy-lstm-tagger.Softmax.v1"},
}
SPACYS = {"spaCy tagger": "tagger", "spaCy ner": "ner"}


def main(
    data: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of SNIPS")],
    work: Annotated[Path, typer.Option(help="Folder for the trained pipelines")] = HERE / "work" / "snips",
    seeds: Annotated[int, typer.Option(min=1, help="How often each of ours is trained")] = 3,
    spacy_seeds: Annotated[int, typer.Option(min=1, help="How often each of spaCy's is trained")] = 1,
    output: Annotated[Path, typer.Option(help="The report")] = HERE / "results" / "snips.md",
) -> None:
    """Train and score all systems."""
    work.mkdir(parents=True, exist_ok=True)
    convert(data, work)
    figures: dict[str, list[dict[str, Any]]] = {}
    for name in (*OURS, *SPACYS):
        for seed in range(seeds if name in OURS else spacy_seeds):
            folder = work / f"{name.replace(' ', '_').replace(',', '')}-{seed}"
            if not (folder / "model-best").exists():
                train(make_config(name), folder, work, seed)
            scores = {
                part: score(folder / "model-best", work / f"{part}.spacy") for part in ("dev", "test")
            }
            figures.setdefault(name, []).append(scores)
    output.parent.mkdir(parents=True, exist_ok=True)
    srsly.write_json(output.with_suffix(".json"), figures)
    output.write_text(report(figures), encoding="utf-8")


def make_config(name: str) -> Config:
    """RETURNS (Config): The config of a system."""
    if name in SPACYS:
        return init_config(lang="en", pipeline=[SPACYS[name]], optimize="efficiency", silent=True)
    config = Config().from_disk(HERE.parent / "configs" / "crf.cfg", interpolate=False)
    config["components"]["lstm_tagger"]["model"]["decoder"] = OURS[name]
    return config


def train(config: Config, folder: Path, work: Path, seed: int) -> None:
    """Train one system in a process of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    config.to_disk(folder / "config.cfg")
    typer.echo(f"training {folder.name}", err=True)
    paths = [f"--paths.{part}={work / part}.spacy" for part in ("train", "dev")]
    command = [sys.executable, "-m", "spacy", "train", str(folder / "config.cfg"), "--output", str(folder)]
    with (folder / "train.log").open("w") as log:
        subprocess.run([*command, *paths, f"--system.seed={seed}"], check=True, stdout=log, stderr=log)


def score(model: Path, data: Path) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Scores of slots, and how many utterances have an invalid sequence."""
    nlp = spacy.load(model)
    gold = list(DocBin().from_disk(data).get_docs(nlp.vocab))
    docs = [spacy.tokens.Doc(nlp.vocab, words=[token.text for token in doc]) for doc in gold]
    predicted = list(nlp.pipe(docs))
    for doc in predicted:
        if "ner" in nlp.pipe_names:
            for token in doc:
                token.tag_ = f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else "O"
    scores = score_slots([Example(*pair) for pair in zip(predicted, gold, strict=True)])
    invalid = sum(not has_valid_slots([token.tag_ for token in doc]) for doc in predicted)
    return {key: scores[key] for key in ("slots_p", "slots_r", "slots_f", "tag_acc")} | {"invalid": invalid}


def report(figures: dict[str, list[dict[str, Any]]]) -> str:
    """RETURNS (str): The report, in Markdown."""
    rows = []
    for name, runs in figures.items():
        percent = [f"{100 * value:.2f}" for value in (_mean(runs, "dev", "slots_f"), *_test(runs))]
        deviation = 100 * statistics.pstdev(run["test"]["slots_f"] for run in runs)
        invalid = [run["test"]["invalid"] for run in runs]
        shown = " ".join(map(str, invalid))
        rows.append(f"| {name} | {len(runs)} | {' | '.join(percent)} | {deviation:.2f} | {shown} |")
    return "\n".join(
        [
            "# Slot filling on SNIPS",
            "",
            "Trained from scratch on 13,084 utterances; spans scored as in CoNLL's evaluation, on 700.",
            "`python benchmarks/slots.py SNIPS`. spaCy's systems are those of `init config`.",
            "",
            "| system | seeds | F1, dev | F1, test | precision | recall | words right | deviation of F1 | "
            "invalid utterances on test |",
            "| --- | --: | --: | --: | --: | --: | --: | --: | --: |",
            *rows,
            "",
        ]
    )


def _mean(runs: list[dict[str, Any]], part: str, key: str) -> float:
    return statistics.mean(run[part][key] for run in runs)


def _test(runs: list[dict[str, Any]]) -> list[float]:
    return [_mean(runs, "test", key) for key in ("slots_f", "slots_p", "slots_r", "tag_acc")]


if __name__ == "__main__":
    typer.run(main)
