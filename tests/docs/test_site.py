"""Every page is in the navigation once, and every link and anchor leads somewhere.

`make site` checks the links again, by the anchors that the site has; here they are those of a
forge, where the same pages are read.
"""

import re
from collections import Counter
from functools import cache
from pathlib import Path

from docs.generator import ROOT, documentation

website = documentation("website")
PAGES = [*website.pages(), ROOT / "README.md"]
CODE = re.compile(r"^( *)```.*?^\1```$", re.S | re.M)
LINK = re.compile(r"\]\((?!\w+:)([^)\s#]*)(?:#([^)\s]+))?\)")


@cache
def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return CODE.sub("", page.read_text())


@cache
def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings: words joined by hyphens, repeated ones with a number."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.M)
    words = [re.sub(r"[^\w\- ]", "", re.sub(r"\]\(.*?\)", "", each)) for each in headings]
    slugs = [each.strip().lower().replace(" ", "-") for each in words]
    seen: Counter[str] = Counter()
    found = set()
    for slug in slugs:
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def leads_somewhere(page: Path, path: str, anchor: str) -> bool:
    """Whether there is a file at the path and, if it is a page, the anchor on it."""
    target = (page.parent / path).resolve() if path else page
    return target.exists() and (not anchor or anchor in anchors(target))


def test_every_page_is_in_the_navigation_once() -> None:
    listed = Counter(website.listed(website.navigation()))

    assert listed == Counter(website.pages())


def test_every_link_and_anchor_leads_somewhere() -> None:
    links = [(page, *link) for page in PAGES for link in LINK.findall(prose(page))]

    assert len(links) > len(PAGES)
    assert [(str(page), *link) for page, *link in links if not leads_somewhere(page, *link)] == []


def test_the_readme_leads_to_the_index_first() -> None:
    path, _ = LINK.findall(prose(ROOT / "README.md"))[0]

    assert ROOT / path == website.INDEX


def test_the_readme_fits_on_a_screen() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 50
