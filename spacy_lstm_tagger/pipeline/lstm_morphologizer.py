"""The trainable component `lstm_morphologizer`: a drop-in replacement for spaCy's `morphologizer`."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from spacy.attrs import MORPH, POS
from spacy.errors import Errors as SpacyErrors
from spacy.language import Language
from spacy.morphology import Morphology
from spacy.parts_of_speech import IDS as POS_IDS
from spacy.pipeline.morphologizer import morphologizer_score
from spacy.strings import StringStore
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ..errors import LSTMTaggerValueError
from ..vocabulary import Ids, Ints
from .defaults import DEFAULT_MODEL
from .labeler import GetExamples, LabelerModel, SequenceLabeler
from .labels import read_attrs, write_attrs

POS_FEATURE = "POS"  # spaCy's labels have the part of speech among the features
_MORPHOLOGY = Morphology(StringStore())


@Language.factory(
    "lstm_morphologizer",
    assigns=["token.morph", "token.pos"],
    default_config={
        "model": DEFAULT_MODEL,
        "overwrite": True,
        "extend": False,
        "scorer": {"@scorers": "spacy.morphologizer_scorer.v1"},
        "label_smoothing": 0.0,
        "store_scores": False,
        "n_best": 0,
    },
    default_score_weights={"pos_acc": 0.5, "morph_acc": 0.5, "morph_per_feat": None},
)
def make_lstm_morphologizer(
    nlp: Language,
    name: str,
    model: LabelerModel,
    overwrite: bool,
    extend: bool,
    scorer: Callable[..., Any] | None,
    label_smoothing: float,
    store_scores: bool,
    n_best: int,
) -> "LSTMMorphologizer":
    """Create the component.

    model (Model[List[Doc], List[Floats2d]]): `spacy-lstm-tagger.LSTMTagger.v1`.
    overwrite (bool): Whether to overwrite parts of speech and features that a document has.
    extend (bool): Whether to keep other features that a token has; of the same feature, the new value is
        taken with `overwrite`, and the old one without.
    scorer (Optional[Callable]): The scoring method.
    label_smoothing (float): The share of the gold label's probability that is spread over the others.
    store_scores (bool): Whether to store every label's posterior probability: `doc._.morph_scores`,
        `(tokens, labels)` as lists, in the order of `doc._.morph_score_labels`; and `token._.morph_score`,
        that of the part of speech and the features that the token has.
    n_best (int): How many of the best sequences of labels to store as `doc._.morph_n_best`: a list of
        labels and its log probability, best first.
    """
    return LSTMMorphologizer(
        nlp.vocab,
        model,
        name,
        overwrite=overwrite,
        extend=extend,
        scorer=scorer,
        label_smoothing=label_smoothing,
        store_scores=store_scores,
        n_best=n_best,
    )


class LSTMMorphologizer(SequenceLabeler):
    """Assigns `token.pos` and `token.morph`. Everything that spaCy's `Morphologizer` does, this does the
    same way. A label is written as there: "Number=Sing|POS=NOUN".
    """

    annotation = "morph"
    unknown_is_missing = True

    def __init__(
        self,
        vocab: Vocab,
        model: LabelerModel,
        name: str = "lstm_morphologizer",
        *,
        overwrite: bool = True,
        extend: bool = False,
        scorer: Callable[..., Any] | None = morphologizer_score,
        **settings: Any,
    ) -> None:
        """Create a morphologizer. The arguments are those of the factory, and of `SequenceLabeler`."""
        super().__init__(vocab, model, name, overwrite=overwrite, scorer=scorer, **settings)
        self.cfg["extend"] = extend

    def add_label(self, label: str) -> int:
        """Add a label, in the order of features that spaCy writes. See `SequenceLabeler.add_label`."""
        if not isinstance(label, str):
            raise LSTMTaggerValueError(SpacyErrors.E187)
        return super().add_label(join_label(*split_label(label)))

    def initialize(
        self,
        get_examples: GetExamples,
        *,
        nlp: Language | None = None,
        labels: Sequence[str] | Mapping[str, Any] | None = None,
    ) -> None:
        """See `SequenceLabeler.initialize`. `labels` may also be those of spaCy's morphologizer."""
        if isinstance(labels, Mapping) and "morph" in labels:
            labels = list(labels["morph"])
        super().initialize(get_examples, nlp=nlp, labels=labels)

    def read_labels(self, doc: Doc | Span) -> Ids:
        """RETURNS (Ids): The string id of each token's label, 0 if it has neither part of speech nor
        features, `(tokens,)`.
        """
        return read_morphology(doc)

    def write_labels(self, docs: Sequence[Doc], label_ids: Sequence[Ints]) -> None:
        """Write parts of speech and features to documents. See `SequenceLabeler.write_labels`."""
        all_ids = np.concatenate(label_ids)
        used = np.flatnonzero(np.bincount(all_ids, minlength=len(self.labels))).tolist()
        analyses = [split_label(self.cfg["labels"][label]) for label in used]
        written = np.zeros((len(self.labels), 2), dtype=np.uint64)
        for vocab in {id(vocab): vocab for vocab in (doc.vocab for doc in docs)}.values():  # usually one
            for label, (pos, morph) in zip(used, analyses, strict=True):
                written[label] = POS_IDS[pos], vocab.morphology.add(morph)
        predicted = written[all_ids]  # (tokens, 2)
        end = 0
        for doc in docs:
            start, end = end, end + len(doc)
            if start < end:
                write_attrs(doc, self._combine(doc, predicted[start:end]), POS, MORPH)

    def _combine(self, doc: Doc, predicted: Ids) -> Ids:
        """RETURNS (Ids): The part of speech and the features that each token gets, `(tokens, 2)`."""
        overwrite, extend = self.cfg["overwrite"], self.cfg["extend"]
        if overwrite and not extend:
            return predicted
        present = read_attrs(doc, POS, MORPH)
        combined = predicted if overwrite else np.where(present == 0, predicted, present)
        if not extend:
            return combined
        first, second = (present, predicted) if overwrite else (predicted, present)
        pairs = np.stack([first[:, 1], second[:, 1]], axis=1)
        distinct, index = np.unique(pairs, axis=0, return_inverse=True)
        merged = [_merge(doc.vocab, *pair) for pair in distinct.tolist()]
        return np.stack([combined[:, 0], np.array(merged, dtype=np.uint64)[index.reshape(-1)]], axis=1)


