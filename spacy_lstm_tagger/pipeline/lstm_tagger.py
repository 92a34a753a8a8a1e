"""The trainable component `lstm_tagger`: a drop-in for spaCy's `tagger`."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import srsly
from spacy.attrs import TAG
from spacy.errors import Errors as SpacyErrors
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.pipeline.tagger import tagger_score
from spacy.strings import get_string_id
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.util import check_lexeme_norms
from spacy.vocab import Vocab
from thinc.api import Config, Model, Optimizer, set_dropout_rate
from thinc.types import Floats2d

from ..errors import Errors, Warnings, check_setting, tell
from . import confidence, saving
from .confidence import TagIds
from .gold import NONE, get_aligned_tags, get_gold_tags
from .rollback import unchanged_on_error

GetExamples = Callable[[], Iterable[Example]]

DEFAULT_CONFIG = """
[model]
@architectures = "spacy-lstm-tagger.LSTMTagger.v1"
nO = null

[model.tok2vec]
@architectures = "spacy-lstm-tagger.LSTMTok2Vec.v1"
cache_size = 20000
precision = "float32"
window = 256
overlap = 32
n_threads = 0

[model.tok2vec.embed]
@architectures = "spacy-lstm-tagger.WordEmbedding.v1"

[model.tok2vec.embed.characters]
@architectures = "spacy-lstm-tagger.CharacterCNN.v1"

[model.tok2vec.encode]
@architectures = "spacy-lstm-tagger.LSTM.v1"
width = 112
depth = 1
bidirectional = true

[model.decoder]
@architectures = "spacy-lstm-tagger.Softmax.v1"
"""
DEFAULT_MODEL = Config().from_str(DEFAULT_CONFIG)["model"]


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
    model: Model[list[Doc], list[Floats2d]],
    overwrite: bool,
    scorer: Callable[..., Any] | None,
    neg_prefix: str,
    label_smoothing: float,
    store_scores: bool,
    n_best: int,
) -> "LSTMTagger":
    """Make the component.

    model (Model[List[Doc], List[Floats2d]]): `spacy-lstm-tagger.LSTMTagger.v1`.
    overwrite (bool): Whether to overwrite tags that are set.
    scorer (Optional[Callable]): The scoring method.
    neg_prefix (str): What the annotation of a tag that a token does *not* have begins with.
    label_smoothing (float): The share of the gold label's probability spread over the others.
    store_scores (bool): Whether to store every label's posterior probability: `doc._.tag_scores`, float32
        `(tokens, labels)` in the order of `labels`, and `token._.tag_score`, that of the predicted tag.
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


