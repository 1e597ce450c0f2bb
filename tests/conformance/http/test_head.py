"""`HEAD`: what `GET` says but its content, which is neither made for it nor counted."""

from typing import Any

import httpx

from conformance.http.items import MINUTE, Items, Maker, refused, rule
from conformance.http.route import KEY, Route
from conformance.http.routes import TYPES

NOT_SENT = {"bytes_out": 0, "kib_out": 0, "operations": 1}
"""What an answer without content counts for, where a request names less than 1 KiB."""

NOT_MADE = {"keys", "dictionary", "list", "set", "sorted-set"}
"""Routes whose content grows with what is stored: whole collections, and listings."""


def headers(answer: httpx.Response) -> dict[str, str]:
    """The headers of a response, without the time and what only its content tells."""
    return {
        name: text
        for name, text in answer.headers.items()
        if name not in ("date", "content-length")
    }


def asked(items: Items, method: str, route: Route) -> tuple[httpx.Response, dict[str, int]]:
    """The answer to this method of a route, and what it counts for."""
    before = items.counts()
    query: dict[str, Any] = ({"key": KEY} if route.names_key else {}) | route.query
    answer = items.ask(method, route.below, None, route.headers, **query)
    after = items.counts()
    return answer, {name: after[name] - before[name] for name in after}


def test_head_is_get_without_its_content_on_every_route(items: Items) -> None:
    for routes in TYPES:
        items.delete(key=KEY)
        for is_there in (False, True):
            if is_there:
                routes[0].ask(items)
            for route in (each for each in routes if each.method == "GET"):
                got, used = asked(items, "GET", route)
                head, used_by_head = asked(items, "HEAD", route)

                about = f"{route} {is_there}"
                assert head.content == b"", about
                assert (head.status_code, headers(head)) == (got.status_code, headers(got)), about
                assert used_by_head == used | NOT_SENT, about
                is_made = route.below not in NOT_MADE or "field" in route.query or not is_there
                if is_made and route.below != "keys":
                    assert head.headers.get("content-length") == got.headers.get("content-length")


def test_what_grows_with_the_cache_is_not_made(items: Items) -> None:
    items.post("dictionary", {"fields": [{"field": "f", "value": "v"}]}, key="d", **MINUTE)
    items.post("list/push-back", {"values": ["a", "b"]}, key="l", **MINUTE)
    items.post("set", {"elements": ["a"]}, key="s", **MINUTE)
    items.post("sorted-set", {"elements": [{"value": "a", "score": 1}]}, key="z", **MINUTE)
    for below, key in (("dictionary", "d"), ("list", "l"), ("set", "s"), ("sorted-set", "z")):
        head = items.ask("HEAD", below, key=key)
        assert (head.status_code, "content-length" in head.headers) == (200, False), below
        assert head.headers["content-type"] == "application/json"
        assert items.ask("HEAD", below, key="missing").status_code == 404
        other = items.ask("HEAD", below, key="d" if key != "d" else "l")
        assert (
            other.status_code == items.ask("GET", below, key="d" if key != "d" else "l").status_code
        )
    assert items.ask("HEAD", "list", key="l", start=1).headers["content-length"]
    assert "content-length" not in items.ask("HEAD", "keys", prefix="").headers


def test_the_head_of_a_listing_is_refused_as_the_listing_is(
    items: Items, maker: Maker, every_web: httpx.Client
) -> None:
    some = maker.token(rule("read", cache=items.cache, items={"key_prefix": "user:"}))
    for query, token, status in (
        ({"prefix": "user:"}, some, 200),
        ({"prefix": ""}, some, 403),
        ({"prefix": "", "limit": 0}, None, 400),
        ({"prefix": "", "next_token": "x"}, None, 400),
        ({"prefix": "", "encoding": "x"}, None, 400),
    ):
        asking = Items(every_web, items.cache, {"authorization": token} if token else items.headers)
        assert asking.ask("HEAD", "keys", **query).status_code == status, query
        got = asking.ask("GET", "keys", **query)
        assert got.status_code == status, query
        assert status == 200 or refused(got)
    nowhere = Items(every_web, "nowhere", items.headers)
    assert nowhere.ask("HEAD", "keys", prefix="").status_code == 404
