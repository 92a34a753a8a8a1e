"""The pipeline component. Imported by every spaCy process through its entry point: no torch here."""
