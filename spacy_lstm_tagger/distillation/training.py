"""What a config needs to learn soft labels with `spacy train`: a callback and readers."""

import random
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, TypeAlias

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from ..batchers import draw_sizes
from ..bulk.tagging import forget_words
from ..errors import Errors, LSTMTaggerValueError, Warnings, check_setting
from ..pipeline.imitation import ImitatingComponent
from ..pipeline.lstm_morphologizer import split_label
from ..pipeline.soft_labels import SoftLabels, join_soft_labels, make_targets, name_best
from ..schemes import split_label as split_span_label
from .pipelines import listening
from .storage import TaughtText, count_words, iterate_parts, read_part

Batcher: TypeAlias = Callable[[Iterable[TaughtText]], Iterable[Sequence[TaughtText]]]
Folders: TypeAlias = Path | list[Path] | None

_IOB = {"U": "B", "L": "I"}  # prefixes of BILUO
N_CHECKED = 500  # texts whose labels are compared
MANY_UNKNOWN = 0.01  # of the words: what a warning is worth
DEV_SHARE = 10  # one text of this many is for evaluation, where there is no gold data
MAX_WORDS = 256  # of a text that is learned: longer ones are cut, since batches of few texts are slow


def create_distillation(
    soft_labels: Folders,
    batcher: Batcher,
    dropout: float = 0.2,
    joined: float = 0.5,
    hold_out: bool = False,
) -> Callable[[Language, dict[str, Any]], None]:
    """Create a callback for `[training] before_update`: before each update, the components of this package
    also learn from a batch of raw text what a teacher says about it. Both gradients make one update.

    soft_labels (Path | List[Path]): What `lstm-tagger distill` wrote: the folder of a teacher, or those of
        several, which are averaged.
    batcher (Callable): Makes batches of texts: `spacy.batch_by_padded.v1`, for example.
    dropout (float): The dropout rate for raw text.
    joined (float): The share of texts that are joined with others, as by `spacy-lstm-tagger.join_docs.v1`.
    hold_out (bool): Whether to leave out the texts that `SoftLabelCorpus.v1` evaluates on.
    RETURNS (Callable[[Language, Dict[str, Any]], None]): The callback. Frozen components do not learn.
    RAISES (LSTMTaggerValueError): If a setting is out of range.
    """
    block = "spacy-lstm-tagger.distill.v1"
    check_setting(block, "dropout", dropout, 0 <= dropout < 1, "at least 0 and below 1")
    check_setting(block, "joined", joined, 0 <= joined <= 1, "from 0 to 1")
    batches: Iterator[Sequence[TaughtText]] | None = None

    def learn(nlp: Language, progress: dict[str, Any]) -> None:
        nonlocal batches
        if batches is None:
            folders = _require_folders(soft_labels)
            check_labels(nlp, read_part(next(iterate_parts(folders)))[:N_CHECKED])
            batches = _repeat(folders, batcher, joined, hold_out)
        with forget_words(nlp):  # or the vocab would grow with the raw text
            learn_batch(nlp, next(batches), dropout)

    return learn


def learn_batch(nlp: Language, batch: Sequence[TaughtText], dropout: float) -> dict[str, float]:
    """Accumulate the gradient of a batch in all components of a pipeline that it teaches something.

    nlp (Language): The pipeline.
    batch (Sequence[TaughtText]): The batch.
    dropout (float): The dropout rate.
    RETURNS (Dict[str, float]): The losses.
    RAISES (LSTMTaggerValueError): If it teaches none of the components.
    """
    docs = [Doc(nlp.vocab, words=text.words, spaces=text.spaces) for text in batch]
    pipes = _find_students(nlp, batch[0])
    losses: dict[str, float] = {}
    with listening(nlp, pipes, docs, dropout, losses, _get_frozen(nlp)):
        for pipe in pipes:
            taught = _join_soft_labels([text.taught[pipe.annotation] for text in batch])
            pipe.learn_soft_labels(docs, taught, drop=dropout, losses=losses)
    return losses


