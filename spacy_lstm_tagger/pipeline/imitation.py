"""Components that learn from probabilities: those of another component, or of what they were before."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from spacy.attrs import ORTH
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from thinc.api import Optimizer, set_dropout_rate

from ..errors import Errors, LSTMTaggerValueError
from ..ragged import Ragged
from .labeled import LabeledComponent
from .soft_labels import (
    Probs,
    SoftLabels,
    copy_words,
    keep_most_probable,
    make_targets,
    predict_soft_labels,
)

if TYPE_CHECKING:
    from ..models.labeling import LabelingModel


class ImitatingComponent(LabeledComponent):
    """A labeler that learns from a teacher, and can be one.

    annotation (str): A short name for what the labels are, such as "tag".
    learns_probabilities (bool): Whether it learns the probabilities of its labels, or what they stand for.
    """

    annotation: ClassVar[str]
    learns_probabilities: ClassVar[bool] = True
    _rehearsal_model: Any

    @property
    def _network(self) -> "LabelingModel":
        from ..models.labeling import LabelingModel  # imports torch

        return LabelingModel(self.model)

    def _score(self, docs: Sequence[Doc]) -> Ragged:
        """RETURNS (Ragged): The scores of documents at prediction, `(tokens, labels)`."""
        raise NotImplementedError

    def predict_soft_labels(self, docs: Sequence[Doc]) -> SoftLabels:
        """RETURNS (SoftLabels): Each token's most probable labels, and their posterior probabilities."""
        if not any(len(doc) for doc in docs):
            return keep_most_probable(np.zeros((0, len(self.outputs)), dtype=np.float32), self.outputs)
        return keep_most_probable(self._network.get_marginals(self._score(docs)).data, self.outputs)

    def distill(
        self,
        teacher_pipe: Any,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from the probabilities that another component gives to its labels (Hinton et al. 2015), as
        `TrainablePipe.distill` of spaCy 4. The gradient of the scores is that of the cross-entropy between
        its labels, or paths of labels, and those of this component, summed over tokens. The transitions of
        a CRF learn from the most probable labels. Annotation that the documents have is not used.

        teacher_pipe (TrainablePipe): A component for the same annotation: one of this package, or spaCy's
            `tagger` or `morphologizer`.
        examples (Iterable[Example]): The batch. The teacher reads `reference`, this component `predicted`;
            both have the same words.
        drop (float): The dropout rate.
        sgd (Optional[Optimizer]): The optimizer; without one, gradients are accumulated.
        losses (Optional[Dict[str, float]]): Updated under the component's name.
        RETURNS (Dict[str, float]): The losses.
        RAISES (LSTMTaggerValueError): If the teacher gives no probabilities, or has none of the labels, its
            documents have other words, or the scores are NaN or infinite.
        """
        examples, docs, losses = self._begin(examples, losses, "distill")
        for example in examples:
            if not np.array_equal(example.predicted.to_array(ORTH), example.reference.to_array(ORTH)):
                raise LSTMTaggerValueError(Errors.L115.format(text=example.reference.text[:60]))
        if not any(len(doc) for doc in docs):
            return losses
        references = (example.reference for example in examples)
        soft = predict_soft_labels(teacher_pipe, [copy_words(doc, doc.vocab) for doc in references])
        if self.learns_probabilities and not {*soft.labels} & {*self.outputs}:
            labels, known = (", ".join(names[:5]) for names in (soft.labels, self.outputs))
            raise LSTMTaggerValueError(Errors.L479.format(name=self.name, labels=labels, known=known))
        return self._learn(docs, [soft], drop, sgd, losses)

    def learn_soft_labels(
        self, docs: Sequence[Doc], taught: Sequence[SoftLabels], *, drop: float, losses: dict[str, float]
    ) -> None:
        """Accumulate the gradient of soft labels that are at hand; otherwise as `distill`.

        docs (Sequence[Doc]): The documents.
        taught (Sequence[SoftLabels]): Their soft labels, of one or more teachers, which are averaged.
        """
        losses.setdefault(self.name, 0.0)
        self._learn(docs, taught, drop, None, losses)

    def _learn(
        self,
        docs: Sequence[Doc],
        taught: Sequence[SoftLabels],
        drop: float,
        sgd: Optimizer | None,
        losses: dict[str, float],
    ) -> dict[str, float]:
        return self._imitate(docs, make_targets(taught, self.outputs), drop, sgd, losses)

    def rehearse(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn to predict as before `nlp.resume_training()`, against catastrophic forgetting. The
        arguments are those of `update`. Gold labels are not used, and a CRF's transitions stay.
        """
        from ..models.labeling import LabelingModel  # imports torch

        _, docs, losses = self._begin(examples, losses, "rehearse")
        if self._rehearsal_model is None or not any(len(doc) for doc in docs):
            return losses
        targets = LabelingModel(self._rehearsal_model).predict_probs(docs)
        return self._imitate(docs, targets, drop, sgd, losses, with_transitions=False)

    def _imitate(
        self,
        docs: Sequence[Doc],
        targets: Probs,
        drop: float,
        sgd: Optimizer | None,
        losses: dict[str, float],
        *,
        with_transitions: bool = True,
    ) -> dict[str, float]:
        set_dropout_rate(self.model, drop)
        scores, backprop = self._network.begin_update(docs)
        self._network.require_finite(docs, scores, self.name)
        loss = self._network.imitate(scores, targets, with_transitions=with_transitions)
        backprop(loss.d_scores)
        self._network.accumulate(loss.d_weights)
        return self._finish(sgd, losses, loss.d_scores)

    def _begin(
        self, examples: Iterable[Example], losses: dict[str, float] | None, method: str
    ) -> tuple[list[Example], list[Doc], dict[str, float]]:
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.{method}")
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        return examples, [example.predicted for example in examples], losses

    def _finish(
        self, sgd: Optimizer | None, losses: dict[str, float], d_scores: Ragged
    ) -> dict[str, float]:
        if sgd:
            self.finish_update(sgd)
        losses[self.name] += float((d_scores.data**2).sum())
        return losses
