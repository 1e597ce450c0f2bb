"""Long lists, a page at a time: an opaque token says after what the next page begins."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Generic, TypeVar

from attimo.errors import InvalidArgument

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a list; `next_token` asks for the next part, and is None after the last."""

    items: list[Item]
    next_token: str | None


def cut(found: list[tuple[str, Item]], limit: int) -> Page[Item]:
    """Make a page of `limit` items of a list that has one more if a page follows.

    Each item comes with its mark, by which the list is ordered.
    """
    items = [item for _, item in found[:limit]]
    return Page(items, _token(found[limit - 1][0]) if len(found) > limit else None)


def after(next_token: str | None) -> str:
    """Return the mark after which a page begins; "" at the start of the list.

    Raises:
        InvalidArgument: The token is not one that a list has returned.
    """
    try:
        mark = urlsafe_b64decode(next_token or "").decode()
    except ValueError:
        mark = ""
    if _token(mark) != (next_token or ""):
        raise InvalidArgument("next_token must be one that a list has returned")
    return mark


def _token(mark: str) -> str:
    return urlsafe_b64encode(mark.encode()).decode()
