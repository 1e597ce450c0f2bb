"""The how-to for functions and edge workers, typed as it stands; it needs Node.js."""

from pathlib import Path

from docs.typed import DOCS, check


def test_a_function_and_a_worker_use_the_cache_as_the_page_says(tmp_path: Path) -> None:
    check(DOCS / "how-to" / "functions-and-edge.md", tmp_path)
