"""`.spacy` files: documents with all their annotation, in spaCy's `DocBin`.

spaCy reads and writes such a file as a whole, so memory is bounded by the largest one.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from pathlib import Path

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from .columns import Selection
from .inputs import InputFile
from .rows import BadRow, ColumnNames, Row, attempt, get_id
from .shards import Slice, cut_evenly
from .writing import Writer


@lru_cache(maxsize=1)
def _load(file: InputFile) -> DocBin:
    """The shards of a file are read one after the other, so it is loaded once."""
    return DocBin(store_user_data=True).from_disk(file.path)


def split(file: InputFile, size: int) -> Iterator[Slice]:
    """YIELDS (Slice): Slices of at most this many documents."""
    return cut_evenly(len(_load(file)), size)


def read(file: InputFile, rows: Slice, columns: ColumnNames, vocab: Vocab) -> Iterator[Row | BadRow]:
    """YIELDS (Row | BadRow): A row for each document. Its id is in its `user_data`, if the column of ids is
    named.
    """
    documents = _load(file)
    for string in documents.strings:
        vocab[string]
    for number in range(rows.start + 1, rows.start + rows.n_rows + 1):
        one = _take(documents, number - 1)
        yield attempt(partial(_make_row, file.name, number, columns, vocab), one, _show, file.name, number)


def _make_row(file: str, number: int, columns: ColumnNames, vocab: Vocab, one: DocBin) -> Row:
    (doc,) = one.get_docs(vocab)
    return Row(get_id(doc.user_data, columns, file, number), doc, file, number)


def _show(one: DocBin) -> str:
    return ""  # what can't be read can't be shown


def _take(documents: DocBin, index: int) -> DocBin:
    """RETURNS (DocBin): One of the documents. Its strings are in the vocab already."""
    one = DocBin(store_user_data=True)
    one.attrs = documents.attrs
    for name in ("tokens", "spaces", "cats", "flags", "user_data", "span_groups"):
        setattr(one, name, [getattr(documents, name)[index]])
    return one


class DocBinWriter(Writer):
    """Writes a shard as `.spacy`: everything that the pipeline annotated, and the id as
    `doc.user_data["id"]`.
    """

    def __init__(self, path: Path, selection: Selection) -> None:
        self.path = path
        self._docs = DocBin(store_user_data=True)

    def write(self, row: Row, doc: Doc) -> None:
        """Add a document."""
        doc.user_data["id"] = row.id
        self._docs.add(doc)

    def close(self) -> None:
        """Write the file."""
        self._docs.to_disk(self.path)


def join(parts: Iterable[Path], path: Path) -> None:
    """Join files in memory."""
    whole = DocBin(store_user_data=True)
    for part in parts:
        whole.merge(DocBin(store_user_data=True).from_disk(part))
    whole.to_disk(path)
