"""Progress on standard error: a bar on a terminal, and a line now and then in a log."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TypeAlias

from tqdm import tqdm

Advance: TypeAlias = Callable[[int, int], None]

SECONDS_BETWEEN_LINES = 30.0


@contextmanager
def show_progress(n_rows: int, n_done: int) -> Iterator[Advance]:
    """Show progress.

    n_rows (int): The number of rows.
    n_done (int): How many an earlier run did.
    YIELDS (Callable[[int, int], None]): To be called with numbers of further rows and words.
    """
    if not sys.stderr.isatty():
        yield _Lines(n_rows, n_done)
        return
    start, n_words = perf_counter(), 0
    with tqdm(total=n_rows, initial=n_done, unit=" rows") as bar:

        def advance(rows: int, words: int) -> None:
            nonlocal n_words
            n_words += words
            bar.set_postfix_str(f"{n_words / (perf_counter() - start):,.0f} words/s", refresh=False)
            bar.update(rows)

        yield advance


class _Lines:
    """Writes a line when enough time has passed since the last one."""

    def __init__(self, n_rows: int, n_done: int) -> None:
        self.n_rows = n_rows
        self.n_before = self.n_done = n_done
        self.n_words = 0
        self.start = self.last = perf_counter()

    def __call__(self, rows: int, words: int) -> None:
        self.n_done += rows
        self.n_words += words
        now = perf_counter()
        if now - self.last < SECONDS_BETWEEN_LINES and self.n_done < self.n_rows:
            return
        self.last = now
        seconds = max(now - self.start, 1e-9)
        left = (self.n_rows - self.n_done) * seconds / max(self.n_done - self.n_before, 1)
        print(
            f"{self.n_done:,} of {self.n_rows:,} rows, {self.n_words / seconds:,.0f} words/s, "
            f"{left / 60:,.0f} min left",
            file=sys.stderr,
            flush=True,
        )
