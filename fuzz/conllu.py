"""Looks for CoNLL-U files on which the reader breaks its contract. See README.md."""

from reader import fuzz

from spacy_lstm_tagger.corpora import create_conllu_corpus

SENTENCE = (
    "# newdoc id = 1\n# text = Vámonos ya!\n"
    "1-2\tVámonos\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No\n"
    "1\tVamos\tir\tVERB\tVMM01P0\tMood=Imp|Number=Plur\t0\troot\t_\t_\n"
    "2\tnos\tnosotros\tPRON\tPP1CP000\tCase=Acc\t1\tobj\t_\t_\n"
    "2.1\tya\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "3\t!\t!\tPUNCT\tFAT\t_\t1\tpunct\t_\tSpaceAfter=No\n\n"
)
WORD = "1\tSí\tsí\tINTJ\tI\t_\t0\troot\t_\t_\n\n"
SEEDS = [
    SENTENCE,
    WORD + SENTENCE + WORD,
    "\ufeff" + (WORD + SENTENCE).replace("\n", "\r\n"),
    WORD + SENTENCE.replace("\t", " ") + "# newdoc\n\n" + WORD,
    WORD + SENTENCE[:-9],
]
TOKENS = ["\t", "\n", "\n\n", "1\t", "2-3\t", "0.1\t", "_", "# newdoc\n", "A=b|C=d", "NOUN", WORD, "\ufeff"]

if __name__ == "__main__":
    seeds = [seed.encode() for seed in SEEDS]
    fuzz(create_conllu_corpus, [*seeds, seeds[1][:40]], TOKENS, sentences_per_doc=2)
