"""A shared cache between a page and the server, as Debian has it: Varnish with its own rules."""

from collections.abc import Iterator

import httpx
import pytest

from conformance.varnish import needs_varnish, varnish
from harness import Server

NAMED = "https://app.example"
ITEM = "/cache/default-cache"

pytestmark = needs_varnish


@pytest.fixture(scope="module")
def origin() -> Iterator[Server]:
    """A server for the pages of one origin."""
    with Server("--allowed-origins", NAMED) as server:
        yield server


@pytest.fixture(scope="module")
def cache(origin: Server) -> Iterator[httpx.Client]:
    """A client that reaches the server through a cache only."""
    with varnish(origin) as address, httpx.Client(base_url=address) as client:
        yield client


def from_cache(answer: httpx.Response) -> bool:
    """Whether the cache had it: then it names the request that brought it, too."""
    return len(answer.headers["x-varnish"].split()) == 2


def test_the_cache_keeps_what_it_may(cache: httpx.Client) -> None:
    """Or the tests below would say nothing."""
    style = "/docs/swagger-ui.css"

    assert cache.get(style).status_code == 200
    assert from_cache(cache.get(style))


def test_values_that_were_overwritten_or_deleted_and_misses_are_not_kept(
    cache: httpx.Client, origin: Server
) -> None:
    given = {"key": "shared", "token": origin.api_key}
    with httpx.Client(base_url=origin.http) as direct:
        write = given | {"ttl_seconds": "60"}
        missing = cache.get(ITEM, params=given)
        direct.put(ITEM, params=write, content=b"first")
        first = cache.get(ITEM, params=given)
        direct.put(ITEM, params=write, content=b"second")
        second = cache.get(ITEM, params=given)
        direct.delete(ITEM, params=given)
        deleted = cache.get(ITEM, params=given)

    assert (missing.status_code, deleted.status_code) == (404, 404)
    assert (first.content, second.content) == (b"first", b"second")
    assert not any(map(from_cache, (missing, first, second, deleted)))


def test_what_is_no_longer_permitted_is_not_served(cache: httpx.Client, origin: Server) -> None:
    owner = {"authorization": origin.api_key}
    with httpx.Client(base_url=origin.http, headers=owner) as direct:
        made = direct.post("/api-keys", json={"description": "for a cache"}).json()
        given = {"key": "revoked", "token": made["api_key"]}
        direct.put(ITEM, params={"key": "revoked", "ttl_seconds": 60}, content=b"value")
        before = cache.get(ITEM, params=given)
        direct.delete(f"/api-keys/{made['key_info']['key_id']}")

        assert (before.content, cache.get(ITEM, params=given).status_code) == (b"value", 401)


def test_an_answer_to_nobodys_page_is_not_given_to_a_page(
    cache: httpx.Client, origin: Server
) -> None:
    style = "/docs/swagger-ui-bundle.js"
    given = {"authorization": f"Bearer {origin.api_key}"}
    assert cache.get(style).status_code == 200

    page = cache.get(style, headers={"origin": NAMED} | given)
    other = cache.get(style, headers={"origin": "https://page.example"} | given)
    keyed = cache.get(f"{style}?token={origin.api_key}", headers={"origin": NAMED})
    again = cache.get(f"{style}?token={origin.api_key}", headers={"origin": NAMED})
    stranger = cache.get(f"{style}?token={origin.api_key}", headers={"origin": "https://b.example"})

    assert page.headers["access-control-allow-origin"] == NAMED
    assert other.status_code == stranger.status_code == 403
    assert keyed.headers["access-control-allow-origin"] == NAMED
    # Each origin has an answer of its own, also where the cache may keep it.
    assert again.headers["access-control-allow-origin"] == NAMED
