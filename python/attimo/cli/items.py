"""attimo get, del, incr, ttl and info: items by their keys. `item_writes` sets them."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from attimo.cli import exits, inputs, lines
from attimo.cli.batches import batches
from attimo.cli.cache_client import LONGEST_KEY_BASE64, CacheClient, coded
from attimo.cli.command import command
from attimo.cli.durations import Duration
from attimo.cli.options import (
    MOST_TTL_SECONDS,
    NEGATIVE_NUMBERS,
    amount,
    argument,
    dry_run,
    item_ttl,
    option,
)
from attimo.cli.progress import Progress
from attimo.cli.sentences import Extent, noting
from attimo.cli.shapes import (
    Answer,
    Column,
    Done,
    Listing,
    Plain,
    Record,
    View,
    escaped,
    page,
    quoted,
)
from attimo.cli.target import asks_cache

LENGTHS = {
    "dictionary": "dictionary/length",
    "list": "list/length",
    "set": "set/length",
    "sorted-set": "sorted-set/length",
}
"""The path that returns the number of elements, by collection type."""

KEYS = Column("key", "bytes")


class Values(Listing):
    """Prints one value unchanged, and several as lines of keys and values."""

    has_wide = False

    def text(self, answer: Any, view: View) -> None:
        """Print them; on a terminal, what cannot be printed is escaped."""
        items = list(page(answer)[0])
        found = [each for each in items if each["found"]]
        if len(items) == 1:
            print_values(*(each["value"] for each in found))
            return
        for each in found:
            sys.stdout.buffer.write(lines.line(each["key"], each["value"]))


def print_values(*values: bytes) -> None:
    """Print values unchanged; on a terminal, escaped, each on its own line."""
    for value in values:
        if sys.stdout.isatty():
            print(escaped(value))
        else:
            sys.stdout.buffer.write(value)


def several_keys(function: Any) -> Any:
    """The argument KEYS; `-` reads them from standard input, by line or NUL-terminated."""
    text = "The keys; `-` reads them from standard input, one a line; empty lines are skipped."
    null = "Keys on standard input end with a NUL byte instead; empty keys count."
    function = option("--null", "-0", is_flag=True, help=null)(function)
    return argument("keys", text, nargs=-1, required=True, metavar="KEY...")(function)


a_key = argument("key", "The key.")


@command(
    shape=Values(KEYS, Column("found", "flag"), Column("value", "bytes", none="-")),
    examples=["attimo get greeting", "attimo get user:1 user:2 --cache sessions --json"],
)
@several_keys
@asks_cache
def get(cache: CacheClient, keys: Sequence[str], null: bool) -> Answer:
    r"""Print values; exit with 1 if one of the keys does not exist.

    One value is printed unchanged on a pipe or in a file, and escaped on a terminal. Several are
    lines of `KEY<TAB>VALUE`, as `attimo set --lines` reads them.
    """
    found = [{"key": os.fsencode(key), "value": cache.get(key)} for key in _all(keys, null)]
    items = [each | {"found": each["value"] is not None} for each in found]
    return Answer(items, exits.OK if all(each["found"] for each in items) else exits.MISS)


@command(
    name="del",
    shape=Done(
        lambda told: f"{'Would delete' if told['dry_run'] else 'Deleted'} {_count(told['keys'])}.",
        Column("keys", "data"),
        Column("dry_run", "flag"),
        quiet=True,
    ),
    examples=["attimo del greeting", "printf 'user:1\\nuser:2\\n' | attimo del -"],
)
@several_keys
@dry_run
@asks_cache
def delete(cache: CacheClient, keys: Sequence[str], null: bool, dry_run: bool) -> dict[str, Any]:
    """Delete items of any type; no error if they do not exist."""
    every = list(_all(keys, null))
    if dry_run:
        every = [key for key, is_there in zip(every, cache.exist(every), strict=True) if is_there]
    else:
        _delete(cache, every)
    shown = [escaped(os.fsencode(key)) for key in every]
    return {"keys": shown, "dry_run": dry_run}


def _size_in_url(key: str) -> int:
    """The number of bytes of a key in the query, with the name of its parameter."""
    return len(f"&key_base64={coded('key', key)}")


def _delete(cache: CacheClient, keys: Sequence[str]) -> None:
    """Delete items in batches.

    Raises:
        AttimoError: One of them is refused; a note says which were deleted.
    """
    for key in keys:
        coded("key", key)  # refuses one that is too long before any is deleted
    extent = Extent("key", "deleted")
    with Progress("items deleted", len(keys)) as progress, noting(extent.note):
        for batch in batches(keys, _size_in_url, LONGEST_KEY_BASE64):
            extent.sent += len(batch)
            cache.delete(batch)
            extent.done = extent.sent
            progress.at(extent.done)


@command(
    shape=Plain(Column("value", "number"), KEYS),
    examples=["attimo incr visits", "attimo incr visits -5 --ttl 1d"],
    context_settings=NEGATIVE_NUMBERS,
)
@a_key
@amount
@item_ttl
@asks_cache
def incr(cache: CacheClient, key: str, amount: int, ttl: int) -> dict[str, Any]:
    """Add to the integer in an item, and print the sum; a missing item counts as 0."""
    told = cache.must("POST", "/increment", key, amount=amount, ttl_seconds=ttl)
    return {"key": os.fsencode(key), "value": told["value"]}


@command(
    shape=Plain(Column("ttl_seconds", "number"), KEYS),
    examples=["attimo ttl greeting", "attimo ttl greeting 2h"],
)
@a_key
@argument(
    "new", "New time to live.", type=Duration(MOST_TTL_SECONDS, 1), required=False, metavar="[TTL]"
)
@asks_cache
def ttl(cache: CacheClient, key: str, new: int | None) -> Answer:
    """Print the remaining time to live in seconds, or change it; exit with 1 on a miss."""
    if new is not None:
        told = cache.ask("PUT", "/ttl", key, ttl_seconds=new)
        return _or_miss(told and {"key": os.fsencode(key), "ttl_seconds": new})
    told = cache.ask("GET", "/ttl", key)
    return _or_miss(told and {"key": os.fsencode(key), "ttl_seconds": _seconds(told)})


@command(
    shape=Record(
        KEYS,
        Column("type"),
        Column("length", "number"),
        Column("ttl_seconds", "duration", "Expires in"),
    ),
    examples=["attimo info greeting", "attimo info cart:7 --cache shop --json"],
)
@a_key
@asks_cache
def info(cache: CacheClient, key: str) -> Answer:
    """Show an item's type, length and time to live; exit with 1 on a miss.

    The length of a value is in bytes, that of a collection in elements.
    """
    type, left = cache.ask("GET", "/type", key), cache.ask("GET", "/ttl", key)
    length = type and _length(cache, type["type"], key)
    if type is None or left is None or length is None:
        return Answer(None, exits.MISS)
    return Answer(
        {
            "key": os.fsencode(key),
            "type": type["type"],
            "length": length,
            "ttl_seconds": _seconds(left),
        }
    )


def _length(cache: CacheClient, type: str, key: str) -> int | None:
    if type in LENGTHS:
        told = cache.ask("GET", f"/{LENGTHS[type]}", key)
        return None if told is None else int(told["length"])
    head = cache.look("HEAD", "", key)
    return None if head is None else int(head.headers["content-length"])


def _seconds(told: dict[str, Any]) -> int:
    """Remaining seconds, rounded up, so that an existing item never shows 0."""
    return -(-int(told["ttl_milliseconds"]) // 1000)


def _or_miss(told: dict[str, Any] | None) -> Answer:
    return Answer(told or None, exits.OK if told else exits.MISS)


def _all(keys: Sequence[str], null: bool) -> Iterable[str]:
    for key in keys:
        if key == "-":
            yield from map(os.fsdecode, inputs.held(inputs.ended_by_null()) if null else _lines())
        else:
            yield key


def _lines() -> Iterator[bytes]:
    """Split standard input at line ends; skip empty lines, which a command may produce for none."""
    for line in inputs.held(inputs.lines("-")):
        yield from filter(None, line.splitlines())


def _count(keys: Sequence[str]) -> str:
    return quoted(keys[0]) if len(keys) == 1 else f"{len(keys):,} keys"
