"""The keys of a cache, a page at a time."""

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from conformance.accounts import neighbours
from conformance.http.items import (
    MINUTE,
    Items,
    Maker,
    base64url,
    element,
    refused,
    rule,
)
from conformance.http.signing import new_signer
from conformance.wire import Wire
from faults.watching import eventually

BINARY = b"user:\xff\x00\n"
PAGE_BYTES = 1 << 20


def fill(items: Items, *keys: object) -> None:
    written = [{"key": key, "value": "v"} for key in keys]
    items.post("put", {"items": written}, **MINUTE)


def pages(items: Items, **query: Any) -> Iterator[list[Any]]:
    """The keys of each page."""
    while True:
        page = items.get("keys", **query)
        yield page["keys"]
        if "next_token" not in page:
            return
        query["next_token"] = page["next_token"]


def keys(items: Items, **query: Any) -> list[str]:
    """All keys, each as it is in JSON, sorted."""
    return sorted(str(key) for page in pages(items, **query) for key in page)


def numbered(count: int, start: str = "user:") -> list[str]:
    return sorted(f"{start}{number}" for number in range(count))


def test_the_keys_with_a_prefix_are_listed_whatever_their_type(items: Items, scs: Wire) -> None:
    fill(items, "user:1", "user", "cart:1", element(BINARY))
    items.post("list/push-back", {"values": ["a"]}, key="user:list", **MINUTE)
    items.post("leaderboard", {"elements": [{"id": 1, "score": 1}]}, key="user:board")
    scs.ask("Set", cache_key=b"user:brief", cache_body=b"v", ttl_milliseconds=1)
    eventually(lambda: scs.get(b"user:brief") is None, "it expires")

    assert keys(items, prefix="user:") == sorted(["user:1", "user:list", str(element(BINARY))])
    assert keys(items, prefix="user:1") == ["user:1"]
    assert keys(items, prefix_base64=base64url(BINARY)) == [str(element(BINARY))]
    assert len(keys(items, prefix="")) == 5
    assert keys(items, prefix="nothing") == []
    assert keys(items, prefix="cart", encoding="base64") == [str(element(b"cart:1"))]


def test_details_say_the_type_size_length_and_life_of_each_item(items: Items, scs: Wire) -> None:
    fill(items, "user:1", "other")
    items.put("user:long", b"x" * 100_000, ttl_seconds=3_600)
    pushed = {"values": ["ab", "c"]}
    items.post("list/push-back", pushed, key="user:list", **MINUTE)
    items.post("set", {"elements": ["ab", "c"]}, key="user:set", **MINUTE)
    fields = [{"field": "f", "value": "1"}]
    items.post("dictionary", {"fields": fields}, key="user:dictionary", **MINUTE)
    members = [{"value": "m", "score": 1}]
    items.post("sorted-set", {"elements": members}, key="user:ranked", **MINUTE)
    items.post("leaderboard", {"elements": [{"id": 1, "score": 1}]}, key="user:board")
    items.post("leaderboard", {"elements": [{"id": 1, "score": 1}]}, key="user:list")
    items.put(BINARY.decode("latin-1"), b"", **MINUTE)

    found = list(details(items, prefix="user:"))

    told = sorted((str(each["key"]), each["type"], each.get("length")) for each in found)
    assert told == sorted(
        [
            ("user:1", "scalar", None),
            ("user:long", "scalar", None),
            ("user:list", "list", 2),
            ("user:list", "leaderboard", 1),
            ("user:set", "set", 2),
            ("user:dictionary", "dictionary", 1),
            ("user:ranked", "sorted-set", 1),
            ("user:board", "leaderboard", 1),
            (BINARY.decode("latin-1"), "scalar", None),
        ]
    )
    sizes = {str(each["key"]): each["bytes"] for each in found if each["type"] == "scalar"}
    assert (sizes["user:1"], sizes["user:long"]) == (7, 100_009)
    lives: dict[str, int] = {str(each["key"]): each.get("ttl_milliseconds", -1) for each in found}
    assert 0 < lives["user:1"] < 60_000
    assert 60_000 < lives["user:long"] < 3_600_000
    assert lives["user:board"] == -1
    coded = items.get("keys", prefix="user:1", details="true", encoding="base64")["items"]
    assert [each["key"] for each in coded] == [element(b"user:1")]
    assert "items" not in items.get("keys", prefix="", details="false")
    for wrong in ("", "1", "yes"):
        answer = items.ask("GET", "keys", prefix="", details=wrong)
        assert refused(answer) == (400, "invalid_argument")
        assert answer.json()["message"] == "details must be true or false"


