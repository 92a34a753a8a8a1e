"""The measuring process for the start of spaCy: `python -S benchmarks/startup.py` prints one line of JSON.

With `-S` the interpreter looks for packages in PYTHONPATH alone: see `environments.py`.
"""

import json
import time


def main() -> None:
    """Print the seconds, by the clock and of the processor, to import spaCy and make a blank pipeline; and
    whether spaCy knows the plugin's component.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    import spacy

    nlp = spacy.blank("en")
    figures = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps({**figures, "has_plugin": nlp.has_factory("lstm_tagger")}))


if __name__ == "__main__":
    main()
