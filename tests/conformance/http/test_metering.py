"""What a request counts for is the same by gRPC and by HTTP, as docs/reference/metering.md says.

Every method is called by either, on two caches that hold the same; the rows of the ledger must be
equal, and those of a few methods are said here, as are those of methods that only gRPC has. What
those that only HTTP has count for stands beside their routes.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from attimo.node.local import methods
from conformance.calls import DATA
from conformance.http.items import Items
from conformance.http.metered_collections import BOARDS, COLLECTIONS
from conformance.http.metered_items import ALONE, ITEMS, Pair, fill
from conformance.http.route import Row
from conformance.http.routes import DATA as ROUTES
from conformance.wire import Wire, messages, plaintext
from faults.watching import ask, eventually
from harness import Server

PAIRS = [*ITEMS, *COLLECTIONS]
ONLY_HTTP = {route.api: route.counts for route in ROUTES if route.counts}


@pytest.fixture(scope="module")
def metered() -> Iterator[Server]:
    """A server that writes into its ledger at once, with a cache for each way to ask."""
    with Server("--collect-seconds", "0.1") as server:
        with httpx.Client(base_url=server.http, headers={"authorization": server.api_key}) as web:
            for cache in ("by-grpc", "by-http", "by-route"):
                web.put(f"/caches/{cache}").raise_for_status()
        yield server


def _ledger(server: Server, cache: str) -> dict[str, Row]:
    columns = ", ".join(f"total({column})" for column in Row._fields)
    rows = ask(
        server.data_dir,
        f"SELECT api, {columns} FROM usage_days"  # noqa: S608
        " JOIN usage_series ON usage_series.id = series_id JOIN caches ON caches.id = cache_id"
        f" WHERE name = '{cache}' GROUP BY api",
    )
    return {str(api): Row(*map(int, counts)) for api, *counts in rows}


def _has(server: Server, cache: str, requests: int) -> bool:
    return sum(row.requests for row in _ledger(server, cache).values()) == requests


def test_the_tables_have_every_method() -> None:
    called = {method for method, *_ in (*PAIRS, *BOARDS, *ALONE)}

    assert called == {call.method for call in DATA}
    assert called == {method.name for method in methods() if method.service}
    assert ONLY_HTTP.keys() == {method.name for method in methods() if not method.service}


def test_every_method_counts_the_same_by_grpc_and_by_http(metered: Server) -> None:
    with (
        plaintext(metered.http_address) as channel,
        httpx.Client(base_url=metered.http) as web,
    ):
        wire = Wire(channel, metered.api_key, "by-grpc")
        bearer = {"authorization": metered.api_key}
        by_http = Items(web, "by-http", bearer)
        for each in (Items(web, "by-grpc", bearer), by_http):
            fill(each)
        for method, pair in PAIRS:
            _by_grpc(wire, method, pair.grpc)
            _by_http(by_http, pair)
        for method, pair in BOARDS:
            wire.board(method, leaderboard="b", **pair.grpc)
            _by_http(by_http, pair)
        for method, fields, _ in ALONE:
            wire.ask(method, **fields)

    sent = len(PAIRS) + len(BOARDS) + 5
    for cache, requests in (("by-grpc", sent + len(ALONE)), ("by-http", sent)):
        eventually(partial(_has, metered, cache, requests), f"all of {cache} is in the ledger")
    by_grpc, by_http_rows = _ledger(metered, "by-grpc"), _ledger(metered, "by-http")

    rules = {method.name: method.lookups for method in methods()}
    assert {api: row for api, row in by_grpc.items() if not _looks_as_said(rules[api], row)} == {}
    assert {method: by_grpc.pop(method) for method, *_ in ALONE} == {
        method: row for method, _, row in ALONE
    }
    assert by_grpc == by_http_rows
    assert by_grpc["Get"] == Row(2, 0, 1, 1, len(b"itemgone"), 5)
    assert by_grpc["GetBatch"] == Row(1, 0, 2, 1, len(b"itemkgone"), len(b"vabc"))
    assert by_grpc["SetBatch"] == Row(1, 0, 0, 0, len(b"kabcdk2"), 0)
    assert by_grpc["SetIfHash"] == Row(1, 0, 0, 0, len(b"itemv") + 16, 0)
    assert by_grpc["KeysExist"] == Row(1, 0, 1, 1, len(b"itemgone"), 0)
    assert by_grpc["ItemGetTtl"] == Row(2, 0, 1, 1, len(b"itemgone"), 0)
    assert by_grpc["DictionaryGet"] == Row(2, 0, 1, 3, len(b"danogoneano"), 2)
    assert by_grpc["ListFetch"] == Row(3, 0, 2, 1, len(b"llgone"), len(b"xyyyxyy"))
    assert by_grpc["GetRank"] == Row(1, 0, 1, 1, len(b"b") + 8, 12)
    assert by_grpc["SortedSetUnionStore"] == Row(1, 0, 0, 0, len(b"uzgone"), 0)


def test_a_method_that_only_http_has_counts_for_what_its_route_says(metered: Server) -> None:
    with httpx.Client(base_url=metered.http) as web:
        items = Items(web, "by-route", {"authorization": metered.api_key})
        for route in ROUTES:
            route.ask(items)

    eventually(partial(_has, metered, "by-route", len(ROUTES)), "every route is in the ledger")
    rows = _ledger(metered, "by-route")
    assert {api: rows[api] for api in ONLY_HTTP} == ONLY_HTTP
    rules = {method.name: method.lookups for method in methods()}
    assert [api for api in ONLY_HTTP if not _looks_as_said(rules[api], rows[api])] == []


def _by_grpc(wire: Wire, method: str, fields: dict[str, Any]) -> None:
    if method.endswith("Batch"):
        request, reply = messages(method)
        wire.stream(method, request(**fields), reply)
    else:
        wire.ask(method, **fields)


def _looks_as_said(rule: str, row: Row) -> bool:
    looked = row.hits + row.misses
    match rule:
        case "nothing":
            return looked == row.bytes_out == 0
        case "listed":
            return looked == 0
        case "item" | "removed":
            return looked == row.requests
    return looked >= row.requests


def _by_http(items: Items, pair: Pair) -> None:
    answer = items.ask(pair.verb, pair.below, pair.body, pair.headers, **pair.query)
    assert answer.status_code in (200, 204, 404), answer.text
