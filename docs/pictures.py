"""Take the pictures of the tutorial in the browser, as a person who follows it sees the pages.

`python docs/pictures.py` starts a server and Chromium and writes them; a test takes them, too, and
compares their names and sizes. What differs from run to run is replaced by what is fixed.
"""

import os
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.append(str(DOCS.parent / "tests"))

from playwright.sync_api import Browser, Page, expect  # noqa: E402

from browser import chromium  # noqa: E402
from harness import Server, bare_environment  # noqa: E402

FOLDER = DOCS / "tutorial" / "pictures"
WIDTH, HEIGHT = 1000, 600
EMAIL, PASSWORD = "grace@example.com", "correct horse battery"
ADDRESS = "http://127.0.0.1:8080"
KEY = "the key that this page shows you"
_FIX = """([key, ours, fixed, address]) => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode;
        text.data = text.data.replaceAll(key, fixed).replaceAll(ours, address);
    }
}"""


def take(browser: Browser, server: Server, folder: Path) -> None:
    """Follow the tutorial on a server where anybody may sign up, and write what is seen.

    Raises:
        AssertionError: A page is not as the tutorial says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    size = {"width": WIDTH, "height": HEIGHT}
    context = browser.new_context(base_url=server.http, viewport=size, reduced_motion="reduce")
    page = context.new_page()
    page.goto("/")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.screenshot(path=folder / "sign-up.png")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your cache is ready")
    exports, key = page.locator("#exports").inner_text(), page.locator("#key").inner_text()
    lines = page.locator("details.example pre").first.inner_text()
    page.evaluate(_FIX, [key, server.http, KEY, ADDRESS])
    page.screenshot(path=folder / "key.png")
    printed = _typed(f"{exports}\n{lines}")
    if printed != "hello":
        raise AssertionError(f"the lines of the page print {printed!r}")
    page.get_by_role("link", name="To your caches").click()
    _await_figures(page)
    page.screenshot(path=folder / "caches.png")
    context.close()


def _typed(lines: str) -> str:
    """What a shell prints when the lines are pasted into it."""
    done = subprocess.run(  # noqa: S603
        ["/bin/bash", "-euo", "pipefail", "-c", lines],
        env=bare_environment() | {"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def _await_figures(page: Page) -> None:
    """Wait until the ledger has what was done, too."""
    cells = page.get_by_role("row").filter(has_text="default-cache").get_by_role("cell")
    expect(cells.first).to_have_text("1")
    expect(cells.nth(4)).not_to_have_text("0", timeout=30_000)  # operations today
    expect(cells.last).not_to_have_text("none", timeout=30_000)


def main() -> None:
    """Write the pictures."""
    with Server("--signup", "open", "--collect-seconds", "1") as server, chromium() as browser:
        take(browser, server, FOLDER)
    print(f"wrote {FOLDER.relative_to(DOCS.parent)}")


if __name__ == "__main__":
    main()
