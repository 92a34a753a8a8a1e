"""Trains `lstm_tagger`, with a CRF and with a softmax, and spaCy's `tagger` and `ner` on SNIPS.

python -m benchmarks.slots SNIPS --seeds 3
"""

from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from spacy.cli.init_config import init_config
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from thinc.api import Config

from benchmarks.common import options
from benchmarks.common.paths import CONFIGS, RESULTS, WORK
from benchmarks.common.tables import Figures, write_report
from benchmarks.common.training import read_config, train
from benchmarks.slots.convert import convert
from benchmarks.slots.table import render
from spacy_lstm_tagger.schemes import is_valid
from spacy_lstm_tagger.scorers import score_slots

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
    corpus: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of SNIPS")],
    seeds: options.Seeds = options.SEEDS,
    spacy_seeds: Annotated[int, typer.Option(min=1, help="The same for spaCy's systems")] = options.SEEDS,
    work: options.Work = WORK / "slots",
    output: options.Output = RESULTS / "snips.md",
) -> None:
    """Train and score all systems on SNIPS. Pipelines already in the work folder are kept."""
    convert(corpus, work)
    figures: Figures = {}
    for name in (*OURS, *SPACYS):
        for seed in range(seeds if name in OURS else spacy_seeds):
            folder = work / f"{name.replace(' ', '_').replace(',', '')}-{seed}"
            if not (folder / "model-best").exists():
                paths = [f"--paths.{part}={work / part}.spacy" for part in ("train", "dev")]
                train(folder, make_config(name), f"--system.seed={seed}", *paths)
            scores = {
                part: score(folder / "model-best", work / f"{part}.spacy") for part in ("dev", "test")
            }
            figures.setdefault(name, []).append(scores)
    write_report(output, figures, render)


def make_config(name: str) -> Config:
    """RETURNS (Config): The config of a system."""
    if name in SPACYS:
        return init_config(lang="en", pipeline=[SPACYS[name]], optimize="efficiency", silent=True)
    config = read_config(CONFIGS / "crf.cfg")
    config["components"]["lstm_tagger"]["model"]["decoder"] = OURS[name]
    return config


def score(model: Path, data: Path) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Scores of slots, and the number of utterances with invalid tags."""
    nlp = spacy.load(model)
    gold = list(DocBin().from_disk(data).get_docs(nlp.vocab))
    predicted = list(nlp.pipe(Doc(nlp.vocab, words=[token.text for token in doc]) for doc in gold))
    for doc in predicted:
        if "ner" in nlp.pipe_names:
            for token in doc:
                token.tag_ = f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else "O"
    scores = score_slots([Example(*pair) for pair in zip(predicted, gold, strict=True)])
    invalid = sum(not is_valid([token.tag_ for token in doc]) for doc in predicted)
    return {key: scores[key] for key in ("slots_p", "slots_r", "slots_f", "tag_acc")} | {"invalid": invalid}


if __name__ == "__main__":
    options.run(main)
