"""attimo cache keys: the keys of a cache."""

import sys
from collections.abc import Iterator
from typing import Any

from attimo.cli.cache_client import CacheClient
from attimo.cli.command import command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import Integer, argument, cache_name, option
from attimo.cli.shapes import Answer, Column, Listing, View, escaped, quoted, record
from attimo.cli.target import asks_server
from attimo.errors import FailedPrecondition

KEY = Column("key", "bytes")
PAGE = 10_000
"""How many keys are asked for at once."""


class Listed:
    """Keys that are asked for page by page, while they are read.

    Attributes:
        prefix: What they start with.
        next: Once they are read, where a list that was cut continues.
        end: What ends each key on a pipe.
    """

    def __init__(
        self, cache: CacheClient, prefix: str, limit: int | None, token: str | None, end: bytes
    ) -> None:
        self.next = token
        self.end = end
        self.prefix = prefix
        self._cache = cache
        self._limit = limit

    def pages(self) -> Iterator[list[bytes]]:
        """The keys, a page at a time."""
        left = self._limit
        while left is None or left > 0:
            most = PAGE if left is None else min(left, PAGE)
            keys, self.next = self._cache.keys(self.prefix, most, self.next)
            yield keys
            left = None if left is None else left - len(keys)
            if self.next is None:
                return


class Keys(Listing):
    """Keys as they come: raw on a pipe, escaped on a terminal."""

    has_wide = False

    def json(self, answer: Any) -> Any:
        """All keys in one document."""
        listed: Listed = answer.data
        items = [record([KEY], {"key": key}) for keys in listed.pages() for key in keys]
        return {"items": items, "next": listed.next}

    def text(self, answer: Any, view: View) -> None:
        """Print each page when it is there."""
        listed: Listed = answer.data
        is_empty = True
        for keys in listed.pages():
            is_empty = is_empty and not keys
            if sys.stdout.isatty():
                print("".join(f"{escaped(key)}\n" for key in keys), end="")
            else:
                sys.stdout.buffer.write(b"".join(_ended(key, listed.end) for key in keys))
            sys.stdout.flush()
        if is_empty and listed.prefix.endswith("*"):
            said = f"No key starts with {quoted(listed.prefix)}"
            print(f"attimo: {said}. A prefix is no pattern: omit the *", file=sys.stderr)


@command(
    name="keys",
    shape=Keys(KEY),
    examples=[
        "attimo cache keys sessions user: --limit 100",
        "attimo cache keys sessions user: --null | attimo del --null - --cache sessions",
    ],
)
@cache_name
@argument("prefix", "What the keys start with. Default: all keys.", default="")
@option(
    "--limit",
    "-n",
    type=Integer(min=1),
    help="List at most this many keys. Default: all.",
)
@option("--null", "-0", is_flag=True, help="On a pipe, end each key with a NUL byte.")
@option("--next", "token", help="Continue a list that was cut: `next` of its JSON.")
@asks_server
def keys(
    client: HttpClient, name: str, prefix: str, limit: int | None, null: bool, token: str | None
) -> Answer:
    """List the keys of a cache that start with a prefix, in no particular order.

    Each key is a line: unchanged on a pipe, escaped on a terminal. A key with a line break, or the
    empty key, stops the list on a pipe; use --null or --json then. Leaderboards are not listed.
    """
    end = b"\0" if null else b"\n"
    return Answer(Listed(CacheClient(client, name), prefix, limit, token, end))


def _ended(key: bytes, end: bytes) -> bytes:
    """A key with its end, by which a reader must find this key and no other.

    Raises:
        FailedPrecondition: It does.
    """
    if end == b"\0" and end in key:
        raise FailedPrecondition(f"The key {quoted(key)} has a NUL byte: use --json")
    if end == b"\n" and (not key or b"\n" in key or b"\r" in key):
        what = "has a line break" if key else "is empty"
        raise FailedPrecondition(
            f"The key {quoted(key)} {what}: use --null, which ends keys with a NUL byte, or --json"
        )
    return key + end
