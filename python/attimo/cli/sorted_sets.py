"""attimo sorted-sets: values with scores under one key, ordered by score."""

import math
import os
from typing import Any

import click

from attimo.cli.cache_client import CacheClient, coded, element, elements, read
from attimo.cli.command import Group, command
from attimo.cli.elements import LENGTH, Score, given, lifetime, or_miss
from attimo.cli.options import (
    MOST_INT32,
    NEGATIVE_NUMBERS,
    Integer,
    argument,
    collection_ttl,
    option,
)
from attimo.cli.shapes import Answer, Column, Done, Listing, Plain
from attimo.cli.target import asks_cache

PATH = "/sorted-set"

group = Group("sorted-sets", help="Sorted sets: values with scores under one key, by score.")

VALUE = Column("value", "bytes")
SCORE = Column("score", "score")

the_name = argument("name", "The sorted set.")
the_value = argument("value", "The value.")
descending_option = option("--descending", is_flag=True, help="Rank the highest score first, as 0.")
_RANK = Integer(-MOST_INT32, MOST_INT32)


@command(
    group,
    shape=Listing(VALUE, SCORE),
    examples=[
        "attimo sorted-sets show ranking --descending --end 10",
        "attimo sorted-sets show ranking --min 0 --max 100 --json",
    ],
)
@the_name
@option("--start", type=_RANK, help="First rank; negative counts from the end.")
@option("--end", type=_RANK, help="End rank (exclusive); negative counts from the end.")
@option("--min", "least", type=Score(), help="Lowest score (inclusive).")
@option("--max", "most", type=Score(), help="Highest score (inclusive).")
@descending_option
@asks_cache
def show(
    cache: CacheClient,
    name: str,
    start: int | None,
    end: int | None,
    least: float | None,
    most: float | None,
    descending: bool,
) -> Answer:
    """List values with their scores, all or a range; exit with 1 if there is no sorted set."""
    ranks, scores = given(start=start, end=end), given(min=_score(least), max=_score(most))
    if ranks and scores:
        raise click.UsageError("pass --start and --end or --min and --max, not both")
    told = cache.ask("GET", PATH, name, order=_order(descending), **ranks, **scores)
    if told is None:
        return or_miss(None)
    return or_miss(
        [{"value": read(each["value"]), "score": float(each["score"])} for each in told["elements"]]
    )


@command(
    group,
    shape=Done("Set a score.", VALUE, SCORE, quiet=True),
    examples=[
        "attimo sorted-sets put ranking ada 3.5",
        "attimo sorted-sets put ranking bob -1 --ttl 7d",
    ],
    context_settings=NEGATIVE_NUMBERS,
)
@the_name
@the_value
@argument("score", "Its score.", type=Score())
@collection_ttl
@asks_cache
def put(cache: CacheClient, name: str, value: str, score: float, ttl: int | None) -> dict[str, Any]:
    """Write a value with its score, and create the sorted set if it does not exist."""
    item = {"value": element(os.fsencode(value)), "score": _score(score)}
    cache.tell(PATH, name, {"elements": [item]}, **lifetime(ttl))
    return {"value": os.fsencode(value), "score": score}


@command(
    group,
    shape=Plain(SCORE, VALUE),
    examples=[
        "attimo sorted-sets increment ranking ada",
        "attimo sorted-sets increment ranking ada -0.5",
    ],
    context_settings=NEGATIVE_NUMBERS,
)
@the_name
@the_value
@argument("amount", "Amount to add; can be negative. Default: 1.", type=Score(), default=1)
@collection_ttl
@asks_cache
def increment(
    cache: CacheClient, name: str, value: str, amount: float, ttl: int | None
) -> dict[str, Any]:
    """Add to the score of a value, and print the sum."""
    query = {"value_base64": coded("value", value), "amount": _score(amount)} | lifetime(ttl)
    told = cache.must("POST", f"{PATH}/increment", name, **query)
    return {"value": os.fsencode(value), "score": float(told["score"])}


@command(
    group,
    shape=Plain(SCORE, VALUE),
    examples=[
        "attimo sorted-sets score ranking ada",
        "attimo sorted-sets score ranking ada --json",
    ],
)
@the_name
@the_value
@asks_cache
def score(cache: CacheClient, name: str, value: str) -> Answer:
    """Print the score of a value; exit with 1 and print nothing if it does not exist."""
    told = cache.ask("GET", f"{PATH}/scores", name, value_base64=coded("value", value))
    found = None if told is None else told["elements"][0]
    if found is None or not found["found"]:
        return or_miss(None)
    return or_miss({"value": os.fsencode(value), "score": float(found["score"])})


@command(
    group,
    shape=Plain(Column("rank", "number"), VALUE),
    examples=[
        "attimo sorted-sets rank ranking ada",
        "attimo sorted-sets rank ranking ada --descending",
    ],
)
@the_name
@the_value
@descending_option
@asks_cache
def rank(cache: CacheClient, name: str, value: str, descending: bool) -> Answer:
    """Print the rank of a value, from 0; exit with 1 and print nothing if it does not exist."""
    query = {"value_base64": coded("value", value), "order": _order(descending)}
    told = cache.ask("GET", f"{PATH}/rank", name, **query)
    return or_miss(told and told | {"value": os.fsencode(value)})


@command(
    group,
    shape=Done("Removed values.", Column("name"), quiet=True),
    examples=[
        "attimo sorted-sets remove ranking bob",
        "attimo sorted-sets remove ranking bob ada",
    ],
)
@the_name
@argument("values", "The values.", nargs=-1, required=True)
@asks_cache
def remove(cache: CacheClient, name: str, values: tuple[str, ...]) -> dict[str, Any]:
    """Remove values; missing ones are ignored. Removing the last value deletes the sorted set."""
    cache.ask("DELETE", PATH, name, value_base64=[coded("value", each) for each in values])
    return {"name": name}


@command(
    group,
    shape=LENGTH,
    examples=[
        "attimo sorted-sets union both monday tuesday",
        "attimo sorted-sets union best monday tuesday --aggregate max --ttl 7d",
    ],
)
@the_name
@argument("sources", "The sorted sets to combine.", nargs=-1, required=True)
@option(
    "--aggregate",
    type=click.Choice(["sum", "min", "max"]),
    default="sum",
    show_default=True,
    help="How to combine the scores of a value in several sets.",
)
@collection_ttl
@asks_cache
def union(
    cache: CacheClient, name: str, sources: tuple[str, ...], aggregate: str, ttl: int | None
) -> Answer:
    """Replace NAME with the union of sorted sets, and print the number of values."""
    body = {"sources": [{"key": each} for each in elements(sources)], "aggregate": aggregate}
    query = {"ttl_seconds": lifetime(ttl)["ttl_seconds"]}
    return or_miss(cache.tell(f"{PATH}/union", name, body, **query))


@command(
    group,
    shape=LENGTH,
    examples=["attimo sorted-sets length ranking", "attimo sorted-sets length ranking --json"],
)
@the_name
@asks_cache
def length(cache: CacheClient, name: str) -> Answer:
    """Print the number of values; exit with 1 if there is no sorted set."""
    return or_miss(cache.ask("GET", f"{PATH}/length", name))


def _order(descending: bool) -> str:
    return "desc" if descending else "asc"


def _score(score: float | None) -> float | str | None:
    """A score in JSON, which has no infinite numbers."""
    return score if score is None or math.isfinite(score) else str(score)
