"""Measures words per second, on the core that this process is bound to.

python -m benchmarks.speed.probes.throughput SPACY_MODEL LSTM_MODEL --dev dev.conllu --test test.conllu
"""

from functools import partial

import srsly
import torch
from torch import nn

from benchmarks.common import options
from benchmarks.common.corpora import count_words, read_sentences
from benchmarks.common.rounds import measure
from benchmarks.speed.pipelines import find_lstm, find_precision, load_pipelines
from benchmarks.speed.tasks import make_bare_task, make_docs_task, make_texts_task


def main(
    spacy_model: options.SpacyModel,
    lstm_model: options.LstmModel,
    dev: options.Dev,
    test: options.Test,
    rounds: options.Rounds = options.ROUNDS,
) -> None:
    """Print the words per second of spaCy's pipeline, ours in both precisions, the tokenizer, and bare
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
        "from_docs": measure(from_docs, rounds),
        "from_texts": measure(from_texts, rounds),
    }
    print(srsly.json_dumps(figures))


def make_bare_lstms(like: nn.LSTM) -> dict[str, nn.LSTM]:
    """RETURNS (Dict[str, nn.LSTM]): One LSTM of the same shape, and one with input as wide as its hidden
    state, each in both precisions.
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


if __name__ == "__main__":
    options.run(main)
