"""Runs the coverage-guided fuzzer on what reads saved models; shim.py and component.py say on which."""

import gc
from collections.abc import Callable
from typing import Any

from mutation import mutate
from start import start


def fuzz(load: Callable[[bytes], Any], describe: Callable[[], Any], seed: bytes) -> None:
    """Look for bytes that are neither loaded nor refused with a message, or refused but half loaded.

    load (Callable): Loads the object from bytes.
    describe (Callable): Gives all of the object that loading could change.
    seed (bytes): What the object was saved as.
    """

    def test_one_input(data: bytes) -> None:
        load(seed)
        before = describe()
        try:
            load(data)
        except ValueError as error:
            message = str(error)
            assert message.startswith("[L2")
            assert len(message) < 2000, "a message is for reading"
            assert describe() == before
        assert gc.isenabled(), "srsly switches it off while it reads"

    start(test_one_input, [seed], "-max_len=65536", custom_mutator=mutate)
