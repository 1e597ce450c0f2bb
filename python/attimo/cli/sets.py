"""attimo sets: distinct elements under one key."""

import os
from typing import Any

from attimo.cli import exits
from attimo.cli.cache_client import CacheClient, coded, elements, read
from attimo.cli.command import Group, command
from attimo.cli.elements import LENGTH, lifetime, or_miss
from attimo.cli.options import MOST_UINT32, Integer, argument, collection_ttl
from attimo.cli.shapes import Answer, Column, Done, Listing, Shape, View
from attimo.cli.target import asks_cache

PATH = "/set"

group = Group("sets", help="Sets: distinct elements under one key.")

ELEMENT = Column("element", "bytes")

the_name = argument("name", "The set.")
the_elements = argument("elements", "The elements.", nargs=-1, required=True, metavar="ELEMENT...")
the_count = argument(
    "count", "Maximum number. Default: 1.", type=Integer(1, MOST_UINT32), default=1
)


class _Silent(Shape):
    """An answer that the exit status tells."""

    def text(self, answer: Any, view: View) -> None:
        """Print nothing."""


@command(
    group,
    shape=Listing(ELEMENT),
    examples=["attimo sets show tags", "attimo sets show tags --json"],
)
@the_name
@asks_cache
def show(cache: CacheClient, name: str) -> Answer:
    """List the elements; exit with 1 if there is no set."""
    return _listed(cache.ask("GET", PATH, name), ordered=True)


@command(
    group,
    shape=Done("Added elements.", Column("name"), quiet=True),
    examples=["attimo sets add tags red blue", "attimo sets add tags green --ttl 1d"],
)
@the_name
@the_elements
@collection_ttl
@asks_cache
def add(
    cache: CacheClient, name: str, elements: tuple[str, ...], ttl: int | None
) -> dict[str, Any]:
    """Add elements, and create the set if it does not exist."""
    cache.tell(PATH, name, {"elements": _coded(elements)}, **lifetime(ttl))
    return {"name": name}


@command(
    group,
    shape=Done("Removed elements.", Column("name"), quiet=True),
    examples=["attimo sets remove tags red", "attimo sets remove tags red blue"],
)
@the_name
@the_elements
@asks_cache
def remove(cache: CacheClient, name: str, elements: tuple[str, ...]) -> dict[str, Any]:
    """Remove elements; missing ones are ignored. Removing the last element deletes the set."""
    query = [coded("element", each) for each in elements]
    cache.ask("DELETE", PATH, name, element_base64=query)
    return {"name": name}


@command(
    group,
    shape=_Silent(ELEMENT, Column("contained", "flag")),
    examples=["attimo sets contains tags red", "attimo sets contains tags red && echo yes"],
)
@the_name
@argument("element", "The element.")
@asks_cache
def contains(cache: CacheClient, name: str, element: str) -> Answer:
    """Exit with 0 if the element is in the set, with 1 if not; print nothing."""
    query = coded("element", element)
    told = cache.ask("GET", f"{PATH}/contains", name, element_base64=query)
    is_there = told is not None and all(told["contains"])
    answer = {"element": os.fsencode(element), "contained": is_there}
    return Answer(answer, exits.OK if is_there else exits.MISS)


@command(
    group,
    shape=Listing(ELEMENT),
    examples=["attimo sets sample tags", "attimo sets sample tags 10 --json"],
)
@the_name
@the_count
@asks_cache
def sample(cache: CacheClient, name: str, count: int) -> Answer:
    """List distinct random elements; exit with 1 if there is no set."""
    return _listed(cache.ask("GET", f"{PATH}/sample", name, limit=count))


@command(
    group,
    shape=Listing(ELEMENT),
    examples=["attimo sets pop tags", "attimo sets pop tags 2"],
)
@the_name
@the_count
@asks_cache
def pop(cache: CacheClient, name: str, count: int) -> Answer:
    """Remove random elements and list them; exit with 1 if there is no set."""
    return _listed(cache.ask("POST", f"{PATH}/pop", name, count=count))


@command(
    group,
    shape=LENGTH,
    examples=["attimo sets length tags", "attimo sets length tags --json"],
)
@the_name
@asks_cache
def length(cache: CacheClient, name: str) -> Answer:
    """Print the number of elements; exit with 1 if there is no set."""
    return or_miss(cache.ask("GET", f"{PATH}/length", name))


_coded = elements
"""Under this name, since arguments are called so, too."""


def _listed(told: dict[str, Any] | None, ordered: bool = False) -> Answer:
    if told is None:
        return or_miss(None)
    found = [read(each) for each in told["elements"]]
    return or_miss([{"element": each} for each in (sorted(found) if ordered else found)])
