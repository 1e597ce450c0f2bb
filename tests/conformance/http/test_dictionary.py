"""Dictionaries by plain HTTP."""

from typing import Any

from conformance.http.items import MINUTE, Items, base64url, element, is_missing, refused
from conformance.http.route import BOTH, READS, WRITES, Route
from conformance.wire import Wire

BINARY = b"\xff\x00"
ELEMENT = 128 * 1024

FIELDS = {"fields": [{"field": "a", "value": "1"}]}
ROUTES = [
    Route("DictionarySet", WRITES, "POST", "dictionary", MINUTE, FIELDS),
    Route("DictionaryFetch", READS, "GET", "dictionary"),
    Route("DictionaryGet", READS, "GET", "dictionary", {"field": "a"}),
    Route("DictionaryLength", READS, "GET", "dictionary/length"),
    Route("DictionaryIncrement", BOTH, "POST", "dictionary/increment", MINUTE | {"field": "a"}),
    Route("DictionaryDelete", WRITES, "DELETE", "dictionary", {"field": "a"}),
    Route("DictionaryDelete", WRITES, "DELETE", "dictionary"),
]


def fields(**values: str) -> dict[str, Any]:
    """A body that writes fields."""
    return {"fields": [{"field": field, "value": value} for field, value in values.items()]}


def stored(scs: Wire) -> dict[bytes, bytes]:
    """The dictionary `k`, as the SDKs see it."""
    found = scs.ask("DictionaryFetch", dictionary_name=b"k").found
    return {pair.field: pair.value for pair in found.items}


def test_fields_are_written_and_read(items: Items, scs: Wire) -> None:
    assert items.post("dictionary", fields(a="1", b="2"), key="k", **MINUTE) is None
    assert items.post("dictionary", fields(b="3", c=""), key="k", **MINUTE) is None

    assert stored(scs) == {b"a": b"1", b"b": b"3", b"c": b""}
    read = items.get("dictionary", key="k")["fields"]
    assert sorted(read, key=str) == fields(a="1", b="3", c="")["fields"]
    assert items.get("dictionary/length", key="k") == {"length": 3}


def test_some_fields_are_read_in_the_order_of_the_question(items: Items) -> None:
    both = [{"field": "a", "value": "1"}, {"field": element(BINARY), "value": element(BINARY)}]
    items.post("dictionary", {"fields": both}, key="k", **MINUTE)

    read = items.ask("GET", f"dictionary?key=k&field_base64={base64url(BINARY)}&field=x&field=a")

    assert read.json()["fields"] == [
        {"field": element(BINARY), "found": True, "value": element(BINARY)},
        {"field": "x", "found": False},
        {"field": "a", "found": True, "value": "1"},
    ]
    coded = items.get("dictionary", key="k", field="a", encoding="base64")["fields"]
    assert coded == [{"field": element(b"a"), "found": True, "value": element(b"1")}]


def test_the_sdks_fields_are_read(items: Items, scs: Wire) -> None:
    pairs = [{"field": BINARY, "value": b"1"}]
    scs.ask("DictionarySet", dictionary_name=BINARY, items=pairs, ttl_milliseconds=60_000)

    read = items.get("dictionary", key_base64=base64url(BINARY))

    assert read == {"fields": [{"field": element(BINARY), "value": "1"}]}


def test_fields_are_removed_and_then_the_whole(items: Items, scs: Wire) -> None:
    items.post("dictionary", fields(a="1", b="2", c="3", d="4"), key="k", **MINUTE)

    items.delete("dictionary", key="k", field=["a", "missing"], field_base64=base64url(b"b"))
    assert stored(scs) == {b"c": b"3", b"d": b"4"}
    items.delete("dictionary", key="k", field=["c", "d"])
    assert is_missing(items.ask("GET", "dictionary", key="k"))

    items.post("dictionary", fields(a="1", b="2"), key="k", **MINUTE)
    for _ in range(2):
        items.delete("dictionary", key="k")
    assert is_missing(items.ask("GET", "dictionary", key="k"))


