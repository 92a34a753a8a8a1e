"""Counts tags that differ between bfloat16 and float32.

python -m benchmarks.speed.probes.precision LSTM_MODEL --dev dev.conllu --test test.conllu
"""

import srsly

from benchmarks.common import options
from benchmarks.common.corpora import count_words, make_docs, read_sentences
from benchmarks.speed.pipelines import count_differences, find_precision, load_lstm, read_tags


def main(lstm_model: options.LstmModel, dev: options.Dev, test: options.Test) -> None:
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
    options.run(main)
