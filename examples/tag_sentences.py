"""Evaluate a trained pipeline on unseen sentences, and print the tags of some others.

python examples/tag_sentences.py training/demo/model-best corpus/en/test.jsonl
"""

import sys
from pathlib import Path

import spacy

from spacy_lstm_tagger import create_corpus

TEXTS = [
    "Can you book us a table for six at half past seven?",
    "The book on the table was hers, so I left it there.",
    "lol that's the best pizza i've ever had",
]


def main(model: str, corpus: str) -> None:
    nlp = spacy.load(model)
    examples = list(create_corpus(Path(corpus))(nlp))
    scores = nlp.evaluate(examples)
    n_words = sum(len(example.reference) for example in examples)
    print(f"{scores['tag_acc']:.1%} of the {n_words} words in {len(examples)} unseen sentences right\n")
    for doc in nlp.pipe(TEXTS):
        for token in doc:
            print(f"{token.text:12} {token.tag_:5} {spacy.explain(token.tag_) or ''}")
        print()


if __name__ == "__main__":
    main(*sys.argv[1:])
