"""The measuring process for prediction: trained pipelines, on the core that it was given.

`python benchmarks/predict.py speed SPACY LSTM --dev … --test …` and
`python benchmarks/predict.py precision LSTM --dev … --test …` print one line of JSON.
"""

from functools import partial
from pathlib import Path
from typing import Annotated

import srsly
import torch
import typer
from corpora import count_words, make_docs, read_sentences
from pipelines import count_differences, find_lstm, find_precision, load_lstm, load_pipelines, read_tags
from rounds import measure
from tasks import make_bare_task, make_docs_task, make_texts_task
from torch import nn

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
Option = typer.Option()


@app.command()
def speed(
    spacy_model: Path,
    lstm_model: Path,
    dev: Annotated[Path, Option],
    test: Annotated[Path, Option],
    rounds: Annotated[int, Option] = 5,
    seconds: Annotated[float, Option] = 2.0,
) -> None:
    """Print the words per second of both pipelines, ours in both precisions, of the tokenizer and of bare
    `nn.LSTM`s, round by round.
    """
    pipelines = load_pipelines(spacy_model, lstm_model)
    sentences = read_sentences(dev, test)
    bare = make_bare_lstms(find_lstm(pipelines["lstm"]))
    from_docs = {name: make_docs_task(nlp, sentences) for name, nlp in pipelines.items()}
    for name, lstm in bare.items():
        from_docs[name] = make_bare_task(lstm, sentences, pipelines["lstm"].batch_size)
    from_texts = {name: make_texts_task(nlp.pipe, sentences) for name, nlp in pipelines.items()}
    from_texts["tokenizer"] = make_texts_task(partial(map, pipelines["spacy"].make_doc), sentences)
    figures = {
        "threads": torch.get_num_threads(),
        "batch_sizes": {name: nlp.batch_size for name, nlp in pipelines.items()},
        "sentences": len(sentences),
        "words": count_words(sentences),
        "bfloat16_means": find_precision("bfloat16"),
        "bare_lstms": {name: describe_lstm(lstm) for name, lstm in bare.items()},
        "from_docs": measure(from_docs, rounds, seconds),
        "from_texts": measure(from_texts, rounds, seconds),
    }
    print(srsly.json_dumps(figures))


def make_bare_lstms(like: nn.LSTM) -> dict[str, nn.LSTM]:
    """RETURNS (Dict[str, nn.LSTM]): One of the same shape, and one that reads as many numbers a word as its
    state has, both in both precisions.
    """
    lstms = {}
    for dtype, ending in ((torch.float32, ""), (torch.bfloat16, "_bfloat16")):
        for name, width in (("bare_lstm", like.input_size), ("narrow_lstm", like.hidden_size)):
            lstms[name + ending] = nn.LSTM(
                width, like.hidden_size, like.num_layers, bidirectional=like.bidirectional, dtype=dtype
            )
    return lstms


def describe_lstm(lstm: nn.LSTM) -> str:
    """RETURNS (str): Its shape."""
    directions = "bidirectional" if lstm.bidirectional else "one direction"
    return f"{lstm.input_size} → {lstm.hidden_size}, depth {lstm.num_layers}, {directions}"


@app.command()
def precision(
    lstm_model: Path,
    dev: Annotated[Path, Option],
    test: Annotated[Path, Option],
) -> None:
    """Print how many tags differ between bfloat16 and float32."""
    sentences = read_sentences(dev, test)
    tags = []
    for name in ("float32", "bfloat16"):
        nlp = load_lstm(lstm_model, precision=name)
        tags.append(read_tags(nlp.pipe(make_docs(sentences, nlp.vocab))))
    figures = {
        "bfloat16_means": find_precision("bfloat16"),
        "words": count_words(sentences),
        "differ": count_differences(*tags),
    }
    print(srsly.json_dumps(figures))


if __name__ == "__main__":
    app()
