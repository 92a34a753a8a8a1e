"""The measuring process for long documents: the words of many sentences as one `Doc`.

`python benchmarks/long_documents.py speed SPACY LSTM --dev … --test … --words …` and
`python benchmarks/long_documents.py memory MODEL --dev … --test … --words … [--sentence-starts]` print one
line of JSON.
"""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import spacy
import srsly
import typer
from corpora import Sentence, count_words, join, make_docs, read_sentences, repeat
from memory import measure_peak
from pipelines import count_differences, load_lstm, read_settings, read_tags
from rounds import measure, time_task
from spacy.language import Language
from tasks import make_doc_task, make_docs_task

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
Option = typer.Option()

UNCUT = 10**9  # a window that no document is longer than


@app.command()
def speed(
    spacy_model: Path,
    lstm_model: Path,
    dev: Annotated[Path, Option],
    test: Annotated[Path, Option],
    words: Annotated[int, Option],
    rounds: Annotated[int, Option] = 3,
    seconds: Annotated[float, Option] = 2.0,
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
        "rates": measure(tasks, rounds, seconds),
        **compare_with_uncut(lstm, load_lstm(lstm_model, window=UNCUT), sentences),
    }
    print(srsly.json_dumps(figures))


def compare_with_uncut(lstm: Language, uncut: Language, sentences: list[Sentence]) -> dict[str, Any]:
    """Compare reading in pieces with reading the whole document at once.

    lstm (Language): The pipeline.
    uncut (Language): The same, with a window that the document fits into.
    sentences (List[Sentence]): The document.
    RETURNS (Dict[str, Any]): How fast the second one is, and how many tags "differ".
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


@app.command()
def memory(
    model: Path,
    dev: Annotated[Path, Option],
    test: Annotated[Path, Option],
    words: Annotated[int, Option],
    sentence_starts: Annotated[bool, Option] = False,
) -> None:
    """Print how many MB it takes to tag the document, beyond those of the loaded pipeline and the `Doc`."""
    nlp = spacy.load(model)
    sentences = repeat(read_sentences(dev, test), words)
    doc = join(sentences, nlp.vocab, sentence_starts=sentence_starts)
    print(srsly.json_dumps(measure_peak(lambda: nlp(doc))))


if __name__ == "__main__":
    app()
