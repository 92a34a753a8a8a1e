"""Accuracy, training and prediction next to spaCy's `tagger`, and experiments on settings."""
