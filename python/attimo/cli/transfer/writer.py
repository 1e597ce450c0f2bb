"""Writes items into a cache, in as few requests as their kinds allow, and compares them."""

import contextlib
import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from attimo.cli.batches import batches
from attimo.cli.cache_client import CacheClient, element, read
from attimo.cli.sentences import may_be_done
from attimo.cli.transfer import reader
from attimo.cli.transfer.items import CONTENTS, Item, Skipped, comparable
from attimo.errors import AttimoError

ABOUT_ONE_ITEM = (400, 413)
"""The statuses for which an item is skipped; others end the import."""


class Writer:
    """Writes items into one cache; those of the same key are replaced.

    Attributes:
        skipped: Called with each item that the server refuses.
        unanswered: How many items were sent without an answer: perhaps they are written.
    """

    def __init__(self, cache: CacheClient, ttl_seconds: int, skipped: Callable[[Skipped], None]):
        """Create a writer; items without a time to live get `ttl_seconds`."""
        self._cache = cache
        self._ttl = ttl_seconds
        self.skipped = skipped
        self.unanswered = 0

    def write(self, batch: list[Item]) -> Iterator[Item]:
        """Write items; yield those that are written, and leave out what is skipped.

        Raises:
            AttimoError: The server takes none; the items before may have been written.
        """
        last = {each.key: each for each in batch}.values()
        values = [each for each in last if each.type == "scalar"]
        collections = [each for each in last if each.type != "scalar"]
        yield from self._values(values) if values else ()
        yield from filter(self._collection, collections)

    def differing(self, items: Sequence[Item]) -> Iterator[Skipped]:
        """Those of these items that the cache does not have as they are."""
        values = [each.key for each in items if each.type == "scalar"]
        found = dict(zip(values, self._cache.get_many(values), strict=True))
        for each in items:
            reason = self._difference(each, found.get(each.key))
            if reason is not None:
                yield Skipped(each.key, reason)

    def _difference(self, item: Item, value: Any) -> str | None:
        """How an item differs, whose value in the cache is this if it is no collection."""
        try:
            if item.type == "scalar":
                there = value
            else:
                there = reader.collection(self._cache, item.type, item.key)
        except AttimoError as error:
            if error.status not in ABOUT_ONE_ITEM:
                raise
            return f"cannot be compared: {error}"
        if there is None:
            return "is not in the cache, or has another type there"
        same = comparable(item.type, there) == comparable(item.type, item.content)
        return None if same else "differs in the cache"

    def _values(self, items: list[Item]) -> Iterator[Item]:
        """Write values in one request, or one by one if the server refuses it."""
        if len(items) > 1 and self._all(items):
            yield from items
        else:
            yield from filter(self._value, items)

    def _all(self, items: list[Item]) -> bool:
        try:
            with self._asking(len(items)):
                self._cache.put([_put(each) for each in items], self._ttl)
        except AttimoError as error:
            if error.status not in ABOUT_ONE_ITEM:
                raise
            return False
        return True

    def _value(self, item: Item) -> bool:
        """Write a value as it is, since it may be as large as JSON around it may not be."""
        try:
            with self._asking(1):
                self._cache.set(
                    os.fsdecode(item.key), read(item.content), item.ttl_seconds or self._ttl, {}
                )
        except AttimoError as error:
            self._skip(item, error)
            return False
        return True

    def _collection(self, item: Item) -> bool:
        """Write a collection, in place of what was there."""
        key = os.fsdecode(item.key)
        try:
            if item.type == "list":
                # To push needs `read`, too; without it, the old item is not deleted.
                self._cache.ask("GET", "/type", key)
            with self._asking(1):
                self._cache.delete([key])
            self._parts(item, key)
        except AttimoError as error:
            self._skip(item, error)
            return False
        return True

    def _parts(self, item: Item, key: str) -> None:
        """Write a collection in parts; all of it, or none."""
        ttl = {"ttl_seconds": item.ttl_seconds or self._ttl}
        path = "/list/push-back" if item.type == "list" else f"/{item.type}"
        self.unanswered = 1
        try:
            for number, part in enumerate(batches(item.content, _size)):
                refresh = {} if number == 0 else {"refresh_ttl": "false"}
                with _answered():
                    self._cache.tell(path, key, {CONTENTS[item.type]: part}, **ttl, **refresh)
        except BaseException:
            self._cache.delete([key])
            self.unanswered = 0
            raise
        self.unanswered = 0

    @contextlib.contextmanager
    def _asking(self, items: int) -> Iterator[None]:
        """Note that so many items are unanswered, until a request has succeeded or is refused."""
        self.unanswered = items
        try:
            yield
        except AttimoError as error:
            if not may_be_done(error):
                self.unanswered = 0
            raise
        self.unanswered = 0

    def _skip(self, item: Item, error: AttimoError) -> None:
        if error.status not in ABOUT_ONE_ITEM:
            raise error
        self.skipped(Skipped(item.key, str(error)))


@contextlib.contextmanager
def _answered() -> Iterator[None]:
    """Let Ctrl-C wait for the answer: what undoes a request could overtake it. The second does not.

    Raises:
        KeyboardInterrupt: At the end, or at the second Ctrl-C.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        yield
        return
    heard: list[int] = []

    def interrupt(number: int, _: object) -> None:
        heard.append(number)
        if len(heard) > 1:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if heard:
        raise KeyboardInterrupt


def size(item: Item) -> int:
    """About how many bytes an item takes in a request."""
    return len(item.key) + _size(item.content)


def _size(content: Any) -> int:
    return len(content) if isinstance(content, str) else len(json.dumps(content))


def _put(item: Item) -> dict[str, Any]:
    found = {"key": element(item.key), "value": item.content}
    return found if item.ttl_seconds is None else found | {"ttl_seconds": item.ttl_seconds}
