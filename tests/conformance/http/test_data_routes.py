"""Every route of data: who may not, does not; what cannot be, is told; all is counted."""

from collections import Counter
from collections.abc import Callable, Iterator

import httpx
import pytest

from attimo.node.local import methods
from conformance.accounts import FORGED, Neighbours, neighbours
from conformance.http.items import Items, Maker, Rules, is_missing, refused, rule
from conformance.http.route import BOTH, KEY, READS, WRITES, Route
from conformance.http.routes import DATA, PATHS, TYPES
from faults.watching import ask, eventually
from harness import Server

CACHE = "default-cache"
OTHER = "no-such-cache"
FOR_SDKS_ALONE = {"ListPushFront", "ListPushBack", "SetIfNotExists", "GetWithHash"}
"""HTTP does these by others: it pushes many at once, and every value comes with its hash."""


def test_the_table_has_every_method_and_every_path_of_the_description(server: Server) -> None:
    of_items = {method.name for method in methods() if method.resource == "item"}
    assert {route.api for route in DATA} | FOR_SDKS_ALONE == of_items

    described = httpx.get(f"{server.http}/openapi.json").json()["paths"]
    of_topics = {
        path for method in methods() if method.resource == "topic" for _, path in method.routes
    }
    of_caches = [path for path in described if path.startswith("/cache/") and path not in of_topics]
    below = [path.removeprefix("/cache/{cache}") for path in of_caches]
    assert sorted(path.removeprefix("/") for path in below) == sorted([*PATHS, "{key}"])


@pytest.fixture(scope="module")
def house() -> Iterator[Neighbours]:
    with neighbours() as house:
        yield house


@pytest.fixture(scope="module")
def stranger(house: Neighbours) -> Iterator[Items]:
    """The items of the first account's cache, for nobody yet."""
    with httpx.Client(base_url=house.server.http, timeout=30) as web:
        yield Items(web, CACHE, {})


def outcomes(items: Items, routes: list[Route] = DATA) -> dict[str, int]:
    """What each route answers."""
    return {str(route): route.ask(items).status_code for route in routes}


@pytest.mark.parametrize("name", ["no credential", *FORGED])
@pytest.mark.parametrize("cache", [CACHE, OTHER])
def test_without_a_credential_no_route_says_anything(
    house: Neighbours, stranger: Items, name: str, cache: str
) -> None:
    items = Items(stranger.web, cache, {})
    if name in FORGED:
        items = items.by(FORGED[name](house.forger))

    assert set(outcomes(items).values()) == {401}
    for route in DATA:
        unknown = Route("", set(), route.method, "no/such/path")
        assert unknown.ask(items).status_code == 401
        if route.method == "GET":
            told = route.ask(items).json()["message"]
            assert "Not Found" not in told


def test_a_token_in_the_query_opens_a_route_and_a_forged_one_does_not(
    house: Neighbours, stranger: Items
) -> None:
    for route in DATA:
        assert route.ask(stranger, token="garbage").status_code == 401  # noqa: S106
        assert route.ask(stranger, token=house.owner_key).status_code != 401
        both = route.ask(stranger.by(house.owner_key), token=house.owner_key)
        assert both.status_code == 400


def test_another_account_does_not_see_our_cache(house: Neighbours, stranger: Items) -> None:
    found = outcomes(stranger.by(house.neighbour_key))

    assert set(found.values()) == {404}
    answer = DATA[1].ask(stranger.by(house.neighbour_key))
    assert "Cache Not Found" in answer.text


GRANTS: dict[str, tuple[Rules, list[set[str]]]] = {
    "everything": ([rule("read", "write")], [BOTH]),
    "reading": ([rule("read")], [READS]),
    "writing": ([rule("write")], [WRITES]),
    "reading and writing by two rules": ([rule("read"), rule("write")], [READS, WRITES]),
    "this key": ([rule("read", "write", items={"key": KEY})], [BOTH]),
    "its prefix": ([rule("read", items={"key_prefix": KEY[:2]})], [READS]),
    "another cache": ([rule("read", "write", cache="another")], []),
    "another key": ([rule("read", "write", items={"key": f"{KEY}s"})], []),
    "a longer prefix": ([rule("read", "write", items={"key_prefix": f"{KEY}/"})], []),
    "nothing": ([{"type": "topic", "permissions": ["read"], "caches": "*", "topics": "*"}], []),
}
"""Rules, and which verbs each of them grants on the key of the table."""


@pytest.mark.parametrize("name", GRANTS)
@pytest.mark.parametrize("how", ["token", "key"])
def test_every_route_is_allowed_by_a_rule_or_denied(
    items: Items, maker: Maker, name: str, how: str
) -> None:
    rules, granted = GRANTS[name]
    limited = items.by((maker.token if how == "token" else maker.role_key)(*rules))
    nowhere = Items(limited.web, OTHER, limited.headers)

    wrong = {}
    for route in DATA:
        allowed = any(verbs >= route.needs for verbs in granted)
        if route.of_prefix and name == "this key":
            allowed = False
        status = route.ask(limited).status_code
        # A denial comes before any word of the cache.
        elsewhere = route.ask(nowhere).status_code
        if (status != 403) is not allowed or elsewhere != (404 if allowed else 403):
            wrong[str(route)] = (status, elsewhere)
    assert wrong == {}


