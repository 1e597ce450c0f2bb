"""Several single values in one request."""

from typing import Any

from conformance.http.items import Items, Maker, element, refused, rule
from conformance.wire import Wire

BINARY = b"\xff\x00\x01"
ITEM = 4883 * 1024
REPLY = 10_486_000


def test_values_come_back_in_the_order_of_their_keys(items: Items, scs: Wire) -> None:
    scs.set(b"a", b"1")
    scs.set(BINARY, BINARY)
    keys = ["a", element(BINARY), "missing", {"base64": "YQ"}, "a"]

    got = items.post("get", {"keys": keys})

    a = {"key": "a", "found": True, "value": "1"}
    binary = {"key": element(BINARY), "found": True, "value": element(BINARY)}
    assert got == {"items": [a, binary, {"key": "missing", "found": False}, a, a]}


def test_all_may_be_asked_for_in_base64(items: Items) -> None:
    items.put("a", b"1")

    got = items.post("get", {"keys": ["a", "b"]}, encoding="base64")

    assert got["items"] == [
        {"key": element(b"a"), "found": True, "value": element(b"1")},
        {"key": element(b"b"), "found": False},
    ]
    wrong = items.ask("POST", "get", {"keys": ["a"]}, encoding="hex")
    assert refused(wrong) == (400, "invalid_argument")


def test_values_are_written_each_with_its_own_time(items: Items, scs: Wire) -> None:
    written = [
        {"key": "own", "value": "1", "ttl_seconds": 600},
        {"key": "default", "value": element(BINARY)},
        {"key": element(BINARY), "value": ""},
    ]

    assert items.post("put", {"items": written}, ttl_seconds=60) is None

    assert [scs.get(key) for key in (b"own", b"default", BINARY)] == [b"1", BINARY, b""]
    left = [items.get("ttl", key=key)["ttl_milliseconds"] for key in ("own", "default")]
    assert 590_000 < left[0] < 600_000
    assert 50_000 < left[1] < 60_000


def test_of_two_values_for_one_key_the_later_stays(items: Items) -> None:
    both = [{"key": "k", "value": value} for value in ("1", "2")]
    items.post("put", {"items": both}, ttl_seconds=60)

    assert items.value("k") == b"2"


def test_nothing_is_written_if_one_item_cannot_be(items: Items) -> None:
    cases: list[tuple[dict[str, Any], int]] = [
        ({"key": "b", "value": "2", "ttl_seconds": 0}, 400),
        ({"key": "b", "value": "2", "ttl_seconds": -1}, 400),
        ({"key": "b", "value": "2", "ttl_seconds": 1.5}, 400),
        ({"key": "b", "value": 2}, 400),
        ({"key": "b"}, 400),
        ({"key": "b", "value": "2", "ttl": 60}, 400),
        ({"key": "b", "value": {"base64": "!"}}, 400),
        ({"key": "b", "value": "x" * ITEM}, 413),
    ]
    for wrong, status in cases:
        body = {"items": [{"key": "a", "value": "1"}, wrong]}

        answer = items.ask("POST", "put", body, ttl_seconds=60)

        assert answer.status_code == status, answer.text
        assert answer.json()["message"]
        assert items.post("exists", {"keys": ["a", "b"]}) == {"exists": [False, False]}


def test_a_time_is_needed_for_each(items: Items) -> None:
    body = {"items": [{"key": "a", "value": "1", "ttl_seconds": 9}, {"key": "b", "value": "2"}]}

    answer = items.ask("POST", "put", body)

    assert refused(answer) == (400, "invalid_argument")
    assert "ttl_seconds" in answer.text
    assert items.value("a") is None


def test_keys_exist_or_not(items: Items, scs: Wire) -> None:
    scs.set(BINARY, b"1")
    items.post("set", {"elements": ["a"]}, key="set", ttl_seconds=60)

    got = items.post("exists", {"keys": [element(BINARY), "missing", "set"]})

    assert got == {"exists": [True, False, True]}


def test_of_nothing_nothing_is_said_but_that_the_cache_is_missing(items: Items) -> None:
    assert items.post("get", {"keys": []}) == {"items": []}
    assert items.post("exists", {"keys": []}) == {"exists": []}
    assert items.post("put", {"items": []}) is None

    nowhere = Items(items.web, "no-such-cache", items.headers)
    for below, body in (
        ("get", b'{"keys":[]}'),
        ("exists", b'{"keys":[]}'),
        ("put", b'{"items":[]}'),
    ):
        answer = nowhere.ask("POST", below, body)
        assert refused(answer) == (404, "not_found")
        assert "Cache Not Found" in answer.text


def test_one_key_that_is_not_allowed_denies_the_whole(items: Items, maker: Maker) -> None:
    mine = {"key_prefix": "mine/"}
    token = maker.token(rule("read", "write", cache=items.cache, items=mine))
    limited = items.by(token)
    items.put("yours", b"1")
    pair = [{"key": key, "value": "2"} for key in ("mine/1", "yours")]

    answers = [
        limited.ask("POST", "get", {"keys": ["mine/1", "yours"]}),
        limited.ask("POST", "exists", {"keys": ["mine/1", "yours"]}),
        limited.ask("POST", "put", {"items": pair}, ttl_seconds=60),
    ]
    assert {refused(answer) for answer in answers} == {(403, "permission_denied")}
    assert items.value("mine/1") is None

    limited.post("put", {"items": pair[:1]}, ttl_seconds=60)
    assert refused(limited.ask("DELETE", key=["mine/1", "yours"])) == (403, "permission_denied")
    assert limited.post("get", {"keys": ["mine/1"]})["items"][0]["value"] == "2"
    limited.delete(key=["mine/1", "mine/2"])
    assert items.value("mine/1") is None


def test_a_reply_has_a_limit_that_it_names(items: Items) -> None:
    value = b"x" * 1_000_000
    items.put("k", value)

    most = items.post("get", {"keys": ["k"] * 10})
    over = items.ask("POST", "get", {"keys": ["k"] * 11})

    assert len(most["items"]) == 10
    assert refused(over) == (413, "resource_exhausted")
    assert over.json()["err"] == "request_size_limit_exceeded"
    assert str(REPLY) in over.json()["message"]
    # Base64 takes more, and is the reply's affair, too.
    larger = items.ask("POST", "get", {"keys": ["k"] * 10}, encoding="base64")
    assert refused(larger) == (413, "resource_exhausted")


def test_a_collection_among_the_keys_is_told(items: Items) -> None:
    items.post("set", {"elements": ["a"]}, key="set", ttl_seconds=60)

    answer = items.ask("POST", "get", {"keys": ["a", "set"]})

    assert refused(answer) == (400, "failed_precondition")
