"""How bytes are written in JSON and in queries; what is said of a body that is wrong."""

from typing import Any

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


def test_any_bytes_go_in_and_come_out(items: Items, scs: Wire) -> None:
    for value in ANY:
        items.delete("set", key="k")
        items.post("set", {"elements": [element(value)]}, key="k", ttl_seconds=60)

        assert list(scs.ask("SetFetch", set_name=b"k").found.elements) == [value], value
        try:
            shown: object = value.decode()
        except UnicodeDecodeError:
            shown = element(value)
        assert items.get("set", key="k") == {"elements": [shown]}, value
        assert items.get("set", key="k", encoding="base64") == {"elements": [element(value)]}, value


def test_a_query_says_bytes_as_they_are_or_in_base64(items: Items) -> None:
    for value in ANY:
        items.post(
            "set", {"elements": [element(value)]}, key_base64=base64url(value), ttl_seconds=60
        )

        found = {"contains": [True, True]}
        both: dict[str, Any] = {"element": value, "element_base64": base64url(value)}
        assert items.get("set/contains", key=value, **both) == found, value
        assert items.get("set/contains", key_base64=base64url(value), **both) == found, value


def test_text_is_text_in_either_form(items: Items) -> None:
    both = ["ключ", {"base64": base64url("ключ".encode())}]
    items.post("set", {"elements": both}, key="k", ttl_seconds=60)

    assert items.get("set", key="k") == {"elements": ["ключ"]}


def test_a_body_that_is_wrong_is_refused_and_says_where(items: Items, scs: Wire) -> None:
    cases: list[tuple[bytes, str]] = [
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
        (b'{"elements":[' + b"[" * 100_000, ""),
        (b'{"elements":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}", "elements[0]"),
    ]
    for body, names in cases:
        answer = items.ask("POST", "set", body, key="k", ttl_seconds=60)

        assert refused(answer) == (400, "invalid_argument"), (body, names)
        assert names in answer.json()["message"], (body, names)
        assert list(scs.ask("KeysExist", cache_keys=[b"k"]).exists) == [False], (body, names)


def test_a_body_that_is_wrong_is_refused_in_our_own_words(items: Items) -> None:
    cases: list[tuple[str, bytes, str]] = [
        ("set", b'[["a"]]', "body: must be an object, not an array"),
        ("set", b'"a"', "body: must be an object, not a string"),
        ("set", b"", "body: the JSON ends too early"),
        ("set", b'{"elements":["a"', "body: the JSON ends too early"),
        ("set", b'{"elements" 1}', "body: cannot be read as JSON at line 1, column 13"),
        ("set", b'{"elements":["a"]} x', "body: cannot be read as JSON at line 1, column 20"),
        ("set", b"{}", "body: elements is missing"),
        ("set", b'{"element":[]}', "element: is not a known field; known are elements"),
        ("set", b'{"elements":[],"elements":[]}', "body: elements is there twice"),
        ("set", b'{"elements":{}}', "elements: must be an array, not an object"),
        (
            "set",
            b'{"elements":["a",1]}',
            'elements[1]: must be a string or {"base64": "\u2026"}, not 1',
        ),
        ("set", b'{"elements":[{"base64":"!"}]}', "elements[0]: it is not base64"),
        (
            "set",
            b'{"elements":[{"base64":null}]}',
            "elements[0].base64: must be a string, not null",
        ),
        ("dictionary", b'["a",1]', "body: must be an object, not an array"),
        ("dictionary", b'{"fields":[["f","v"]]}', "fields[0]: must be an object, not an array"),
        ("dictionary", b'{"fields":[{"field":"f"}]}', "fields[0]: value is missing"),
        ("sorted-set", b'{"elements":[["a",1]]}', "elements[0]: must be an object, not an array"),
        (
            "sorted-set",
            b'{"elements":[{"value":"a","score":"x"}]}',
            'elements[0].score: must be a number, "inf" or "-inf"',
        ),
        (
            "sorted-set/union",
            b'{"sources":[["a"]]}',
            "sources[0]: must be an object, not an array",
        ),
        (
            "sorted-set/union",
            b'{"sources":[],"aggregate":"avg"}',
            "aggregate: must be one of sum, min, max",
        ),
        (
            "sorted-set/union",
            b'{"sources":[],"aggregate":1}',
            "aggregate: must be a string, not 1",
        ),
        (
            "sorted-set/union",
            b'{"sources":[{"key":"a","weight":"1"}]}',
            "sources[0].weight: must be a number, not a string",
        ),
        ("leaderboard", b'{"elements":[[1,2]]}', "elements[0]: must be an object, not an array"),
        (
            "leaderboard",
            b'{"elements":[{"id":-1,"score":1}]}',
            "elements[0].id: must be a whole number from 0 to 4294967295, not -1",
        ),
        (
            "leaderboard",
            b'{"elements":[{"id":1,"score":true}]}',
            "elements[0].score: must be a number, not true",
        ),
        ("get", b'[["k"]]', "body: must be an object, not an array"),
        ("put", b'{"items":[["k","v",9]]}', "items[0]: must be an object, not an array"),
    ]
    for below, body, message in cases:
        answer = items.ask("POST", below, body, key="k", ttl_seconds=60)

        assert refused(answer) == (400, "invalid_argument"), (below, body, message)
        assert answer.json()["message"] == message, (below, body, message)


def test_a_body_is_read_as_json_unless_it_is_called_something_else(items: Items) -> None:
    kinds = {"application/json": 204, "text/json": 204}
    kinds |= {"application/x-www-form-urlencoded": 415, "text/plain": 415}
    for kind, status in kinds.items():
        answer = items.ask(
            "POST", "set", b'{"elements":["a"]}', {"content-type": kind}, key=kind, ttl_seconds=60
        )
        assert answer.status_code == status


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


def test_a_collection_needs_a_time(items: Items) -> None:
    cases: list[dict[str, Any]] = [{}, {"ttl_seconds": 0}, {"ttl_seconds": 60, "refresh_ttl": "1"}]
    for query in cases:
        for below in ["set", "dictionary", "list/push-back", "sorted-set"]:
            answer = items.ask("POST", below, b"{}", key="k", **query)

            assert refused(answer) == (400, "invalid_argument"), (query, below)
            assert ("refresh_ttl" if len(query) == 2 else "ttl_seconds") in answer.json()[
                "message"
            ], (query, below)
