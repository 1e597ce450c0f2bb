"""A real browser for tests: Debian's Chromium, which nobody sees."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

QUIET = [
    "--no-sandbox",  # root has no other way
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium(*options: str) -> Iterator[Browser]:
    """Start Chromium with these options, too, and end it; without it nothing can be judged."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("NOT JUDGED: pages need `chromium`, which is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*QUIET, *options])
        try:
            yield browser
        finally:
            browser.close()
