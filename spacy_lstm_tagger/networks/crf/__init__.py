"""The conditional random field: its decoder, its constraints, and the algorithms on chains of labels."""
