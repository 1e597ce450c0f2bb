"""What the pages tell a person to type does what they say."""

from pathlib import Path

import pytest

from docs.typed import DOCS, check, check_on
from harness import Server

PAGES = [
    DOCS.parent / "README.md",
    DOCS / "tutorial" / "first-write.md",
    DOCS / "tutorial" / "first-write-with-curl.md",
    DOCS / "how-to" / "caches-for-a-while.md",
    DOCS / "how-to" / "use-from-a-browser.md",
    DOCS / "how-to" / "vend-tokens.md",
    DOCS / "how-to" / "use-the-command-line.md",
    DOCS / "how-to" / "serve-files-and-video.md",
    DOCS / "how-to" / "accounts-and-members.md",
    DOCS / "how-to" / "several-teams.md",
    DOCS / "how-to" / "when-it-is-a-miss.md",
    DOCS / "how-to" / "rotate-a-key.md",
    DOCS / "how-to" / "roles-by-example.md",
    DOCS / "how-to" / "ci.md",
    DOCS / "how-to" / "plans-and-bills.md",
    DOCS / "how-to" / "get-paid.md",
]
"""What needs Node.js is typed by the tests in `tests/e2e`."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_prints_what_the_page_says(page: Path, tmp_path: Path) -> None:
    check(page, tmp_path)


def test_all_pages_one_after_the_other_in_one_home(tmp_path: Path) -> None:
    """A reader keeps the server, and what earlier pages have left there."""
    with Server(data_dir=tmp_path / "attimo") as server:
        for page in PAGES:
            check_on(server, page, tmp_path)
