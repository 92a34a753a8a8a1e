"""Measures how long spaCy takes to start, and prints one line of JSON.

It runs as `python -S -m benchmarks.speed.probes.startup` in an environment from `environments.py`.
"""

import json
import time


def main() -> None:
    """Print the seconds (wall and CPU time) to import spaCy and make a blank pipeline, and whether spaCy
    knows the plugin's component.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    import spacy

    nlp = spacy.blank("en")
    figures = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps({**figures, "has_plugin": nlp.has_factory("lstm_tagger")}))


if __name__ == "__main__":
    main()
