"""attimo cache export: the items of a cache, as lines of JSON."""

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from attimo.cli.ask import plural
from attimo.cli.cache_client import CacheClient
from attimo.cli.cache_keys import Listed
from attimo.cli.command import command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import argument, cache_name
from attimo.cli.progress import Progress
from attimo.cli.sentences import noting
from attimo.cli.shapes import Answer, Column, Listing, View, for_screen, quoted
from attimo.cli.target import asks_server
from attimo.cli.transfer import reader
from attimo.cli.transfer.items import Item, Skipped, line
from attimo.cli.transfer.writer import ABOUT_ONE_ITEM
from attimo.errors import AttimoError

PAGE = 500
"""How many items are read with one request, if they are values."""


class Lines(Listing):
    """Items as lines of JSON, as they come."""

    has_wide = False

    def json(self, answer: Any) -> Any:
        """All items in one document."""
        return super().json([each._asdict() for each in answer.data])

    def text(self, answer: Any, view: View) -> None:
        """Print a line for each item."""
        count = 0
        with (
            noting(lambda _: f"Exported: {plural(count, 'item')}"),
            Progress("items exported") as progress,
        ):
            for count, each in enumerate(answer.data, 1):
                _print(line(each))
                progress.at(count)


@command(
    name="export",
    shape=Lines(
        Column("key", "bytes"),
        Column("type"),
        Column("content", "data"),
        Column("ttl_seconds", "number", none="-"),
    ),
    examples=[
        "attimo cache export sessions user: > items.jsonl",
        "attimo cache export sessions | attimo cache import shop -",
        "attimo cache export sessions --json",
    ],
)
@cache_name
@argument("prefix", "What the keys start with. Default: all keys.", default="")
@asks_server
def export_items(client: HttpClient, name: str, prefix: str) -> Answer:
    """Print the items of a cache, as lines that `attimo cache import` reads.

    Each item is read on its own while the cache is in use: a concurrent write may
    or may not be included. An item that does not fit into a response is skipped, with a line on
    standard error; the exit status is then 6. Leaderboards are not exported.
    """
    cache = CacheClient(client, name)
    keys = Listed(cache, prefix, None, None, b"").pages()
    return Answer(_unless_skipped(each for page in keys for each in _items(cache, page)))


def _print(line: bytes) -> None:
    if sys.stdout.isatty():
        print(for_screen(line.decode()), end="")
    else:
        sys.stdout.buffer.write(line)


def _unless_skipped(found: Iterator[Item | Skipped]) -> Iterator[Item]:
    """The items that could be read; each other is told at once.

    Raises:
        AttimoError: At the end: there were others.
    """
    skipped = 0
    for each in found:
        if isinstance(each, Item):
            yield each
        else:
            skipped += 1
            print(f"attimo: skipped {quoted(each.key)}: {each.reason}", file=sys.stderr)
    if skipped:
        raise AttimoError(f"{plural(skipped, 'item')} could not be read")


def _items(cache: CacheClient, keys: Sequence[bytes]) -> Iterator[Item | Skipped]:
    """The items of these keys; those that have expired meanwhile are left out."""
    for start in range(0, len(keys), PAGE):
        some = keys[start : start + PAGE]
        for key, value in zip(some, cache.get_many(some), strict=True):
            try:
                found = reader.item(cache, key) if value is None else Item(key, "scalar", value)
                left = found and cache.ask("GET", "/ttl", os.fsdecode(key))
            except AttimoError as error:
                if error.status not in ABOUT_ONE_ITEM:
                    raise
                yield Skipped(key, str(error))
                continue
            if found and left:
                yield found._replace(ttl_seconds=max(1, -(-left["ttl_milliseconds"] // 1000)))
