"""The trainable component `lstm_ner`: a replacement for spaCy's `ner`."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.attrs import ENT_ID, ENT_IOB, ENT_KB_ID, ENT_TYPE, ORTH
from spacy.errors import Errors as SpacyErrors
from spacy.language import Language
from spacy.pipeline.ner import ner_score
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from ..errors import LSTMTaggerValueError
from ..ragged import Ragged, split
from ..schemes import OUTSIDE, split_label
from ..vocabulary import Ids, Ints
from .defaults import DEFAULT_NER_MODEL
from .entity_labels import BEGIN, INSIDE, EntityCodes, fill_spaces, read_biluo, read_entities
from .labeler import LabelerModel, SequenceLabeler
from .labels import group_by_vocab, read_attrs, write_attrs
from .span_scores import set_span_score, store_span_scores

if TYPE_CHECKING:
    from ..models.labeling import Path

RULED_OUT = -1e3  # relative to the score of "O"


@Language.factory(
    "lstm_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type"],
    default_config={
        "model": DEFAULT_NER_MODEL,
        "overwrite": False,
        "incorrect_spans_key": None,
        "scorer": {"@scorers": "spacy.ner_scorer.v1"},
        "store_scores": False,
        "n_best": 0,
    },
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_lstm_ner(
    nlp: Language,
    name: str,
    model: LabelerModel,
    overwrite: bool,
    incorrect_spans_key: str | None,
    scorer: Callable[..., Any] | None,
    store_scores: bool,
    n_best: int,
) -> "LSTMNer":
    """Create the component.

    model (Model[List[Doc], List[Floats2d]]): `spacy-lstm-tagger.LSTMTagger.v1`, with
        `spacy-lstm-tagger.CRF.v1` and its constraints "biluo", so that all sequences of labels are valid.
    overwrite (bool): Whether to replace entities that a document has. Otherwise they stay, and the others
        do not overlap with them. Blocked tokens always stay.
    incorrect_spans_key (Optional[str]): The key in `doc.spans` of gold documents under which there are
        spans that are *not* entities with their label.
    scorer (Optional[Callable]): The scoring method.
    store_scores (bool): Whether to store confidences: `span._.score`, the posterior probability of an
        entity, and those of the tokens' BILUO labels, `token._.ent_score` and `doc._.ent_scores`.
    n_best (int): How many of the best sequences of labels to store as `doc._.ent_n_best`: a list of BILUO
        labels and its log probability, best first.
    """
    return LSTMNer(
        nlp.vocab,
        model,
        name,
        overwrite=overwrite,
        incorrect_spans_key=incorrect_spans_key,
        scorer=scorer,
        store_scores=store_scores,
        n_best=n_best,
    )


class LSTMNer(SequenceLabeler):
    """Assigns `doc.ents`. What spaCy's `EntityRecognizer` does for users, this does the same way: partial
    and negative annotation, entities that are set already, scores. The model labels tokens in BILUO.
    """

    annotation = "ent"
    rules_out_labels = True
    stores_path_probs = True

    def __init__(
        self,
        vocab: Vocab,
        model: LabelerModel,
        name: str = "lstm_ner",
        *,
        incorrect_spans_key: str | None = None,
        scorer: Callable[..., Any] | None = ner_score,
        **settings: Any,
    ) -> None:
        """Create a recognizer. The arguments are those of the factory, and of `SequenceLabeler`."""
        super().__init__(vocab, model, name, scorer=scorer, **settings)
        self.cfg["incorrect_spans_key"] = incorrect_spans_key
        set_span_score()

    # Labels

    @property
    def labels(self) -> tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): The types of entities."""
        return tuple(sorted({split_label(label)[1] for label in self.outputs} - {""}))

    def add_label(self, label: str) -> int:
        """Add a type of entities. See `SequenceLabeler.add_label`."""
        if not isinstance(label, str):
            raise LSTMTaggerValueError(SpacyErrors.E187)
        outputs = [OUTSIDE, *(f"{prefix}-{label}" for prefix in "BILU")]
        return max(map(self._add_output, outputs))

    def find_labels(self, examples: Iterable[Example]) -> list[str]:
        """RETURNS (List[str]): The types of the examples' entities, also of incorrect ones, sorted."""
        found: set[str] = set()
        for example in examples:
            reference = example.reference
            types = np.unique(read_entities(reference)[:, 1]).tolist()
            found.update(reference.vocab.strings[label] for label in types if label)
            found.update(span.label_ for span in self._get_incorrect(example))
        return sorted(found - {""})

    def _get_incorrect(self, example: Example) -> list[Span]:
        key = self.cfg["incorrect_spans_key"]
        return list(example.reference.spans.get(key, [])) if key is not None else []

    def read_labels(self, doc: Doc | Span) -> Ids:
        """RETURNS (Ids): The string id of each token's BILUO label, 0 if it is missing, `(tokens,)`."""
        return read_biluo(doc)

    def get_gold(self, example: Example) -> Ids:
        """See `SequenceLabeler.get_gold`. Entities of other tokens than the predicted are missing."""
        predicted, reference = example.predicted, example.reference
        if np.array_equal(predicted.to_array(ORTH), reference.to_array(ORTH)):
            return fill_spaces(predicted, read_biluo(reference))
        strings = predicted.vocab.strings
        labels = example.get_aligned_ner()
        return np.array([strings.add(x) if x and x != "-" else 0 for x in labels], dtype=np.uint64)

    def find_rejected(self, examples: Sequence[Example]) -> "list[Path]":
        """RETURNS (List[Path]): The incorrect spans, as labels of the predicted tokens."""
        from ..models.labeling import Path  # imports torch

        numbers = {label: number for number, label in enumerate(self.outputs)}
        rejected = []
        for i, example in enumerate(examples):
            for span in example.get_aligned_spans_y2x(self._get_incorrect(example), allow_overlap=True):
                prefixes = "U" if len(span) == 1 else "B" + "I" * (len(span) - 2) + "L"
                labels = [numbers.get(f"{prefix}-{span.label_}", -1) for prefix in prefixes]
                if -1 not in labels:
                    rejected.append(Path(i, span.start, labels))
        return rejected

    # Prediction

    def restrict(self, docs: Sequence[Doc], scores: Ragged) -> Ragged:
        """RETURNS (Ragged): Scores where tokens whose annotation stays can only be outside of entities."""
        kept = self._find_kept(np.concatenate([read_entities(doc) for doc in docs]))
        if kept.any():
            outside = self.outputs.index(OUTSIDE)
            rows = scores.data[kept]
            rows[:, [i for i in range(rows.shape[1]) if i != outside]] = rows[:, [outside]] + RULED_OUT
            scores.data[kept] = rows
        return scores

    def _find_kept(self, entities: Ids) -> Any:
        """RETURNS (np.ndarray): Which tokens' annotation `(tokens, 2 or more)` stays, bool `(tokens,)`."""
        iob, types = entities[:, 0], entities[:, 1]
        is_blocked = (iob == BEGIN) & (types == 0)
        return is_blocked if self.cfg["overwrite"] else is_blocked | (iob == BEGIN) | (iob == INSIDE)

    def set_annotations(self, docs: Iterable[Doc], batch_label_ids: Sequence[Ints]) -> None:
        """Write entities to documents. Those that these have stay, unless `overwrite` is true."""
        docs = [docs] if isinstance(docs, Doc) else list(docs)
        path_probs = getattr(batch_label_ids, "path_probs", None)
        if path_probs is None:
            super().set_annotations(docs, batch_label_ids)
            return
        before = [self._find_kept(read_entities(doc)) for doc in docs]
        super().set_annotations(docs, batch_label_ids)
        for doc, kept, probs in zip(docs, before, path_probs, strict=True):
            store_span_scores(doc, kept, probs)

    def write_labels(self, docs: Sequence[Doc], label_ids: Sequence[Ints]) -> None:
        """Write entities to documents. See `SequenceLabeler.write_labels`."""
        codes = EntityCodes(self.outputs)
        attrs = (ENT_IOB, ENT_TYPE, ENT_KB_ID, ENT_ID)
        for vocab, chosen in group_by_vocab(docs):
            lengths = np.array([len(docs[i]) for i in chosen])
            entities = np.concatenate([read_attrs(docs[i], *attrs) for i in chosen])  # (tokens, 4)
            changed = ~self._find_kept(entities)
            labels = np.concatenate([label_ids[i] for i in chosen])
            entities[changed] = 0
            entities[changed, :2] = codes.decode(labels, lengths, vocab.strings)[changed]
            for i, of_doc in zip(chosen, split(Ragged(entities, lengths)), strict=True):
                write_attrs(docs[i], of_doc, *attrs)
