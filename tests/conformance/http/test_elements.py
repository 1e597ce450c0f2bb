"""How bytes are written in JSON and in queries; what is said of a body that is wrong."""

from typing import Any

import pytest

from conformance.http.items import Items, base64url, element, refused
from conformance.wire import Wire

ANY = [
    b"",
    b"text",
    b"\xff\x00",
    "ключ".encode(),
    b'\x00\x1f"\\/',
    b"a+b&c=d%20",
    bytes(range(256)),
]
REPLY = 10_486_000


@pytest.mark.parametrize("value", ANY, ids=repr)
def test_any_bytes_go_in_and_come_out(items: Items, scs: Wire, value: bytes) -> None:
    items.post("set", {"elements": [element(value)]}, key="k", ttl_seconds=60)

    assert list(scs.ask("SetFetch", set_name=b"k").found.elements) == [value]
    try:
        shown: object = value.decode()
    except UnicodeDecodeError:
        shown = element(value)
    assert items.get("set", key="k") == {"elements": [shown]}
    assert items.get("set", key="k", encoding="base64") == {"elements": [element(value)]}


@pytest.mark.parametrize("value", ANY, ids=repr)
def test_a_query_says_bytes_as_they_are_or_in_base64(items: Items, value: bytes) -> None:
    items.post("set", {"elements": [element(value)]}, key_base64=base64url(value), ttl_seconds=60)

    found = {"contains": [True, True]}
    both: dict[str, Any] = {"element": value, "element_base64": base64url(value)}
    assert items.get("set/contains", key=value, **both) == found
    assert items.get("set/contains", key_base64=base64url(value), **both) == found


def test_text_is_text_in_either_form(items: Items) -> None:
    both = ["ключ", {"base64": base64url("ключ".encode())}]
    items.post("set", {"elements": both}, key="k", ttl_seconds=60)

    assert items.get("set", key="k") == {"elements": ["ключ"]}


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b"", ""),
        (b"elements", ""),
        (b'{"elements":["a"]', ""),
        (b'{"elements":["a"]} x', ""),
        (b'["a"]', ""),
        (b"{}", "elements"),
        (b'{"elements":"a"}', "elements"),
        (b'{"elements":["a",1]}', "elements[1]"),
        (b'{"elements":["a",null]}', "elements[1]"),
        (b'{"elements":[{"base64":"!"}]}', "elements[0]"),
        (b'{"elements":[{"base64":"YQ==","x":1}]}', "elements[0]"),
        (b'{"elements":[{"text":"a"}]}', "text"),
        (b'{"elements":[],"ttl":60}', "ttl"),
        (b'{"elements":[],"elements":[]}', "elements"),
        (b'{"elements":["\xff"]}', ""),
        (b'{"elements":["\\ud800"]}', ""),
        (b"[" * 10_000, ""),
        (b'{"elements":[' + b"[" * 100_000, "elements[0]"),
    ],
    ids=lambda it: str(it)[:30],
)
def test_a_body_that_is_wrong_is_refused_and_says_where(
    items: Items, scs: Wire, body: bytes, names: str
) -> None:
    answer = items.ask("POST", "set", body, key="k", ttl_seconds=60)

    assert refused(answer) == (400, "invalid_argument")
    assert names in answer.json()["message"]
    assert list(scs.ask("KeysExist", cache_keys=[b"k"]).exists) == [False]


def test_what_the_body_is_called_does_not_matter(items: Items) -> None:
    for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
        answer = items.ask(
            "POST", "set", b'{"elements":["a"]}', {"content-type": kind}, key=kind, ttl_seconds=60
        )
        assert answer.status_code == 204


def test_a_reply_in_json_has_a_limit_and_a_part_of_it_has_not(items: Items) -> None:
    """Each of these elements takes one byte, and six in JSON."""
    pushed = {"values": ["\x01"] * 500_000}
    for _ in range(4):
        items.post("list/push-back", pushed, key="k", ttl_seconds=60)

    answer = items.ask("GET", "list", key="k")

    assert refused(answer) == (413, "resource_exhausted")
    assert str(REPLY) in answer.json()["message"]
    assert len(items.get("list", key="k", end=1_000_000)["values"]) == 1_000_000


def test_what_the_query_says_beyond_is_passed_over_but_for_deletes(items: Items) -> None:
    items.post("set", {"elements": ["a", "b"]}, key="k", ttl_seconds=60, unknown="1")
    assert items.get("set/length", key="k", unknown="1") == {"length": 2}

    # Who misspells what to remove does not remove the whole.
    for name in ("elemnt", "field", "element_base65"):
        answer = items.ask("DELETE", "set", key="k", **{name: "a"})
        assert refused(answer) == (400, "invalid_argument")
        assert name in answer.json()["message"]
    assert items.get("set/length", key="k") == {"length": 2}


@pytest.mark.parametrize("below", ["set", "dictionary", "list/push-back", "sorted-set"])
@pytest.mark.parametrize("query", [{}, {"ttl_seconds": 0}, {"ttl_seconds": 60, "refresh_ttl": "1"}])
def test_a_collection_needs_a_time(items: Items, below: str, query: dict[str, Any]) -> None:
    answer = items.ask("POST", below, b"{}", key="k", **query)

    assert refused(answer) == (400, "invalid_argument")
    assert ("refresh_ttl" if len(query) == 2 else "ttl_seconds") in answer.json()["message"]
