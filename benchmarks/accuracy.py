"""The measuring process for accuracy: `python benchmarks/accuracy.py MODEL --train … --dev … [--test …]
[--disturbed]` prints one line of JSON.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import spacy
import srsly
import typer
from corpora import TaggedSentence, read_tagged
from disturb import DISTURBANCES
from spacy.language import Language
from spacy.tokens import Doc

Counts = dict[str, dict[str, int]]
Option = typer.Option()


def main(
    model: Path,
    train: Annotated[Path, Option],
    dev: Annotated[Path, Option],
    test: Annotated[Path | None, Option] = None,
    disturbed: Annotated[bool, Option] = False,
) -> None:
    """Print a pipeline's tag accuracy, apart for words that the training data holds and for the others: on
    the sentences of dev and test; and if asked for on dev as whole documents and with its text disturbed.
    """
    nlp = spacy.load(model)
    known = {word for sentence in read_tagged(train) for word in sentence.words}
    sentences = list(read_tagged(dev))
    figures = {"dev": score(nlp, sentences, known)}
    if test is not None:
        figures["test"] = score(nlp, read_tagged(test), known)
    if disturbed:
        figures["documents"] = score(nlp, read_tagged(dev, sentences_per_doc=0), known)
        figures |= {name: score(nlp, disturb(sentences), known) for name, disturb in DISTURBANCES.items()}
    print(srsly.json_dumps(figures))


def score(nlp: Language, sentences: Iterable[TaggedSentence], known: set[str]) -> Counts:
    """RETURNS (Dict[str, Dict[str, int]]): Of the "known" and the "unknown" words with a tag, how many are
    "right" and how many there are in "all".
    """
    counts = {group: {"right": 0, "all": 0} for group in ("known", "unknown")}
    sentences = list(sentences)
    docs = nlp.pipe(Doc(nlp.vocab, sentence.words, sentence.spaces) for sentence in sentences)
    for doc, sentence in zip(docs, sentences, strict=True):
        for token, gold in zip(doc, sentence.tags, strict=True):
            if gold:
                group = counts["known" if token.text in known else "unknown"]
                group["all"] += 1
                group["right"] += token.tag_ == gold
    return counts


if __name__ == "__main__":
    typer.run(main)
