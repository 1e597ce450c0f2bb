"""The generated reference pages are what the program says today, and no link is broken."""

import re
from pathlib import Path

from docs.generator import generator

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def test_the_generated_pages_are_fresh() -> None:
    pages = generator().pages()

    stale = [str(page) for page, text in pages.items() if page.read_text() != text]
    assert stale == [], "run `make docs`"


def test_every_link_to_another_page_leads_somewhere() -> None:
    links = [
        (page, link)
        for page in PAGES
        for link in re.findall(r"\]\((?!\w+:)([^)#]+)", page.read_text())
    ]

    assert [(str(page), link) for page, link in links if not (page.parent / link).exists()] == []
