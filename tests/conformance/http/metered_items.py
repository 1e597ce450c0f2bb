"""Each method of the data plane by gRPC, and the same by HTTP where HTTP has it, with its counts.

`test_metering.py` sends both and compares them with the ledger. They are sent in this order, to
caches that begin with what `fill` writes; `metered_collections.py` has the other methods.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from momento_wire_types import cacheclient_pb2 as pb
from momento_wire_types import common_pb2 as common

from conformance.http.client_count import Counted
from conformance.http.items import Items

TTL = {"ttl_milliseconds": 60_000}
TIME = {"ttl_seconds": 60}
GONE = b"gone"
HASH = bytes(range(16))


class Pair(NamedTuple):
    """One method: its fields by gRPC; method, path, body, headers and query by HTTP."""

    grpc: dict[str, Any]
    verb: str
    below: str = ""
    query: Mapping[str, Any] = MappingProxyType({})
    body: Any = None
    headers: Mapping[str, str] = MappingProxyType({})


ITEMS: list[tuple[str, Pair, Counted]] = [
    (
        "Get",
        Pair({"cache_key": b"item"}, "GET", query={"key": "item"}),
        Counted(sent=(4,), found=(5,), hits=1),
    ),
    ("Get", Pair({"cache_key": GONE}, "GET", query={"key": "gone"}), Counted(sent=(4,), misses=1)),
    (
        "Set",
        Pair(
            {"cache_key": b"k", "cache_body": b"abc", **TTL}, "PUT", "", {"key": "k"} | TIME, b"abc"
        ),
        Counted(sent=(4,)),
    ),
    (
        "SetIf",
        Pair(
            {"cache_key": b"item", "cache_body": b"v", "present": common.Present(), **TTL},
            "PUT",
            "",
            {"key": "item"} | TIME,
            b"v",
            {"if-match": "*"},
        ),
        Counted(sent=(5,)),
    ),
    (
        "KeysExist",
        Pair({"cache_keys": [b"item", GONE]}, "POST", "exists", {}, {"keys": ["item", "gone"]}),
        Counted(sent=(4, 4), hits=1, misses=1, commands=2),
    ),
    (
        "Increment",
        Pair(
            {"cache_key": b"n", "amount": 2, **TTL},
            "POST",
            "increment",
            {"key": "n", "amount": 2} | TIME,
        ),
        Counted(sent=(9,)),
    ),
    (
        "ItemGetTtl",
        Pair({"cache_key": b"item"}, "GET", "ttl", {"key": "item"}),
        Counted(sent=(4,), hits=1),
    ),
    (
        "ItemGetTtl",
        Pair({"cache_key": GONE}, "GET", "ttl", {"key": "gone"}),
        Counted(sent=(4,), misses=1),
    ),
    (
        "ItemGetType",
        Pair({"cache_key": b"item"}, "GET", "type", {"key": "item"}),
        Counted(sent=(4,), hits=1),
    ),
    (
        "ItemGetType",
        Pair({"cache_key": GONE}, "GET", "type", {"key": "gone"}),
        Counted(sent=(4,), misses=1),
    ),
    (
        "UpdateTtl",
        Pair(
            {"cache_key": b"item", "overwrite_to_milliseconds": 60_000},
            "PUT",
            "ttl",
            {"key": "item"} | TIME,
        ),
        Counted(sent=(4,)),
    ),
    (
        "SetIfHash",
        Pair(
            {
                "cache_key": b"item",
                "cache_body": b"v",
                "absent_or_not_hash_equal": common.AbsentOrNotHashEqual(hash_to_check=HASH),
                **TTL,
            },
            "PUT",
            "",
            {"key": "item"} | TIME,
            b"v",
            {"if-none-match": f'"{HASH.hex()}"'},
        ),
        Counted(sent=(21,)),
    ),
    (
        "GetBatch",
        Pair(
            {"items": [pb._GetRequest(cache_key=key) for key in (b"item", b"k", GONE)]},
            "POST",
            "get",
            {},
            {"keys": ["item", "k", "gone"]},
        ),
        Counted(sent=(4, 1, 4), found=(1, 3), hits=2, misses=1, commands=3),
    ),
    (
        "SetBatch",
        Pair(
            {
                "items": [
                    pb._SetRequest(cache_key=b"k", cache_body=b"abcd", **TTL),
                    pb._SetRequest(cache_key=b"k2", cache_body=b"", **TTL),
                ]
            },
            "POST",
            "put",
            TIME,
            {"items": [{"key": "k", "value": "abcd"}, {"key": "k2", "value": ""}]},
        ),
        Counted(sent=(5, 2), commands=2),
    ),
    ("Delete", Pair({"cache_key": b"item"}, "DELETE", query={"key": "item"}), Counted(sent=(4,))),
]


ALONE: list[tuple[str, dict[str, Any], Counted]] = [
    ("SetIfNotExists", {"cache_key": b"new", "cache_body": b"abcd", **TTL}, Counted(sent=(7,))),
    ("GetWithHash", {"cache_key": b"new"}, Counted(sent=(3,), found=(4,), hits=1)),
    (
        "ListPushFront",
        {"list_name": b"new-list", "value": b"xy", **TTL},
        Counted(sent=(2,), name=8),
    ),
    (
        "ListPushBack",
        {"list_name": b"new-list", "value": b"xyz", **TTL},
        Counted(sent=(3,), name=8),
    ),
]
"""Methods that only gRPC has."""


FILLED = [
    ("Set", Counted(sent=(9,))),
    ("DictionarySet", Counted(sent=(3,), name=1)),
    ("ListConcatenateBack", Counted(sent=(1, 3), name=1)),
    ("SetUnion", Counted(sent=(1, 2), name=1)),
    ("SortedSetPut", Counted(sent=(9,), name=1)),
]


def fill(items: Items) -> None:
    """Something of each type, by the requests of `FILLED`."""
    items.put("item", b"12345")
    items.post("dictionary", {"fields": [{"field": "a", "value": "12"}]}, key="d", **TIME)
    items.post("list/push-back", {"values": ["x", "yyy"]}, key="l", **TIME)
    items.post("set", {"elements": ["a", "bb"]}, key="s", **TIME)
    items.post("sorted-set", {"elements": [{"value": "a", "score": 1}]}, key="z", **TIME)
