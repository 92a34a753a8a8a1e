"""A trainable component that assigns one label to each word, whatever the annotation.

A subclass says which annotation: how labels are read from a `Doc`, and written to one. `lstm_tagger.py` is
the simplest one. Nothing here imports torch until a model is used: spaCy imports every component.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
from spacy.errors import Errors as SpacyErrors
from spacy.language import Language
from spacy.strings import get_string_id
from spacy.tokens import Doc, Span
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.util import check_lexeme_norms
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer, set_dropout_rate
from thinc.types import Floats2d

from ..errors import Errors, LSTMTaggerValueError, Warnings, check_setting
from ..ragged import Ragged, join, split
from ..vocabulary import Ids, Ints
from .constraints import ForbiddenAnnotation
from .hints import suggest_settings
from .imitation import ImitatingComponent
from .labels import MISSING, GoldLabels, WordCount, align, collect_labels, encode_gold, read_label_data
from .predictions import decode, set_extensions, store

if TYPE_CHECKING:
    from ..models.labeling import Loss, Path

GetExamples: TypeAlias = Callable[[], Iterable[Example]]
LabelerModel: TypeAlias = Model[list[Doc], list[Floats2d]]


class SequenceLabeler(ImitatingComponent):
    """Labels words with an LSTM. Everything that spaCy's `Tagger` does for tags, this does the same way.

    A subclass sets `annotation`, and implements `read_labels` and `write_labels`. It may override
    `get_gold` and `find_labels`, if gold labels are not simply those of the aligned tokens; `outputs`, if
    the model scores other labels than those that users see; and `restrict`, if documents rule some out.

    annotation (str): A short name for what the labels are, such as "tag". It names the extension attributes
        that confidences are stored in: `token._.tag_score`, `doc._.tag_scores`, `doc._.tag_n_best`.
    """

    annotation: ClassVar[str]
    stores_path_probs: ClassVar[bool] = False  # whether scores of paths are needed, not only of labels
    unknown_is_missing: ClassVar[bool] = False  # whether an unknown gold label counts as missing
    rules_out_labels: ClassVar[bool] = False  # whether `restrict` does anything
    kept_settings = ("n_best", "store_scores")

    def __init__(
        self,
        vocab: Vocab,
        model: LabelerModel,
        name: str,
        *,
        overwrite: bool = False,
        scorer: Callable[..., Any] | None = None,
        neg_prefix: str = "",
        label_smoothing: float = 0.0,
        store_scores: bool = False,
        n_best: int = 0,
    ) -> None:
        """Create a labeler.

        vocab (Vocab): The shared vocabulary.
        model (Model[List[Doc], List[Floats2d]]): `spacy-lstm-tagger.LSTMTagger.v1`.
        name (str): The component's name, used for its losses.
        overwrite (bool): Whether to overwrite labels that a document has.
        scorer (Optional[Callable]): The scoring method.
        neg_prefix (str): The prefix of a label that a token does *not* have; "" for none.
        label_smoothing (float): The share of the gold label's probability that is spread over the others.
        store_scores (bool): Whether to store every label's posterior probability.
        n_best (int): How many of the best sequences of labels to store.
        RAISES (LSTMTaggerValueError): If a setting is out of range, or the model does not support it.
        """
        is_share = 0.0 <= label_smoothing < 1.0
        check_setting(name, "label_smoothing", label_smoothing, is_share, "at least 0 and below 1")
        check_setting(name, "n_best", n_best, n_best >= 0, "0 for none, or more")
        if not model.has_ref("decoder"):
            raise LSTMTaggerValueError(Errors.L007.format(name=name, model=model.name))
        self.vocab = vocab
        self.model = model
        self.name = name
        if label_smoothing and not self._network.supports_label_smoothing:
            decoder = self._network.decoder_name
            message = Errors.L011.format(name=name, value=label_smoothing, decoder=decoder)
            raise LSTMTaggerValueError(message)
        self.cfg = {
            "label_smoothing": label_smoothing,
            "labels": [],
            "n_best": n_best,
            "neg_prefix": neg_prefix,
            "overwrite": overwrite,
            "store_scores": store_scores,
        }
        self.scorer = scorer
        self._forbidden = ForbiddenAnnotation(name)
        self._rehearsal_model: LabelerModel | None = None
        set_extensions(self.annotation, self.read_labels)

    # What a subclass says

    def read_labels(self, doc: Doc | Span) -> Ids:
        """RETURNS (Ids): The string id of each token's label on a document, or on a span of it, 0 if it is
        missing, `(tokens,)`. The strings must be in the document's vocab.
        """
        raise NotImplementedError

    def read_annotation(self, doc: Doc | Span) -> Ids:
        """RETURNS (Ids): What each token's label is made from, 0 if it is missing, `(tokens,)`."""
        return self.read_labels(doc)

    def write_labels(self, docs: Sequence[Doc], label_ids: Sequence[Ints]) -> None:
        """Write predicted labels to documents. Labels that these have stay, unless `cfg["overwrite"]`.

        docs (Sequence[Doc]): One or more documents.
        label_ids (Sequence[Ints]): For each document the indices of its tokens' labels, `(tokens,)`.
        """
        raise NotImplementedError

    def get_gold(self, example: Example) -> Ids:
        """RETURNS (Ids): The string id of the gold label of each predicted token, 0 if it is missing."""
        return align(example, self.read_labels(example.reference))

    def find_labels(self, examples: Iterable[Example]) -> list[str]:
        """RETURNS (List[str]): The labels of the examples' gold documents, sorted. A label that could be
        the negative annotation of another one is taken for that.
        """
        references = (example.reference for example in examples)
        return collect_labels(references, self.read_labels, self.cfg["neg_prefix"])

    def find_rejected(self, examples: Sequence[Example]) -> "list[Path]":
        """RETURNS (List[Path]): Paths of labels that the annotation says are not right."""
        return []

    def restrict(self, docs: Sequence[Doc], scores: Ragged) -> Ragged:
        """RETURNS (Ragged): Scores `(tokens, labels)`, low where a document rules a label out."""
        return scores

    # Labels

    @property
    def label_data(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The labels and the vocabulary, for `initialize(labels=...)`."""
        return {"labels": list(self.labels), "vocabulary": self._network.vocabulary}

    # Prediction

    def predict(self, docs: Iterable[Doc]) -> list[Ints]:
        """Predict the labels of a batch of documents, without modifying them.

        docs (Iterable[Doc]): The documents.
        RETURNS (List[Ints]): For every document the indices of its tokens' labels, `(tokens,)`; with
            `store_scores` or `n_best`, `Predictions`.
        """
        docs = list(docs)
        if any(len(doc) for doc in docs):
            return self._network.label(docs) if self._needs_no_scores else self._decode(self._score(docs))
        # Nothing to ask of the model, which need not be initialized.
        no_scores = self.model.ops.alloc2f(0, len(self.outputs))
        return self._decode(Ragged(no_scores, np.zeros(len(docs), dtype=np.int64)))

    def predict_stream(self, docs: Iterable[Doc], state: Any = None) -> tuple[list[Ints], Any]:
        """Predict the labels of texts that arrive in pieces, with a one-directional LSTM.

        docs (Iterable[Doc]): The next piece of each text, of one or more tokens.
        state (Optional[State]): What the last call returned; none for the first pieces.
        RETURNS (Tuple[List[Ints], State]): The pieces' labels as `predict` gives them, the same as if the
            texts were read at once; and the state to continue from.
        RAISES (LSTMTaggerValueError): If the LSTM is bidirectional, the decoder needs the whole text, or
            the state is for another number of texts.
        """
        network = self._network
        if network.needs_whole_text:
            raise LSTMTaggerValueError(Errors.L012.format(name=self.name, decoder=network.decoder_name))
        scores, state = network.predict_stream(list(docs), state)
        return self._decode(scores), state

    predict_on = predict_stream  # its earlier name

    @property
    def _needs_no_scores(self) -> bool:
        return not (self.rules_out_labels or self.cfg["store_scores"] or self.cfg["n_best"])

    def _score(self, docs: Sequence[Doc]) -> Ragged:
        return self.restrict(docs, self._network.predict(docs))

    def _decode(self, scores: Ragged) -> list[Ints]:
        return decode(
            self._network,
            scores,
            self.outputs,
            store_scores=self.cfg["store_scores"],
            n_best=self.cfg["n_best"],
            path_probs=self.stores_path_probs,
        )

    def set_annotations(self, docs: Iterable[Doc], batch_label_ids: Sequence[Ints]) -> None:
        """Write predicted labels to documents. Labels that these have stay, unless `overwrite` is true.

        docs (Iterable[Doc]): The documents to modify.
        batch_label_ids (Sequence[Ints]): What `predict` returned.
        """
        docs = [docs] if isinstance(docs, Doc) else list(docs)
        if docs:
            store(docs, batch_label_ids, self.annotation, self.outputs, self.read_labels)
            self.write_labels(docs, batch_label_ids)

    # Training

    def initialize(
        self,
        get_examples: GetExamples,
        *,
        nlp: Language | None = None,
        labels: Sequence[str] | Mapping[str, Any] | None = None,
    ) -> None:
        """Find the labels and fit the vocabulary on all examples, and create new weights.

        get_examples (Callable[[], Iterable[Example]]): Gives the training examples. If they have both `X`
            and `!X`, the second is a negative annotation, unless `labels` has it.
        nlp (Optional[Language]): The pipeline.
        labels (Optional[Sequence[str] | Mapping[str, Any]]): The labels alone, or what `label_data` or
            `python -m spacy init labels` gave: labels and vocabulary. Instead of a vocabulary, it can have
            "words" of raw text with their counts, that tables are fitted on besides the examples.
        """
        validate_get_examples(get_examples, f"{type(self).__name__}.initialize")
        suggest_settings(nlp)
        check_lexeme_norms(self.vocab, self.name)  # type: ignore[no-untyped-call]
        given, vocabulary, raw_words = read_label_data(labels, self.name)
        if given is None:
            words = WordCount(self.read_annotation, self.name)
            given = self.find_labels(words.count(get_examples()))
            words.check(bool(self.outputs))
        self._add_labels(given)
        self._require_labels()
        if len(self.outputs) > self._network.many_labels:
            message = Warnings.W010.format(
                name=self.name, n_labels=len(self.outputs), decoder=self._network.decoder_name
            )
            warnings.warn(message, stacklevel=2)
        if vocabulary:
            self._network.set_vocabulary(vocabulary)
        else:
            self._network.fit_vocabulary(
                lambda: (example.predicted for example in get_examples()), raw_words
            )
        sample = [example.predicted for example in islice(get_examples(), 10)]
        if not sample:
            raise LSTMTaggerValueError(SpacyErrors.E923.format(name=self.name))
        self.model.initialize(X=sample, Y=[self.model.ops.alloc2f(1, len(self.outputs))])
        if self._network.constraints != "none":
            examples = list(get_examples())
            gold = self._encode_gold(examples)
            self._network.constrain(self.outputs, *gold)
            self._forbidden.report_all(self._network, examples, gold)

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch of examples.

        examples (Iterable[Example]): The batch.
        drop (float): The dropout rate.
        sgd (Optional[Optimizer]): The optimizer; without one, gradients are accumulated.
        losses (Optional[Dict[str, float]]): Updated under the component's name.
        RETURNS (Dict[str, float]): The losses.
        RAISES (LSTMTaggerValueError): If the scores or the loss are NaN or infinite, or a label is unknown.
        """
        examples, docs, losses = self._begin(examples, losses, "update")
        if not any(len(doc) for doc in docs):
            return losses
        set_dropout_rate(self.model, drop)
        scores, backprop = self._network.begin_update(docs)
        self._network.require_finite(docs, scores, self.name)
        loss = self._compute_loss(examples, scores)
        backprop(loss.d_scores)
        self._network.accumulate(loss.d_weights)
        return self._finish(sgd, losses, loss.d_scores)

    def get_loss(self, examples: Iterable[Example], scores: list[Floats2d]) -> tuple[float, list[Floats2d]]:
        """The loss of a batch, and its gradient with respect to the scores. Nothing is accumulated: the
        decoder's own weights, such as the transitions of a CRF, learn in `update` only.

        examples (Iterable[Example]): The batch.
        scores (List[Floats2d]): What the model returned, for every document `(tokens, labels)`.
        RETURNS (Tuple[float, List[Floats2d]]): The loss as spaCy's tagger reports it, the squared length
            of the gradient; and the gradient, that of the negative log likelihood summed over tokens.
        RAISES (LSTMTaggerValueError): If a gold label is unknown, or the loss is NaN or infinite.
        """
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.get_loss")
        loss = self._compute_loss(examples, join(scores))
        return float((loss.d_scores.data**2).sum()), split(loss.d_scores)

    def _compute_loss(self, examples: list[Example], scores: Ragged) -> "Loss":
        gold = self._encode_gold(examples)
        smoothing = self.cfg["label_smoothing"]
        rejected = self.find_rejected(examples)
        loss = self._network.compute_loss(scores, gold.gold, gold.excluded, smoothing, rejected)
        if not np.isfinite(loss.value):
            raise LSTMTaggerValueError(SpacyErrors.E910.format(name=self.name))
        self._forbidden.report_once(self._network, examples, gold, loss.d_scores)
        return loss

    def _encode_gold(self, examples: list[Example]) -> GoldLabels:
        found = [self.get_gold(example) for example in examples]
        neg_prefix = self.cfg["neg_prefix"]
        return encode_gold(
            examples,
            found,
            self.outputs,
            neg_prefix=neg_prefix,
            name=self.name,
            unknown_is_missing=self.unknown_is_missing,
        )

    # Confidence

    def calibrate(self, examples: Iterable[Example]) -> float:
        """Fit the temperature of the confidences, and keep it with the model. Predicted labels stay the
        same.

        examples (Iterable[Example]): Examples that were not trained on. If the model has a listener,
            `predicted` must have been through the components before this one.
        RETURNS (float): The temperature: above 1 if the component was overconfident.
        RAISES (LSTMTaggerValueError): If no word has a gold label.
        """
        examples = list(examples)
        indices = {get_string_id(label): i for i, label in enumerate(self.outputs)}
        found = [label for example in examples for label in self.get_gold(example).tolist()]
        gold = np.array([indices.get(label, MISSING) for label in found], dtype=np.int64)
        if not (gold != MISSING).any():
            raise LSTMTaggerValueError(Errors.L105.format(name=self.name))
        scores = self._score([example.predicted for example in examples])
        return self._network.fit_temperature(scores, gold)