def read_morphology(doc: Doc | Span) -> Ids:
    """RETURNS (Ids): The string id of each token's part of speech and features as a label, 0 if it has
    neither, `(tokens,)`.
    """
    pairs = read_attrs(doc, POS, MORPH)
    strings = doc.vocab.strings
    distinct, index = np.unique(pairs, axis=0, return_inverse=True)
    ids = [
        strings.add(join_label(strings[pos], strings[morph])) if pos or morph else 0
        for pos, morph in distinct.tolist()
    ]
    return np.array(ids, dtype=np.uint64)[index.reshape(-1)]


@lru_cache(maxsize=10000)
def join_label(pos: str, morph: str) -> str:
    """RETURNS (str): The label of a part of speech, which may be empty, and features: "Number=Sing"."""
    features = Morphology.feats_to_dict(morph)
    if pos:
        features[POS_FEATURE] = pos
    label: str = _MORPHOLOGY.normalize_features(features)
    return label


@lru_cache(maxsize=10000)
def split_label(label: str) -> tuple[str, str]:
    """RETURNS (Tuple[str, str]): The part of speech of a label, and its features."""
    features = Morphology.feats_to_dict(label)
    pos: str = features.pop(POS_FEATURE, "")
    return pos, Morphology.dict_to_feats(features)


def _merge(vocab: Vocab, first: int, second: int) -> int:
    """RETURNS (int): Features of two analyses; where both have a feature, the second's."""
    features = [Morphology.feats_to_dict(vocab.strings[morph]) for morph in (first, second)]
    merged: int = vocab.morphology.add(features[0] | features[1])
    return merged
