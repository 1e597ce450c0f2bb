"""Lists that a server sends a page at a time."""

from collections.abc import Callable
from typing import Any, TypeAlias

Rows: TypeAlias = list[dict[str, Any]]


def gathered(
    ask: Callable[[int, str | None], tuple[Rows, str | None]],
    token: str | None,
    limit: int | None,
    most: int,
) -> tuple[Rows, str | None]:
    """Return the rows of as many pages as are needed, and the token of where the list goes on.

    Args:
        ask: Returns a page of at most so many rows from a token on, and the token of the next one.
        token: Where to begin; None at the start.
        limit: How many rows are wanted; None for all.
        most: How many a page can have.
    """
    found: Rows = []
    while limit is None or len(found) < limit:
        rows, token = ask(most if limit is None else min(most, limit - len(found)), token)
        found += rows
        if token is None:
            break
    return found, token
