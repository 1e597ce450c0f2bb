"""Requests that repeat another one of their connection but for the key.

A server may keep what the rest of them says. Nobody may notice but by the time: each key finds its
own item, and what was permitted before is refused when it no longer is.
"""

from collections.abc import Iterator

import httpx
import pytest

from conformance.http.items import Items, Maker, rule
from conformance.http.repeating import MANY, WAYS, Ask
from conformance.teams import CACHE, new_team
from conformance.wire import Wire
from faults.watching import eventually
from harness import Server


@pytest.fixture(params=WAYS)
def ask(request: pytest.FixtureRequest, server: Server) -> Iterator[Ask]:
    """Asks on one connection, whose requests differ only where the arguments do."""
    with WAYS[request.param](server.http_address) as ask:
        yield ask


def test_each_key_finds_its_own_item_however_it_is_written(
    ask: Ask, items: Items, scs: Wire, server: Server
) -> None:
    binary, text = "application/octet-stream", "text/plain; charset=utf-8"
    written = {
        "?key=a": (b"a", binary),
        "?key=b1-._~:/@=,;": (b"b1-._~:/@=,;", binary),
        "?key=a%20b": (b"a b", binary),
        "?key=a+b": (b"a b", binary),
        "?key=%26": (b"&", binary),
        "?key=a&x=1": (b"a", binary),
        "?x=1&key=a": (b"a", binary),
        "?key_base64=YQ": (b"a", binary),
        "/a": (b"a", binary),
        "/a+b": (b"a+b", binary),
        "/a/b.txt": (b"a/b.txt", text),
        "/b%20.txt": (b"b .txt", text),
        "/ttl": (b"ttl", binary),
    }
    for key, _ in written.values():
        scs.set(key, b"value of " + key)

    wrong = {}
    for rest, (key, kind) in [*written.items()] * MANY:
        for _ in range(2):
            found = ask(f"/cache/{items.cache}{rest}", server.api_key)
            told = (found.status, found.body, found.header("content-type"))
            if told != (200, b"value of " + key, kind):
                wrong[rest] = found
    assert wrong == {}


def test_a_key_that_is_not_there_is_not_found_between_others(
    ask: Ask, items: Items, server: Server
) -> None:
    items.put("a", b"value")
    for round in range(MANY):
        path = f"/cache/{items.cache}?key="
        assert ask(f"{path}a", server.api_key).body == b"value"
        assert ask(f"{path}missing{round}", server.api_key).status == 404
        assert ask(f"{path}a", server.api_key, "HEAD").body == b""
        assert ask(f"{path}", server.api_key).status in (400, 404)
        assert ask(f"{path}a&key=b", server.api_key).status == 400


def test_a_permission_for_some_items_is_checked_for_each(
    ask: Ask, items: Items, maker: Maker
) -> None:
    token = maker.token(rule("read", cache=items.cache, items={"key_prefix": "a"}))
    items.put("a1", b"value")
    items.put("b1", b"value")
    for _ in range(MANY):
        assert ask(f"/cache/{items.cache}?key=a1", token).status == 200
        assert ask(f"/cache/{items.cache}?key=b1", token).status == 403


def test_another_token_is_not_taken_for_the_one_before(
    ask: Ask, items: Items, maker: Maker, server: Server
) -> None:
    token = maker.token(rule("read", cache="another"))
    items.put("a", b"value")
    for _ in range(MANY):
        assert ask(f"/cache/{items.cache}?key=a", server.api_key).status == 200
        assert ask(f"/cache/{items.cache}?key=a", token).status == 403
        assert ask(f"/cache/{items.cache}?key=a", "no token").status == 401


def test_a_deleted_cache_is_gone_and_another_of_its_name_is_empty(
    ask: Ask, items: Items, owner: Wire, server: Server
) -> None:
    path = f"/cache/{items.cache}?key=a"
    items.put("a", b"value")
    for _ in range(MANY):
        assert ask(path, server.api_key).status == 200

    owner.delete_cache(items.cache)
    assert b"cache_not_found" in ask(path, server.api_key).body

    owner.create_cache(items.cache)
    assert b"key_not_found" in ask(path, server.api_key).body
    items.put("a", b"new")
    for _ in range(MANY):
        assert ask(path, server.api_key).body == b"new"


def test_a_revoked_key_is_refused(
    ask: Ask, items: Items, web: httpx.Client, authorization: dict[str, str]
) -> None:
    items.put("a", b"value")
    asked = {"description": "to revoke"}
    made = web.post("/api-keys", json=asked, headers=authorization).raise_for_status().json()
    path, key = f"/cache/{items.cache}?key=a", str(made["api_key"])
    for _ in range(MANY):
        assert ask(path, key).status == 200

    key_id = made["key_info"]["key_id"]
    web.delete(f"/api-keys/{key_id}", headers=authorization).raise_for_status()

    for _ in range(MANY):
        assert ask(path, key).status == 401


