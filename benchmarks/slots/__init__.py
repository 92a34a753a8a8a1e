"""Slot filling on SNIPS, with a CRF and with a softmax, next to spaCy's `tagger` and `ner`."""
