"""attimo lists: an ordered sequence of values under one key."""

import os
from typing import Any

from attimo.cli.cache_client import CacheClient, coded, elements, read
from attimo.cli.command import Group, command
from attimo.cli.elements import LENGTH, Element, given, lifetime, or_miss
from attimo.cli.options import MOST_INT32, Integer, argument, collection_ttl, option
from attimo.cli.shapes import Answer, Column, Done, Listing
from attimo.cli.target import asks_cache

PATH = "/list"

group = Group("lists", help="Lists: an ordered sequence of values under one key.")

VALUE = Column("value", "bytes")

the_name = argument("name", "The list.")
front = option("--front", is_flag=True, help="Use the front of the list, not the back.")
_POSITION = Integer(-MOST_INT32, MOST_INT32)
start_option = option(
    "--start", type=_POSITION, help="First position, counted from 0; negative counts from the end."
)
end_option = option(
    "--end", type=_POSITION, help="End position (exclusive); negative counts from the end."
)


@command(
    group,
    shape=Listing(Column("position", "number", none=""), VALUE),
    examples=["attimo lists show jobs", "attimo lists show jobs --start -10 --json"],
)
@the_name
@start_option
@end_option
@asks_cache
def show(cache: CacheClient, name: str, start: int | None, end: int | None) -> Answer:
    """List the values, all or a slice of them; exit with 1 if there is no list."""
    told = cache.ask("GET", PATH, name, **given(start=start, end=end))
    if told is None:
        return or_miss(None)
    first = start or 0
    # Where a slice that is counted from the end begins is not told.
    return or_miss(
        [
            {"position": at if first >= 0 else None, "value": read(value)}
            for at, value in enumerate(told["values"], first)
        ]
    )


@command(
    group,
    shape=LENGTH,
    examples=["attimo lists push jobs mail invoice", "attimo lists push jobs urgent --front"],
)
@the_name
@argument("values", "The values, in order.", nargs=-1, required=True)
@front
@collection_ttl
@asks_cache
def push(
    cache: CacheClient, name: str, values: tuple[str, ...], front: bool, ttl: int | None
) -> Answer:
    """Add values at one end, and print the new length."""
    path = f"{PATH}/push-{'front' if front else 'back'}"
    return or_miss(cache.tell(path, name, {"values": elements(values)}, **lifetime(ttl)))


@command(
    group,
    shape=Element(VALUE, Column("length", "number")),
    examples=["attimo lists pop jobs", "attimo lists pop jobs --front --json"],
)
@the_name
@front
@asks_cache
def pop(cache: CacheClient, name: str, front: bool) -> Answer:
    """Remove the value at one end and print it; exit with 1 if there is no list."""
    told = cache.ask("POST", f"{PATH}/pop-{'front' if front else 'back'}", name)
    return or_miss(told and told | {"value": read(told["value"])})


@command(
    group,
    shape=Done("Removed a value.", VALUE, quiet=True),
    examples=["attimo lists remove jobs invoice", "attimo lists remove jobs invoice --json"],
)
@the_name
@argument("value", "The value.")
@asks_cache
def remove(cache: CacheClient, name: str, value: str) -> dict[str, Any]:
    """Remove all occurrences of a value; no error if there are none."""
    cache.ask("DELETE", PATH, name, value_base64=coded("value", value))
    return {"value": os.fsencode(value)}


@command(
    group,
    shape=LENGTH,
    examples=["attimo lists retain jobs --end 100", "attimo lists retain jobs --start -10"],
)
@the_name
@start_option
@end_option
@collection_ttl
@asks_cache
def retain(
    cache: CacheClient, name: str, start: int | None, end: int | None, ttl: int | None
) -> Answer:
    """Keep only a slice, and print the new length; exit with 1 if there is no list."""
    query = given(start=start, end=end, ttl_seconds=ttl)
    return or_miss(cache.ask("POST", f"{PATH}/retain", name, **query))


@command(
    group,
    shape=LENGTH,
    examples=["attimo lists length jobs", "attimo lists length jobs --json"],
)
@the_name
@asks_cache
def length(cache: CacheClient, name: str) -> Answer:
    """Print the number of values; exit with 1 if there is no list."""
    return or_miss(cache.ask("GET", f"{PATH}/length", name))
