"""Measures speed and memory on a long document: many sentences as one `Doc`.

python -m benchmarks.speed.probes.long_documents speed SPACY_MODEL LSTM_MODEL --dev … --test … --words …
python -m benchmarks.speed.probes.long_documents memory MODEL --dev … --test … --words …
"""

from functools import partial
from typing import Annotated, Any, TypeAlias

import spacy
import srsly
import typer
from spacy.language import Language

from benchmarks.common import options
from benchmarks.common.corpora import Sentence, count_words, join, make_docs, read_sentences, repeat
from benchmarks.common.memory import measure_peak
from benchmarks.common.rounds import measure, time_task
from benchmarks.speed.pipelines import count_differences, load_lstm, read_settings, read_tags
from benchmarks.speed.tasks import make_doc_task, make_docs_task

Words: TypeAlias = Annotated[int, typer.Option(min=1, help="Words of the document")]
UNCUT = 10**9  # a window longer than any document


def speed(
    spacy_model: options.SpacyModel,
    lstm_model: options.LstmModel,
    dev: options.Dev,
    test: options.Test,
    words: Words,
    rounds: options.Rounds = options.ROUNDS,
) -> None:
    """Print words per second, round by round, and how many tags depend on where the document is cut."""
    sentences = repeat(read_sentences(dev, test), words)
    spacy_nlp, lstm = spacy.load(spacy_model), spacy.load(lstm_model)
    tasks = {
        "spacy": make_doc_task(spacy_nlp, partial(join, sentences, spacy_nlp.vocab)),
        "lstm": make_doc_task(lstm, partial(join, sentences, lstm.vocab)),
        "lstm_with_starts": make_doc_task(lstm, partial(join, sentences, lstm.vocab, sentence_starts=True)),
        "lstm_short": make_docs_task(lstm, sentences),
    }
    settings = read_settings(lstm)
    figures = {
        "words": count_words(sentences),
        "sentences": len(sentences),
        "window": settings.window,
        "overlap": settings.overlap,
        "rates": measure(tasks, rounds),
        **compare_with_uncut(lstm, load_lstm(lstm_model, window=UNCUT), sentences),
    }
    print(srsly.json_dumps(figures))


def compare_with_uncut(lstm: Language, uncut: Language, sentences: list[Sentence]) -> dict[str, Any]:
    """Compare reading the document in pieces with reading it as a whole.

    lstm (Language): The pipeline.
    uncut (Language): The same with a window that holds the whole document.
    sentences (List[Sentence]): The document.
    RETURNS (Dict[str, Any]): The speed of the second, and how many tags "differ".
    """
    doc = join(sentences, uncut.vocab)
    duration, words = time_task(lambda passes: lambda: len(uncut(doc)), 1)
    tags = read_tags([doc])
    others = {
        "lstm": [lstm(join(sentences, lstm.vocab))],
        "lstm_with_starts": [lstm(join(sentences, lstm.vocab, sentence_starts=True))],
        "lstm_short": lstm.pipe(make_docs(sentences, lstm.vocab)),
    }
    return {
        "uncut_rate": words / duration,
        "differ": {name: count_differences(read_tags(docs), tags) for name, docs in others.items()},
    }


def memory(
    model: options.Model,
    dev: options.Dev,
    test: options.Test,
    words: Words,
    sentence_starts: Annotated[bool, typer.Option(help="Set sentence starts")] = False,
) -> None:
    """Print the peak memory of tagging the document, beyond the loaded pipeline and the `Doc`, in MB."""
    nlp = spacy.load(model)
    sentences = repeat(read_sentences(dev, test), words)
    doc = join(sentences, nlp.vocab, sentence_starts=sentence_starts)
    print(srsly.json_dumps(measure_peak(lambda: nlp(doc))))


if __name__ == "__main__":
    options.run(speed, memory)
