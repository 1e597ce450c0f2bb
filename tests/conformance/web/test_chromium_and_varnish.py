"""Pages in a real browser that reach the server through a real shared cache, Varnish.

Two caches stand between a page and a value, the browser's own and the shared one: neither may keep
what was overwritten, deleted, or another's.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Browser, Page

from browser import chromium
from conformance.varnish import needs_varnish, varnish
from conformance.web.site import site
from harness import Server

ASKED = """async ([url, init]) => {
  try {
    const answer = await fetch(url, init);
    return [answer.status, await answer.text()];
  } catch (error) {
    return [0, String(error)];
  }
}"""
PAGE = b"<!doctype html><meta charset=utf-8><title>A page of somebody else</title>"
WAYS = {
    "a token in the query": ("token", None),
    "a token in a header": (None, "authorization"),
}
ITEMS = {"a key in the query": ("", "shared"), "a key in the path": ("/shared.json", None)}

VALUES = ("first", "second", "third")
FIRST = ("a key in the query", "a token in the query")

pytestmark = needs_varnish


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a site, which is an origin of its own by each name that it is called by."""
    with site({"page.html": PAGE}) as port:
        yield port


@pytest.fixture(scope="module", params=["all origins", "two origins"])
def origin(request: pytest.FixtureRequest, port: int) -> Iterator[Server]:
    """A server that pages may use."""
    named = ",".join(f"http://{name}.localhost:{port}" for name in ("one", "two"))
    options = ("--allowed-origins", named) if request.param == "two origins" else ()
    with Server(*options) as server:
        yield server


@pytest.fixture(scope="module")
def shared(origin: Server) -> Iterator[str]:
    """The address of the shared cache in front of it."""
    with varnish(origin) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def pages(browser: Browser, port: int) -> Iterator[tuple[Page, Page]]:
    """Pages of two origins, in one browser with one cache."""
    with browser.new_context() as context:
        both = context.new_page(), context.new_page()
        for page, name in zip(both, ("one", "two"), strict=True):
            page.goto(f"http://{name}.localhost:{port}/page.html")
        yield both


class Asking:
    """A page that asks for one item in one way."""

    def __init__(self, page: Page, shared: str, item: str, way: str, token: str) -> None:
        self.page = page
        name, header = WAYS[way]
        query, self.headers = {name: token} if name else {}, {header: token} if header else {}
        below, key = ITEMS[item]
        path, query = f"{shared}/cache/default-cache{below}", query | ({"key": key} if key else {})
        self.read_at = f"{path}?{urlencode(query)}"
        self.write_at = f"{path}?{urlencode(query | {'ttl_seconds': 60})}"

    def get(self) -> Any:
        return self.page.evaluate(ASKED, [self.read_at, {"headers": self.headers}])

    def put(self, value: str) -> int:
        init = {"method": "PUT", "body": value, "headers": self.headers}
        return int(self.page.evaluate(ASKED, [self.write_at, init])[0])

    def delete(self) -> int:
        init = {"method": "DELETE", "headers": self.headers}
        return int(self.page.evaluate(ASKED, [self.read_at, init])[0])


@pytest.mark.parametrize("item", ITEMS)
@pytest.mark.parametrize("way", WAYS)
def test_a_page_sees_what_it_has_written_itself(
    pages: tuple[Page, Page], shared: str, origin: Server, item: str, way: str
) -> None:
    mine = Asking(pages[0], shared, item, way, origin.api_key)
    assert mine.delete() in (204, 404)

    seen = [mine.get()]
    for value in VALUES:
        assert mine.put(value) in (200, 204)
        seen += [mine.get(), mine.get()]
    assert mine.delete() in (200, 204)
    seen.append(mine.get())

    assert [status for status, _ in seen] == [404, *[200] * 6, 404]
    assert [text for _, text in seen[1:-1]] == [each for each in VALUES for _ in range(2)]


@pytest.mark.parametrize("item", ITEMS)
@pytest.mark.parametrize("way", WAYS)
def test_a_page_sees_what_others_have_written_meanwhile(
    pages: tuple[Page, Page], shared: str, origin: Server, item: str, way: str
) -> None:
    mine, theirs = (Asking(page, shared, item, way, origin.api_key) for page in pages)
    direct = Asking(pages[1], origin.http, item, way, origin.api_key)

    for writer in (theirs, direct, mine):
        for value in VALUES:
            assert writer.put(value) in (200, 204)
            assert (mine.get(), theirs.get()) == ([200, value], [200, value])
    assert direct.delete() in (200, 204)

    assert (mine.get()[0], theirs.get()[0]) == (404, 404)


def test_a_page_is_not_shown_what_only_another_may_read(
    pages: tuple[Page, Page], shared: str, origin: Server
) -> None:
    owner = Asking(pages[0], shared, *FIRST, origin.api_key)
    assert owner.put("the owner's") in (200, 204)
    other = Asking(pages[1], shared, *FIRST, token_for(origin, "user/8/"))

    assert owner.get() == [200, "the owner's"]
    assert other.get()[0] == 403
    assert owner.get() == [200, "the owner's"]
    assert Asking(pages[1], shared, *FIRST, "").get()[0] == 401


def test_a_page_is_not_shown_what_it_may_read_no_longer(
    pages: tuple[Page, Page], shared: str, origin: Server
) -> None:
    headers = {"authorization": origin.api_key}
    with httpx.Client(base_url=origin.http, headers=headers) as owner:
        made = owner.post("/api-keys", json={"description": "for a page"}).json()
        mine = Asking(pages[0], shared, *FIRST, made["api_key"])
        assert mine.put("value") in (200, 204)
        assert mine.get() == [200, "value"]
        owner.delete(f"/api-keys/{made['key_info']['key_id']}").raise_for_status()

    assert mine.get()[0] == 401


def test_what_the_cache_keeps_is_kept_from_pages_that_are_not_allowed(
    browser: Browser, port: int, pages: tuple[Page, Page], shared: str, origin: Server
) -> None:
    """A style sheet, which may be kept: the cache has it before either page asks."""
    style = f"{shared}/docs/swagger-ui.css?token={origin.api_key}"
    assert httpx.get(style).status_code == 200
    allowed = pages[0].evaluate(ASKED, [style, {}])[0]
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"http://three.localhost:{port}/page.html")
        found = page.evaluate(ASKED, [style, {}])[0]

    assert (allowed, found) == (200, 0 if "--allowed-origins" in origin.options else 200)


def token_for(server: Server, prefix: str) -> str:
    """A token for the keys that begin so."""
    rule = {"type": "cache", "permissions": ["read"], "caches": {"name": "default-cache"}}
    asked = {
        "valid_for_seconds": 60,
        "permissions": {"rules": [rule | {"items": {"key_prefix": prefix}}]},
    }
    owner = {"authorization": server.api_key}
    return str(httpx.post(f"{server.http}/tokens", json=asked, headers=owner).json()["token"])
