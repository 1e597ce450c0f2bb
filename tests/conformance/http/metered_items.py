"""Each method of the data plane by gRPC, and the same by HTTP where HTTP has it.

`test_metering.py` sends both and compares what they count for. They are sent in this order, to
caches that begin with what `fill` writes; `metered_collections.py` has the other methods.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from momento_wire_types import cacheclient_pb2 as pb
from momento_wire_types import common_pb2 as common

from conformance.http.items import Items
from conformance.http.route import Row

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


ITEMS: list[tuple[str, Pair]] = [
    ("Get", Pair({"cache_key": b"item"}, "GET", query={"key": "item"})),
    ("Get", Pair({"cache_key": GONE}, "GET", query={"key": "gone"})),
    (
        "Set",
        Pair(
            {"cache_key": b"k", "cache_body": b"abc", **TTL}, "PUT", "", {"key": "k"} | TIME, b"abc"
        ),
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
    ),
    (
        "KeysExist",
        Pair({"cache_keys": [b"item", GONE]}, "POST", "exists", {}, {"keys": ["item", "gone"]}),
    ),
    (
        "Increment",
        Pair(
            {"cache_key": b"n", "amount": 2, **TTL},
            "POST",
            "increment",
            {"key": "n", "amount": 2} | TIME,
        ),
    ),
    ("ItemGetTtl", Pair({"cache_key": b"item"}, "GET", "ttl", {"key": "item"})),
    ("ItemGetTtl", Pair({"cache_key": GONE}, "GET", "ttl", {"key": "gone"})),
    ("ItemGetType", Pair({"cache_key": b"item"}, "GET", "type", {"key": "item"})),
    ("ItemGetType", Pair({"cache_key": GONE}, "GET", "type", {"key": "gone"})),
    (
        "UpdateTtl",
        Pair(
            {"cache_key": b"item", "overwrite_to_milliseconds": 60_000},
            "PUT",
            "ttl",
            {"key": "item"} | TIME,
        ),
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
    ),
    ("Delete", Pair({"cache_key": b"item"}, "DELETE", query={"key": "item"})),
]


ALONE: list[tuple[str, dict[str, Any], Row]] = [
    (
        "SetIfNotExists",
        {"cache_key": b"new", "cache_body": b"abcd", **TTL},
        Row(1, 0, 0, 0, len(b"newabcd"), 0),
    ),
    ("GetWithHash", {"cache_key": b"new"}, Row(1, 0, 1, 0, len(b"new"), len(b"abcd"))),
    (
        "ListPushFront",
        {"list_name": b"new-list", "value": b"xy", **TTL},
        Row(1, 0, 0, 0, len(b"new-listxy"), 0),
    ),
    (
        "ListPushBack",
        {"list_name": b"new-list", "value": b"xyz", **TTL},
        Row(1, 0, 0, 0, len(b"new-listxyz"), 0),
    ),
]
"""Methods that only gRPC has, with what docs/reference/metering.md says that they count for."""


def fill(items: Items) -> None:
    """Something of each type."""
    items.put("item", b"12345")
    items.post("dictionary", {"fields": [{"field": "a", "value": "12"}]}, key="d", **TIME)
    items.post("list/push-back", {"values": ["x", "yyy"]}, key="l", **TIME)
    items.post("set", {"elements": ["a", "bb"]}, key="s", **TIME)
    items.post("sorted-set", {"elements": [{"value": "a", "score": 1}]}, key="z", **TIME)