def test_what_is_denied_is_not_done(items: Items, maker: Maker) -> None:
    """Whoever may only read changes nothing, whatever he asks for."""
    reader = items.by(maker.token(rule("read")))
    for routes in TYPES:
        items.delete(key=KEY)
        items.delete("leaderboard", key=KEY)
        assert routes[0].ask(items).status_code in (200, 204)
        looks = [route for route in routes if route.needs == READS and route.method == "GET"]
        before = [route.ask(items).content for route in looks if "ttl" not in route.below]
        for route in routes:
            if route.needs != READS:
                assert refused(route.ask(reader)) == (403, "permission_denied")
        after = [route.ask(items).content for route in looks if "ttl" not in route.below]
        assert after == before


def test_a_union_needs_its_sources_to_be_readable(items: Items, maker: Maker) -> None:
    source = rule("read", items={"key": "source"})
    target = rule("read", "write", items={"key": "target"})
    body = {"sources": [{"key": "source"}]}

    def status(*rules: dict[str, object]) -> int:
        limited = items.by(maker.token(*rules))
        query = {"key": "target", "ttl_seconds": 60}
        return limited.ask("POST", "sorted-set/union", body, **query).status_code

    assert [status(source, target), status(target), status(source)] == [200, 403, 403]


def test_a_missing_cache_is_named(items: Items) -> None:
    nowhere = Items(items.web, OTHER, items.headers)

    for route in DATA:
        answer = route.ask(nowhere)
        assert answer.status_code == 404, str(route)
        if route.method != "HEAD":
            assert "Cache not found" in answer.json()["message"], str(route)


def test_other_methods_are_named(items: Items) -> None:
    for below in PATHS:
        known = {route.method for route in DATA if route.below == below}
        known |= {"HEAD"} if "GET" in known else set()

        for method in ("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"):
            answer = items.ask(method, below, key=KEY)
            if method in known:
                assert answer.status_code != 405, method
            else:
                assert answer.status_code == 405, method
                assert set(answer.headers["allow"].split(", ")) == known
                if method != "HEAD":
                    assert refused(answer) == (405, "unimplemented")


def test_where_there_is_nothing_it_is_said(items: Items) -> None:
    cases: list[str] = [
        "x",
        "set/",
        "set/x",
        "sets",
        "Set",
        "set/length/x",
        "sorted_set",
        "get/",
        "//",
        "%73et",
    ]
    for below in cases:
        for method in ("GET", "POST", "DELETE"):
            answer = items.ask(method, below, key=KEY)
            assert refused(answer) == (404, "not_found"), (below, method)
            assert not is_missing(answer), (below, method)
            assert "cache not found" not in answer.text.lower(), (below, method)


@pytest.fixture(scope="module")
def metered() -> Iterator[Server]:
    """A server that writes into its ledger at once."""
    with Server("--collect-seconds", "0.1") as server:
        yield server


def ledger(server: Server, column: str) -> Counter[str]:
    """A sum for each method."""
    rows = ask(
        server.data_dir,
        f"SELECT api, total({column}) FROM usage_days "  # noqa: S608
        "JOIN usage_series ON usage_series.id = series_id GROUP BY api",
    )
    return Counter({str(api): int(total) for api, total in rows})


def test_every_request_is_counted_as_its_method(metered: Server) -> None:
    with httpx.Client(base_url=metered.http) as web:
        items = Items(web, CACHE, {"authorization": metered.api_key})
        for routes in TYPES:
            for route in routes:
                routes[0].ask(items)
                route.ask(items)
            items.delete(key=KEY)
    sent = Counter(routes[0].api for routes in TYPES for _ in routes)
    sent += Counter(route.api for route in DATA)
    sent["Delete"] += len(TYPES)

    eventually(lambda: ledger(metered, "requests") == sent, "every request is in the ledger")
    assert +ledger(metered, "errors") == Counter()


def test_bytes_hits_and_misses_are_counted_as_for_the_sdks(metered: Server) -> None:
    with httpx.Client(base_url=metered.http) as web:
        items = Items(web, CACHE, {"authorization": metered.api_key})

        def used(column: str, do: Callable[[], object]) -> Counter[str]:
            """By how much a sum grows with one request."""
            before, requests = ledger(metered, column), ledger(metered, "requests").total()
            do()
            eventually(lambda: ledger(metered, "requests").total() > requests, "it is counted")
            return ledger(metered, column) - before

        tags: list[str] = []
        assert used("bytes_in", lambda: items.put("a", b"12345")) == {"Set": 6}
        assert used("hits", lambda: tags.append(etag(items, "a"))) == {"Get": 1}
        same = {"if-none-match": tags[0]}
        assert used("bytes_out", lambda: items.value("a")) == {"Get": 5}
        assert used("misses", lambda: items.value("missing")) == {"Get": 1}
        # What is not sent is not counted as sent.
        assert used("bytes_out", lambda: items.ask("HEAD", key="a")) == {}
        assert used("bytes_out", lambda: items.ask("GET", headers=same, key="a")) == {}
        assert used("hits", lambda: items.ask("GET", headers=same, key="a")) == {"Get": 1}
        many = {"keys": ["a", "a", "missing"]}
        assert used("bytes_out", lambda: items.post("get", many)) == {"GetBatch": 10}
        assert used("misses", lambda: items.post("get", many)) == {"GetBatch": 1}
        assert used("bytes_in", lambda: items.post("get", many)) == {"GetBatch": 9}
        assert used("errors", lambda: items.ask("POST", "get", b"{}")) == {"GetBatch": 1}


def etag(items: Items, key: str) -> str:
    return str(items.ask("GET", key=key).headers["etag"])
