"""attimo dictionaries: named values under one key."""

import os
from typing import Any

from attimo.cli.cache_client import CacheClient, coded, element, read
from attimo.cli.command import Group, command
from attimo.cli.elements import LENGTH, Element, lifetime, or_miss
from attimo.cli.options import NEGATIVE_NUMBERS, amount, argument, collection_ttl
from attimo.cli.shapes import Answer, Column, Done, Listing, Plain
from attimo.cli.target import asks_cache

PATH = "/dictionary"

group = Group("dictionaries", help="Dictionaries: named values under one key.")

FIELD = Column("field", "bytes")
VALUE = Column("value", "bytes")

the_name = argument("name", "The dictionary.")
the_field = argument("field", "The field.")


@command(
    group,
    shape=Listing(FIELD, VALUE),
    examples=["attimo dictionaries show person", "attimo dictionaries show person --json"],
)
@the_name
@asks_cache
def show(cache: CacheClient, name: str) -> Answer:
    """List the fields with their values; exit with 1 if the dictionary does not exist."""
    told = cache.ask("GET", PATH, name)
    if told is None:
        return or_miss(None)
    pairs = [(read(each["field"]), read(each["value"])) for each in told["fields"]]
    return or_miss([{"field": field, "value": value} for field, value in sorted(pairs)])


@command(
    group,
    shape=Element(VALUE, FIELD),
    examples=["attimo dictionaries get person name", "attimo dictionaries get person name --json"],
)
@the_name
@the_field
@asks_cache
def get(cache: CacheClient, name: str, field: str) -> Answer:
    """Print a field's value unchanged; exit with 1 and print nothing if there is none."""
    told = cache.ask("GET", PATH, name, field_base64=coded("field", field))
    found = None if told is None else told["fields"][0]
    if found is None or not found["found"]:
        return or_miss(None)
    return or_miss({"field": os.fsencode(field), "value": read(found["value"])})


@command(
    group,
    "set",
    shape=Done("Set a field.", FIELD, quiet=True),
    examples=[
        "attimo dictionaries set person name Ada",
        "attimo dictionaries set person born 1815 --ttl 1d",
    ],
)
@the_name
@the_field
@argument("value", "The value.")
@collection_ttl
@asks_cache
def set_field(
    cache: CacheClient, name: str, field: str, value: str, ttl: int | None
) -> dict[str, Any]:
    """Write a field, and create the dictionary if it does not exist."""
    item = {"field": element(os.fsencode(field)), "value": element(os.fsencode(value))}
    cache.tell(PATH, name, {"fields": [item]}, **lifetime(ttl))
    return {"field": os.fsencode(field)}


@command(
    group,
    shape=Plain(Column("value", "number"), FIELD),
    examples=[
        "attimo dictionaries increment counts home",
        "attimo dictionaries increment counts home -5",
    ],
    context_settings=NEGATIVE_NUMBERS,
)
@the_name
@the_field
@amount
@collection_ttl
@asks_cache
def increment(
    cache: CacheClient, name: str, field: str, amount: int, ttl: int | None
) -> dict[str, Any]:
    """Add to the integer in a field, and print the sum."""
    query = {"field_base64": coded("field", field), "amount": amount} | lifetime(ttl)
    told = cache.must("POST", f"{PATH}/increment", name, **query)
    return {"field": os.fsencode(field), "value": told["value"]}


@command(
    group,
    shape=Done("Removed fields.", Column("name"), quiet=True),
    examples=[
        "attimo dictionaries remove person born",
        "attimo dictionaries remove person born name",
    ],
)
@the_name
@argument("fields", "The fields.", nargs=-1, required=True)
@asks_cache
def remove(cache: CacheClient, name: str, fields: tuple[str, ...]) -> dict[str, Any]:
    """Remove fields; missing ones are ignored. Removing the last field deletes the dictionary."""
    cache.ask("DELETE", PATH, name, field_base64=[coded("field", each) for each in fields])
    return {"name": name}


@command(
    group,
    shape=LENGTH,
    examples=["attimo dictionaries length person", "attimo dictionaries length person --json"],
)
@the_name
@asks_cache
def length(cache: CacheClient, name: str) -> Answer:
    """Print the number of fields; exit with 1 if the dictionary does not exist."""
    return or_miss(cache.ask("GET", f"{PATH}/length", name))
