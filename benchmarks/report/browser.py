"""A page in Chromium."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, sync_playwright


@contextmanager
def open_page(**settings: Any) -> Iterator[Page]:
    """YIELDS (Page): An empty page, with settings for Playwright's `new_page`."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser.new_page(**settings)
        browser.close()
