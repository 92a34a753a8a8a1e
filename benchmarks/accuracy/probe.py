"""Counts a pipeline's correct tags, and prints one line of JSON.

python -m benchmarks.accuracy.probe MODEL --train train.conllu --dev dev.conllu --disturbed
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import spacy
import srsly
import typer
from spacy.language import Language

from benchmarks.accuracy.disturbances import DISTURBANCES
from benchmarks.common import options
from benchmarks.common.corpora import Sentence, make_docs, read_sentences
from benchmarks.common.tables import GROUPS

Counts = dict[str, dict[str, int]]


def main(
    model: options.Model,
    train: options.Train,
    dev: options.Dev,
    test: Annotated[Path | None, options.TEST] = None,
    disturbed: Annotated[
        bool, typer.Option(help="Also score dev as whole documents and with its text disturbed")
    ] = False,
) -> None:
    """Print how many words of dev and test are tagged correctly, known and unknown ones apart."""
    nlp = spacy.load(model)
    known = {word for sentence in read_sentences(train) for word in sentence.words}
    sentences = read_sentences(dev)
    figures = {"dev": score(nlp, sentences, known)}
    if test is not None:
        figures["test"] = score(nlp, read_sentences(test), known)
    if disturbed:
        figures["documents"] = score(nlp, read_sentences(dev, sentences_per_doc=0), known)
        figures |= {name: score(nlp, disturb(sentences), known) for name, disturb in DISTURBANCES.items()}
    print(srsly.json_dumps(figures))


def score(nlp: Language, sentences: Iterable[Sentence], known: set[str]) -> Counts:
    """RETURNS (Dict[str, Dict[str, int]]): How many "known" and "unknown" words with a gold tag are tagged
    "right", and how many there are in "all".
    """
    counts = {group: {"right": 0, "all": 0} for group in GROUPS}
    sentences = list(sentences)
    docs = nlp.pipe(make_docs(sentences, nlp.vocab))
    for doc, sentence in zip(docs, sentences, strict=True):
        for token, gold in zip(doc, sentence.tags, strict=True):
            if gold:
                group = counts["known" if token.text in known else "unknown"]
                group["all"] += 1
                group["right"] += token.tag_ == gold
    return counts


if __name__ == "__main__":
    options.run(main)
