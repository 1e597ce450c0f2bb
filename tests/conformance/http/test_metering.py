"""What clients count for their requests is what the ledger has, as docs/reference/metering.md says.

Every method of the server's table is called by every protocol that has it, each protocol in a cache
of its own, and the client counts what it sends and gets. Each row of the ledger must be equal.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from attimo.node.local import methods
from conformance.calls import DATA
from conformance.http.client_count import Counted, Row, ledger
from conformance.http.items import Items
from conformance.http.metered_collections import BOARDS, COLLECTIONS
from conformance.http.metered_items import ALONE, FILLED, ITEMS, Pair, fill
from conformance.http.metered_large import LARGE
from conformance.http.routes import DATA as ROUTES
from conformance.pubsub import Pubsub
from conformance.wire import Wire, messages, plaintext
from faults.watching import ask, eventually
from harness import Server

PAIRS = [*ITEMS, *COLLECTIONS, *LARGE]
ONLY_HTTP = {route.api: route.counts for route in ROUTES if route.counts}


@pytest.fixture(scope="module")
def metered() -> Iterator[Server]:
    """A server that writes into its ledger at once, with a cache for each way to ask."""
    with Server("--collect-seconds", "0.1") as server:
        with httpx.Client(base_url=server.http, headers={"authorization": server.api_key}) as web:
            for cache in ("by-grpc", "by-http", "by-route", "by-topic", "by-list"):
                web.put(f"/caches/{cache}").raise_for_status()
        yield server


def _ledger(server: Server, cache: str) -> dict[str, Row]:
    """What the ledger has of a cache, by method; stored data has a table of its own."""
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
    of_items = [method for method in methods() if method.resource == "item"]
    assert called == {method.name for method in of_items if method.service}
    by_http = {method for method, *_ in (*PAIRS, *BOARDS)} | ONLY_HTTP.keys()
    assert by_http == {method.name for method in of_items if method.routes}
    assert ONLY_HTTP.keys() == {method.name for method in of_items if not method.service}


def test_the_ledger_has_what_clients_count_for_every_method_by_grpc_and_by_http(
    metered: Server,
) -> None:
    with (
        plaintext(metered.http_address) as channel,
        httpx.Client(base_url=metered.http) as web,
    ):
        wire = Wire(channel, metered.api_key, "by-grpc")
        bearer = {"authorization": metered.api_key}
        by_http = Items(web, "by-http", bearer)
        for each in (Items(web, "by-grpc", bearer), by_http):
            fill(each)
        for method, pair, _ in PAIRS:
            _by_grpc(wire, method, pair.grpc)
            _by_http(by_http, pair)
        for method, pair, _ in BOARDS:
            wire.board(method, leaderboard="b", **pair.grpc)
            _by_http(by_http, pair)
        for method, fields, _ in ALONE:
            wire.ask(method, **fields)

    both = [*FILLED, *((method, counted) for method, _, counted in (*PAIRS, *BOARDS))]
    alone = [(method, counted) for method, _, counted in ALONE]
    for cache, counted in (("by-grpc", both + alone), ("by-http", both)):
        eventually(partial(_has, metered, cache, len(counted)), f"all of {cache} is in the ledger")
        found, expected = _ledger(metered, cache), ledger(counted)
        assert {method: row for method, row in found.items() if row != expected[method]} == {}
        assert found.keys() == expected.keys()
        rules = {method.name: method.lookups for method in methods()}
        assert {api: row for api, row in found.items() if not _looks_as_said(rules[api], row)} == {}


def test_a_method_that_only_http_has_counts_for_what_its_route_says(metered: Server) -> None:
    with httpx.Client(base_url=metered.http) as web:
        items = Items(web, "by-route", {"authorization": metered.api_key})
        for route in ROUTES:
            route.ask(items)

    eventually(partial(_has, metered, "by-route", len(ROUTES)), "every route is in the ledger")
    rows = _ledger(metered, "by-route")
    assert {api: rows[api] for api in ONLY_HTTP} == ledger(ONLY_HTTP.items())
    rules = {method.name: method.lookups for method in methods()}
    assert [api for api in ONLY_HTTP if not _looks_as_said(rules[api], rows[api])] == []


def test_a_message_counts_when_it_is_published_and_each_time_that_it_is_delivered(
    metered: Server,
) -> None:
    texts = ["x" * 100, "x" * 1_025, ""]
    with plaintext(metered.http_address) as channel:
        pubsub = Pubsub(channel, metered.api_key)
        streams = [pubsub.subscribe("by-topic", "t").begin() for _ in range(3)]
        for text in texts:
            pubsub.publish("by-topic", "t", text)
        assert [stream.texts(3) for stream in streams] == [texts] * 3

    published = Row(3, bytes_in=1_125, kib_in=3, commands=3, operations=4, ecpu_thousandths=3_001)
    # The request itself is an operation, a command and an ECPU.
    delivered = Row(
        3, bytes_out=3_375, kib_out=9, commands=3, operations=15, ecpu_thousandths=6_297
    )
    expected = {"Publish": published, "Subscribe": delivered}
    eventually(lambda: _ledger(metered, "by-topic") == expected, "the ledger has all messages")


def test_a_listing_of_topics_counts_its_prefix_and_the_names_of_its_page(metered: Server) -> None:
    headers = {"authorization": metered.api_key}
    with httpx.Client(base_url=metered.http, headers=headers) as web:
        for topic in ("t-1", "t-22", "t-333", "other"):
            web.post(f"/topics/by-list/{topic}", content="").raise_for_status()
        page = {"prefix": "t-", "limit": "2"}
        web.get("/cache/by-list/topics", params=page).raise_for_status()

    eventually(partial(_has, metered, "by-list", 5), "all is in the ledger")
    row = _ledger(metered, "by-list")["ListTopics"]
    assert {"ListTopics": row} == ledger([("ListTopics", Counted(sent=(2,), found=(3, 4)))])
    assert _looks_as_said("listed", row)


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
        case "listed" | "delivered":
            return looked == 0
        case "item" | "removed":
            return looked == row.requests
    return looked >= row.requests


def _by_http(items: Items, pair: Pair) -> None:
    answer = items.ask(pair.verb, pair.below, pair.body, pair.headers, **pair.query)
    assert answer.status_code in (200, 204, 404), answer.text
