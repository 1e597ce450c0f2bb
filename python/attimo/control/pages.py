"""Pagination: an opaque token says where the next page begins."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Generic, TypeVar

from attimo.errors import InvalidArgument

Item = TypeVar("Item")

LONGEST_NUMBER = 18
"""In digits; the database holds all such numbers."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A page of a list; `next_token` is for the next one, None on the last."""

    items: list[Item]
    next_token: str | None


def cut(found: list[tuple[str, Item]], limit: int) -> Page[Item]:
    """Make a page of the first `limit` items; an item beyond them means that a page follows.

    Each item comes with its mark, by which the list is ordered.
    """
    items = [item for _, item in found[:limit]]
    return Page(items, _token(found[limit - 1][0]) if len(found) > limit else None)


def after(next_token: str | None) -> str:
    """Return the mark after which a page begins; "" at the start of the list.

    Raises:
        InvalidArgument: No list has returned this token.
    """
    try:
        mark = urlsafe_b64decode(next_token or "").decode()
    except ValueError:
        mark = ""
    if _token(mark) != (next_token or ""):
        raise InvalidArgument("next_token must be one that a list has returned")
    return mark


def number_after(next_token: str | None, first: int) -> int:
    """Return the number after which a page begins; `first` at the start of the list.

    Raises:
        InvalidArgument: No list has returned this token.
    """
    if not next_token:
        return first
    mark = after(next_token)
    if not mark.isdecimal() or len(mark) > LONGEST_NUMBER:
        raise InvalidArgument("next_token must be one that a list has returned")
    return int(mark)


def _token(mark: str) -> str:
    return urlsafe_b64encode(mark.encode()).decode()