class LSTMTagger(TrainablePipe):  # type: ignore[misc]
    """Tag words with an LSTM. Everything that spaCy's `Tagger` does, this does the same way, but that a tag
    that begins with `neg_prefix` can be among the labels.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], list[Floats2d]],
        name: str = "lstm_tagger",
        *,
        overwrite: bool = False,
        scorer: Callable[..., Any] | None = tagger_score,
        neg_prefix: str = "!",
        label_smoothing: float = 0.0,
        store_scores: bool = False,
        n_best: int = 0,
    ) -> None:
        """Initialize a tagger. The arguments are those of `make_lstm_tagger`.

        vocab (Vocab): The shared vocabulary.
        name (str): The component's name, used for its losses.
        RAISES (ValueError): If the label smoothing is out of range, or the model has no decoder.
        """
        is_share = 0.0 <= label_smoothing < 1.0
        check_setting(name, "label_smoothing", label_smoothing, is_share, "at least 0 and below 1")
        check_setting(name, "n_best", n_best, n_best >= 0, "0 for none, or more")
        if not model.has_ref("decoder"):
            raise ValueError(Errors.L007.format(name=name, model=model.name))
        if label_smoothing and model.get_ref("decoder").name == "crf_head":
            raise ValueError(Errors.L011.format(name=name, value=label_smoothing))
        self.vocab = vocab
        self.model = model
        self.name = name
        self._has_reported_forbidden = False
        self._rehearsal_model: Model[list[Doc], list[Floats2d]] | None = None
        self.cfg: dict[str, Any] = {
            "label_smoothing": label_smoothing,
            "labels": [],
            "n_best": n_best,
            "neg_prefix": neg_prefix,
            "overwrite": overwrite,
            "store_scores": store_scores,
        }
        self.scorer = scorer
        confidence.set_extensions()

    @property
    def labels(self) -> tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): The labels, in the order of the model's outputs."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The labels and the vocabulary, for `initialize(labels=...)`."""
        from ..models.tok2vec import get_vocabulary

        return {"labels": list(self.labels), "vocabulary": get_vocabulary(self.model)}

    def predict(self, docs: Iterable[Doc]) -> list[TagIds]:
        """Predict the tags of a batch of documents, without modifying them.

        docs (Iterable[Doc]): The documents.
        RETURNS (List[TagIds]): For every document the indices of its tokens' labels, `(tokens,)`; with
            `store_scores` or `n_best`, the `Predictions` that hold these too.
        """
        docs = list(docs)
        if not any(len(doc) for doc in docs):
            return self._predict_nothing(len(docs))
        return self._decode(self.model.predict(docs))

    def _predict_nothing(self, n_docs: int) -> list[TagIds]:
        """RETURNS (List[TagIds]): As `predict`, for documents without tokens."""
        tag_ids = [np.zeros(0, dtype=np.int64) for _ in range(n_docs)]
        no_scores = np.zeros((0, len(self.labels)), dtype=np.float32)
        return confidence.Predictions(
            tag_ids,
            [no_scores] * n_docs if self.cfg["store_scores"] else None,
            [[([], 0.0)] for _ in tag_ids] if self.cfg["n_best"] else None,
        )

    def predict_on(self, docs: Iterable[Doc], state: Any = None) -> tuple[list[TagIds], Any]:
        """Predict the tags of texts that arrive in pieces, with a one-directional LSTM.

        docs (Iterable[Doc]): The next piece of each text, of one token or more.
        state (Optional[State]): What the last call gave back; none for the first pieces.
        RETURNS (Tuple[List[TagIds], State]): The pieces' tags as `predict` gives them, the same as if the
            texts were read at once; and the state to go on from.
        RAISES (ValueError): If the LSTM reads in both directions, the decoder is a CRF, or the state is
            that of another number of texts.
        """
        from ..models.tagger import read_on

        if self.model.get_ref("decoder").name == "crf_head":
            raise ValueError(Errors.L012.format(name=self.name))
        emissions, state = read_on(self.model, list(docs), state)
        return self._decode(emissions), state

    def _decode(self, emissions: list[Floats2d]) -> list[TagIds]:
        from ..models.head import decode, get_marginals, get_n_best

        decoder = self.model.get_ref("decoder")
        tag_ids = decode(decoder, emissions) if emissions else []
        if not (emissions and (self.cfg["store_scores"] or self.cfg["n_best"])):
            return tag_ids
        scores: Any = None
        n_best = None
        if self.cfg["store_scores"]:
            scores = get_marginals(decoder, emissions)
        if self.cfg["n_best"]:
            paths, log_probs = get_n_best(decoder, emissions, self.cfg["n_best"])
            n_best = [self._name_paths(*path) for path in zip(paths, log_probs.tolist(), strict=True)]
        return confidence.Predictions(tag_ids, scores, n_best)

    def _name_paths(self, paths: TagIds, log_probs: list[float]) -> confidence.NBest:
        """RETURNS (NBest): The paths `(tokens, k)` that exist, as tags."""
        labels = self.labels
        existing = [i for i, log_prob in enumerate(log_probs) if log_prob > -np.inf]
        return [([labels[tag] for tag in paths[:, i].tolist()], log_probs[i]) for i in existing]

    def set_annotations(self, docs: Iterable[Doc], batch_tag_ids: Sequence[TagIds]) -> None:
        """Write predicted tags to `token.tag`. Tags that are set stay, unless `overwrite` is true.

        docs (Iterable[Doc]): The documents to modify.
        batch_tag_ids (Sequence[TagIds]): What `predict` gave.
        """
        if isinstance(docs, Doc):
            docs = [docs]
        docs = list(docs)
        if not docs:
            return
        confidence.write(docs, batch_tag_ids)
        all_strings = {self.vocab.strings, *(doc.vocab.strings for doc in docs)}  # mostly one
        for strings in all_strings:
            ids = [strings.add(label) for label in self.labels]
        tags = np.array(ids, dtype=np.uint64)[np.concatenate(batch_tag_ids)][:, None]  # (tokens, 1)
        end = 0
        for doc, tag_ids in zip(docs, batch_tag_ids, strict=True):
            start, end = end, end + len(tag_ids)
            if start == end:
                continue
            doc_tags = tags[start:end]
            if not self.cfg["overwrite"] and doc.has_annotation(TAG):
                present = doc.to_array(TAG)[:, None]
                doc_tags = np.where(present == 0, doc_tags, present)
            doc.from_array([TAG], doc_tags)  # type: ignore[arg-type]

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
        sgd (Optional[Optimizer]): The optimizer; without one the gradients are added up.
        losses (Optional[Dict[str, float]]): Updated under the component's name.
        RETURNS (Dict[str, float]): The losses.
        RAISES (ValueError): If the scores or the loss are not a number, or a tag is unknown.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "LSTMTagger.update")
        if not any(len(eg.predicted) if eg.predicted else 0 for eg in examples):
            return losses
        set_dropout_rate(self.model, drop)
        docs = [eg.predicted for eg in examples]
        scores, backprop = self.model.begin_update(docs)
        self._require_numbers(docs, scores)
        loss, gradients = self.get_loss(examples, scores)
        backprop(gradients)
        if sgd:
            self.finish_update(sgd)
        losses[self.name] += loss
        return losses

    def _require_numbers(self, docs: list[Doc], scores: list[Floats2d]) -> None:
        isfinite = self.model.ops.xp.isfinite
        wrong = [doc for doc, found in zip(docs, scores, strict=True) if not isfinite(found).all()]
        if not wrong:
            return
        from ..models.divergence import explain_divergence

        problem = Errors.L107.format(
            name=self.name,
            n=len(wrong),
            n_docs=len(docs),
            text=wrong[0].text[:60],
            cause=explain_divergence(self.model, wrong),
        )
        raise ValueError(" ".join((SpacyErrors.E940, problem)))

    def rehearse(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn to predict as before `nlp.resume_training()`, against forgetting. The examples' gold
        annotation is not used. With a CRF, emissions are learned, not transitions. The arguments are
        those of `update`.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "LSTMTagger.rehearse")
        docs = [eg.predicted for eg in examples]
        if self._rehearsal_model is None or not any(len(doc) for doc in docs):
            return losses
        set_dropout_rate(self.model, drop)
        scores, backprop = self.model.begin_update(docs)
        teacher = self._rehearsal_model.predict(docs)
        gradients = [self._imitate(*pair) for pair in zip(scores, teacher, strict=True)]
        backprop(gradients)
        if sgd:
            self.finish_update(sgd)
        losses[self.name] += _squared_length(gradients)
        return losses

    def _imitate(self, scores: Floats2d, teacher: Floats2d) -> Floats2d:
        """RETURNS (Floats2d): The gradient of scores `(tokens, labels)` towards a teacher's; of those that
        an ensemble's members have side by side, each towards the same.
        """
        ops: Any = self.model.ops
        members = ops.xp.split(scores, scores.shape[1] // teacher.shape[1], axis=1)
        target = ops.softmax(teacher)
        differences = ops.xp.hstack([ops.softmax(member) - target for member in members])
        gradient: Floats2d = differences / len(members)
        return gradient

    def get_loss(self, examples: Iterable[Example], scores: list[Floats2d]) -> tuple[float, list[Floats2d]]:
        """The loss of a batch, and its gradient with respect to the scores. The gradient of a CRF's own
        weights is added up for the next `finish_update`.

        examples (Iterable[Example]): The batch.
        scores (List[Floats2d]): What the model gave, for every document `(tokens, labels)`.
        RETURNS (Tuple[float, List[Floats2d]]): The loss as spaCy's tagger reports it, the squared length
            of the gradient; and the gradient, that of the negative log likelihood summed over tokens.
        RAISES (ValueError): If a gold tag is not among the labels, or the loss is not a number.
        """
        import torch

        from ..models.head import get_loss
        from ..networks import Targets

        examples = list(examples)
        validate_examples(examples, "LSTMTagger.get_loss")
        gold = get_gold_tags(examples, self.labels, neg_prefix=self.cfg["neg_prefix"], name=self.name)
        targets = Targets(torch.from_numpy(gold.gold), torch.from_numpy(gold.excluded))
        decoder = self.model.get_ref("decoder")
        likelihood, gradients = get_loss(decoder, scores, targets, self.cfg["label_smoothing"])
        if not np.isfinite(likelihood):
            raise ValueError(SpacyErrors.E910.format(name=self.name))
        self._report_forbidden(examples, targets, gradients)
        return _squared_length(gradients), gradients

    def initialize(
        self,
        get_examples: GetExamples,
        *,
        nlp: Language | None = None,
        labels: Sequence[str] | Mapping[str, Any] | None = None,
    ) -> None:
        """Learn the labels and the vocabulary from all examples, and make new weights.

        get_examples (Callable[[], Iterable[Example]]): Gives the training examples. Where they hold both
            `X` and `!X`, the second is a negative annotation, unless `labels` has it.
        nlp (Optional[Language]): The pipeline.
        labels (Optional[Sequence[str] | Mapping[str, Any]]): The labels alone, or what `label_data` or
            `python -m spacy init labels` gave: labels and vocabulary.
        """
        from ..models.tok2vec import fit_vocabulary, set_vocabulary

        validate_get_examples(get_examples, "LSTMTagger.initialize")
        check_lexeme_norms(self.vocab, "lstm_tagger")  # type: ignore[no-untyped-call]
        given, vocabulary = self._read_label_data(labels)
        found = given if given is not None else _find_tags(get_examples(), self.cfg["neg_prefix"])
        for tag in found:
            self.add_label(tag)
        self._require_labels()
        if vocabulary:
            set_vocabulary(self.model, vocabulary)
        else:
            fit_vocabulary(self.model, lambda: (example.predicted for example in get_examples()))
        sample = [example.predicted for example in islice(get_examples(), 10)]
        if not sample:
            raise ValueError(SpacyErrors.E923.format(name=self.name))
        label_sample = self.model.ops.alloc2f(1, len(self.labels))
        self.model.initialize(X=sample, Y=[label_sample])
        self._constrain(get_examples)

    def _constrain(self, get_examples: GetExamples) -> None:
        """Let the decoder set its constraints, and say what they forbid."""
        import torch

        from ..models.head import constrain
        from ..networks import Targets

        decoder = self.model.get_ref("decoder")
        scheme = decoder.attrs.get("constraints", "none")
        if scheme == "none":
            return
        examples = list(get_examples())
        gold = get_gold_tags(examples, self.labels, neg_prefix=self.cfg["neg_prefix"], name=self.name)
        targets = Targets(torch.from_numpy(gold.gold), torch.from_numpy(gold.excluded))
        lengths = [len(example.predicted) for example in examples]
        forbidden = constrain(decoder, self.labels, targets, lengths)
        self._has_reported_forbidden = bool(forbidden)
        if forbidden:
            text = examples[forbidden[0]].reference.text[:60]
            message = Warnings.W002.format(
                name=self.name, scheme=scheme, n=len(forbidden), n_docs=len(examples), text=text
            )
            warnings.warn(message, stacklevel=2)

    def _report_forbidden(self, examples: list[Example], targets: Any, gradients: list[Floats2d]) -> None:
        """Say once if the constraints forbid what the component is updated with."""
        from ..models.head import find_forbidden

        decoder = self.model.get_ref("decoder")
        scheme = decoder.attrs.get("constraints", "none")
        if scheme == "none" or self._has_reported_forbidden:
            return
        if all(gradient.any() or not len(gradient) for gradient in gradients):
            return
        forbidden = find_forbidden(decoder, targets, [len(gradient) for gradient in gradients])
        if forbidden:
            self._has_reported_forbidden = True
            text = examples[forbidden[0]].reference.text[:60]
            warnings.warn(Warnings.W004.format(name=self.name, scheme=scheme, text=text), stacklevel=2)

    def _read_label_data(self, labels: Any) -> tuple[list[str] | None, Mapping[str, Any]]:
        """RETURNS (Tuple[Optional[List[str]], Mapping]): Labels, if given, and vocabulary, if given."""
        vocabulary: Any = {}
        if isinstance(labels, Mapping) and "labels" in labels:
            labels, vocabulary = labels["labels"], labels.get("vocabulary", {})
        if labels is None:
            return None, {}
        if isinstance(labels, (str, Mapping)) or not isinstance(vocabulary, Mapping):
            found = type(labels).__name__
            raise ValueError(Errors.L102.format(name=self.name, found=found))  # noqa: TRY004
        return list(labels), vocabulary

    def calibrate(self, examples: Iterable[Example]) -> float:
        """Fit the temperature of the confidences on data that was not trained on, and keep it with the
        model. No tag changes by it.

        examples (Iterable[Example]): The examples, such as those of the dev data. Where the model has a
            listener, `predicted` must have been through the components before this one.
        RETURNS (float): The temperature: above 1 if the tagger was too sure of itself, below 1 if not
            sure enough.
        RAISES (ValueError): If no word has a gold tag.
        """
        from ..models.head import fit_temperature

        examples = list(examples)
        indices = {get_string_id(label): i for i, label in enumerate(self.labels)}
        gold = [
            indices.get(tag, NONE) for example in examples for tag in get_aligned_tags(example).tolist()
        ]
        if all(label == NONE for label in gold):
            raise ValueError(Errors.L105.format(name=self.name))
        emissions = self.model.predict([example.predicted for example in examples])
        return fit_temperature(self.model.get_ref("decoder"), emissions, np.array(gold, dtype=np.int64))

    @contextmanager
    def _load_whole(self) -> Iterator[None]:
        """Load all or nothing. What to store on documents is said by the config that a pipeline is loaded
        with, not by the one that it was saved with.
        """
        settings = {name: self.cfg[name] for name in ("n_best", "store_scores")}
        with unchanged_on_error(self.model, self.cfg):
            yield
        self.cfg.update(settings)

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """RETURNS (bytes): The component, with checksums. See `TrainablePipe.to_bytes`."""
        parts = srsly.msgpack_loads(super().to_bytes(exclude=exclude))
        data: bytes = srsly.msgpack_dumps(parts | {"checksums": saving.compute_checksums(parts)})
        return data

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "LSTMTagger":
        """Load the component from a bytestring. See `TrainablePipe.from_bytes`.

        RAISES (ValueError): If the data is damaged, or that of another component or config. The component
            stays as it was.
        """
        with _explain(self.name, "bytes"), self._load_whole():
            parts = srsly.msgpack_loads(bytes_data)
            saving.check(parts.get("checksums"), parts, list(exclude))
            super().from_bytes(bytes_data, exclude=exclude)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save the component to a folder. See `TrainablePipe.to_disk`. If it is interrupted, the folder is
        as it was, or is refused by `from_disk`.
        """
        with saving.write_folder(Path(path)) as folder:
            super().to_disk(folder, exclude=exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "LSTMTagger":
        """Load the component from a folder. See `TrainablePipe.from_disk`.

        RAISES (ValueError): If the folder is damaged, or that of another component or config. The component
            stays as it was.
        """
        with _explain(self.name, path), self._load_whole():
            saving.check_folder(Path(path), list(exclude))
            super().from_disk(path, exclude=exclude)
        return self

    def add_label(self, label: str) -> int:
        """Add a label. A network that was initialized cannot be resized.

        label (str): The label.
        RETURNS (int): 0 if it is present already, otherwise 1.
        RAISES (ValueError): If it is no string, or the network has its final size.
        """
        if not isinstance(label, str):
            raise ValueError(SpacyErrors.E187)  # noqa: TRY004
        if label in self.labels:
            return 0
        self._allow_extra_label()
        self.cfg["labels"].append(label)
        self.vocab.strings.add(label)
        return 1


@contextmanager
def _explain(name: str, source: str | Path) -> Iterator[None]:
    """Say which component could not be loaded, from where and why, whatever the error was."""
    try:
        yield
    except Exception as error:  # whatever damage makes of the data, and whatever layers say to it
        problem = tell(error).rstrip(".")
        message = Errors.L205.format(name=name, source=source, problem=problem)
        raise ValueError(message) from error


def _squared_length(gradients: list[Floats2d]) -> float:
    return float(sum((gradient**2).sum() for gradient in gradients))  # type: ignore[call-overload]


def _find_tags(examples: Iterable[Example], neg_prefix: str) -> list[str]:
    """RETURNS (List[str]): The tags that the gold documents of examples hold, sorted. A tag in the form of
    a negative annotation of another one is taken for that.
    """
    found: set[str] = set()
    for example in examples:
        strings = example.reference.vocab.strings
        found.update(strings[tag] for tag in np.unique(example.reference.to_array(TAG)).tolist() if tag)
    negative = {neg_prefix + tag for tag in found} if neg_prefix else set()
    return sorted(found - negative)
