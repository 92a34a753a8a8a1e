"""Looks for JSONL files on which the reader breaks its contract. See README.md."""

from reader import fuzz

from spacy_lstm_tagger.corpora import create_jsonl_corpus

LINE = '{"words": ["Hé", "you", "!"], "tags": ["UH", "", null], "spaces": [true, false, false]}\n'
WORD = '{"words": ["a"], "tags": ["A"]}\n'
SEEDS = [
    LINE,
    WORD + LINE + WORD,
    "\ufeff" + WORD.replace("\n", "\r\n") + "\n",
    WORD + '{"words": ["\\ud83d\\ude00", "\\ud83d"], "tags": ["\\u0000", "B"]}\n',
    WORD + '{"words": [], "tags": [], "id": -1.5e300, "more": {"deep": [[[[]]]]}}\n',
    WORD + '{"words": "a", "tags": 1}\n' + LINE[:-9],
    WORD + '{"words": ["a"], "tags": ' + "[" * 1010 + "]" * 1010 + "}\n",
]
TOKENS = [
    '"words"',
    '"tags"',
    '"spaces"',
    "null",
    "true",
    "[",
    "]",
    "{",
    "}",
    "\n",
    '"',
    "\\ud800",
    "1e999",
    WORD,
]

if __name__ == "__main__":
    fuzz(create_jsonl_corpus, [seed.encode() for seed in SEEDS], TOKENS)
