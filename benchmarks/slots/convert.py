"""Converts SNIPS, or any corpus in the same format, to `.spacy` files.

    python -m benchmarks.slots.convert FOLDER OUTPUT_FOLDER

FOLDER has the subfolders train, valid and test. In each, `seq.in` has the words of one utterance per line,
and `seq.out` their tags, which encode slots in BIO or BILUO. OUTPUT_FOLDER gets train.spacy, dev.spacy and
test.spacy, with the slots both as tags, for a tagger, and as entities, for spaCy's `ner`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from benchmarks.common import options
from spacy_lstm_tagger.schemes import find_spans, is_valid

PARTS = {"train": "train", "valid": "dev", "test": "test"}


def convert(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of the corpus")],
    output_folder: Annotated[Path, typer.Argument(file_okay=False, help="Folder for the .spacy files")],
) -> None:
    """Convert a corpus to .spacy files."""
    output_folder.mkdir(parents=True, exist_ok=True)
    for part, name in PARTS.items():
        docs = list(read_docs(folder / part))
        output = output_folder / f"{name}.spacy"
        DocBin(docs=docs).to_disk(output)
        n_words = sum(map(len, docs))
        n_slots = sum(len(doc.ents) for doc in docs)
        typer.echo(f"{output}: {len(docs)} utterances, {n_words} words, {n_slots} slots")


def read_docs(folder: Path) -> Iterator[Doc]:
    """Read the utterances of a part, skipping empty lines.

    folder (Path): The folder of the part.
    YIELDS (Doc): An utterance, with its slots as tags and as entities.
    RAISES (ValueError): If the files do not match, or tags are invalid.
    """
    vocab = Vocab()
    lines = ((folder / name).read_text(encoding="utf8").splitlines() for name in ("seq.in", "seq.out"))
    for words, tags in zip(*(map(str.split, part) for part in lines), strict=True):
        if not is_valid(tags):
            raise ValueError(f"{folder}: neither valid BIO nor valid BILUO: {' '.join(tags)}")
        if words:
            yield make_doc(vocab, words, tags)


def make_doc(vocab: Vocab, words: list[str], tags: list[str]) -> Doc:
    """RETURNS (Doc): The words, with their slots as tags and as entities."""
    # Without spaces, which are unknown, spaCy's reader keeps the words instead of retokenizing the text.
    doc = Doc(vocab, words, tags=tags)
    doc.ents = tuple(Span(doc, start, end, label) for label, start, end in find_spans(tags))
    return doc


if __name__ == "__main__":
    options.run(convert)
