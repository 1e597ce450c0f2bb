"""Items and collections of one cache, over HTTP."""

import base64
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attimo.cli.base_client import BaseClient, cache_part, checked
from attimo.errors import AttimoError, FailedPrecondition, InvalidArgument, NotFound

if TYPE_CHECKING:
    from attimo.cli.connection import Response

LONGEST_KEY_BASE64 = 24_000
"""In characters: a URL is part of the request header, which is limited to 32 KiB."""

LONGEST_KEY_BYTES = LONGEST_KEY_BASE64 * 3 // 4
"""Of a key in a URL; a body in JSON holds a longer one."""

TOO_LARGE = 413
"""The status of a request that is too large, or whose response would be."""

NO_KEY = "Key Not Found"
"""The title of a 404 for a miss; the title of others differs."""


class CacheClient:
    """One cache of one server; the keys of its methods are arguments as they were typed."""

    def __init__(self, client: BaseClient, name: str) -> None:
        """Create a client of a cache.

        Raises:
            InvalidName: No cache has such a name.
        """
        self.name = name
        self._client = client
        self._path = f"/cache/{cache_part(name)}"

    def get(self, key: str) -> bytes | None:
        """The value of a key, or None."""
        if not _fits_into_url(key):
            (value,) = self._values([os.fsencode(key)])
            return None if value is None else read(value)
        found = self.look("GET", "", key)
        return None if found is None else found.body

    def set(self, key: str, value: bytes, ttl_seconds: int, only: Mapping[str, str]) -> bool:
        """Write a value; return whether the condition in `only` was met."""
        if not only and not _fits_into_url(key):
            self.set_many([(os.fsencode(key), value)], ttl_seconds)
            return True
        query = _key(key) | {"ttl_seconds": str(ttl_seconds)}
        answer = self._client.send("PUT", self._path, query, value, only)
        if answer.status == 412 and only:
            return False
        checked(answer)
        return True

    def set_many(self, items: Sequence[tuple[bytes, bytes]], ttl_seconds: int) -> None:
        """Write several values."""
        self.put(
            [{"key": element(key), "value": element(value)} for key, value in items], ttl_seconds
        )

    def put(self, items: Sequence[Mapping[str, Any]], ttl_seconds: int) -> None:
        """Write several values as they are in JSON, those without a TTL with `ttl_seconds`."""
        query = {"ttl_seconds": str(ttl_seconds)}
        self._client.ask("POST", f"{self._path}/put", query, {"items": items})

    def get_many(self, keys: Sequence[bytes]) -> list[Any]:
        """The values of several keys as they are in JSON; None for a miss and for a collection."""
        try:
            return self._values(keys)
        except AttimoError as error:
            # One of them is a collection, or a response cannot hold all; nobody says which.
            if not isinstance(error, FailedPrecondition) and error.status != TOO_LARGE:
                raise
            if len(keys) > 1:
                half = len(keys) // 2
                return [*self.get_many(keys[:half]), *self.get_many(keys[half:])]
            if error.status != TOO_LARGE:
                return [None]
            value = self.get(os.fsdecode(keys[0]))
            return [None if value is None else element(value)]

    def _values(self, keys: Sequence[bytes]) -> list[Any]:
        body = {"keys": [element(key) for key in keys]}
        told = self._client.ask("POST", f"{self._path}/get", None, body).json()
        return [each.get("value") for each in told["items"]]

    def exist(self, keys: Iterable[str]) -> list[bool]:
        """Which items exist."""
        body = {"keys": [element(os.fsencode(key)) for key in keys]}
        found: list[bool] = self._client.ask("POST", f"{self._path}/exists", None, body).json()[
            "exists"
        ]
        return found

    def keys(self, prefix: str, most: int, token: str | None) -> tuple[list[bytes], str | None]:
        """A page of at most `most` keys with a prefix, and the token of the next page.

        Raises:
            InvalidArgument: The token is not of this listing.
        """
        found = self._listed(prefix, most, token)
        return [read(key) for key in found["keys"]], found.get("next_token")

    def items(
        self, prefix: str, most: int, token: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """The same of items: with `type`, `bytes`, `length` of collections, and `ttl_seconds` of
        those that expire."""
        found = self._listed(prefix, most, token, details="true")
        return [_described(item) for item in found["items"]], found.get("next_token")

    def _listed(self, prefix: str, most: int, token: str | None, **asked: str) -> dict[str, Any]:
        query = {"prefix_base64": coded("prefix", prefix), "limit": str(most)} | asked
        query |= {} if token is None else {"next_token": token}
        found: dict[str, Any] = self._client.ask("GET", f"{self._path}/keys", query).json()
        return found

    def delete(self, keys: Sequence[str]) -> None:
        """Delete items; no error if they do not exist."""
        query = {"key_base64": [coded("key", key) for key in keys]}
        self._client.ask("DELETE", self._path, query)

    def look(
        self,
        method: str,
        path: str,
        key: str,
        query: Mapping[str, Any] | None = None,
        body: object = None,
    ) -> "Response | None":
        """Ask about an item; None if it does not exist.

        Args:
            method: The HTTP method.
            path: What follows the cache's path, such as `/ttl`.
            key: The item's key.
            query: More of the query.
            body: What to send, as JSON.
        """
        answer = self._client.send(method, self._path + path, _key(key) | dict(query or {}), body)
        if answer.status == 404 and NO_KEY in answer.text:
            return None
        return checked(answer)

    def ask(self, method: str, path: str, key: str, **query: Any) -> dict[str, Any] | None:
        """Ask about an item with a query, and read the JSON; None if it does not exist."""
        answer = self.look(method, path, key, query)
        return None if answer is None else _json(answer)

    def must(self, method: str, path: str, key: str, **query: Any) -> dict[str, Any]:
        """Ask what has an answer in any case.

        Raises:
            NotFound: It has none.
        """
        told = self.ask(method, path, key, **query)
        if told is None:
            raise NotFound(f"There is no item {key!r}")
        return told

    def tell(
        self, path: str, key: str, body: Mapping[str, Any], **query: Any
    ) -> dict[str, Any] | None:
        """Post a body about an item, and read the JSON, if there is any."""
        answer = self.look("POST", path, key, query, body)
        return None if answer is None else _json(answer)


def element(value: bytes) -> object:
    """An element in JSON: text, or in base64."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def elements(words: Iterable[str]) -> list[object]:
    """Arguments as elements in JSON."""
    return [element(os.fsencode(word)) for word in words]


def read(value: Any) -> bytes:
    """The bytes of an element in JSON."""
    return value.encode() if isinstance(value, str) else base64.b64decode(value["base64"])


def _fits_into_url(key: str) -> bool:
    return len(os.fsencode(key)) <= LONGEST_KEY_BYTES


def coded(what: str, text: str) -> str:
    """An argument as the exact bytes that were typed, which need not be text, in base64.

    Raises:
        InvalidArgument: It is too long for a URL; `what` names it.
    """
    if not _fits_into_url(text):
        raise InvalidArgument(
            f"The {what} has {len(os.fsencode(text)):,} bytes; a URL holds at most "
            f"{LONGEST_KEY_BYTES:,}. Use a shorter {what}, or an SDK, which sends it by gRPC"
        )
    return base64.urlsafe_b64encode(os.fsencode(text)).decode()


def _key(key: str) -> dict[str, Any]:
    return {"key_base64": coded("key", key)}


def _json(answer: "Response") -> dict[str, Any]:
    found: dict[str, Any] = answer.json() if answer.body else {}
    return found


def _described(item: dict[str, Any]) -> dict[str, Any]:
    """An item of a listing; its seconds are rounded up, so that none that exists has 0."""
    left = item.get("ttl_milliseconds")
    seconds = None if left is None else -(-int(left) // 1000)
    return item | {"key": read(item["key"]), "ttl_seconds": seconds}
