"""The documentation as a site, opened from a folder in a browser: it asks nobody for anything."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from browser import chromium
from docs.generator import documentation

website = documentation("website")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site."""
    if not website.PROGRAM.exists():
        pytest.skip("NOT JUDGED: the site needs Zensical; run `make site`")
    folder = tmp_path_factory.mktemp("documentation") / "site"
    website.build(folder)
    return folder


@pytest.fixture(scope="module")
def reader() -> Iterator[Browser]:
    """A browser."""
    with chromium() as browser:
        yield browser


def test_a_page_is_found_by_a_word_and_nothing_is_loaded_from_elsewhere(
    folder: Path, reader: Browser
) -> None:
    with reader.new_context() as context:
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        page.goto(f"file://{folder}/index.html")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("combobox").fill("stampede")
        page.get_by_role("option", name="Stampede protection").click()

        found = f"file://{folder}/how-to/recipes.html?h=stampede#stampede-protection"
        expect(page).to_have_url(found)
        expect(page.get_by_role("heading", name="Stampede protection")).to_be_in_viewport()
    assert asked
    own = (f"file://{folder}/", "data:", "blob:")
    assert [url for url in asked if not url.startswith(own)] == []


@pytest.mark.parametrize(("scheme", "shown"), [("light", "default"), ("dark", "slate")])
def test_it_is_light_or_dark_as_the_system_is(
    folder: Path, reader: Browser, scheme: str, shown: str
) -> None:
    with reader.new_context(color_scheme=scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"file://{folder}/index.html")

        expect(page.locator("body")).to_have_attribute("data-md-color-scheme", shown)