def test_a_field_without_a_name_is_a_field(items: Items) -> None:
    items.post("dictionary", {"fields": [{"field": "", "value": "1"}]}, key="k", **MINUTE)
    items.post("dictionary", fields(a="2"), key="k", **MINUTE)

    read = items.get("dictionary", key="k", field="")
    items.delete("dictionary", key="k", field="")

    assert read == {"fields": [{"field": "", "found": True, "value": "1"}]}
    assert items.get("dictionary", key="k") == fields(a="2")


def test_a_number_in_a_field_is_counted(items: Items, scs: Wire) -> None:
    for amount, value in ((None, 1), (41, 42), (-50, -8)):
        query = {} if amount is None else {"amount": amount}
        said = items.post("dictionary/increment", key="k", field="n", **query, **MINUTE)
        assert said == {"value": value}
    assert stored(scs) == {b"n": b"-8"}

    items.post("dictionary", fields(text="hello"), key="k", **MINUTE)
    wrong = items.ask("POST", "dictionary/increment", key="k", field="text", **MINUTE)
    assert refused(wrong) == (400, "failed_precondition")
    none = items.ask("POST", "dictionary/increment", key="k", **MINUTE)
    assert refused(none) == (400, "invalid_argument")


def test_a_write_renews_the_time_unless_it_says_otherwise(items: Items) -> None:
    for refresh, renewed in [(None, True), ("true", True), ("false", False)]:
        items.post("dictionary", fields(a="1"), key="k", ttl_seconds=600)
        query = {} if refresh is None else {"refresh_ttl": refresh}

        items.post("dictionary", fields(a="2"), key="k", ttl_seconds=60, **query)

        assert (items.get("ttl", key="k")["ttl_milliseconds"] < 60_000) is renewed, (
            refresh,
            renewed,
        )


def test_what_is_not_there_is_missing(items: Items) -> None:
    for below in ("dictionary", "dictionary/length"):
        assert is_missing(items.ask("GET", below, key="missing"))
    assert is_missing(items.ask("GET", "dictionary", key="missing", field="a"))


def test_another_type_is_refused(items: Items) -> None:
    items.put("k", b"1")

    answers = [
        items.ask("GET", "dictionary", key="k"),
        items.ask("GET", "dictionary", key="k", field="a"),
        items.ask("GET", "dictionary/length", key="k"),
        items.ask("POST", "dictionary", fields(a="1"), key="k", **MINUTE),
        items.ask("POST", "dictionary/increment", key="k", field="a", **MINUTE),
        items.ask("DELETE", "dictionary", key="k"),
        items.ask("DELETE", "dictionary", key="k", field="a"),
    ]
    assert {refused(answer) for answer in answers} == {(400, "failed_precondition")}
    assert items.value("k") == b"1"


def test_an_element_has_a_limit(items: Items) -> None:
    items.post("dictionary", fields(a="x" * ELEMENT), key="k", **MINUTE)

    for large in (fields(a="1", b="x" * (ELEMENT + 1)), fields(**{"x" * (ELEMENT + 1): "1"})):
        answer = items.ask("POST", "dictionary", large, key="k", **MINUTE)
        assert refused(answer) == (413, "resource_exhausted")
        assert answer.json()["err"] == "element_size_limit_exceeded"
    assert items.get("dictionary/length", key="k") == {"length": 1}


def test_a_field_asked_for_too_often_is_too_much(items: Items) -> None:
    items.post("dictionary", fields(a="x" * ELEMENT), key="k", **MINUTE)

    answer = items.ask("GET", "dictionary", key="k", field=["a"] * 100)

    assert refused(answer) == (413, "resource_exhausted")
    assert len(items.get("dictionary", key="k", field=["a"] * 70)["fields"]) == 70
