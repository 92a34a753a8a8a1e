"""Measures how quickly the page of a report with many sentences reacts in Chromium.

    python -m benchmarks.report LSTM_MODEL --data dev.conllu

Each filter is set several times, starting from the full list. Printed are the median and the maximum time
from the event until the page is laid out again.
"""

from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated

import srsly
import typer
from playwright.sync_api import Page

from benchmarks.common import options
from benchmarks.common.corpora import read_sentences
from benchmarks.report.browser import open_page
from spacy_lstm_tagger.report import write_report

FILTERS = {"text": "the", "word": "that", "show": "wrong", "gold": "5", "known": "0", "confidence": "90"}
MEASURE = """([name, value]) => {
    const field = document.querySelector(`#filters [name=${name}]`);
    const start = performance.now();
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    document.body.getBoundingClientRect();
    return performance.now() - start;
}"""


def main(
    lstm_model: options.LstmModel,
    data: options.Data,
    sentences: Annotated[int, typer.Option(min=1, help="Sentences of the report")] = 20_000,
    rounds: options.Rounds = options.ROUNDS,
) -> None:
    """Write a report on many sentences, and measure its filters in Chromium."""
    with TemporaryDirectory() as folder:
        source, output = Path(folder, "data.jsonl"), Path(folder, "report.html")
        rows = [
            {"words": sentence.words, "tags": [tag or None for tag in sentence.tags]}
            for sentence in read_sentences(data)
        ]
        srsly.write_jsonl(source, islice(cycle(rows), sentences))
        start = perf_counter()
        figures = write_report(lstm_model, source, output)
        typer.echo(f"{figures['data']['sentences']:,} sentences, {figures['data']['words']:,} words")
        typer.echo(f"written in {perf_counter() - start:.1f} s, {output.stat().st_size / 1e6:.1f} MB")
        with open_page() as page:
            start = perf_counter()
            page.goto(output.as_uri())
            typer.echo(f"opened in {perf_counter() - start:.1f} s")
            for name, value in FILTERS.items():
                times, found = measure(page, name, value, rounds)
                middle, most = median(times), max(times)
                typer.echo(f"{name} = {value}: {middle:.0f} ms, at most {most:.0f} ms, {found}")


def measure(page: Page, name: str, value: str, rounds: int) -> tuple[list[float], str]:
    """RETURNS (Tuple[List[float], str]): Milliseconds in each round, and the page's count of matches."""
    times = []
    for _ in range(rounds):
        page.locator("#clear").click()
        times.append(page.evaluate(MEASURE, [name, value]))
    return times, page.locator("#count").inner_text()


if __name__ == "__main__":
    options.run(main)
