"""How quick the page of a report is in a browser, with many sentences. Needs Chromium and Playwright.

    python benchmarks/report_speed.py MODEL DATA --sentences 20000

The sentences of DATA are repeated until there are as many as asked for. Each filter is set several times,
from the whole list; printed are the median and the longest time from the event to the page laid out again.
"""

import argparse
import json
import shutil
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import spacy
from playwright.sync_api import Page, sync_playwright

from spacy_lstm_tagger.readers import create_corpus
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


def repeat_sentences(data: Path, n_sentences: int, output: Path) -> None:
    """Write so many sentences as JSONL."""
    examples = list(create_corpus(data)(spacy.blank("xx")))
    with output.open("w", encoding="utf8") as file:
        for i in range(n_sentences):
            reference = examples[i % len(examples)].reference
            row = {"words": [t.text for t in reference], "tags": [t.tag_ or None for t in reference]}
            file.write(json.dumps(row) + "\n")


def measure(page: Page, name: str, value: str, rounds: int) -> tuple[list[float], str]:
    """RETURNS (Tuple[List[float], str]): Milliseconds of each round, and what was found."""
    times = []
    for _ in range(rounds):
        page.locator("#clear").click()
        times.append(page.evaluate(MEASURE, [name, value]))
    return times, page.locator("#count").inner_text()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sentences", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder, sync_playwright() as driver:
        data, output = Path(folder, "data.jsonl"), Path(folder, "report.html")
        repeat_sentences(arguments.data, arguments.sentences, data)
        start = perf_counter()
        figures = write_report(arguments.model, data, output)
        print(f"{figures['data']['sentences']:,} sentences, {figures['data']['words']:,} words")
        print(f"written in {perf_counter() - start:.1f} s, {output.stat().st_size / 1e6:.1f} MB")
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        start = perf_counter()
        page.goto(output.as_uri())
        print(f"opened in {perf_counter() - start:.1f} s")
        for name, value in FILTERS.items():
            times, found = measure(page, name, value, arguments.rounds)
            print(f"{name} = {value}: {median(times):.0f} ms, at most {max(times):.0f} ms, {found}")
        browser.close()


if __name__ == "__main__":
    main()
