"""Reads the items of a cache, as they are in JSON."""

import os
from typing import Any

from attimo.cli.cache_client import CacheClient, element
from attimo.cli.transfer.items import CONTENTS, Item
from attimo.errors import FailedPrecondition


def item(cache: CacheClient, key: bytes) -> Item | None:
    """An item of any type, without its time to live; None if there is none."""
    name = os.fsdecode(key)
    while told := cache.ask("GET", "/type", name):
        if told["type"] == "scalar":
            value = cache.get(name)
            return None if value is None else Item(key, "scalar", element(value))
        found = collection(cache, told["type"], key)
        if found is not None:
            return Item(key, told["type"], found)
        # It has expired meanwhile, or has got another type.
    return None


def collection(cache: CacheClient, type: str, key: bytes) -> list[Any] | None:
    """The elements of a collection; None if there is none, or one of another type."""
    try:
        told = cache.ask("GET", f"/{type}", os.fsdecode(key))
    except FailedPrecondition:
        return None
    return None if told is None else list(told[CONTENTS[type]])
