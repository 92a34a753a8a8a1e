"""SNIPS, or any corpus of the same two files a part, as `.spacy` files for spaCy and this project.

    python benchmarks/snips.py FOLDER OUTPUT_FOLDER

FOLDER has the folders train, valid and test. In each, `seq.in` holds the words of one utterance a line, and
`seq.out` their tags, which write slots in BIO or BILUO. OUTPUT_FOLDER gets train.spacy, dev.spacy and
test.spacy, where the slots are tags, for a tagger, and entities, for spaCy's `ner`.
"""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Annotated

import typer
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spacy_lstm_tagger.scorers import find_slots, has_valid_slots

PARTS = {"train": "train", "valid": "dev", "test": "test"}


def convert(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of the corpus")],
    output_folder: Annotated[Path, typer.Argument(file_okay=False, help="Folder for the .spacy files")],
) -> None:
    """Convert the parts of a corpus."""
    output_folder.mkdir(parents=True, exist_ok=True)
    for part, name in PARTS.items():
        docs = list(read_docs(folder / part / "seq.in", folder / part / "seq.out"))
        output = output_folder / f"{name}.spacy"
        DocBin(docs=docs).to_disk(output)
        n_words = sum(map(len, docs))
        n_slots = sum(len(doc.ents) for doc in docs)
        typer.echo(f"{output}: {len(docs)} utterances, {n_words} words, {n_slots} slots")


def read_docs(words_path: Path, tags_path: Path) -> Iterator[Doc]:
    """Read the utterances of a part. Empty lines are skipped.

    words_path (Path): The file of words.
    tags_path (Path): The file of tags.
    YIELDS (Doc): An utterance, whose slots are tags and entities.
    RAISES (typer.BadParameter): If a file is missing, the two do not match, or tags are not valid.
    """
    vocab = Vocab()
    lines = zip_longest(read_lines(words_path), read_lines(tags_path))
    for number, (words, tags) in enumerate(lines, start=1):
        if words is None or tags is None:
            path = words_path if words is None else tags_path
            raise typer.BadParameter(f"{path} ends before line {number}, where the other file goes on.")
        where = f"{tags_path}, line {number}"
        if len(words) != len(tags):
            raise typer.BadParameter(f"{where}: {len(tags)} tag(s) for {len(words)} word(s).")
        if not has_valid_slots(tags):
            raise typer.BadParameter(f"{where}: neither valid BIO nor valid BILUO: {' '.join(tags)}")
        if words:
            yield make_doc(vocab, words, tags)


def read_lines(path: Path) -> Iterator[list[str]]:
    """YIELDS (List[str]): What each line holds, split at whitespace."""
    if not path.is_file():
        raise typer.BadParameter(f"There is no file {path}.")
    with path.open(encoding="utf8") as file:
        yield from map(str.split, file)


def make_doc(vocab: Vocab, words: list[str], tags: list[str]) -> Doc:
    """RETURNS (Doc): The words, with their slots as tags and as entities."""
    # The spaces are unknown. So spaCy's reader keeps the words, where it would tokenize a known text.
    doc = Doc(vocab, words, tags=tags)
    doc.ents = tuple(Span(doc, start, end, label) for label, start, end in find_slots(tags))
    return doc


if __name__ == "__main__":
    typer.run(convert)
