"""What a labeler asks of its Thinc model, in flat arrays: scores, labels, losses, probabilities."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from spacy.errors import Errors as SpacyErrors
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d
from torch import Tensor

from ..errors import Errors, LSTMTaggerValueError
from ..networks import Decoder, State, Targets
from ..networks import Path as Path
from ..ragged import Ragged, join, split
from ..vocabulary import Ints, VocabularyData
from . import decoder as decoders
from . import tagger, tok2vec
from .convert import to_ragged, to_tensor
from .divergence import explain_divergence
from .shim import TorchShim, get_shim

LogProbs: TypeAlias = npt.NDArray[np.float32]
Scores: TypeAlias = npt.NDArray[np.float32]
Probs: TypeAlias = npt.NDArray[np.float32]

MIN_PERMITTED = 0.5  # of a token's probability; where the constraints forbid more, nothing is learned
TEMPERATURES = (0.1, 10.0)  # a trained network needs none beyond these


class Loss(NamedTuple):
    """The loss of a batch and its gradient.

    value (float): The negative log likelihood of the annotation, summed over tokens.
    d_scores (Ragged): Its gradient with respect to the scores.
    d_weights (Sequence[Optional[Tensor]]): That with respect to each weight of the decoder, apart from what
        passes through the scores: the transitions of a CRF, for example.
    """

    value: float
    d_scores: Ragged
    d_weights: Sequence[Tensor | None]


class LabelingModel:
    """The model of a labeler, `spacy-lstm-tagger.LSTMTagger.v1`.

    model (Model[List[Doc], List[Floats2d]]): The model.
    """

    def __init__(self, model: Model[list[Doc], list[Floats2d]]) -> None:
        self.model = model
        self.decoder = model.get_ref("decoder")

    @property
    def _shim(self) -> TorchShim:
        return get_shim(self.decoder)

    # What the decoder can do

    @property
    def decoder_name(self) -> str:
        """The registered name of the decoder, for messages."""
        name: str = self.decoder.attrs["architecture"]
        return name

    @property
    def supports_label_smoothing(self) -> bool:
        """Whether the decoder's loss has label smoothing."""
        return self._decoder_class.supports_label_smoothing

    @property
    def needs_whole_text(self) -> bool:
        """Whether the decoder can't decide labels before the text is complete."""
        return self._decoder_class.needs_whole_text

    @property
    def many_labels(self) -> float:
        """With more labels than this, the decoder takes long."""
        return self._decoder_class.many_labels

    @property
    def _decoder_class(self) -> type[Decoder]:
        decoder_class: type[Decoder] = self.decoder.attrs["decoder_class"]
        return decoder_class

    # Vocabulary

    @property
    def vocabulary(self) -> VocabularyData:
        """What was fitted on the training data: for every feature its strings and their counts."""
        return tok2vec.get_vocabulary(self.model)

    def fit_vocabulary(self, docs: Callable[[], Iterable[Doc]], words: Mapping[str, int]) -> None:
        """Fit the vocabulary on all training documents, and on words of other texts with their counts;
        `model.initialize` must follow.
        """
        tok2vec.fit_vocabulary(self.model, docs, words)

    def set_vocabulary(self, vocabulary: VocabularyData) -> None:
        """Use a vocabulary that was fitted earlier; `model.initialize` must follow.

        RAISES (LSTMTaggerValueError): If it has no entry for one of the features.
        """
        tok2vec.set_vocabulary(self.model, vocabulary)

    # Scores

    def predict(self, docs: Sequence[Doc]) -> Ragged:
        """RETURNS (Ragged): Scores of one or more documents, `(tokens, labels)`."""
        return tagger.predict(self.model, docs)

    def read(self, docs: Sequence[Doc]) -> Ragged:
        """RETURNS (Ragged): The vectors of the tokens of one or more documents, `(tokens, width)`."""
        return join(self.model.get_ref("tok2vec").predict(docs))

    def label(self, docs: Sequence[Doc]) -> list[Ints]:
        """RETURNS (List[Ints]): The labels of the best path of one or more documents, `(tokens,)` each."""
        if tagger.has_own_lstm(self.model):  # scores are computed batch by batch
            return self.decode(self.predict(docs))
        vectors = self.read(docs)
        labels = decoders.label(self.decoder, vectors)
        return self.decode(decoders.predict(self.decoder, vectors)) if labels is None else labels

    @torch.no_grad()
    def predict_probs(self, docs: Sequence[Doc]) -> Probs:
        """RETURNS (np.ndarray): The probability of every label in training, that is without temperature, of
        one or more documents, float32 `(tokens, labels)`.
        """
        probs = self._shim.module.marginals(*self._to_tensors(self.predict(docs)), 1.0)
        found: Probs = probs.cpu().numpy()
        return found

    def score(self, vectors: Any) -> Scores:
        """RETURNS (Scores): Scores of tokens with these vectors, in NumPy `(tokens, labels)`."""
        states = Ragged(vectors, np.array([len(vectors)], dtype=np.int64))
        scores = decoders.predict(self.decoder, states).data
        found: Scores = self.model.ops.to_numpy(scores)  # type: ignore[no-untyped-call]
        return found

    def score_pairs(self, vectors: Ragged, tokens: Ints, labels: Ints) -> Scores:
        """RETURNS (Scores): Scores of some labels of some tokens, in NumPy `(pairs,)`.

        vectors (Ragged): `(tokens, width)`.
        tokens (Ints): The index of each pair's token, `(pairs,)`.
        labels (Ints): The index of each pair's label, `(pairs,)`.
        """
        found: Scores = decoders.predict_pairs(self.decoder, vectors, tokens, labels).cpu().numpy()
        return found

    def predict_stream(self, docs: Sequence[Doc], state: State | None) -> tuple[Ragged, State]:
        """See `models.tagger.predict_stream`."""
        return tagger.predict_stream(self.model, docs, state)

    def begin_update(self, docs: Sequence[Doc]) -> tuple[Ragged, Callable[[Ragged], None]]:
        """See `models.tagger.begin_update`."""
        return tagger.begin_update(self.model, docs)

    def require_finite(self, docs: Sequence[Doc], scores: Ragged, name: str) -> None:
        """RAISES (LSTMTaggerValueError): If scores are NaN or infinite. The message says whose and why.

        docs (Sequence[Doc]): The documents.
        scores (Ragged): Their scores, `(tokens, any)`.
        name (str): The component's name, for the message.
        """
        isfinite = self.model.ops.xp.isfinite
        if isfinite(scores.data).all():
            return
        invalid = [doc for doc, own in zip(docs, split(scores), strict=True) if not isfinite(own).all()]
        problem = Errors.L107.format(
            name=name,
            n=len(invalid),
            n_docs=len(docs),
            text=invalid[0].text[:60],
            cause=explain_divergence(self.model, invalid),
        )
        raise LSTMTaggerValueError(" ".join((SpacyErrors.E940, problem)))

    # Training

    def compute_loss(
        self,
        scores: Ragged,
        gold: Ints,
        excluded: Ints,
        label_smoothing: float,
        rejected: Sequence[Path] = (),
    ) -> Loss:
        """Compute the decoder's loss and its gradient. Nothing is accumulated in the weights.

        scores (Ragged): `(tokens, labels)`, or those of every member of an ensemble.
        gold (Ints): The index of every token's label, -1 if it is missing, `(tokens,)`.
        excluded (Ints): The index of a label that it does not have, or -1, `(tokens,)`.
        label_smoothing (float): See `networks.SoftmaxDecoder`.
        rejected (Sequence[Path]): Paths that are not right.
        """
        decoder: Decoder = self._shim.module
        weights = list(decoder.parameters())
        with torch.enable_grad():
            flat, lengths = self._to_tensors(scores)
            flat.requires_grad_(True)
            loss = decoder.loss(flat, lengths, self._make_targets(gold, excluded), label_smoothing)
            if rejected:
                loss = loss + decoder.rejection_loss(flat, lengths, rejected)
            d_scores, *d_weights = torch.autograd.grad(loss, [flat, *weights], allow_unused=True)
        return Loss(loss.item(), to_ragged(d_scores, scores.lengths), d_weights)

    def accumulate(self, d_weights: Sequence[Tensor | None]) -> None:
        """Add gradients of the decoder's weights to those that the next `finish_update` takes."""
        for weight, gradient in zip(self._shim.module.parameters(), d_weights, strict=True):
            if gradient is not None:
                weight.grad = gradient if weight.grad is None else weight.grad + gradient

    def imitate(self, scores: Ragged, targets: Probs, *, with_transitions: bool = True) -> Loss:
        """Compute the gradient of the cross-entropy between the paths of labels of a teacher and those of
        this model. With respect to the scores, it is the difference of the labels' probabilities; the
        decoder's own weights learn from the teacher's most probable labels. Labels that the constraints
        forbid are left out.

        scores (Ragged): `(tokens, labels)`, or those of every member of an ensemble; each learns the same.
        targets (np.ndarray): The teacher's probabilities, `(tokens, labels)`; rows of 0 are left out.
        with_transitions (bool): Whether the decoder's own weights learn.
        RETURNS (Loss): The loss; `value` has only what is learned from the most probable labels.
        """
        best = np.where(targets.any(axis=1), targets.argmax(axis=1), -1)
        hard = None
        if self.needs_whole_text and with_transitions:
            hard = self.compute_loss(scores, best, np.full_like(best, -1), 0.0)
        decoder: Decoder = self._shim.module
        flat, lengths = self._to_tensors(scores)
        expected = torch.from_numpy(targets).to(flat.device)
        with torch.no_grad():
            members = torch.split(flat, targets.shape[1], dim=1)
            differences = [
                _subtract(decoder.marginals(member, lengths, 1.0), expected) / len(members)
                for member in members
            ]
        d_scores = to_ragged(torch.cat(differences, dim=1), scores.lengths)
        if hard is None:
            return Loss(0.0, d_scores, [None for _ in decoder.parameters()])
        return hard._replace(d_scores=d_scores)

    def constrain(self, labels: Sequence[str], gold: Ints, excluded: Ints, lengths: Ints) -> None:
        """Set the constraints that the decoder's config asks for, if any.

        labels (Sequence[str]): The labels.
        gold (Ints): See `compute_loss`; of all training documents.
        excluded (Ints): See `compute_loss`.
        lengths (Ints): The number of tokens of every document, `(docs,)`.
        RAISES (LSTMTaggerValueError): If a label does not follow the scheme.
        """
        self._shim.module.constrain(labels, self._make_targets(gold, excluded), torch.from_numpy(lengths))

    @property
    def constraints(self) -> str:
        """The name of the decoder's constraints, for messages."""
        name: str = self._shim.module.constraints
        return name

    def find_forbidden(self, gold: Ints, excluded: Ints, lengths: Ints) -> list[int]:
        """RETURNS (List[int]): The documents whose annotation the constraints forbid. Nothing is learned
        from them. The arguments are those of `constrain`.
        """
        targets = self._make_targets(gold, excluded)
        found: list[int] = self._shim.module.find_forbidden(targets, torch.from_numpy(lengths))
        return found

    def _make_targets(self, gold: Ints, excluded: Ints) -> Targets:
        device = self._shim.device
        return Targets(torch.from_numpy(gold).to(device), torch.from_numpy(excluded).to(device))

    # Answers

    @torch.no_grad()
    def decode(self, scores: Ragged) -> list[Ints]:
        """RETURNS (List[Ints]): The labels of the best path of every document, `(tokens,)`."""
        labels = self._shim.module.decode(*self._to_tensors(scores))
        return split(to_ragged(labels.cpu(), scores.lengths))

    @torch.no_grad()
    def get_marginals(self, scores: Ragged) -> Ragged:
        """RETURNS (Ragged): Every label's posterior probability, `(tokens, labels)`, in NumPy."""
        marginals = self._shim.module.marginals(*self._to_tensors(scores))
        return to_ragged(marginals.cpu(), scores.lengths)

    @torch.no_grad()
    def get_n_best(self, scores: Ragged, k: int) -> tuple[list[Ints], LogProbs]:
        """Find the best paths.

        RETURNS (Tuple[List[Ints], LogProbs]): For every document the labels of each of its k best paths,
            `(tokens, k)`, and their log probabilities `(docs, k)`: -1 and -inf where there are fewer.
        """
        labels, log_probs = self._shim.module.n_best(*self._to_tensors(scores), k)
        paths = split(to_ragged(labels.t().contiguous().cpu(), scores.lengths))
        return paths, log_probs.cpu().numpy()

    @torch.no_grad()
    def get_path_log_probs(self, scores: Ragged, label_ids: Sequence[Ints]) -> list[tuple[Any, Any]]:
        """RETURNS (List[Tuple]): For every document the log posterior of each label of a path, and that
        given the label before, float64 `(tokens,)` each.
        """
        labels = torch.from_numpy(np.concatenate(label_ids)).to(self._shim.device)
        parts = self._shim.module.path_log_probs(*self._to_tensors(scores), labels)
        alone, given_before = (split(to_ragged(part.cpu(), scores.lengths)) for part in parts)
        return list(zip(alone, given_before, strict=True))

    def _to_tensors(self, flat: Ragged) -> tuple[Tensor, Tensor]:
        """RETURNS (Tuple[Tensor, Tensor]): The data, on the decoder's device, and the lengths."""
        return to_tensor(flat, self._shim.device), torch.from_numpy(flat.lengths)

    # Calibration

    def fit_temperature(self, scores: Ragged, gold: Ints) -> float:
        """Set the temperature that makes the gold labels most probable (Guo et al. 2017, §4.2), each by its
        own posterior. It is saved with the weights.

        scores (Ragged): `(tokens, labels)`.
        gold (Ints): The gold label of every token, -1 if it is missing, `(tokens,)`.
        RETURNS (float): The temperature: above 1 if the model was overconfident.
        """
        words = np.flatnonzero(gold >= 0)

        def measure(log_temperature: float) -> float:
            self._set_temperature(float(np.exp(log_temperature)))
            marginals: Any = self.get_marginals(scores).data
            return -float(np.log(np.maximum(marginals[words, gold[words]], 1e-30)).mean())

        found = _minimize(measure, *np.log(TEMPERATURES))
        # If all gold labels are certain at any temperature, there is nothing to calibrate.
        temperature = float(np.exp(found)) if measure(found) < measure(0.0) else 1.0
        self._set_temperature(temperature)
        return temperature

    def _set_temperature(self, temperature: float) -> None:
        self._shim.module.temperature = temperature
        self._shim.fitted = {**self._shim.fitted, "temperature": temperature}


def _subtract(marginals: Tensor, expected: Tensor) -> Tensor:
    """RETURNS (Tensor): What a student's probabilities `(tokens, labels)` are above a teacher's. Those of
    labels that the student's constraints forbid, at probability 0, are divided among the others; where
    they are most of a token's, or the teacher says nothing, nothing is learned, so the difference is 0.
    """
    permitted = torch.where(marginals > 0, expected, 0.0)
    known = permitted.sum(1, keepdim=True)
    return torch.where(known > MIN_PERMITTED, marginals - permitted / known.clamp(min=MIN_PERMITTED), 0.0)


def _minimize(function: Callable[[float], float], low: float, high: float) -> float:
    """RETURNS (float): The minimum of a function that has only one, by golden-section search."""
    ratio = (5**0.5 - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = function(left), function(right)
    while high - low > 1e-3:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = function(right)
    return (low + high) / 2
