"""Numbers, times and types of items, and many of them at once removed."""

import pytest

from conformance.http.client_count import Counted
from conformance.http.items import MINUTE, Items, base64url, is_missing, refused
from conformance.http.route import BOTH, KEY, READS, WRITES, Route
from conformance.wire import Wire

NO_TAG = '"no tag of ours"'


def _many(api: str, needs: set[str], below: str, body: object) -> Route:
    return Route(api, needs, "POST", below, MINUTE, body, names_key=False)


ROUTES = [
    Route("Set", WRITES, "PUT", query=MINUTE, body=b"1"),
    Route("Get", READS, "GET"),
    Route("Get", READS, "HEAD"),
    Route("Get", READS, "GET", headers={"if-none-match": "*"}),
    Route("SetIf", BOTH, "PUT", query=MINUTE, body=b"1", headers={"if-match": "*"}),
    Route("SetIf", BOTH, "PUT", query=MINUTE, body=b"1", headers={"if-none-match": "*"}),
    Route("SetIfHash", BOTH, "PUT", query=MINUTE, body=b"1", headers={"if-match": NO_TAG}),
    Route("SetIfHash", BOTH, "PUT", query=MINUTE, body=b"1", headers={"if-none-match": NO_TAG}),
    _many("GetBatch", READS, "get", {"keys": [KEY]}),
    _many("SetBatch", WRITES, "put", {"items": [{"key": KEY, "value": "1"}]}),
    _many("KeysExist", READS, "exists", {"keys": [KEY]}),
    Route("Increment", BOTH, "POST", "increment", MINUTE),
    Route("ItemGetTtl", READS, "GET", "ttl"),
    Route("UpdateTtl", BOTH, "PUT", "ttl", MINUTE),
    Route("ItemGetType", READS, "GET", "type"),
    Route(
        "ListKeys",
        READS,
        "GET",
        "keys",
        {"prefix": KEY},
        names_key=False,
        of_prefix=True,
        counts=Counted(sent=(len(KEY),), found=(len(KEY),)),
    ),
    Route("Delete", WRITES, "DELETE"),
]


def test_a_number_is_counted_up_and_down(items: Items, scs: Wire) -> None:
    assert items.post("increment", key="n", ttl_seconds=60) == {"value": 1}
    assert items.post("increment", key="n", amount=41, ttl_seconds=60) == {"value": 42}
    assert items.post("increment", key="n", amount=-43, ttl_seconds=60) == {"value": -1}
    assert items.post("increment", key="n", amount=0, ttl_seconds=60) == {"value": -1}

    assert items.value("n") == scs.get(b"n") == b"-1"


def test_a_number_has_64_bits(items: Items) -> None:
    most = 2**63 - 1
    assert items.post("increment", key="n", amount=most, ttl_seconds=60) == {"value": most}

    over = items.ask("POST", "increment", key="n", ttl_seconds=60)

    assert refused(over) == (400, "failed_precondition")
    for amount in (2**63, 1.5, "one", ""):
        answer = items.ask("POST", "increment", key="n", amount=amount, ttl_seconds=60)
        assert refused(answer) == (400, "invalid_argument")
        assert "amount" in answer.text
    assert items.value("n") == str(most).encode()


def test_what_is_no_number_is_not_counted(items: Items) -> None:
    items.put("text", b"hello")
    items.post("set", {"elements": ["a"]}, key="set", ttl_seconds=60)

    for key in ("text", "set"):
        answer = items.ask("POST", "increment", key=key, ttl_seconds=60)
        assert refused(answer) == (400, "failed_precondition")


def test_counting_gives_the_number_its_time(items: Items) -> None:
    items.put("n", b"1", ttl_seconds=6000)
    items.post("increment", key="n", ttl_seconds=60)

    assert 0 < items.get("ttl", key="n")["ttl_milliseconds"] < 60_000
    assert refused(items.ask("POST", "increment", key="n")) == (400, "invalid_argument")


def test_the_time_that_is_left_is_less_than_what_was_given(items: Items) -> None:
    items.put("k", b"1", ttl_seconds=60)

    assert 50_000 < items.get("ttl", key="k")["ttl_milliseconds"] < 60_000
    assert is_missing(items.ask("GET", "ttl", key="missing"))


@pytest.mark.parametrize(
    ("only", "seconds", "updated"),
    [
        (None, 30, True),
        (None, 600, True),
        ("longer", 600, True),
        ("longer", 30, False),
        ("shorter", 30, True),
        ("shorter", 600, False),
    ],
)
def test_a_time_is_changed_as_asked(
    items: Items, only: str | None, seconds: int, updated: bool
) -> None:
    items.put("k", b"1", ttl_seconds=60)
    query: dict[str, str | int] = {"key": "k", "ttl_seconds": seconds}

    answer = items.ask("PUT", "ttl", **query | ({"only": only} if only else {}))

    assert (answer.status_code, answer.json()) == (200, {"updated": updated})
    left = items.get("ttl", key="k")["ttl_milliseconds"]
    wanted = (seconds if updated else 60) * 1000
    assert wanted - 10_000 < left < wanted


def test_a_time_is_asked_for_properly(items: Items) -> None:
    items.put("k", b"1")

    assert is_missing(items.ask("PUT", "ttl", key="missing", ttl_seconds=60))
    for query in ({}, {"ttl_seconds": 0}, {"ttl_seconds": 60, "only": "later"}):
        answer = items.ask("PUT", "ttl", key="k", **query)
        assert refused(answer) == (400, "invalid_argument"), query


def test_each_kind_of_item_says_what_it_is(items: Items, scs: Wire) -> None:
    items.put("scalar", b"1")
    field = [{"field": "a", "value": "b"}]
    items.post("dictionary", {"fields": field}, key="dictionary", ttl_seconds=60)
    items.post("list/push-back", {"values": ["a"]}, key="list", ttl_seconds=60)
    items.post("set", {"elements": ["a"]}, key="set", ttl_seconds=60)
    member = [{"value": "a", "score": 1}]
    items.post("sorted-set", {"elements": member}, key="sorted-set", ttl_seconds=60)
    items.post("leaderboard", {"elements": [{"id": 1, "score": 1}]}, key="leaderboard")

    for number, kind in enumerate(["scalar", "dictionary", "set", "list", "sorted-set"]):
        assert items.get("type", key=kind) == {"type": kind}
        assert scs.ask("ItemGetType", cache_key=kind.encode()).found.item_type == number
    # A leaderboard is beside the items, and not among them.
    for key in ("leaderboard", "missing"):
        assert is_missing(items.ask("GET", "type", key=key))


def test_many_keys_are_removed_at_once(items: Items, scs: Wire) -> None:
    binary = b"\xff\x00"
    for key in (b"a", b"b", binary, b"stays"):
        scs.set(key, b"1")

    items.delete(key=["a", "b", "missing"], key_base64=base64url(binary))

    assert [scs.get(key) for key in (b"a", b"b", binary, b"stays")] == [None, None, None, b"1"]


def test_a_delete_takes_items_of_any_type(items: Items) -> None:
    items.post("set", {"elements": ["a"]}, key="set", ttl_seconds=60)

    items.delete(key="set")

    assert is_missing(items.ask("GET", "set", key="set"))


def test_a_delete_of_nothing_is_refused(items: Items) -> None:
    assert refused(items.ask("DELETE")) == (400, "invalid_argument")
    assert refused(items.ask("DELETE", key_base64="!", key="a")) == (400, "invalid_argument")
