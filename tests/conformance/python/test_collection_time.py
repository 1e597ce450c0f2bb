"""How long collections live: set when they are made, replaced only when that is asked for."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from momento.requests import CollectionTtl

from conformance.python.clients import Client
from conformance.wire import MINUTE, Wire

NAME = "collection"
KEY = NAME.encode()
HOUR = 60 * MINUTE
Write = Callable[[Client, str, str, CollectionTtl], object]

WRITES: dict[str, Write] = {
    "dictionary_set_field": lambda c, cache, name, ttl: c.dictionary_set_field(
        cache, name, "f", "1", ttl=ttl
    ),
    "dictionary_set_fields": lambda c, cache, name, ttl: c.dictionary_set_fields(
        cache, name, {"f": "1"}, ttl=ttl
    ),
    "dictionary_increment": lambda c, cache, name, ttl: c.dictionary_increment(
        cache, name, "f", 1, ttl=ttl
    ),
    "list_push_back": lambda c, cache, name, ttl: c.list_push_back(cache, name, "v", ttl=ttl),
    "list_push_front": lambda c, cache, name, ttl: c.list_push_front(cache, name, "v", ttl=ttl),
    "list_concatenate_back": lambda c, cache, name, ttl: c.list_concatenate_back(
        cache, name, ["v"], ttl=ttl
    ),
    "list_concatenate_front": lambda c, cache, name, ttl: c.list_concatenate_front(
        cache, name, ["v"], ttl=ttl
    ),
    "set_add_element": lambda c, cache, name, ttl: c.set_add_element(cache, name, "e", ttl=ttl),
    "set_add_elements": lambda c, cache, name, ttl: c.set_add_elements(cache, name, {"e"}, ttl=ttl),
    "sorted_set_put_element": lambda c, cache, name, ttl: c.sorted_set_put_element(
        cache, name, "v", 1.0, ttl=ttl
    ),
    "sorted_set_put_elements": lambda c, cache, name, ttl: c.sorted_set_put_elements(
        cache, name, {"v": 1.0}, ttl=ttl
    ),
    "sorted_set_increment_score": lambda c, cache, name, ttl: c.sorted_set_increment_score(
        cache, name, "v", 1.0, ttl=ttl
    ),
}
CHANGES: dict[str, dict[str, Any]] = {
    "DictionaryDelete": {"dictionary_name": KEY, "some": {"fields": [b"a"]}},
    "ListPopFront": {"list_name": KEY},
    "ListPopBack": {"list_name": KEY},
    "ListRemove": {"list_name": KEY, "all_elements_with_value": b"a"},
    "ListErase": {"list_name": KEY, "some": {"ranges": [{"begin_index": 0, "count": 1}]}},
    "SetDifference": {"set_name": KEY, "subtrahend": {"set": {"elements": [b"a"]}}},
    "SetPop": {"set_name": KEY, "count": 1},
    "SortedSetRemove": {"set_name": KEY, "some": {"values": [b"a"]}},
}


def of(milliseconds: int, *, refresh: bool) -> CollectionTtl:
    """A collection's time as the client takes it."""
    return CollectionTtl(timedelta(milliseconds=milliseconds), refresh_ttl=refresh)


def about(scs: Wire, milliseconds: int, key: bytes = KEY) -> bool:
    """Whether at most five seconds of this time are over."""
    left = int(scs.ask("ItemGetTtl", cache_key=key).found.remaining_ttl_millis)
    return milliseconds - 5_000 < left < milliseconds


def make_three(scs: Wire, method: str) -> None:
    """A collection of three elements, of the type that the method changes."""
    ttl: dict[str, Any] = {"ttl_milliseconds": HOUR}
    names = [b"a", b"b", b"c"]
    if method.startswith("Dictionary"):
        pairs = [{"field": name, "value": b"v"} for name in names]
        scs.ask("DictionarySet", dictionary_name=KEY, items=pairs, **ttl)
    elif method.startswith("List"):
        scs.ask("ListConcatenateBack", list_name=KEY, values=names, **ttl)
    elif method.startswith("Sorted"):
        elements = [{"value": name, "score": 1.0} for name in names]
        scs.ask("SortedSetPut", set_name=KEY, elements=elements, **ttl)
    else:
        scs.ask("SetUnion", set_name=KEY, elements=names, **ttl)


def test_a_new_collection_has_the_time_of_its_first_write(
    client: Client, scs: Wire, cache: str
) -> None:
    for name, write in WRITES.items():
        write(client, cache, name, of(HOUR, refresh=False))

    assert [name for name in WRITES if not about(scs, HOUR, name.encode())] == []


def test_a_later_write_replaces_the_time_only_if_it_says_so(
    client: Client, scs: Wire, cache: str
) -> None:
    for name, write in WRITES.items():
        write(client, cache, name, of(HOUR, refresh=True))

        write(client, cache, name, of(MINUTE, refresh=False))
        assert about(scs, HOUR, name.encode()), name

        write(client, cache, name, of(MINUTE, refresh=True))
        assert about(scs, MINUTE, name.encode()), name

        write(client, cache, name, of(2 * HOUR, refresh=True))
        assert about(scs, 2 * HOUR, name.encode()), name


@pytest.mark.parametrize("change", CHANGES)
def test_what_takes_elements_away_leaves_the_time(scs: Wire, change: str) -> None:
    make_three(scs, change)

    scs.ask(change, **CHANGES[change])

    assert about(scs, HOUR)


def test_retaining_replaces_the_time_only_if_it_says_so(scs: Wire) -> None:
    make_three(scs, "List")

    retain: dict[str, Any] = {"list_name": KEY, "exclusive_end": 2, "ttl_milliseconds": MINUTE}
    scs.ask("ListRetain", **retain)
    assert about(scs, HOUR)

    scs.ask("ListRetain", refresh_ttl=True, **retain)
    assert about(scs, MINUTE)


def test_a_stored_union_always_has_the_new_time(scs: Wire) -> None:
    make_three(scs, "SortedSet")
    source = {"set_name": KEY, "weight": 1.0}

    for ttl in (HOUR, MINUTE):
        scs.ask("SortedSetUnionStore", set_name=b"to", sources=[source], ttl_milliseconds=ttl)
        assert about(scs, ttl, key=b"to")


def test_a_refused_write_leaves_the_time(client: Client, scs: Wire, cache: str) -> None:
    client.dictionary_set_field(cache, NAME, "f", "no number", ttl=of(HOUR, refresh=True))

    client.dictionary_increment(cache, NAME, "f", 1, ttl=of(MINUTE, refresh=True))

    assert about(scs, HOUR)


def test_a_collection_is_gone_when_its_half_second_is_over(
    client: Client, scs: Wire, cache: str
) -> None:
    """Time is the promise here. What is made anew after that holds nothing of the old."""
    names = [name.encode() for name in WRITES]
    for name, write in WRITES.items():
        write(client, cache, name, of(500, refresh=False))
    written = time.monotonic()

    time.sleep(max(0.0, written + 0.5 - time.monotonic()))

    assert list(scs.ask("KeysExist", cache_keys=names).exists) == [False] * len(names)
    for name, write in WRITES.items():
        write(client, cache, name, of(HOUR, refresh=False))
    assert [name for name in names if not about(scs, HOUR, name)] == []