def _find_students(nlp: Language, text: TaughtText) -> list[ImitatingComponent]:
    """RETURNS (List[ImitatingComponent]): The components that soft labels teach something.
    RAISES (LSTMTaggerValueError): If there are none.
    """
    frozen = _get_frozen(nlp)
    labelers = [pipe for _, pipe in nlp.pipeline if isinstance(pipe, ImitatingComponent)]
    students = [pipe for pipe in labelers if pipe.annotation in text.taught and pipe.name not in frozen]
    if not students:
        raise LSTMTaggerValueError(
            Errors.L476.format(pipeline=", ".join(nlp.pipe_names), taught=", ".join(text.taught))
        )
    return students


def _get_frozen(nlp: Language) -> list[str]:
    frozen: list[str] = nlp.config["training"].get("frozen_components") or []
    return frozen


def check_labels(nlp: Language, texts: Sequence[TaughtText]) -> None:
    """Compare the labels of teachers and students on some texts, and warn if the student does not have the
    most probable ones of many words: nothing is learned from these.

    nlp (Language): The student's pipeline.
    texts (Sequence[TaughtText]): The texts.
    RAISES (LSTMTaggerValueError): If nothing at all could be learned.
    """
    for pipe in _find_students(nlp, texts[0]) if texts else []:
        if not pipe.learns_probabilities:
            continue
        taught = _join_soft_labels([text.taught[pipe.annotation] for text in texts])
        is_learned = [bool(row.any()) for row in make_targets(taught, pipe.outputs)]
        best = [label for label, known in zip(name_best(taught[0]), is_learned, strict=True) if not known]
        unknown = Counter(label for label in best if label)
        labels = ", ".join(label for label, _ in unknown.most_common(5))
        if unknown and not any(is_learned):
            known = ", ".join(pipe.outputs[:5])
            raise LSTMTaggerValueError(Errors.L479.format(name=pipe.name, labels=labels, known=known))
        if unknown.total() > MANY_UNKNOWN * len(is_learned):
            n, total = unknown.total(), len(is_learned)
            warnings.warn(
                Warnings.W040.format(name=pipe.name, n=n, total=total, labels=labels), stacklevel=2
            )


def _repeat(
    folders: Sequence[Path], batcher: Batcher, joined: float, hold_out: bool = False
) -> Iterator[Sequence[TaughtText]]:
    """YIELDS (Sequence[TaughtText]): Batches, without end: shards and their texts in random order."""
    parts = list(iterate_parts(folders))
    is_empty = False
    while not is_empty:
        is_empty = True
        random.shuffle(parts)
        for batch in batcher(_join_some(_read_all(parts, hold_out), joined)):
            is_empty = False
            yield batch
    raise LSTMTaggerValueError(Errors.L472.format(folder=folders[0]))


def _choose(texts: Sequence[TaughtText], is_dev: bool) -> list[TaughtText]:
    """RETURNS (List[TaughtText]): The texts of a file that are for evaluation, or all others."""
    return [text for i, text in enumerate(texts) if (i % DEV_SHARE == 0) == is_dev]


def _read_all(parts: Iterable[Sequence[Path]], hold_out: bool) -> Iterator[TaughtText]:
    for paths in parts:
        found = read_part(paths)
        chosen = _choose(found, is_dev=False) if hold_out else found
        texts = [piece for text in chosen for piece in _cut(text)]
        random.shuffle(texts)
        yield from texts