def test_a_page_of_details_has_as_many_items_as_are_asked_for(items: Items) -> None:
    fill(items, *numbered(100))

    for limit in (1, 7, 100):
        found = list(details(items, prefix="user:", limit=limit))
        assert sorted(each["key"] for each in found) == numbered(100)


def details(items: Items, **query: Any) -> Iterator[dict[str, Any]]:
    """All items, each as it is in JSON."""
    while True:
        page = items.get("keys", details="true", **query)
        yield from page["items"]
        if "next_token" not in page:
            return
        query["next_token"] = page["next_token"]


def test_the_keys_of_another_cache_are_not_listed(
    items: Items, other_cache: str, web: httpx.Client, authorization: dict[str, str]
) -> None:
    other = Items(web, other_cache, authorization)
    fill(items, *numbered(50))
    fill(other, *numbered(30, "other:"))

    assert keys(items, prefix="") == numbered(50)
    assert keys(other, prefix="") == numbered(30, "other:")


def test_a_page_has_at_most_as_many_keys_as_are_asked_for(items: Items) -> None:
    fill(items, *numbered(100))

    for limit in (1, 7, 99, 100, 10_000):
        found = list(pages(items, prefix="user:", limit=limit))
        assert max(map(len, found)) <= limit
        assert sorted(key for page in found for key in page) == numbered(100)
    fill(items, *numbered(5_000, "more:"))
    found = list(pages(items, prefix="more:"))
    assert max(map(len, found)) <= 1_000
    assert sum(map(len, found)) == 5_000
    for wrong in ("0", "10001", "-1", "1.5", "x", ""):
        answer = items.ask("GET", "keys", prefix="", limit=wrong)
        assert refused(answer) == (400, "invalid_argument")
        assert answer.json()["message"] == "limit must be a whole number from 1 to 10000"


def test_what_stays_is_listed_once_whatever_comes_and_goes(items: Items) -> None:
    fill(items, *numbered(300))
    found: list[str] = []
    for at, page in enumerate(pages(items, prefix="user:", limit=40)):
        found += page
        if at % 2:
            items.delete(key=numbered(40, "user:new"))
        else:
            fill(items, *numbered(3_000, "other"), *numbered(40, "user:new"))

    assert len(found) == len(set(found))
    assert set(numbered(300)) <= set(found) <= {*numbered(300), *numbered(40, "user:new")}


def test_a_token_is_for_one_listing(
    items: Items, other_cache: str, web: httpx.Client, authorization: dict[str, str]
) -> None:
    fill(items, *numbered(10))
    token = items.get("keys", prefix="user:", limit=1)["next_token"]
    assert items.ask("GET", "keys", prefix="user:", next_token=token).status_code == 200
    elsewhere = Items(web, other_cache, authorization)

    wrong = [
        items.ask("GET", "keys", prefix="user", next_token=token),
        elsewhere.ask("GET", "keys", prefix="user:", next_token=token),
        *(
            items.ask("GET", "keys", prefix="user:", next_token=other)
            for other in ("", "x", token[:-1], token[1:], token + "A", "A" * len(token))
        ),
    ]
    assert items.web.post(f"/caches/{items.cache}/flush", headers=items.headers).is_success
    wrong.append(items.ask("GET", "keys", prefix="user:", next_token=token))
    for answer in wrong:
        assert refused(answer) == (400, "invalid_argument")
        assert answer.json()["message"].startswith("next_token is not of a listing")


def test_a_listing_needs_one_prefix_and_is_no_item(items: Items) -> None:
    items.put("keys", b"an item")

    assert items.ask("GET", "keys").content == b"an item"
    assert items.ask("GET", "keys", limit=1).content == b"an item"
    assert items.ask("GET", "keyss", prefix="k").status_code == 404
    for query in ({"key": "keys"}, {"prefix": ["a", "b"]}, {"prefix": "a", "prefix_base64": "YQ"}):
        answer = items.ask("GET", "keys", **query)
        assert refused(answer) == (400, "invalid_argument")
        assert "exactly one of prefix and prefix_base64" in answer.json()["message"]
    for method in ("PUT", "POST", "DELETE"):
        answer = items.ask(method, "keys", prefix="", **MINUTE)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert keys(items, prefix="") == ["keys"]
    looked = items.ask("HEAD", "keys", prefix="")
    assert (looked.status_code, looked.content) == (200, b"")