def test_a_permission_that_a_role_loses_is_lost_at_once_and_back_at_once(
    ask: Ask, items: Items, web: httpx.Client, authorization: dict[str, str]
) -> None:
    def role(*verbs: str) -> dict[str, object]:
        rules = [rule(*verbs, cache=items.cache)]
        return {"role_name": f"role of {items.cache}", "permissions": {"rules": rules}}

    items.put("a", b"value")
    made = web.post("/roles", json=role("read", "write"), headers=authorization)
    role_id = made.raise_for_status().json()["role_id"]
    asked = {"role_id": role_id, "description": "d"}
    key = web.post("/api-keys", json=asked, headers=authorization).raise_for_status().json()
    for verbs, status in ((("read",), 200), (("write",), 403), (("read",), 200)):
        changed = web.put(f"/roles/{role_id}", json=role(*verbs), headers=authorization)
        changed.raise_for_status()
        for _ in range(MANY):
            assert ask(f"/cache/{items.cache}?key=a", key["api_key"]).status == status


def test_a_token_that_expires_is_refused_from_then_on(ask: Ask, items: Items, maker: Maker) -> None:
    items.put("a", b"value")
    path, token = f"/cache/{items.cache}?key=a", maker.token(rule("read"), seconds=2)
    for _ in range(MANY):
        assert ask(path, token).status == 200

    eventually(lambda: ask(path, token).status == 401, "a refusal")
    for _ in range(MANY):
        assert ask(path, token).status == 401


def test_an_account_that_is_suspended_is_refused_until_it_is_resumed(
    ask: Ask, server: Server
) -> None:
    with new_team(server) as team:
        path = f"/cache/{CACHE}?key=a"
        team.web.put(path, params={"key": "a", "ttl_seconds": 60}, content=b"value")
        for word, status in (("resume", 200), ("suspend", 403), ("resume", 200)):
            team.operator.post(f"/accounts/{team.account_id}/{word}").raise_for_status()
            for _ in range(MANY):
                assert ask(path, team.key).status == status


def test_a_limit_that_is_met_refuses_until_it_is_lifted(ask: Ask, server: Server) -> None:
    with new_team(server) as team:
        path = f"/cache/{CACHE}?key=a"
        team.web.put(path, params={"key": "a", "ttl_seconds": 60}, content=b"value")
        for _ in range(MANY):
            assert ask(path, team.key).status == 200

        team.limit(cache_operations_per_second=1)
        eventually(lambda: ask(path, team.key).status == 429, "a refusal")
        refused = ask(path, team.key)
        assert b"operations_rate_limit_exceeded" in refused.body
        assert refused.header("retry-after")

        team.limit(cache_operations_per_second=100_000)
        eventually(lambda: ask(path, team.key).status == 200, "an answer")


def test_each_request_is_counted(ask: Ask, items: Items, server: Server) -> None:
    items.put("a", b"value")
    before = items.counts()
    for _ in range(MANY):
        ask(f"/cache/{items.cache}?key=a", server.api_key)
        ask(f"/cache/{items.cache}?key=missing", server.api_key)
        ask(f"/cache/{items.cache}/a", server.api_key, "HEAD")

    grown = {name: count - before[name] for name, count in items.counts().items()}
    assert grown["requests"] == 3 * MANY
    assert (grown["hits"], grown["misses"]) == (2 * MANY, MANY)
    assert grown["bytes_out"] == MANY * len(b"value")


def test_conditions_and_parts_are_those_of_each_request_and_of_the_value_of_now(
    ask: Ask, items: Items, server: Server
) -> None:
    path = f"/cache/{items.cache}/a"
    items.put("a", b"value")
    tag = str(ask(path, server.api_key).header("etag"))
    answers = {
        (): (200, b"value"),
        (("if-none-match", tag),): (304, b""),
        (("if-none-match", '"other"'),): (200, b"value"),
        (("if-match", tag),): (200, b"value"),
        (("range", "bytes=0-1"),): (206, b"va"),
        (("range", "bytes=1-2"),): (206, b"al"),
        (("range", "bytes=1-2"), ("if-range", '"other"')): (200, b"value"),
    }
    for more, expected in answers.items():
        for _ in range(MANY):
            found = ask(path, server.api_key, more=more)
            assert (found.status, found.body) == expected, more
            assert found.header("etag") == tag
    for more, status in (((("if-match", '"other"'),), 412), ((("range", "bytes=9-"),), 416)):
        for _ in range(MANY):
            assert ask(path, server.api_key, more=more).status == status, more

    has_it = (("if-none-match", tag),)
    for _ in range(MANY):
        items.put("a", b"value")
        assert ask(path, server.api_key, more=has_it).status == 304
        items.put("a", b"another")
        assert ask(path, server.api_key, more=has_it).body == b"another"


def test_head_tells_what_get_does_and_a_body_is_that_of_its_own_request(
    ask: Ask, items: Items, server: Server
) -> None:
    path, key = f"/cache/{items.cache}?ttl_seconds=60&key=a", server.api_key
    for number in range(MANY):
        value = b"value %d" % number
        assert ask(path, key, "PUT", body=value).status == 204
        got = ask(path, key)
        assert got.body == value
        head = ask(path, key, "HEAD")
        assert (head.status, head.body, head.headers) == (got.status, b"", got.headers)
        assert ask(path, key, "DELETE").status == 204
        assert ask(path, key).status == 404