def _cut(text: TaughtText) -> list[TaughtText]:
    """RETURNS (List[TaughtText]): A text in pieces of similar length, if it is long."""
    n_pieces = -(-len(text) // MAX_WORDS)
    if n_pieces == 1:
        return [text]
    ends = [len(text) * i // n_pieces for i in range(n_pieces + 1)]
    return [text.slice(start, end) for start, end in pairwise(ends)]


def _join_some(texts: Iterable[TaughtText], joined: float) -> Iterator[TaughtText]:
    sizes = draw_sizes(joined)
    waiting: list[TaughtText] = []
    size = 0
    for text in texts:
        if not waiting:
            size = next(sizes)
        waiting.append(text)
        if len(waiting) >= size or sum(map(len, waiting)) > MAX_WORDS:
            yield _join(waiting) if len(waiting) > 1 else text
            waiting = []
    if waiting:
        yield _join(waiting)


def _join(texts: Sequence[TaughtText]) -> TaughtText:
    words = [word for text in texts for word in text.words]
    spaces = [space for text in texts for space in [*text.spaces[:-1], True]]
    names = texts[0].taught
    taught = {name: _join_soft_labels([text.taught[name] for text in texts]) for name in names}
    return TaughtText(words, spaces, taught)


def _join_soft_labels(of_texts: Sequence[Sequence[SoftLabels]]) -> list[SoftLabels]:
    """RETURNS (List[SoftLabels]): For each teacher the soft labels of all texts, end to end."""
    return [join_soft_labels(of_teacher) for of_teacher in zip(*of_texts, strict=True)]


def _require_folders(folders: Folders) -> list[Path]:
    if not folders:
        raise LSTMTaggerValueError(Errors.L477)
    return [Path(folder) for folder in (folders if isinstance(folders, list) else [folders])]


def read_word_counts(soft_labels: Folders, min_freq: int = 10) -> dict[str, dict[str, int]]:
    """Read the words of raw text, for `[initialize.components.NAME] labels`: tables get rows for them
    besides those of the training data.

    soft_labels (Path | List[Path]): See `create_distillation`.
    min_freq (int): How often a word must occur there.
    RETURNS (Dict[str, Dict[str, int]]): The words and their counts.
    """
    check_setting(
        "spacy-lstm-tagger.WordCounts.v1", "min_freq", min_freq, min_freq > 0, "a positive number"
    )
    if not soft_labels:  # to be set by the command line: `spacy debug config` reads it without
        return {"words": {}}
    counts = count_words(_require_folders(soft_labels)[0])
    return {"words": {word: n for word, n in sorted(counts.items()) if n >= min_freq}}


def create_soft_label_corpus(
    soft_labels: Folders, is_dev: bool = False, limit: int = 10000
) -> Callable[[Language], Iterable[Example]]:
    """Create a reader of texts with the most probable labels as their annotation, to train or to evaluate
    without any gold data.

    soft_labels (Path | List[Path]): See `create_distillation`; for each annotation, the first teacher that
        has it counts.
    is_dev (bool): Whether to read every tenth text, for evaluation, instead of all others.
    limit (int): The maximum number of texts.
    RETURNS (Callable[[Language], Iterable[Example]]): The reader.
    """

    def read(nlp: Language) -> Iterator[Example]:
        parts = iterate_parts(_require_folders(soft_labels))
        texts = (text for paths in parts for text in _choose(read_part(paths), is_dev))
        for text in islice(texts, limit):
            predicted = Doc(nlp.vocab, words=text.words, spaces=text.spaces)
            yield Example(predicted, make_annotated(nlp.vocab, text))

    return read


def make_annotated(vocab: Vocab, text: TaughtText) -> Doc:
    """RETURNS (Doc): A text with its most probable labels."""
    best = {name: name_best(softs[0]) for name, softs in text.taught.items()}
    entities: list[Any] = [_to_iob(label) for label in best.get("ent", [])]
    analyses = [split_label(label) for label in best.get("morph", [])]
    return Doc(
        vocab,
        words=text.words,
        spaces=text.spaces,
        tags=best.get("tag"),
        pos=[pos for pos, _ in analyses] or None,
        morphs=[morph for _, morph in analyses] or None,
        lemmas=best.get("lemma"),
        ents=entities or None,
    )


def _to_iob(label: str) -> str | None:
    """RETURNS (Optional[str]): A label of BILUO in BIO, None if it is missing."""
    prefix, span_type = split_span_label(label)
    return f"{_IOB.get(prefix, prefix)}-{span_type}" if span_type else label or None
