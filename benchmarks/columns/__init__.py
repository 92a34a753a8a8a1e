"""How fast whole pipelines annotate, of any components."""
