"""Tasks whose words per second are measured: see `Task` in `common/rounds.py`."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch
from spacy.vocab import Vocab
from torch import nn

from benchmarks.common.corpora import Sentence, make_docs
from benchmarks.common.rounds import Task


def make_docs_task(nlp: Language, sentences: Sequence[Sentence], **options: Any) -> Task:
    """Tag `Doc`s that were made beforehand.

    **options (Any): For `nlp.pipe`; without any, the batch size is that of the pipeline's config.
    """

    def prepare(passes: int) -> Callable[[], int]:
        docs = [doc for _ in range(passes) for doc in make_docs(sentences, nlp.vocab)]
        return lambda: sum(len(doc) for doc in nlp.pipe(docs, **options))

    return prepare


def make_doc_task(nlp: Language, make_doc: Callable[[], Doc]) -> Task:
    """Tag one `Doc` that was made beforehand."""

    def prepare(passes: int) -> Callable[[], int]:
        docs = [make_doc() for _ in range(passes)]
        return lambda: sum(len(nlp(doc)) for doc in docs)

    return prepare


def make_texts_task(pipe: Callable[[list[str]], Iterable[Doc]], sentences: Sequence[Sentence]) -> Task:
    """Tokenize texts, and tag them if the pipeline does."""
    texts = [doc.text for doc in make_docs(sentences, Vocab())]

    def prepare(passes: int) -> Callable[[], int]:
        repeated = texts * passes
        return lambda: sum(len(doc) for doc in pipe(repeated))

    return prepare


def make_bare_task(lstm: nn.LSTM, sentences: Sequence[Sentence], batch_size: int) -> Task:
    """Run a `torch.nn.LSTM` alone, over padded tensors that were made beforehand, sorted by length."""
    lstm.eval()
    lengths = sorted(len(sentence.words) for sentence in sentences)
    dtype = next(lstm.parameters()).dtype
    inputs = [
        torch.randn(max(batch), len(batch), lstm.input_size).to(dtype)  # (time, batch, input)
        for batch in minibatch(lengths, batch_size)  # type: ignore[no-untyped-call]
    ]

    @torch.inference_mode()
    def run_once() -> int:
        for batch in inputs:
            lstm(batch)
        return sum(lengths)

    return lambda passes: lambda: sum(run_once() for _ in range(passes))
