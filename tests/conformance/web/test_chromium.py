"""A page of another origin in a real browser: Momento's own client, and plain `fetch`."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from harness import Server, as_v1

ROUND_TRIPS = {
    "said": ["Success"] * 6,
    "found": {
        "value": "värde",
        "dictionary": {"a": "1", "b": "2"},
        "list": ["x", "y", "z"],
        "batch": ["2", None, "1"],
        "miss": "Miss",
        "listed": True,
    },
}


@pytest.fixture(scope="module")
def choosy(site_port: int) -> Iterator[Server]:
    """A server for tests that allows the pages of one origin."""
    with Server("--local", "--allowed-origins", f"http://named.localhost:{site_port}") as server:
        yield server


def fetch(page: Page, url: str, **init: Any) -> Any:
    """What a page's fetch brings: status, text and ETag, or the error in their place."""
    return page.evaluate("([url, init]) => asked(url, init)", [url, init])


def item(server: Server) -> str:
    """Where an item is, by plain HTTP."""
    return f"{server.http}/cache/default-cache?key=page&ttl_seconds=60"


def test_the_client_by_the_name_of_the_server(page: Page, server: Server, new_cache: str) -> None:
    """By TLS, at `web.cache.localhost` and `web.control.localhost`."""
    done = page.evaluate(
        "([key, endpoint, cache]) => roundTrips(byName(key, endpoint), cache)",
        [server.api_key, server.endpoint, new_cache],
    )

    assert done == ROUND_TRIPS


def test_the_client_by_an_address_in_plaintext(page: Page, server: Server, new_cache: str) -> None:
    done = page.evaluate(
        "([token, address, cache]) => roundTrips(byAddress(token, address), cache)",
        [server.v1_token, server.http, new_cache],
    )

    assert done == ROUND_TRIPS


@pytest.mark.parametrize(
    ("way", "cache", "name", "words"),
    [
        ("byName", "no-such-cache", "CacheNotFoundError", "Cache not found"),
        ("byAddress", "no-such-cache", "CacheNotFoundError", "Cache not found"),
        ("byName", "default-cache", "AuthenticationError", "token"),
    ],
)
def test_the_client_reads_why_it_was_refused(
    page: Page, server: Server, way: str, cache: str, name: str, words: str
) -> None:
    token = server.v1_token if way == "byAddress" else server.api_key
    if name == "AuthenticationError":
        token = token[:-8] + "AAAAAAAA"
    where = server.http if way == "byAddress" else server.endpoint

    found = page.evaluate(
        f"async ([token, where, cache]) => failure(await {way}(token, where).get(cache, 'key'))",
        [token, where, cache],
    )

    assert found[0] == name
    assert words in found[1]


def test_a_vended_token_does_what_it_permits_and_no_more(page: Page, server: Server) -> None:
    rule = {"type": "cache", "permissions": ["read"], "caches": {"name": "default-cache"}}
    asked = {
        "valid_for_seconds": 60,
        "permissions": {"rules": [rule | {"items": {"key_prefix": "user/7/"}}]},
    }
    owner = {"authorization": server.api_key}
    made = httpx.post(f"{server.http}/tokens", json=asked, headers=owner).json()
    token = as_v1(made["token"], server.endpoint)

    found = page.evaluate(
        """async token => {
          const client = byToken(token);
          return [
            await client.get('default-cache', 'user/7/none'),
            await client.get('default-cache', 'user/8/none'),
            await client.set('default-cache', 'user/7/none', 'value'),
          ].map(answer => failure(answer)[0]);
        }""",
        token,
    )

    assert found == ["Miss", "PermissionError", "PermissionError"]


def test_fetch_with_a_token_writes_and_reads(page: Page, server: Server) -> None:
    headers = {"authorization": server.api_key, "x-custom": "any"}

    written = fetch(page, item(server), method="PUT", body="by a page", headers=headers)
    read = fetch(page, item(server), headers=headers)
    known = headers | {"if-match": read["etag"]}
    changed = fetch(page, item(server), method="PUT", body="changed", headers=known)
    refused = fetch(page, item(server), method="PUT", body="too late", headers=known)

    assert (written["status"], read["status"], read["text"]) == (204, 200, "by a page")
    assert (changed["status"], refused["status"], read["type"]) == (204, 412, "cors")


def test_fetch_with_a_token_reaches_the_control_plane(page: Page, server: Server) -> None:
    listed = fetch(page, f"{server.http}/caches", headers={"authorization": server.api_key})

    assert listed["status"] == 200
    assert "default-cache" in listed["text"]


def test_fetch_without_a_token_is_told_so(page: Page, server: Server) -> None:
    for path in ("/cache/default-cache?key=page", "/caches", "/session"):
        refused = fetch(page, server.http + path)
        assert refused["status"] == 401
        assert "token" in refused["text"]


def test_what_the_browser_would_add_by_itself_is_hidden_from_the_page(
    page: Page, server: Server
) -> None:
    headers = {"authorization": server.api_key}

    assert fetch(page, f"{server.http}/caches", headers=headers, credentials="include") == (
        "TypeError"
    )


def test_only_the_page_that_is_named_may_use_a_choosy_server(
    browser: Browser, site_port: int, choosy: Server
) -> None:
    found: dict[str, Any] = {}
    for name in ("named", "page"):
        with browser.new_context() as context:
            page = context.new_page()
            page.goto(f"http://{name}.localhost:{site_port}/page.html")
            plain = fetch(page, f"{choosy.http}/health")
            token = {"authorization": choosy.api_key}
            found[name] = [plain, fetch(page, item(choosy), headers=token)]
            found[name].append(fetch(page, item(choosy), method="PUT", body="no token"))

    assert [answer["status"] for answer in found["named"]] == [200, 404, 204]
    assert found["page"] == ["TypeError"] * 3
    assert httpx.get(item(choosy)).text == "no token"
