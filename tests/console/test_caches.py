"""Caches in the console: what each member sees of them, and does with them."""

import re

import httpx
import pytest
from playwright.sync_api import Browser, expect

from conformance.people import Person
from console.visiting import Cast, visit
from harness import Server

TIME = re.compile(r"^[\d.,]+ (µs|ms|s)$")
"""A length of time, as the console tells it."""


def test_a_cache_is_created_by_its_name_alone_flushed_and_deleted(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    with visit(chrome, open_server, cast.operator) as page:
        page.goto("/console/")
        page.get_by_label("Name of a new cache").fill("sessions")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("sessions")
        put(open_server, cast.owner, "sessions")

        page.get_by_text("Delete all items").click()
        page.get_by_role("textbox", name="Type sessions to confirm").fill("session")
        page.get_by_role("button", name="Flush").click()
        expect(page.get_by_role("alert")).to_contain_text("Nothing was done")
        assert get(open_server, cast, "sessions") == "hello"

        page.get_by_text("Delete all items").click()
        page.get_by_role("textbox", name="Type sessions to confirm").fill("sessions")
        page.get_by_role("button", name="Flush").click()
        expect(page.get_by_role("status")).to_have_text("All items are deleted.")
        assert get(open_server, cast, "sessions") is None

        page.get_by_text("Delete the cache").click()
        page.get_by_role("textbox", name="Type sessions to confirm").fill("sessions")
        page.get_by_role("button", name="Delete", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("is deleted")
        expect(page.get_by_role("link", name="sessions", exact=True)).to_have_count(0)


def test_a_name_that_cannot_be_is_explained_and_kept(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    with visit(chrome, open_server, cast.owner) as page:
        page.goto("/console/")
        page.get_by_label("Name of a new cache").fill("a/b")
        page.get_by_role("button", name="Create").click()
        expect(page.get_by_role("alert")).to_contain_text("'a/b' is not a cache name")
        expect(page.get_by_label("Name of a new cache")).to_have_value("a/b")


def test_figures_follow_what_programs_do(chrome: Browser, open_server: Server, cast: Cast) -> None:
    cast.owner.ask("PUT", "/caches/live")
    with visit(chrome, open_server, cast.viewer) as page:
        page.goto("/console/")
        row = page.get_by_role("row").filter(has=page.get_by_role("link", name="live"))
        expect(row.get_by_role("cell").nth(0)).to_have_text("0")
        put(open_server, cast.owner, "live")
        get(open_server, cast, "live")
        # Without a reload: items, bytes, the hit rate, and the ledger's operations of today, by
        # Momento's rule: a write, and what a read sends and receives.
        expect(row.get_by_role("cell").nth(0)).to_have_text("1", timeout=15_000)
        expect(row.get_by_role("cell").nth(2)).to_have_text("100 %", timeout=15_000)
        expect(row.get_by_role("cell").nth(4)).to_have_text("3", timeout=15_000)
        for at in (5, 6, 7):
            expect(row.get_by_role("cell").nth(at)).to_have_text(TIME, timeout=15_000)
        page.get_by_role("link", name="live").click()
        expect(page.locator("dl")).to_contain_text("Operations today3")
        page.get_by_text("As a table").click()
        table = page.get_by_role("region", name="as a table")
        expect(table.get_by_role("row").nth(1).get_by_role("cell").nth(0)).to_have_text("2")


def test_figures_that_are_as_they_were_are_not_sent_again(open_server: Server, cast: Cast) -> None:
    eve = cast.stranger
    with httpx.Client(base_url=open_server.http, cookies=eve.cookies) as client:
        page = client.get("/console/").text
        found = re.search(r'hx-get="([^"]+)"', page)
        assert found
        same = client.get(found[1])
        eve.ask("PUT", "/caches/newer")
        while (changed := client.get(found[1])).status_code == 204:
            pass  # until the next period

    assert (same.status_code, same.content) == (204, b"")
    assert "newer" in changed.text
    assert found[1] not in changed.text


def test_limits_in_force_say_how_near_they_are(chrome: Browser, open_server: Server) -> None:
    owner = Person(open_server, "full@example.com").sign_up()
    viewer = owner.invite("looks@example.com", "viewer")
    account = owner.ask("GET", "/session")["account_id"]
    limits = {"plan": "free", "overrides": {"stored_bytes": 1_000_000}}
    operator = {"authorization": open_server.api_key}
    set_ = httpx.put(f"{open_server.http}/accounts/{account}/limits", json=limits, headers=operator)
    assert set_.is_success, set_.text
    owner.ask("PUT", "/caches/full")
    put(open_server, owner, "full", "x" * 500_000)
    with visit(chrome, open_server, viewer) as page:
        page.goto("/console/caches/full")
        stored = page.get_by_role("listitem").filter(has_text="Memory that all items")
        expect(stored).to_contain_text("of 977 KiB")
        value = float(stored.get_by_role("meter").get_attribute("value") or 0)

    assert 500_000 < value < 600_000


def test_a_viewer_is_offered_no_change_and_refused_one(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    with visit(chrome, open_server, cast.viewer) as page:
        for path in ("/console/", "/console/caches/default-cache"):
            page.goto(path)
            expect(page.get_by_role("button", name="Create")).to_have_count(0)
            expect(page.get_by_text("Empty or delete")).to_have_count(0)
    for path in ("/caches", "/caches/default-cache/flush", "/caches/default-cache/delete"):
        answer = httpx.post(
            f"{open_server.http}/console{path}",
            data={"csrf": cast.viewer.csrf, "name": "mine", "typed": "default-cache"},
            cookies=cast.viewer.cookies,
        )
        assert (answer.status_code, "Insufficient permissions" in answer.text) == (403, True), path


def test_a_long_list_comes_in_pages_that_are_small(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    many = cast.stranger
    with httpx.Client(base_url=open_server.http, headers={"authorization": many.token}) as client:
        for number in range(101):
            client.put(f"/caches/cache-{number:03}").raise_for_status()
    with visit(chrome, open_server, many) as shown:
        shown.goto("/console/")
        expect(shown.locator("tbody tr")).to_have_count(100)
        shown.get_by_role("link", name="Next page").click()
        expect(shown.get_by_role("link", name="default-cache")).to_be_visible()
        shown.get_by_role("link", name="First page").click()
        expect(shown.get_by_role("link", name="cache-000")).to_be_visible()
        size = len(shown.content())

    assert size < 150_000


@pytest.mark.parametrize("path", ["/console/caches/none", "/console/caches/a%2Fb"])
def test_a_cache_that_is_not_there_is_a_page_that_says_so(
    path: str, open_server: Server, cast: Cast
) -> None:
    answer = httpx.get(open_server.http + path, cookies=cast.owner.cookies)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def put(server: Server, owner: Person, cache: str, value: str = "hello") -> None:
    item = f"{server.http}/cache/{cache}?key=k&ttl_seconds=600"
    headers = {"authorization": owner.token}
    assert httpx.put(item, content=value, headers=headers).status_code == 204


def get(server: Server, cast: Cast, cache: str) -> str | None:
    item = f"{server.http}/cache/{cache}?key=k"
    answer = httpx.get(item, headers={"authorization": cast.owner.token})
    return answer.text if answer.is_success else None
