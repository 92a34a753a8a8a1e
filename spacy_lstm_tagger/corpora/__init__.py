"""Corpora: readers of annotated files, registered for configs and importable for code."""

from .readers import create_column_corpus, create_conllu_corpus, create_corpus, create_jsonl_corpus

__all__ = ["create_column_corpus", "create_conllu_corpus", "create_corpus", "create_jsonl_corpus"]
