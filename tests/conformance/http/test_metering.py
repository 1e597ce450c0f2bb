"""What a request counts for is the same by gRPC and by HTTP, as docs/reference/metering.md says.

Each method is called once by either, on two caches that hold the same; the rows of the ledger must
be equal, and those of a few methods are said here.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import httpx
import pytest
from momento_wire_types import cacheclient_pb2 as pb
from momento_wire_types import common_pb2 as common

from conformance.http.items import Items
from conformance.wire import Wire, plaintext
from faults.watching import ask, eventually
from harness import Server

NOTHING = common._Empty()
UNBOUNDED = common._Unbounded()
TTL = {"ttl_milliseconds": 60_000}
TIME = {"ttl_seconds": 60}
GONE = b"gone"


class Row(NamedTuple):
    """What the ledger says of one method."""

    requests: int
    errors: int
    hits: int
    misses: int
    bytes_in: int
    bytes_out: int


class Pair(NamedTuple):
    """One method: its fields by gRPC; method, path, body, headers and query by HTTP."""

    grpc: dict[str, Any]
    verb: str
    below: str = ""
    query: Mapping[str, Any] = MappingProxyType({})
    body: Any = None
    headers: Mapping[str, str] = MappingProxyType({})


def _source(name: bytes) -> Any:
    return pb._SortedSetUnionStoreRequest._Source(set_name=name, weight=1)


PAIRS: list[tuple[str, Pair]] = [
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
    ("DictionaryFetch", Pair({"dictionary_name": b"d"}, "GET", "dictionary", {"key": "d"})),
    (
        "DictionaryGet",
        Pair(
            {"dictionary_name": b"d", "fields": [b"a", b"no"]},
            "GET",
            "dictionary",
            {"key": "d", "field": ["a", "no"]},
        ),
    ),
    (
        "DictionaryGet",
        Pair(
            {"dictionary_name": GONE, "fields": [b"a", b"no"]},
            "GET",
            "dictionary",
            {"key": "gone", "field": ["a", "no"]},
        ),
    ),
    (
        "DictionarySet",
        Pair(
            {
                "dictionary_name": b"d",
                "items": [pb._DictionaryFieldValuePair(field=b"f", value=b"val")],
                **TTL,
            },
            "POST",
            "dictionary",
            {"key": "d"} | TIME,
            {"fields": [{"field": "f", "value": "val"}]},
        ),
    ),
    ("DictionaryLength", Pair({"dictionary_name": b"d"}, "GET", "dictionary/length", {"key": "d"})),
    (
        "DictionaryIncrement",
        Pair(
            {"dictionary_name": b"d", "field": b"n", "amount": 1, **TTL},
            "POST",
            "dictionary/increment",
            {"key": "d", "field": "n"} | TIME,
        ),
    ),
    (
        "DictionaryDelete",
        Pair(
            {
                "dictionary_name": b"d",
                "some": pb._DictionaryDeleteRequest.Some(fields=[b"a", b"no"]),
            },
            "DELETE",
            "dictionary",
            {"key": "d", "field": ["a", "no"]},
        ),
    ),
    (
        "ListConcatenateBack",
        Pair(
            {"list_name": b"l", "values": [b"x", b"yy"], **TTL},
            "POST",
            "list/push-back",
            {"key": "l"} | TIME,
            {"values": ["x", "yy"]},
        ),
    ),
    ("ListFetch", Pair({"list_name": b"l"}, "GET", "list", {"key": "l"})),
    (
        "ListFetch",  # of an empty part
        Pair(
            {"list_name": b"l", "inclusive_start": 100, "unbounded_end": UNBOUNDED},
            "GET",
            "list",
            {"key": "l", "start": 100},
        ),
    ),
    ("ListFetch", Pair({"list_name": GONE}, "GET", "list", {"key": "gone"})),
    ("ListLength", Pair({"list_name": b"l"}, "GET", "list/length", {"key": "l"})),
    ("ListPopFront", Pair({"list_name": b"l"}, "POST", "list/pop-front", {"key": "l"})),
    ("ListPopBack", Pair({"list_name": GONE}, "POST", "list/pop-back", {"key": "gone"})),
    (
        "ListRemove",
        Pair(
            {"list_name": b"l", "all_elements_with_value": b"x"},
            "DELETE",
            "list",
            {"key": "l", "value": "x"},
        ),
    ),
    ("SetFetch", Pair({"set_name": b"s"}, "GET", "set", {"key": "s"})),
    ("SetLength", Pair({"set_name": b"s"}, "GET", "set/length", {"key": "s"})),
    (
        "SetContains",
        Pair(
            {"set_name": b"s", "elements": [b"a", b"no"]},
            "GET",
            "set/contains",
            {"key": "s", "element": ["a", "no"]},
        ),
    ),
    (
        "SetContains",
        Pair(
            {"set_name": GONE, "elements": [b"a", b"no"]},
            "GET",
            "set/contains",
            {"key": "gone", "element": ["a", "no"]},
        ),
    ),
    (
        "SetSample",
        Pair({"set_name": b"s", "limit": 9}, "GET", "set/sample", {"key": "s", "limit": 9}),
    ),
    (
        "SetUnion",
        Pair(
            {"set_name": b"s", "elements": [b"ccc"], **TTL},
            "POST",
            "set",
            {"key": "s"} | TIME,
            {"elements": ["ccc"]},
        ),
    ),
    ("SetPop", Pair({"set_name": b"s", "count": 9}, "POST", "set/pop", {"key": "s", "count": 9})),
    (
        "SortedSetPut",
        Pair(
            {"set_name": b"z", "elements": [pb._SortedSetElement(value=b"cc", score=3)], **TTL},
            "POST",
            "sorted-set",
            {"key": "z"} | TIME,
            {"elements": [{"value": "cc", "score": 3}]},
        ),
    ),
    (
        "SortedSetFetch",
        Pair({"set_name": b"z", "with_scores": True}, "GET", "sorted-set", {"key": "z"}),
    ),
    (
        "SortedSetGetScore",
        Pair(
            {"set_name": b"z", "values": [b"a", b"no"]},
            "GET",
            "sorted-set/scores",
            {"key": "z", "value": ["a", "no"]},
        ),
    ),
    (
        "SortedSetGetRank",
        Pair(
            {"set_name": b"z", "value": b"a"}, "GET", "sorted-set/rank", {"key": "z", "value": "a"}
        ),
    ),
    ("SortedSetLength", Pair({"set_name": b"z"}, "GET", "sorted-set/length", {"key": "z"})),
    (
        "SortedSetLengthByScore",
        Pair(
            {"set_name": GONE, "inclusive_min": 0.0},
            "GET",
            "sorted-set/length",
            {"key": "gone", "min": 0},
        ),
    ),
    (
        "SortedSetIncrement",
        Pair(
            {"set_name": b"z", "value": b"a", "amount": 1.0, **TTL},
            "POST",
            "sorted-set/increment",
            {"key": "z", "value": "a"} | TIME,
        ),
    ),
    (
        "SortedSetUnionStore",
        Pair(
            {"set_name": b"u", "sources": [_source(b"z"), _source(GONE)], **TTL},
            "POST",
            "sorted-set/union",
            {"key": "u"} | TIME,
            {"sources": [{"key": "z"}, {"key": "gone"}]},
        ),
    ),
    ("Delete", Pair({"cache_key": b"item"}, "DELETE", query={"key": "item"})),
]

BOARDS: list[tuple[str, Pair]] = [
    (
        "UpsertElements",
        Pair(
            {"elements": [{"id": 7, "score": 2.0}]},
            "POST",
            "leaderboard",
            {"key": "b"},
            {"elements": [{"id": 7, "score": 2}]},
        ),
    ),
    ("GetLeaderboardLength", Pair({}, "GET", "leaderboard/length", {"key": "b"})),
    ("GetByScore", Pair({}, "GET", "leaderboard", {"key": "b"})),
    ("GetRank", Pair({"ids": [7, 8]}, "GET", "leaderboard/ranks", {"key": "b", "id": [7, 8]})),
    ("RemoveElements", Pair({"ids": [7, 8]}, "DELETE", "leaderboard", {"key": "b", "id": [7, 8]})),
    ("DeleteLeaderboard", Pair({}, "DELETE", "leaderboard", {"key": "b"})),
]


@pytest.fixture(scope="module")
def metered() -> Iterator[Server]:
    """A server that writes into its ledger at once, with a cache for each way to ask."""
    with Server("--collect-seconds", "0.1") as server:
        with httpx.Client(base_url=server.http, headers={"authorization": server.api_key}) as web:
            for cache in ("by-grpc", "by-http"):
                web.put(f"/caches/{cache}").raise_for_status()
        yield server


def _fill(items: Items) -> None:
    """Something of each type."""
    items.put("item", b"12345")
    items.post("dictionary", {"fields": [{"field": "a", "value": "12"}]}, key="d", **TIME)
    items.post("list/push-back", {"values": ["x", "yyy"]}, key="l", **TIME)
    items.post("set", {"elements": ["a", "bb"]}, key="s", **TIME)
    items.post("sorted-set", {"elements": [{"value": "a", "score": 1}]}, key="z", **TIME)


def _ledger(server: Server, cache: str) -> dict[str, Row]:
    columns = ", ".join(f"total({column})" for column in Row._fields)
    rows = ask(
        server.data_dir,
        f"SELECT api, {columns} FROM usage JOIN caches ON caches.id = cache_id"  # noqa: S608
        f" WHERE name = '{cache}' GROUP BY api",
    )
    return {str(api): Row(*map(int, counts)) for api, *counts in rows}


def _has(server: Server, cache: str, requests: int) -> bool:
    return sum(row.requests for row in _ledger(server, cache).values()) == requests


def test_every_method_counts_the_same_by_grpc_and_by_http(metered: Server) -> None:
    with (
        plaintext(metered.http_address) as channel,
        httpx.Client(base_url=metered.http) as web,
    ):
        wire = Wire(channel, metered.api_key, "by-grpc")
        bearer = {"authorization": metered.api_key}
        by_http = Items(web, "by-http", bearer)
        for each in (Items(web, "by-grpc", bearer), by_http):
            _fill(each)
        for method, pair in PAIRS:
            wire.ask(method, **pair.grpc)
            _by_http(by_http, pair)
        for method, pair in BOARDS:
            wire.board(method, leaderboard="b", **pair.grpc)
            _by_http(by_http, pair)

    sent = len(PAIRS) + len(BOARDS) + 5
    for cache in ("by-grpc", "by-http"):
        eventually(partial(_has, metered, cache, sent), f"all of {cache} is in the ledger")
    by_grpc, by_http_rows = _ledger(metered, "by-grpc"), _ledger(metered, "by-http")

    assert {api: row for api, row in by_grpc.items() if by_http_rows.get(api) != row} == {}
    assert by_grpc["Get"] == Row(2, 0, 1, 1, len(b"itemgone"), 5)
    assert by_grpc["KeysExist"] == Row(1, 0, 1, 1, len(b"itemgone"), 0)
    assert by_grpc["ItemGetTtl"] == Row(2, 0, 1, 1, len(b"itemgone"), 0)
    assert by_grpc["DictionaryGet"] == Row(2, 0, 1, 3, len(b"danogoneano"), 2)
    assert by_grpc["ListFetch"] == Row(3, 0, 2, 1, len(b"llgone"), len(b"xyyyxyy"))
    assert by_grpc["GetRank"] == Row(1, 0, 1, 1, len(b"b") + 8, 12)
    assert by_grpc["SortedSetUnionStore"] == Row(1, 0, 0, 0, len(b"uzgone"), 0)


def _by_http(items: Items, pair: Pair) -> None:
    answer = items.ask(pair.verb, pair.below, pair.body, pair.headers, **pair.query)
    assert answer.status_code in (200, 204, 404), answer.text
