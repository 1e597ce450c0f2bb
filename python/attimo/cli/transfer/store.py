"""Reads the items of a Valkey or Redis server, without blocking it."""

import contextlib
import itertools
import math
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from attimo.cli.batches import batches
from attimo.cli.cache_client import element
from attimo.cli.keys import variable
from attimo.cli.sentences import joined
from attimo.cli.transfer import store_url
from attimo.cli.transfer.items import Item, Skipped
from attimo.cli.transfer.store_url import address
from attimo.errors import (
    InvalidArgument,
    Misconfigured,
    NotFound,
    PermissionDenied,
    Unauthenticated,
    Unreachable,
)

TIMEOUT_SECONDS = 30
KEYS_AT_ONCE = 100
ELEMENTS_AT_ONCE = 1_000
LARGEST_BYTES = 64 * 1024 * 1024
"""Of a value that is read at all."""

RIGHTS = "The user needs the permissions +@read +scan +info"

Client: TypeAlias = Any
"""A client of the package `valkey`, whose types know no keys of bytes."""

TYPES = {
    b"string": "scalar",
    b"hash": "dictionary",
    b"list": "list",
    b"set": "set",
    b"zset": "sorted-set",
}
"""Our name of a type, by Valkey's."""


@contextlib.contextmanager
def opened(url: str) -> Iterator[Client]:
    """Connect to a server: `redis://HOST:PORT/DATABASE`, with `rediss` over TLS.

    A password that the URL lacks is taken from `REDISCLI_AUTH`.

    Raises:
        Misconfigured: The package `valkey` is not installed.
        InvalidArgument: It is no such URL.
        NotFound: The server does not have that database.
        Unauthenticated: The server wants another password.
        PermissionDenied: The user of the URL may not ask what is asked.
        Unreachable: The server does not answer, or refuses; also within the block.
    """
    try:
        import valkey
    except ImportError:
        raise Misconfigured(
            "Reading from Valkey or Redis needs one more package: pip install valkey"
        ) from None
    try:
        with _client(valkey, url) as client:
            yield client
    except valkey.AuthenticationError as error:
        raise Unauthenticated(
            joined(
                f"{address(url)}: {error}",
                "Set REDISCLI_AUTH to the password; a user stands in the URL: redis://USER@HOST",
            )
        ) from error
    except valkey.exceptions.NoPermissionError as error:
        raise PermissionDenied(joined(f"{address(url)}: {error}", RIGHTS)) from error
    except valkey.ValkeyError as error:
        raise Unreachable(f"{address(url)}: {error}") from error


def items(client: Client, pattern: str) -> Iterator[Item | Skipped]:
    """The items whose keys match a pattern of `SCAN`, while others use the server.

    A key that exists all the time comes at least once. One that expires meanwhile is left out.
    """
    keys = client.scan_iter(match=os.fsencode(pattern), count=ELEMENTS_AT_ONCE)
    while some := list(itertools.islice(keys, KEYS_AT_ONCE)):
        found = []
        for each in _described(client, some):
            if each.error is None:
                found.append(each)
            else:
                yield Skipped(each.key, f"cannot be read: {each.error}")
        yield from _values(client, [each for each in found if each.type == b"string"])
        for each in found:
            if each.type in _COLLECTIONS:
                content = _COLLECTIONS[each.type](client, each.key)
                yield from [each.item(content)] if content else []
            elif each.type not in (b"string", b"none"):
                yield Skipped(each.key, f"is a {each.type.decode()}, which is no type of Attimo")


