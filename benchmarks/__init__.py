"""Benchmarks of `lstm_tagger`, one folder per subject: see README.md."""
