"""The trainable component `lstm_tagger`: a drop-in replacement for spaCy's `tagger`."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from spacy.attrs import TAG
from spacy.language import Language
from spacy.pipeline.tagger import tagger_score
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ..vocabulary import Ids, Ints
from .defaults import DEFAULT_MODEL
from .labeler import LabelerModel, SequenceLabeler
from .labels import read_attrs, write_attrs


@Language.factory(
    "lstm_tagger",
    assigns=["token.tag"],
    default_config={
        "model": DEFAULT_MODEL,
        "overwrite": False,
        "scorer": {"@scorers": "spacy.tagger_scorer.v1"},
        "neg_prefix": "!",
        "label_smoothing": 0.0,
        "store_scores": False,
        "n_best": 0,
    },
    default_score_weights={"tag_acc": 1.0},
)
def make_lstm_tagger(
    nlp: Language,
    name: str,
    model: LabelerModel,
    overwrite: bool,
    scorer: Callable[..., Any] | None,
    neg_prefix: str,
    label_smoothing: float,
    store_scores: bool,
    n_best: int,
) -> "LSTMTagger":
    """Create the component.

    model (Model[List[Doc], List[Floats2d]]): `spacy-lstm-tagger.LSTMTagger.v1`.
    overwrite (bool): Whether to overwrite tags that a document has.
    scorer (Optional[Callable]): The scoring method.
    neg_prefix (str): The prefix of a gold tag that a token does *not* have.
    label_smoothing (float): The share of the gold tag's probability that is spread over the others.
    store_scores (bool): Whether to store every tag's posterior probability: `doc._.tag_scores`,
        `(tokens, labels)` as lists, in the order of `doc._.tag_score_labels`; and `token._.tag_score`, that
        of the tag that the token has.
    n_best (int): How many of the best sequences of tags to store as `doc._.tag_n_best`: a list of tags and
        its log probability, best first.
    """
    return LSTMTagger(
        nlp.vocab,
        model,
        name=name,
        overwrite=overwrite,
        scorer=scorer,
        neg_prefix=neg_prefix,
        label_smoothing=label_smoothing,
        store_scores=store_scores,
        n_best=n_best,
    )


class LSTMTagger(SequenceLabeler):
    """Assigns `token.tag`. Everything that spaCy's `Tagger` does, this does the same way, except that a tag
    that begins with `neg_prefix` can be among the labels.
    """

    annotation = "tag"

    def __init__(
        self,
        vocab: Vocab,
        model: LabelerModel,
        name: str = "lstm_tagger",
        *,
        scorer: Callable[..., Any] | None = tagger_score,
        neg_prefix: str = "!",
        **settings: Any,
    ) -> None:
        """Create a tagger. The arguments are those of `SequenceLabeler`."""
        super().__init__(vocab, model, name, scorer=scorer, neg_prefix=neg_prefix, **settings)

    def read_labels(self, doc: Doc | Span) -> Ids:
        """RETURNS (Ids): The string id of each token's tag, 0 if it is missing, `(tokens,)`."""
        return read_tags(doc)

    def write_labels(self, docs: Sequence[Doc], label_ids: Sequence[Ints]) -> None:
        """Write tags to documents. See `SequenceLabeler.write_labels`."""
        for strings in {self.vocab.strings, *(doc.vocab.strings for doc in docs)}:  # usually one
            ids = [strings.add(label) for label in self.labels]
        tags = np.array(ids, dtype=np.uint64)[np.concatenate(label_ids)][:, None]  # (tokens, 1)
        end = 0
        for doc in docs:
            start, end = end, end + len(doc)
            if start == end:
                continue
            doc_tags = tags[start:end]
            if not self.cfg["overwrite"] and doc.has_annotation(TAG):
                present = read_attrs(doc, TAG)
                doc_tags = np.where(present == 0, doc_tags, present)
            write_attrs(doc, doc_tags, TAG)


def read_tags(doc: Doc | Span) -> Ids:
    """RETURNS (Ids): The string id of each token's tag, 0 if it is missing, `(tokens,)`."""
    return read_attrs(doc, TAG)[:, 0]