class _Described(NamedTuple):
    """A key, its type, and what PTTL and STRLEN tell; -2 is for a key that does not exist.

    Each can be an error instead.
    """

    key: bytes
    type: Any
    left: Any
    length: Any

    @property
    def error(self) -> Exception | None:
        """Why it cannot be read; STRLEN must fail for a collection."""
        needed = [self.type, self.left, *([self.length] if self.type == b"string" else [])]
        return next((each for each in needed if isinstance(each, Exception)), None)

    def item(self, content: Any) -> Item:
        """The item with this content."""
        ttl = None if self.left < 0 else max(1, -(-self.left // 1000))
        return Item(self.key, TYPES[self.type], content, ttl)


def _described(client: Client, keys: Sequence[bytes]) -> list[_Described]:
    with client.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.type(key).pttl(key).strlen(key)
        told = pipeline.execute(raise_on_error=False)
    found = map(_Described, keys, told[::3], told[1::3], told[2::3])
    return [each for each in found if each.left != -2]


def _values(client: Client, found: Sequence[_Described]) -> Iterator[Item | Skipped]:
    for each in found:
        if each.length > LARGEST_BYTES:
            yield Skipped(each.key, f"has more than {LARGEST_BYTES:,} bytes")
    readable = [each for each in found if each.length <= LARGEST_BYTES]
    for part in batches(readable, lambda each: each.length):
        with client.pipeline(transaction=False) as pipeline:
            for each in part:
                pipeline.get(each.key)
            values = pipeline.execute(raise_on_error=False)
        for each, value in zip(part, values, strict=True):
            if isinstance(value, Exception):
                yield Skipped(each.key, f"cannot be read: {value}")
            elif value is not None:  # it may have expired meanwhile
                yield each.item(element(value))


def _dictionary(client: Client, key: bytes) -> list[Any]:
    found = dict(client.hscan_iter(key, count=ELEMENTS_AT_ONCE))
    return [{"field": element(name), "value": element(value)} for name, value in found.items()]


def _list(client: Client, key: bytes) -> list[Any]:
    found: list[bytes] = []
    while part := client.lrange(key, len(found), len(found) + ELEMENTS_AT_ONCE - 1):
        found += part
    return [element(each) for each in found]


def _set(client: Client, key: bytes) -> list[Any]:
    return [element(each) for each in set(client.sscan_iter(key, count=ELEMENTS_AT_ONCE))]


def _sorted_set(client: Client, key: bytes) -> list[Any]:
    found = dict(client.zscan_iter(key, count=ELEMENTS_AT_ONCE))
    return [{"value": element(value), "score": _score(score)} for value, score in found.items()]


def _score(score: float) -> float | str:
    return score if math.isfinite(score) else str(score)


_COLLECTIONS: dict[bytes, Callable[[Client, bytes], list[Any]]] = {
    b"hash": _dictionary,
    b"list": _list,
    b"set": _set,
    b"zset": _sorted_set,
}


def _client(library: Any, url: str) -> Client:
    """Connect; to all nodes of a cluster if the server is one of them.

    Raises:
        InvalidArgument: It is no such URL. The message does not repeat it: it can have a password.
        NotFound: The server does not have that database.
    """
    options = {"socket_timeout": TIMEOUT_SECONDS, "password": variable("REDISCLI_AUTH")}
    try:
        store_url.check(url)
        client: Client = library.Valkey.from_url(url, **options)
        _select(library, client, url)
        is_cluster = client.info("cluster").get("cluster_enabled")
    except (ValueError, TypeError):
        raise InvalidArgument(
            "The URL is not valid: it must be redis://USER:PASSWORD@HOST:PORT/DATABASE, with "
            "special characters in the password percent-encoded; or set REDISCLI_AUTH to the "
            "password"
        ) from None
    if is_cluster:
        client.close()
        client = library.ValkeyCluster.from_url(url, **options)
    return client


def _select(library: Any, client: Client, url: str) -> None:
    """Connect, which selects the database of the URL.

    Raises:
        NotFound: The server does not have it.
    """
    pool = client.connection_pool
    database = pool.connection_kwargs.get("db")
    try:
        pool.release(pool.get_connection("SELECT"))
    except library.exceptions.NoPermissionError:
        raise
    except library.ResponseError as error:
        if not database:
            raise
        what = f"{address(url)}: There is no database {database} on that server ({error})"
        raise NotFound(joined(what, "Database 0 is always there")) from error
