"""Takes the README's picture of a report, which shows sentences with errors.

python -m benchmarks.report.picture report.html docs/report.png
"""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.common import options
from benchmarks.report.browser import open_page


def main(
    report: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Report in HTML")],
    picture: Annotated[Path, typer.Argument(help="Image to write")],
) -> None:
    """Take a picture of a report in Chromium."""
    with open_page(viewport={"width": 1000, "height": 730}, color_scheme="light") as page:
        page.goto(report.resolve().as_uri())
        page.locator("#filters [name=show]").select_option("wrong")
        page.evaluate("document.getElementById('sentences').scrollIntoView()")
        page.screenshot(path=picture)


if __name__ == "__main__":
    options.run(main)
