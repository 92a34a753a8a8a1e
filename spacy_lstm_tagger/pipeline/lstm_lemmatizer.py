"""The trainable component `lstm_lemmatizer`: a drop-in replacement for spaCy's `trainable_lemmatizer`."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from spacy.attrs import LEMMA, ORTH
from spacy.errors import Errors as SpacyErrors
from spacy.language import Language
from spacy.pipeline._edit_tree_internals.edit_trees import EditTrees
from spacy.pipeline.lemmatizer import lemmatizer_score
from spacy.tokens import Doc, Span, Token
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Optimizer

from ..errors import LSTMTaggerValueError
from ..ragged import Ragged, split
from ..vocabulary import Ids, Ints
from .defaults import DEFAULT_MODEL
from .labeled import LabeledComponent
from .labeler import GetExamples, LabelerModel, SequenceLabeler
from .labels import align, group_by_vocab, read_attrs, write_attrs
from .lemma_scores import score_lemmas
from .lemma_trees import Candidates, LemmaTrees, make_tree_data
from .predictions import Scores
from .soft_labels import SoftLabels, make_hard, name_best

RULED_OUT = -1e3  # relative to the best score
NO_TREES: dict[str, Any] = {"trees": [], "labels": [], "lexicon": {}}


@Language.factory(
    "lstm_lemmatizer",
    assigns=["token.lemma"],
    default_config={
        "model": DEFAULT_MODEL,
        "backoff": "orth",
        "min_tree_freq": 1,
        "overwrite": False,
        "top_k": 20,
        "lexicon": True,
        "known_lemma_bonus": 4.0,
        "scorer": {"@scorers": "spacy.lemmatizer_scorer.v1"},
        "store_scores": False,
        "n_best": 0,
    },
    default_score_weights={"lemma_acc": 1.0},
)
def make_lstm_lemmatizer(
    nlp: Language,
    name: str,
    model: LabelerModel,
    backoff: str | None,
    min_tree_freq: int,
    overwrite: bool,
    top_k: int,
    lexicon: bool,
    known_lemma_bonus: float,
    scorer: Callable[..., Any] | None,
    store_scores: bool,
    n_best: int,
) -> "LSTMLemmatizer":
    """Create the component.

    model (Model[List[Doc], List[Floats2d]]): `spacy-lstm-tagger.LSTMTagger.v1`.
    backoff (Optional[str]): The attribute of a token that is its lemma if none of the edit trees applies;
        none leaves the lemma unset.
    min_tree_freq (int): How often an edit tree must occur in the training data to be a label.
    overwrite (bool): Whether to overwrite lemmas that a document has.
    top_k (int): How many of the most probable edit trees are tried on a word.
    lexicon (bool): Whether a word that the training data has gets one of the lemmas it has there.
    known_lemma_bonus (float): What is added to the score of an edit tree if it makes of an unknown word a
        lemma that the training data has. The score is a logarithm: with 1, it is e times as probable.
    scorer (Optional[Callable]): The scoring method.
    store_scores (bool): Whether to store every edit tree's posterior probability: `doc._.lemma_scores`,
        and `token._.lemma_score`, that of the lemma that the token has.
    n_best (int): How many of the best sequences of edit trees to store as `doc._.lemma_n_best`: their
        numbers and the log probability, best first.
    """
    return LSTMLemmatizer(
        nlp.vocab,
        model,
        name,
        backoff=backoff,
        min_tree_freq=min_tree_freq,
        overwrite=overwrite,
        top_k=top_k,
        lexicon=lexicon,
        known_lemma_bonus=known_lemma_bonus,
        scorer=scorer,
        store_scores=store_scores,
        n_best=n_best,
    )


class LemmaLabels(list[Ints]):
    """For every document the indices of its tokens' labels, and the words they are for.

    orths (Ids): The string id of each token of all documents, `(tokens,)`.
    """

    def __init__(self, label_ids: Iterable[Ints], orths: Ids) -> None:
        super().__init__(label_ids)
        self.orths = orths


class LSTMLemmatizer(SequenceLabeler):
    """Assigns `token.lemma`, by edit trees as spaCy's `EditTreeLemmatizer`. But it remembers the lemmas of
    the words that it has seen, and prefers known lemmas for those that it has not.
    """

    annotation = "lemma"
    rules_out_labels = True
    learns_probabilities = False
    unknown_is_missing = True

    def __init__(
        self,
        vocab: Vocab,
        model: LabelerModel,
        name: str = "lstm_lemmatizer",
        *,
        backoff: str | None = "orth",
        min_tree_freq: int = 1,
        top_k: int = 20,
        lexicon: bool = True,
        known_lemma_bonus: float = 4.0,
        scorer: Callable[..., Any] | None = lemmatizer_score,
        **settings: Any,
    ) -> None:
        """Create a lemmatizer. The arguments are those of the factory, and of `SequenceLabeler`."""
        super().__init__(vocab, model, name, scorer=scorer, **settings)
        self.backoff = backoff
        self.min_tree_freq = min_tree_freq
        self.top_k = top_k
        self.lexicon = lexicon
        self.known_lemma_bonus = known_lemma_bonus
        self.cfg |= NO_TREES
        self._load_trees()

    def _load_trees(self) -> None:
        """Build the trees now: strings that are added while a memory zone is open are lost with it."""
        self._trees = LemmaTrees(self.vocab.strings, self.cfg)

    # Labels

    @property
    def labels(self) -> tuple[int, ...]:
        """RETURNS (Tuple[int, ...]): The edit trees that are labels."""
        return tuple(map(int, self.cfg["labels"]))

    @property
    def trees(self) -> EditTrees:
        """RETURNS (EditTrees): The edit trees."""
        return self._trees.trees

    @property
    def tree2label(self) -> dict[int, int]:
        """RETURNS (Dict[int, int]): The index of each label, by the number of its edit tree."""
        return {tree: label for label, tree in enumerate(self.labels)}

    @property
    def hide_labels(self) -> bool:
        """RETURNS (bool): True: numbers of edit trees tell users nothing."""
        return True

    @property
    def label_data(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The edit trees and the words' lemmas, as spaCy's lemmatizer has them,
        and the vocabulary, for `initialize(labels=...)`.
        """
        trees = {key: self.cfg[key] for key in ("trees", "lexicon")}
        return {"labels": self.labels, **trees, "vocabulary": self._network.vocabulary}

    def add_label(self, label: Any) -> int:
        """RAISES (NotImplementedError): Edit trees are made from words and lemmas, by `initialize`."""
        return int(super(LabeledComponent, self).add_label(label))

    def _add_labels(self, labels: Iterable[str]) -> None:
        self.cfg["labels"] = list(labels)
        self._load_trees()

    def find_labels(self, examples: Iterable[Example]) -> list[str]:
        """RETURNS (List[str]): The numbers of the edit trees of the examples."""
        pairs = Counter(
            (token.text, token.lemma_)
            for example in examples
            for token in example.reference
            if token.lemma != 0
        )
        data = make_tree_data(pairs, self.min_tree_freq, self.lexicon)
        self.cfg |= {"trees": data["trees"], "lexicon": data["lexicon"]}
        return list(map(str, data["labels"]))

    def initialize(
        self,
        get_examples: GetExamples,
        *,
        nlp: Language | None = None,
        labels: Sequence[str] | Mapping[str, Any] | None = None,
    ) -> None:
        """See `SequenceLabeler.initialize`. `labels` may also be the label data of spaCy's lemmatizer.

        RAISES (LSTMTaggerValueError): If `labels` has no edit trees.
        """
        if labels is not None and not (isinstance(labels, Mapping) and {*labels} == {"words"}):
            for key in ("labels", "trees"):
                if not isinstance(labels, Mapping) or key not in labels:
                    raise LSTMTaggerValueError(SpacyErrors.E857.format(name=key))
            assert isinstance(labels, Mapping)
            self.cfg |= {"trees": list(labels["trees"]), "lexicon": dict(labels.get("lexicon", {}))}
            labels = {
                "labels": list(map(str, labels["labels"])),
                "vocabulary": labels.get("vocabulary", {}),
            }
        super().initialize(get_examples, nlp=nlp, labels=labels)

    def read_labels(self, doc: Doc | Span) -> Ids:
        """RETURNS (Ids): The string id of the edit tree from each token to its lemma, 0 if the lemma is
        missing or there is no such tree, `(tokens,)`.
        """
        return self._encode(doc, doc.vocab, self.read_annotation(doc))

    def read_annotation(self, doc: Doc | Span) -> Ids:
        """RETURNS (Ids): The string id of each token's lemma, 0 if it is missing, `(tokens,)`."""
        return read_attrs(doc, LEMMA)[:, 0]

    def get_gold(self, example: Example) -> Ids:
        """RETURNS (Ids): The string id of the edit tree to each predicted token's gold lemma, 0 if it is
        missing.
        """
        reference = example.reference
        lemmas = align(example, self.read_annotation(reference))
        return self._encode(example.predicted, reference.vocab, lemmas)

    def _encode(self, doc: Doc | Span, vocab: Vocab, lemmas: Ids) -> Ids:
        """RETURNS (Ids): The string ids of the edit trees from words to lemmas, which are in `vocab`."""
        orths = read_attrs(doc, ORTH)[:, 0]
        pairs, index = np.unique(np.stack([orths, lemmas], axis=1), axis=0, return_inverse=True)
        strings, ids = doc.vocab.strings, []
        for orth, lemma in pairs.tolist():
            label = self._trees.find(strings[orth], vocab.strings[lemma]) if lemma else -1
            ids.append(strings.add(self.cfg["labels"][label]) if label >= 0 else 0)
        return np.array(ids, dtype=np.uint64)[index.reshape(-1)]

    # Learning from a teacher

    def predict_soft_labels(self, docs: Sequence[Doc]) -> SoftLabels:
        """RETURNS (SoftLabels): Lemmas, as certain ones: no two components have the same edit trees."""
        copies = [doc.copy() for doc in docs]
        self.set_annotations(copies, self.predict(copies))
        return make_hard([token.lemma_ for doc in copies for token in doc])

    def _learn(
        self,
        docs: Sequence[Doc],
        taught: Sequence[SoftLabels],
        drop: float,
        sgd: Optimizer | None,
        losses: dict[str, float],
    ) -> dict[str, float]:
        """Learn the most probable lemmas, those of the first teacher, like gold ones."""
        lemmas = iter(name_best(taught[0]))
        examples = [Example(doc, doc.copy()) for doc in docs]
        for example in examples:
            for token in example.reference:
                token.lemma_ = next(lemmas)
        return self.update(examples, drop=drop, sgd=sgd, losses=losses)

    # Prediction

    def predict(self, docs: Iterable[Doc]) -> list[Ints]:
        """Predict the edit trees of a batch of documents. See `SequenceLabeler.predict`.

        Scores are only computed where they matter: of the lemmas that a known word has, if there are
        several, and of all edit trees for an unknown word.
        """
        docs = list(docs)
        if self.cfg["store_scores"] or self.cfg["n_best"] or self._network.needs_whole_text:
            return super().predict(docs)
        orths = _read_orths(docs)
        candidates = self._trees.find_candidates(orths)
        labels = np.zeros(len(orths), dtype=np.int64)
        labels[candidates.counts > 0] = candidates.labels[candidates.starts[candidates.counts > 0]]
        if (candidates.counts != 1).any():
            vectors = self._network.read(docs)
            self._choose_known(labels, vectors, candidates)
            self._choose_unknown(labels, vectors, np.flatnonzero(candidates.counts == 0), docs)
        lengths = np.array([len(doc) for doc in docs], dtype=np.int64)
        return LemmaLabels(split(Ragged(labels, lengths)), orths)

    def _choose_known(self, labels: Ints, vectors: Ragged, candidates: Candidates) -> None:
        """Choose among the lemmas of words that have several.

        labels (Ints): The labels to be set, `(tokens,)`.
        vectors (Ragged): `(tokens, width)`.
        candidates (Candidates): The labels of each token's word.
        """
        ambiguous = np.flatnonzero(candidates.counts > 1)
        if not len(ambiguous):
            return
        tokens, pair_labels = candidates.expand(ambiguous)  # (pairs,)
        scores = self._network.score_pairs(vectors, tokens, pair_labels)
        counts = candidates.counts[ambiguous]
        best = np.maximum.reduceat(scores, counts.cumsum() - counts)
        is_best = np.flatnonzero(scores == np.repeat(best, counts))[::-1]  # the first of equals is set last
        labels[tokens[is_best]] = pair_labels[is_best]

    def _choose_unknown(self, labels: Ints, vectors: Ragged, rows: Ints, docs: Sequence[Doc]) -> None:
        """Choose the edit trees of unknown words, whose rows are given."""
        if not len(rows):
            return
        words = [token.text for token in _pick_tokens(docs, rows)]
        scored = self._score_lemmas(words, self._network.score(vectors.data[rows]))
        labels[rows] = [max(found, key=found.__getitem__) for found in scored]

    def restrict(self, docs: Sequence[Doc], scores: Ragged) -> Ragged:
        """RETURNS (Ragged): Scores of the edit trees that stand for possible lemmas; low for all others."""
        words = [token.text for doc in docs for token in doc]
        data = self.model.ops.to_numpy(scores.data)
        restricted = np.full_like(data, RULED_OUT)
        for row, found in zip(restricted, self._score_lemmas(words, data), strict=True):
            best = max(found.values())
            row[list(found)] = [score - best for score in found.values()]
        return Ragged(self.model.ops.asarray(restricted), scores.lengths)

    def _score_lemmas(self, words: Sequence[str], scores: Scores) -> list[dict[int, float]]:
        return score_lemmas(self._trees, words, scores, self.top_k, self.known_lemma_bonus)

    def write_labels(self, docs: Sequence[Doc], label_ids: Sequence[Ints]) -> None:
        """Write lemmas to documents. See `SequenceLabeler.write_labels`."""
        groups = group_by_vocab(docs)
        for vocab, chosen in groups:
            own_docs, own_labels = [docs[i] for i in chosen], np.concatenate([label_ids[i] for i in chosen])
            is_read = isinstance(label_ids, LemmaLabels) and len(groups) == 1
            orths = label_ids.orths if is_read else _read_orths(own_docs)  # type: ignore[attr-defined]
            self._write(own_docs, orths, own_labels, vocab)

    def _write(self, docs: Sequence[Doc], orths: Ids, labels: Ints, vocab: Vocab) -> None:
        """Write lemmas to documents of a vocab; the words and labels of their tokens are `(tokens,)`."""
        lemmas, has_lemma = self._trees.look_up(orths, labels)
        if vocab is not self.vocab:  # it may lack the lemmas
            has_lemma[:] = False
        made: dict[tuple[int, int], int | None] = {}
        strings = vocab.strings
        for i in np.flatnonzero(~has_lemma).tolist():
            pair = int(orths[i]), int(labels[i])
            if pair not in made:
                lemma = self._trees.apply(strings[pair[0]], pair[1])
                made[pair] = None if lemma is None else strings.add(lemma)
            lemma_id = made[pair]
            if lemma_id is not None:
                lemmas[i], has_lemma[i] = lemma_id, True
        if self.backoff is not None and not has_lemma.all():
            self._back_off(self.backoff, docs, lemmas, np.flatnonzero(~has_lemma))
        end = 0
        for doc in docs:
            start, end = end, end + len(doc)
            own = lemmas[start:end]
            if not self.cfg["overwrite"] and doc.has_annotation("LEMMA"):
                present = read_attrs(doc, LEMMA)[:, 0]
                own = np.where(present == 0, own, present)
            write_attrs(doc, own[:, None], LEMMA)

    def _back_off(self, attr: str, docs: Sequence[Doc], lemmas: Ids, missing: Ints) -> None:
        """Set the lemmas of tokens that no edit tree applies to, `(missing,)`, by an attribute."""
        found = [getattr(token, attr) for token in _pick_tokens(docs, missing)]
        lemmas[missing] = np.array(found, dtype=np.uint64)

    # Saving

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "LSTMLemmatizer":
        """Load the component from a bytestring. See `SavedComponent.from_bytes`."""
        super().from_bytes(bytes_data, exclude=exclude)
        self._load_trees()
        return self

    def from_disk(self, path: Any, *, exclude: Iterable[str] = ()) -> "LSTMLemmatizer":
        """Load the component from a folder. See `SavedComponent.from_disk`."""
        super().from_disk(path, exclude=exclude)
        self._load_trees()
        return self


def _pick_tokens(docs: Sequence[Doc], rows: Ints) -> Iterator[Token]:
    """YIELDS (Token): Some of the tokens of documents that lie end to end, `(rows,)`."""
    ends = np.cumsum([len(doc) for doc in docs])
    places = np.searchsorted(ends, rows, side="right")
    for row, place in zip(rows.tolist(), places.tolist(), strict=True):
        doc = docs[place]
        yield doc[row - int(ends[place]) + len(doc)]


def _read_orths(docs: Iterable[Doc]) -> Ids:
    """RETURNS (Ids): The string id of each token of documents, `(tokens,)`."""
    parts: list[Any] = [doc.to_array(ORTH) for doc in docs]
    return np.concatenate([np.zeros(0, dtype=np.uint64), *parts])
