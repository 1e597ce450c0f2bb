"""The generated reference pages are what the program says today."""

from docs.generator import generator


def test_the_generated_pages_are_fresh() -> None:
    pages = generator().pages()

    stale = [str(page) for page, text in pages.items() if page.read_text() != text]
    assert stale == [], "run `make docs`"
