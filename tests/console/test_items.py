"""Items in the console: found, listed, seen as what they are, and changed."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from console.visiting import NASTY, Cast, looks, visit
from harness import Server

CACHE = "looked-at"
PLACE = f"/console/caches/{CACHE}"
BINARY = bytes(range(256))


def code(key: bytes | str) -> str:
    raw = key.encode() if isinstance(key, str) else key
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Api:
    """The owner, by the data plane itself."""

    def __init__(self, server: Server, token: str, cache: str) -> None:
        self.url = f"{server.http}/cache/{quote(cache, safe='')}"
        self.headers = {"authorization": token}

    def ask(self, method: str, below: str = "", body: Any = None, **query: Any) -> httpx.Response:
        url = f"{self.url}/{below}" if below else self.url
        sent: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
        found = httpx.request(
            method, f"{url}?{urlencode(query)}", headers=self.headers, timeout=60, **sent
        )
        return found

    def put(self, key: str, value: bytes) -> None:
        self.ask("PUT", "", value, key=key, ttl_seconds=3600).raise_for_status()

    def value(self, key: str) -> bytes | None:
        found = self.ask("GET", key=key)
        return found.content if found.is_success else None


@pytest.fixture(scope="module")
def api(open_server: Server, cast: Cast) -> Api:
    cast.owner.ask("PUT", f"/caches/{CACHE}")
    return Api(open_server, cast.owner.token, CACHE)


def fill(api: Api) -> None:
    """An item of each type, and what would be run if it were not text."""
    api.put("text", NASTY.encode())
    api.put("json", json.dumps({"name": NASTY, "price": 1.5}).encode())
    api.put("binary", BINARY)
    api.put(NASTY, b"by its key")
    nasty = {"fields": [{"field": NASTY, "value": NASTY}]}
    ttl = {"ttl_seconds": 3600}
    api.ask("POST", "dictionary", nasty, key="dictionary", **ttl).raise_for_status()
    values = {"values": [NASTY, "second"]}
    api.ask("POST", "list/push-back", values, key="list", **ttl).raise_for_status()
    api.ask("POST", "set", {"elements": [NASTY]}, key="set", **ttl).raise_for_status()
    members = {"elements": [{"value": NASTY, "score": 1.5}]}
    api.ask("POST", "sorted-set", members, key="sorted", **ttl).raise_for_status()
    ranked = {"elements": [{"id": 7, "score": 99.5}]}
    api.ask("POST", "leaderboard", ranked, key="board").raise_for_status()


def test_items_are_listed_by_a_prefix_and_seen_as_what_they_are(
    chrome: Browser, open_server: Server, cast: Cast, api: Api
) -> None:
    fill(api)
    with visit(chrome, open_server, cast.operator) as page:
        page.goto(PLACE)
        page.get_by_role("link", name="Look at items").click()
        expect(page.get_by_role("row")).to_have_count(1 + 9)
        row = page.get_by_role("row").filter(has_text="dictionary")
        expect(row).to_contain_text("Dictionary")
        expect(row).to_contain_text("in 59 min")
        expect(page.get_by_role("row").filter(has_text="board")).to_contain_text("never")
        assert looks(page, "items") == []
        for name, seen in {
            "text": NASTY,
            "json": '"price": 1.5',
            "binary": "00000010  10 11 12",
            NASTY: "by its key",
            "dictionary": NASTY,
            "list": "second",
            "set": NASTY,
            "sorted": "1.5",
            "board": "99.5",
        }.items():
            page.goto(f"{PLACE}/items")
            page.get_by_role("link", name=name, exact=True).click()
            expect(page.get_by_role("main")).to_contain_text(seen)
            assert page.locator("img[src=x]").count() == 0, name
            assert looks(page, f"item-{'nasty' if name == NASTY else name}") == []
        page.goto(f"{PLACE}/items")
        page.get_by_label("Keys that begin with").fill("s")
        page.keyboard.press("Enter")
        expect(page.get_by_role("rowheader")).to_have_count(2)
        page.get_by_label("Keys that begin with").fill("nothing")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="No items with this prefix")).to_be_visible()
        page.get_by_label("Key", exact=True).first.fill("text")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("text")


def test_an_item_is_written_edited_given_another_life_and_deleted_by_keyboard(
    chrome: Browser, open_server: Server, cast: Cast, api: Api
) -> None:
    with visit(chrome, open_server, cast.operator) as page:
        page.goto(f"{PLACE}/items")
        page.locator("#new-key").fill("note")
        page.locator("#value").fill("\nfirst\n  second")
        page.get_by_role("button", name="Write the item").press("Enter")
        expect(page.get_by_role("status")).to_have_text("It is written.")
        assert api.value("note") == b"\nfirst\n  second"

        page.get_by_label("Value").last.fill("third")
        page.get_by_role("button", name="Write the value").press("Enter")
        expect(page.get_by_role("status")).to_have_text("It is written.")
        assert api.value("note") == b"third"

        api.put("note", b"by somebody else")
        page.get_by_label("Value").last.fill("mine")
        page.get_by_role("button", name="Write the value").press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("has changed since you loaded")
        assert api.value("note") == b"by somebody else"

        page.locator("#new-life").fill("2")
        page.get_by_label("Unit of the life").last.select_option("days")
        page.get_by_role("button", name="Change the life").press("Enter")
        expect(page.get_by_role("status")).to_have_text("The life is changed.")
        left = api.ask("GET", "ttl", key="note").json()["ttl_milliseconds"]
        assert 86_400_000 < left <= 2 * 86_400_000

        page.locator("details.ask summary").press("Enter")
        page.get_by_role("button", name="Delete the item").press("Enter")
        expect(page.get_by_role("status")).to_have_text("The item is deleted.")
    assert api.value("note") is None


def test_what_exists_is_not_replaced_by_a_new_item(
    open_server: Server, cast: Cast, api: Api
) -> None:
    api.put("taken", b"before")
    form = {"key": "taken", "type": "scalar", "value": "after", "form": "text"}
    answer = post(open_server, cast.owner, "items", form | {"life": "1", "unit": "60"})

    assert answer.status_code == 412
    assert "There is an item with this key already" in answer.text
    assert api.value("taken") == b"before"


def test_elements_of_every_collection_are_written_and_deleted(
    open_server: Server, cast: Cast, api: Api
) -> None:
    new = {"life": "1", "unit": "3600", "form": "text", "element": "a", "value": "1", "score": "2"}
    for type, id in {"dictionary": "a", "list": "a", "set": "a", "sorted-set": "a"}.items():
        key = f"made-{type}"
        made = post(open_server, cast.owner, "items", {"key": key, "type": type} | new)
        assert made.status_code == 303, made.text
        named = {"key": code(key), "type": type}
        more = named | new | {"element": "b"}
        assert post(open_server, cast.owner, "item/put", more).status_code == 303
        assert api.ask("GET", f"{type}/length", key=key).json() == {"length": 2}
        assert api.ask("GET", "ttl", key=key).json()["ttl_milliseconds"] > 3_500_000
        gone = named | {"element": code(id)}
        assert post(open_server, cast.owner, "item/remove", gone).status_code == 303
        assert api.ask("GET", f"{type}/length", key=key).json() == {"length": 1}
        assert post(open_server, cast.owner, "item/delete", named).status_code == 303
        assert api.ask("GET", f"{type}/length", key=key).status_code == 404
    board = {"key": "made-board", "type": "leaderboard"} | new
    assert post(open_server, cast.owner, "items", board | {"element": "7"}).status_code == 303
    named = {"key": code("made-board"), "type": "leaderboard"}
    assert post(open_server, cast.owner, "item/put", named | new | {"element": "8"}).is_redirect
    assert api.ask("GET", "leaderboard/length", key="made-board").json() == {"length": 2}
    assert post(open_server, cast.owner, "item/remove", named | {"element": code("7")}).is_redirect
    assert api.ask("GET", "leaderboard/length", key="made-board").json() == {"length": 1}
    assert post(open_server, cast.owner, "item/delete", named).status_code == 303
    assert api.ask("GET", "leaderboard/length", key="made-board").json() == {"length": 0}


def test_a_value_of_five_megabytes_neither_freezes_nor_breaks_the_page(
    chrome: Browser, open_server: Server, cast: Cast, api: Api
) -> None:
    large = {"large-text": b"<b>" + b"x" * 5_000_000, "large-binary": b"\xff\x00" * 2_500_000}
    for key, value in large.items():
        api.put(key, value)
    with visit(chrome, open_server, cast.viewer) as page:
        for key, value in large.items():
            answer = page.goto(f"{PLACE}/item?key={key}")
            assert answer is not None
            assert len(answer.body()) < 100_000
            expect(page.get_by_text("4.8 MiB", exact=True)).to_be_visible()
            expect(page.get_by_text("It is too long to be edited here")).to_be_visible()
            assert looks(page, key) == []
            with page.expect_download() as saved:
                page.get_by_role("link", name="Download the value").click()
            assert saved.value.path().read_bytes() == value
        for key in large:
            api.ask("DELETE", key=key)


def test_a_download_is_saved_and_never_run(open_server: Server, cast: Cast, api: Api) -> None:
    api.put("page", b"<script>boom()</script>")
    found = get(open_server, cast.owner, f"item/content?key_base64={code('page')}")

    assert found.content == b"<script>boom()</script>"
    assert found.headers["content-type"] == "application/octet-stream"
    assert found.headers["content-disposition"].startswith("attachment")
    assert found.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in found.headers["content-security-policy"]


def test_bytes_are_edited_as_bytes(open_server: Server, cast: Cast, api: Api) -> None:
    api.put("bytes", b"\r\n\xff")
    shown = get(open_server, cast.owner, "item?key=bytes")
    assert "0d 0a ff" in shown.text
    etag = shown.text.split('name="etag" value="')[1].split('"')[0].replace("&#34;", '"')
    form = {"key": code("bytes"), "type": "scalar", "etag": etag, "life": "1", "unit": "60"}

    for value, why in (("0d 0a zz", "hexadecimal"), ("0", "hexadecimal")):
        refused = post(open_server, cast.owner, "item", form | {"value": value, "form": "hex"})
        assert refused.status_code == 400
        assert why in refused.text
    written = post(open_server, cast.owner, "item", form | {"value": "0d 0a 00", "form": "hex"})
    assert written.status_code == 303
    assert api.value("bytes") == b"\r\n\x00"


def test_a_large_cache_is_listed_page_by_page(open_server: Server, cast: Cast, api: Api) -> None:
    cast.owner.ask("PUT", "/caches/many")
    many = Api(open_server, cast.owner.token, "many")
    for start in range(0, 20_000, 5_000):
        items = [
            {"key": f"key:{number}", "value": "v", "ttl_seconds": 600}
            for number in range(start, start + 5_000)
        ]
        many.ask("POST", "put", {"items": items}).raise_for_status()

    def pages(prefix: str) -> Iterator[str]:
        next = f"/console/caches/many/items?prefix={prefix}"
        while next:
            url = f"{open_server.http}{next}"
            text = httpx.get(url, cookies=cast.owner.cookies, timeout=60).text
            yield text
            part = text.partition('<nav class="pages"')[2].partition("</nav>")[0]
            link = part.rpartition('href="')[2].partition('"')[0]
            next = link.replace("&amp;", "&") if "after=" in link else ""

    found = list(pages("key:1999"))

    listed = [line for text in found for line in text.split('<th scope="row">')[1:]]
    assert len(listed) == 11
    assert len(next(pages(""))) < 150_000


def test_a_large_collection_is_shown_a_page_at_a_time(
    open_server: Server, cast: Cast, api: Api
) -> None:
    numbers = [f"{number:05}" for number in range(250)]
    api.ask("POST", "list/push-back", {"values": numbers}, key="long", ttl_seconds=600)
    elements = [f"element {number}" for number in range(10_001)]
    api.ask("POST", "set", {"elements": elements}, key="wide", ttl_seconds=600)
    fields = [{"field": each, "value": "v"} for each in elements]
    api.ask("POST", "dictionary", {"fields": fields}, key="deep", ttl_seconds=600)

    last = get(open_server, cast.owner, "item?key=long&page=2").text
    assert "00249" in last
    assert "00199" not in last
    assert "Next page" not in last
    assert "Next page" in get(open_server, cast.owner, "item?key=long").text
    assert "Chosen at random" in get(open_server, cast.owner, "item?key=wide").text
    assert "look for one by its name" in get(open_server, cast.owner, "item?key=deep").text
    for key in ("wide", "deep"):
        sought = get(open_server, cast.owner, f"item?key={key}&sought=element+10000").text
        assert 'scope="row" class="wide">element 10000<' in sought
        absent = get(open_server, cast.owner, f"item?key={key}&sought=nobody").text
        assert 'scope="row"' not in absent


def test_what_is_missing_or_wrong_is_said(open_server: Server, cast: Cast, api: Api) -> None:
    found = {
        path: get(open_server, cast.owner, path).status_code
        for path in (
            "item?key=nobody",
            "item?key=nobody&of=leaderboard",
            "item?key_base64=!",
            f"item?key_base64={'A' * 20_000}",
            "items?after=forged",
            "item?key=nobody&page=99999999",
        )
    }
    assert list(found.values()) == [404, 404, 400, 400, 400, 404]
    form = {"key": "k", "type": "scalar", "value": "v", "form": "text", "life": "1", "unit": "1"}
    for wrong in ({"type": "x"}, {"life": ""}, {"life": "nan"}, {"life": "0"}, {"unit": "7"}):
        assert post(open_server, cast.owner, "items", form | wrong).status_code == 400, wrong
    assert api.value("k") is None


def test_who_may_not_read_sees_no_key_and_no_value(
    open_server: Server, cast: Cast, api: Api
) -> None:
    api.put("public/a", b"for everybody")
    api.put("secret/b", b"for nobody")
    reads = {"type": "cache", "permissions": ["read"], "caches": "*"}
    rules = [reads | {"items": {"key_prefix": "public/"}}]
    role = {"role_name": "public items", "permissions": {"rules": rules}}
    role_id = cast.owner.ask("POST", "/roles", role)["role_id"]
    guest = cast.owner.invite("items-guest@example.com", role_id)

    everything = get(open_server, guest, "items")
    assert everything.status_code == 403
    assert "public/*" in everything.text
    assert "secret/b" not in everything.text
    assert "public/a" in get(open_server, guest, "items?prefix=public/").text
    assert "for everybody" in get(open_server, guest, "item?key=public/a").text
    for path in ("item?key=secret/b", f"item/content?key_base64={code('secret/b')}"):
        refused = get(open_server, guest, path)
        assert refused.status_code == 403
        assert "for nobody" not in refused.text
    named = {"key": code("public/a"), "type": "scalar"}
    life = named | {"life": "5", "unit": "1"}
    for what, form in {"item/delete": named, "item/life": life}.items():
        assert post(open_server, guest, what, form).status_code == 403, what
    viewer = post(open_server, cast.viewer, "item/delete", named)
    assert viewer.status_code == 403
    assert api.value("public/a") == b"for everybody"


def test_the_items_of_another_account_are_not_there(
    open_server: Server, cast: Cast, api: Api
) -> None:
    api.put("ours", b"our value")
    named = {"key": code("ours"), "type": "scalar"}
    life = named | {"life": "5", "unit": "1"}
    new = {"key": "theirs", "type": "scalar", "value": "v", "form": "text"} | {"unit": "1"}

    asked = ("items", "item?key=ours", f"item/content?key_base64={code('ours')}")
    found = [get(open_server, cast.stranger, path) for path in asked]
    found += [
        post(open_server, cast.stranger, what, form)
        for what, form in {
            "items": new | {"life": "5"},
            "item": life | {"value": "v", "form": "text", "etag": "*"},
            "item/put": named | {"element": "e"},
            "item/remove": named | {"element": code("e")},
            "item/life": life,
            "item/delete": named,
        }.items()
    ]

    assert [each.status_code for each in found] == [404] * len(found)
    assert not any("our value" in each.text for each in found)
    assert (api.value("ours"), api.value("theirs")) == (b"our value", None)


def test_pages_of_items_need_no_script(chrome: Browser, open_server: Server, cast: Cast) -> None:
    context = chrome.new_context(base_url=open_server.http, java_script_enabled=False)
    try:
        signed_in: Any = {"name": "attimo_session", "value": cast.owner.token}
        context.add_cookies([signed_in | {"url": open_server.http}])
        page: Page = context.new_page()
        page.goto(f"{PLACE}/items")
        page.locator("#new-key").fill("without scripts")
        page.locator("#value").fill("plain")
        page.get_by_role("button", name="Write the item").click()
        expect(page.get_by_role("region", name="The value")).to_have_text("plain")
    finally:
        context.close()


def get(server: Server, person: Any, path: str) -> httpx.Response:
    return httpx.get(f"{server.http}{PLACE}/{path}", cookies=person.cookies, timeout=60)


def post(server: Server, person: Any, path: str, form: dict[str, str]) -> httpx.Response:
    url = f"{server.http}{PLACE}/{path}"
    return httpx.post(url, data=form | {"csrf": person.csrf}, cookies=person.cookies, timeout=60)
