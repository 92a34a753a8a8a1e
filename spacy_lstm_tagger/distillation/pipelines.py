"""Whole pipelines that learn from others: their components, and what these listen to."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2Vec, Tok2VecListener
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Optimizer, set_dropout_rate

from ..errors import Errors, LSTMTaggerValueError
from ..pipeline.imitation import ImitatingComponent
from ..pipeline.soft_labels import copy_words, find_annotation


class Pair(NamedTuple):
    """A component and the one that it learns from."""

    student: ImitatingComponent
    teacher: Any


def distill(
    student: Language,
    teacher: Language,
    examples: Iterable[Example],
    *,
    drop: float = 0.0,
    sgd: Optimizer | None = None,
    losses: dict[str, float] | None = None,
    exclude: Iterable[str] = (),
    student_to_teacher: Mapping[str, str] | None = None,
) -> dict[str, float]:
    """Let the components of a pipeline learn from those of another one, as `Language.distill` of spaCy 4.

    student (Language): The pipeline that learns.
    teacher (Language): The pipeline that it learns from.
    examples (Iterable[Example]): The batch. The teacher reads `reference`, which has its vocab; the student
        reads `predicted`. Both have the same words.
    drop (float): The dropout rate.
    sgd (Optional[Optimizer]): The optimizer; without one, gradients are accumulated.
    losses (Optional[Dict[str, float]]): Updated under the names of the components.
    exclude (Iterable[str]): Names of components that should not learn.
    student_to_teacher (Optional[Mapping[str, str]]): The name of the teacher's component for that of the
        student; by default, one for the same annotation.
    RETURNS (Dict[str, float]): The losses.
    RAISES (LSTMTaggerValueError): If no component has a teacher, or one that is named does not exist.
    """
    losses = {} if losses is None else losses
    examples = list(examples)
    left_out = {*exclude}
    pairs = [
        p for p in find_pairs(student, teacher, student_to_teacher or {}) if p.student.name not in left_out
    ]
    if not pairs:
        raise LSTMTaggerValueError(
            Errors.L475.format(student=", ".join(student.pipe_names), teacher=", ".join(teacher.pipe_names))
        )
    references = [copy_words(example.reference, teacher.vocab) for example in examples]
    for _, upstream in teacher.pipeline:  # what the teacher's components listen to
        pipe: Any = upstream
        if hasattr(pipe, "listeners"):
            pipe.set_annotations(references, pipe.predict(references))
    docs = [example.predicted for example in examples]
    read = [Example(*pair) for pair in zip(docs, references, strict=True)]
    with listening(student, [pair.student for pair in pairs], docs, drop, losses, left_out):
        for pair in pairs:
            pair.student.distill(pair.teacher, read, drop=drop, losses=losses)
    if sgd is not None:
        for name, pipe in student.pipeline:
            if name not in left_out and hasattr(pipe, "finish_update"):
                pipe.finish_update(sgd)
    return losses


def find_pairs(student: Language, teacher: Language, student_to_teacher: Mapping[str, str]) -> list[Pair]:
    """RETURNS (List[Pair]): The labelers of a pipeline that have a teacher, each with that.
    RAISES (LSTMTaggerValueError): If a component that is named does not exist.
    """
    for name, nlp in [
        *((name, student) for name in student_to_teacher),
        *((name, teacher) for name in student_to_teacher.values()),
    ]:
        if name not in nlp.pipe_names:
            raise LSTMTaggerValueError(Errors.L401.format(name=name, pipeline=", ".join(nlp.pipe_names)))
    by_annotation = {find_annotation(pipe): pipe for _, pipe in teacher.pipeline}
    pairs = []
    for name, pipe in student.pipeline:
        if not isinstance(pipe, ImitatingComponent):
            continue
        chosen = student_to_teacher.get(name)
        other = teacher.get_pipe(chosen) if chosen else by_annotation.get(find_annotation(pipe))
        if other is not None:
            pairs.append(Pair(pipe, other))
    return pairs


@contextmanager
def listening(
    nlp: Language,
    pipes: Sequence[ImitatingComponent],
    docs: Sequence[Doc],
    drop: float,
    losses: dict[str, float],
    frozen: Container[str] = (),
) -> Iterator[None]:
    """Give some components the vectors that they listen to, and pass the gradient back when they are done.
    spaCy leaves that to the last listener of a tok2vec, which may not be one of them.

    nlp (Language): The pipeline.
    pipes (Sequence[ImitatingComponent]): The components that learn.
    docs (Sequence[Doc]): What they learn from.
    drop (float): The dropout rate.
    losses (Dict[str, float]): Updated under the names of the tok2vec components.
    frozen (Container[str]): The names of components that do not learn, so that no gradient reaches them.
    """
    own = {id(node) for pipe in pipes for node in pipe.model.walk()}
    finish: list[Callable[[], Any]] = []
    for name, tok2vec in nlp.pipeline:
        listeners = [node for node in getattr(tok2vec, "listeners", []) if id(node) in own]
        if isinstance(tok2vec, Tok2Vec) and listeners and any(map(len, docs)):
            backprop = _broadcast(tok2vec, listeners, docs, drop)
            if name not in frozen:
                finish.append(backprop)
                losses.setdefault(name, 0.0)
    yield
    for backprop in finish:
        backprop()


def _broadcast(
    tok2vec: Tok2Vec, listeners: Sequence[Tok2VecListener], docs: Sequence[Doc], drop: float
) -> Callable[[], Any]:
    """RETURNS (Callable): Passes the sum of the listeners' gradients to the tok2vec."""
    set_dropout_rate(tok2vec.model, drop)
    vectors, backprop = tok2vec.model.begin_update(list(docs))
    total = [tok2vec.model.ops.alloc2f(*array.shape) for array in vectors]

    def accumulate(gradients: Sequence[Any]) -> list[Any]:
        for i, gradient in enumerate(gradients):
            total[i] += gradient
        return []

    batch_id = Tok2VecListener.get_batch_id(docs)
    for listener in listeners:
        listener.receive(batch_id, vectors, accumulate)
    return lambda: backprop(total)
