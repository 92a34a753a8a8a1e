"""Speed and memory of prediction, part by part, next to spaCy's `tagger`."""
