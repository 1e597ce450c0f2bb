"""The generated reference pages are what the program says today, and no link is broken."""

import re
from pathlib import Path

import pytest

from docs.generator import generator

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize(("page", "text"), generator().pages().items(), ids=lambda one: "")
def test_a_generated_page_is_fresh(page: Path, text: str) -> None:
    assert page.read_text() == text, "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_another_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!\w+:)([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []
