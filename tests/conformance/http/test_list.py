"""Lists by plain HTTP."""

import pytest

from conformance.http.client_count import Counted
from conformance.http.items import MINUTE, Items, base64url, element, is_missing, refused
from conformance.http.route import BOTH, READS, Route
from conformance.wire import Wire

BINARY = b"\xff\x00"
ELEMENT = 128 * 1024

ROUTES = [
    Route("ListConcatenateBack", BOTH, "POST", "list/push-back", MINUTE, {"values": ["a"]}),
    Route("ListConcatenateFront", BOTH, "POST", "list/push-front", MINUTE, {"values": ["a"]}),
    Route("ListFetch", READS, "GET", "list"),
    Route("ListLength", READS, "GET", "list/length"),
    Route(
        "ListInsert",
        BOTH,
        "POST",
        "list/insert",
        body={"value": "bb", "before": "a"},
        counts=Counted(sent=(len(b"bb"), len(b"a")), name=len(b"key")),
    ),
    Route("ListRetain", BOTH, "POST", "list/retain"),
    Route("ListPopBack", BOTH, "POST", "list/pop-back"),
    Route("ListPopFront", BOTH, "POST", "list/pop-front"),
    Route("ListRemove", BOTH, "DELETE", "list", {"value": "a"}),
    Route("ListErase", BOTH, "DELETE", "list"),
]


def push(items: Items, *values: str, end: str = "back", **query: str | int) -> int:
    """Add to the list `k`; return how long it is then."""
    said = items.post(f"list/push-{end}", {"values": values}, key="k", **{**MINUTE, **query})
    return int(said["length"])


def values(items: Items, **query: str | int) -> list[str]:
    """The list `k`, or a part of it."""
    found: list[str] = items.get("list", key="k", **query)["values"]
    return found


def test_both_ends_take_values_in_the_order_given(items: Items, scs: Wire) -> None:
    assert push(items, "c", "d") == 2
    assert push(items, "a", "b", end="front") == 4

    assert values(items) == ["a", "b", "c", "d"]
    assert list(scs.ask("ListFetch", list_name=b"k").found.values) == [b"a", b"b", b"c", b"d"]
    assert items.get("list/length", key="k") == {"length": 4}


def test_both_ends_give_values_until_none_is_left(items: Items) -> None:
    items.post("list/push-back", {"values": ["a", element(BINARY), "c"]}, key="k", **MINUTE)

    assert items.post("list/pop-front", key="k") == {"value": "a", "length": 2}
    assert items.post("list/pop-back", key="k") == {"value": "c", "length": 1}
    assert items.post("list/pop-back", key="k") == {"value": element(BINARY), "length": 0}
    for end in ("front", "back"):
        assert is_missing(items.ask("POST", f"list/pop-{end}", key="k"))


@pytest.mark.parametrize(("end", "kept"), [("back", ["2", "3", "4"]), ("front", ["3", "4", "1"])])
def test_a_list_is_cut_at_the_other_end(items: Items, end: str, kept: list[str]) -> None:
    push(items, "1", "2")

    assert push(items, "3", "4", end=end, truncate_to=3) == 3

    assert values(items) == kept
    assert push(items, "5", end=end, truncate_to=0) == 4
    wrong = items.ask("POST", "list/push-back", {"values": []}, key="k", truncate_to=-1, **MINUTE)
    assert refused(wrong) == (400, "invalid_argument")


def test_a_part_is_what_python_says(items: Items) -> None:
    cases: list[tuple[dict[str, int], str]] = [
        ({}, "abcde"),
        ({"start": 1}, "bcde"),
        ({"end": 2}, "ab"),
        ({"start": 1, "end": 3}, "bc"),
        ({"start": -2}, "de"),
        ({"end": -2}, "abc"),
        ({"start": -4, "end": -1}, "bcd"),
        ({"start": -99, "end": 99}, "abcde"),
        ({"start": 5}, ""),
        ({"start": 3, "end": 1}, ""),
    ]
    for part, found in cases:
        items.delete("list", key="k")
        push(items, *"abcde")

        assert values(items, **part) == list(found), (part, found)
        left = items.ask("POST", "list/retain", key="k", **part)
        assert (left.status_code, left.json()) == (200, {"length": len(found)}), (part, found)
        if found:
            assert values(items) == list(found), (part, found)
        else:
            assert is_missing(items.ask("GET", "list", key="k")), (part, found)


def test_an_empty_part_is_no_missing_list(items: Items) -> None:
    """So that who reads page by page sees the end."""
    push(items, "a")

    assert values(items, start=1, end=100) == []
    assert is_missing(items.ask("GET", "list", key="missing", start=1, end=100))


def test_equal_values_are_removed_and_then_the_whole(items: Items, scs: Wire) -> None:
    push(items, "a", "b", "a", "c", "a")

    items.delete("list", key="k", value="a")
    items.delete("list", key="k", value="missing")
    assert values(items) == ["b", "c"]
    items.delete("list", key="k", value_base64=base64url(b"b"))
    assert values(items) == ["c"]

    for _ in range(2):
        items.delete("list", key="k")
    assert list(scs.ask("KeysExist", cache_keys=[b"k"]).exists) == [False]


def test_one_value_is_removed_at_a_time(items: Items) -> None:
    push(items, "a", "b")

    answer = items.ask("DELETE", "list", key="k", value=["a", "b"])

    assert refused(answer) == (400, "invalid_argument")
    assert values(items) == ["a", "b"]


def test_the_sdks_list_is_read(items: Items, scs: Wire) -> None:
    scs.ask("ListConcatenateBack", list_name=BINARY, values=[BINARY, b"b"], ttl_milliseconds=60_000)

    read = items.get("list", key_base64=base64url(BINARY))

    assert read == {"values": [element(BINARY), "b"]}


def test_keeping_a_part_keeps_the_time_unless_it_says_otherwise(items: Items) -> None:
    push(items, "a", "b", "c", ttl_seconds=600)

    items.post("list/retain", key="k", end=2)
    assert items.get("ttl", key="k")["ttl_milliseconds"] > 500_000
    items.post("list/retain", key="k", end=2, ttl_seconds=60)
    assert items.get("ttl", key="k")["ttl_milliseconds"] < 60_000


def test_a_value_is_inserted_beside_the_first_equal_element(items: Items, scs: Wire) -> None:
    push(items, "b", "c", "b")

    for body, length in [
        ({"value": "a", "before": "b"}, 4),
        ({"value": element(BINARY), "after": "b"}, 5),
        ({"value": "d", "before": element(BINARY)}, 6),
        ({"value": "e", "after": "c", "before": None}, 7),
    ]:
        assert items.post("list/insert", body, key="k") == {"length": length}, body

    found = scs.ask("ListFetch", list_name=b"k").found
    assert list(found.values) == [b"a", b"b", b"d", BINARY, b"c", b"e", b"b"]


def test_nothing_is_inserted_beside_an_element_that_is_not_there(items: Items) -> None:
    push(items, "a")

    for side in ("before", "after"):
        missing = items.ask("POST", "list/insert", {"value": "b", side: "A"}, key="k")
        assert refused(missing) == (412, "failed_precondition")
        assert "no element" in missing.json()["message"]
        nowhere = items.ask("POST", "list/insert", {"value": "b", side: "a"}, key="gone")
        assert is_missing(nowhere)
    assert values(items) == ["a"]
    assert is_missing(items.ask("GET", "list", key="gone"))


def test_an_insert_names_one_element(items: Items) -> None:
    push(items, "a")

    for sides in ({}, {"before": None}, {"before": "a", "after": "a"}):
        answer = items.ask("POST", "list/insert", {"value": "b", **sides}, key="k")
        assert refused(answer) == (400, "invalid_argument")
        assert "exactly one of before and after" in answer.json()["message"]
    assert values(items) == ["a"]


def test_inserting_keeps_the_time_unless_it_says_otherwise(items: Items) -> None:
    push(items, "a", ttl_seconds=600)
    body = {"value": "b", "after": "a"}

    items.post("list/insert", body, key="k")
    items.post("list/insert", body, key="k", ttl_seconds=60, refresh_ttl="false")
    assert items.get("ttl", key="k")["ttl_milliseconds"] > 500_000
    items.post("list/insert", body, key="k", ttl_seconds=60)
    assert items.get("ttl", key="k")["ttl_milliseconds"] <= 60_000


def test_what_is_not_there_is_missing(items: Items) -> None:
    for method, below in (("GET", "list"), ("GET", "list/length"), ("POST", "list/retain")):
        assert is_missing(items.ask(method, below, key="missing")), below


def test_another_type_is_refused(items: Items) -> None:
    items.put("k", b"1")

    answers = [
        items.ask("GET", "list", key="k"),
        items.ask("GET", "list/length", key="k"),
        items.ask("POST", "list/push-back", {"values": ["a"]}, key="k", **MINUTE),
        items.ask("POST", "list/push-front", {"values": ["a"]}, key="k", **MINUTE),
        items.ask("POST", "list/pop-back", key="k"),
        items.ask("POST", "list/pop-front", key="k"),
        items.ask("POST", "list/retain", key="k"),
        items.ask("POST", "list/insert", {"value": "a", "before": "1"}, key="k"),
        items.ask("DELETE", "list", key="k"),
        items.ask("DELETE", "list", key="k", value="a"),
    ]
    assert {refused(answer) for answer in answers} == {(400, "failed_precondition")}
    assert items.value("k") == b"1"


def test_an_element_has_a_limit(items: Items) -> None:
    push(items, "x" * ELEMENT)

    for end in ("back", "front"):
        body = {"values": ["a", "x" * (ELEMENT + 1)]}
        answer = items.ask("POST", f"list/push-{end}", body, key="k", **MINUTE)
        assert refused(answer) == (413, "resource_exhausted")
        assert answer.json()["err"] == "element_size_limit_exceeded"
    inserted = {"value": "x" * (ELEMENT + 1), "before": "x" * ELEMENT}
    answer = items.ask("POST", "list/insert", inserted, key="k")
    assert refused(answer) == (413, "resource_exhausted")
    assert items.get("list/length", key="k") == {"length": 1}


def test_positions_are_whole_numbers(items: Items) -> None:
    push(items, "a")

    for part in ({"start": "one"}, {"end": 1.5}, {"start": 2**63}):
        for method, below in (("GET", "list"), ("POST", "list/retain")):
            answer = items.ask(method, below, key="k", **part)
            assert refused(answer) == (400, "invalid_argument")
    assert values(items) == ["a"]