def test_long_keys_come_in_pages_of_their_own(items: Items, scs: Wire) -> None:
    medium = [b"m" + b"%d" % number + b"\x01" * 400_000 for number in range(5)]
    long = [b"l" + b"%d" % number + b"\x01" * 4_900_000 for number in range(2)]
    for key in (*medium, *long):
        scs.set(key, b"")

    found = list(pages(items, prefix=""))

    by_page = [sorted(_bytes(key) for key in page) for page in found if page]
    assert sorted(key for page in by_page for key in page) == sorted([*medium, *long])
    for page in by_page:
        assert len(page) == 1 or sum(map(len, page)) <= PAGE_BYTES
    assert {type(key) for page in found for key in page if len(_bytes(key)) > PAGE_BYTES} == {dict}


def _bytes(key: Any) -> bytes:
    return key.encode() if isinstance(key, str) else base64.b64decode(key["base64"])


PREFIX = {"key_prefix": "user:"}


@pytest.mark.parametrize("how", ["token", "key"])
def test_a_caller_lists_only_what_it_may_read_whole(items: Items, maker: Maker, how: str) -> None:
    make = maker.token if how == "token" else maker.role_key
    fill(items, "user:1", "user", "cart:1")

    def status(prefix: str, *rules: dict[str, Any]) -> int:
        return items.by(make(*rules)).ask("GET", "keys", prefix=prefix).status_code

    of_prefix = make(rule("read", items=PREFIX))
    asked = ("user:", "user:1", "user", "", "cart:")
    found = [items.by(of_prefix).ask("GET", "keys", prefix=prefix) for prefix in asked]
    assert [answer.status_code for answer in found] == [200, 200, 403, 403, 403]
    assert keys(items.by(of_prefix), prefix="user:") == ["user:1"]
    assert status("", rule("read")) == 200
    assert status("user:", rule("read", items={"key": "user:"})) == 403
    assert status("user:", rule("write", items=PREFIX)) == 403
    assert status("user:", rule("read", cache="another")) == 403
    both = [rule("read", items=PREFIX), rule("write")]
    assert [status(prefix, *both) for prefix in ("user:", "")] == [200, 403]


def test_a_refusal_says_what_is_missing(items: Items, maker: Maker) -> None:
    limited = items.by(maker.token(rule("read", items=PREFIX)))

    for prefix, place in (("", "all keys"), ("cart:", "keys 'cart:*'")):
        answer = limited.ask("GET", "keys", prefix=prefix)
        assert refused(answer) == (403, "permission_denied")
        said = f"may not ListKeys on {place}: it needs read and has read on 'user:*' here"
        assert said in answer.json()["message"]


@pytest.mark.parametrize(("ranges", "status"), [("10.0.0.0/8", 403), ("127.0.0.0/8", 200)])
def test_a_role_for_some_networks_lists_only_from_there(
    items: Items, web: httpx.Client, authorization: dict[str, str], ranges: str, status: int
) -> None:
    filter = {"ip_filter": {"allowed_cidr_ranges": [ranges]}}
    permissions = {"rules": [rule("read")], "conditions": [filter]}
    asked = {"role_name": f"lists from {ranges}", "permissions": permissions}
    role = web.post("/roles", headers=authorization, json=asked).json()
    made = {"role_id": role["role_id"], "description": "d"}
    key = web.post("/api-keys", headers=authorization, json=made).json()["api_key"]

    assert items.by(key).ask("GET", "keys", prefix="").status_code == status


def test_another_account_lists_its_own_cache_of_the_same_name() -> None:
    with neighbours() as house, httpx.Client(base_url=house.server.http) as web:
        ours = Items(web, "default-cache", {"authorization": house.owner_key})
        fill(ours, "ours")
        theirs = ours.by(house.neighbour_key)
        assert theirs.ask("GET", "keys", prefix="").status_code == 404

        assert web.put("/caches/default-cache", headers=theirs.headers).is_success

        assert keys(theirs, prefix="") == []
        assert keys(ours, prefix="") == ["ours"]


def test_a_signed_url_lists_nothing(items: Items, cache: str, owner: Wire) -> None:
    signed = new_signer(owner).token(cache, "keys", "get")
    items.put("keys", b"an item")
    nobody = Items(items.web, cache, {})

    assert nobody.ask("GET", "keys", token=signed).content == b"an item"
    assert nobody.ask("GET", "keys", token=signed, prefix="").status_code == 401
