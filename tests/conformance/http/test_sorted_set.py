"""Sorted sets by plain HTTP."""

from typing import Any

from conformance.http.items import MINUTE, Items, base64url, element, is_missing, refused
from conformance.http.route import BOTH, KEY, READS, WRITES, Route
from conformance.wire import Wire

BINARY = b"\xff\x00"
ELEMENT = 128 * 1024
LADDER = {"a": -1.5, "b": 0, "c": 2, "d": 2, "e": 10}

Query = dict[str, Any]

SCORES = {"elements": [{"value": "a", "score": 1}]}
ROUTES = [
    Route("SortedSetPut", WRITES, "POST", "sorted-set", MINUTE, SCORES),
    Route("SortedSetFetch", READS, "GET", "sorted-set"),
    Route("SortedSetFetch", READS, "GET", "sorted-set", {"min": 0}),
    Route("SortedSetGetScore", READS, "GET", "sorted-set/scores", {"value": "a"}),
    Route("SortedSetGetRank", READS, "GET", "sorted-set/rank", {"value": "a"}),
    Route("SortedSetLength", READS, "GET", "sorted-set/length"),
    Route("SortedSetLengthByScore", READS, "GET", "sorted-set/length", {"min": 0}),
    Route("SortedSetIncrement", BOTH, "POST", "sorted-set/increment", MINUTE | {"value": "a"}),
    Route(
        "SortedSetUnionStore", BOTH, "POST", "sorted-set/union", MINUTE, {"sources": [{"key": KEY}]}
    ),
    Route("SortedSetRemove", WRITES, "DELETE", "sorted-set", {"value": "a"}),
    Route("SortedSetRemove", WRITES, "DELETE", "sorted-set"),
]


def put(items: Items, key: str = "k", /, **scores: float | str) -> None:
    """Write values with scores."""
    body = {"elements": [{"value": value, "score": score} for value, score in scores.items()]}
    assert items.post("sorted-set", body, key=key, **MINUTE) is None


def order(items: Items, key: str = "k", **query: Any) -> str:
    """The values of a set, or of a part of it, which are letters."""
    return "".join(each["value"] for each in items.get("sorted-set", key=key, **query)["elements"])


def stored(scs: Wire, key: bytes = b"k") -> dict[bytes, float]:
    """A sorted set, as the SDKs see it."""
    found = scs.ask("SortedSetFetch", set_name=key, by_index={}, with_scores=True).found
    return {each.value: each.score for each in found.values_with_scores.elements}


def test_values_stand_in_the_order_of_their_scores(items: Items, scs: Wire) -> None:
    put(items, **dict(reversed(LADDER.items())))

    assert items.get("sorted-set", key="k") == {
        "elements": [{"value": value, "score": score} for value, score in LADDER.items()]
    }
    assert order(items, order="desc") == "edcba"
    assert stored(scs) == {value.encode(): score for value, score in LADDER.items()}
    assert items.get("sorted-set/length", key="k") == {"length": 5}


def test_a_value_has_the_score_that_it_was_given_last(items: Items) -> None:
    put(items, a=1, b=2)
    put(items, a=3)

    assert order(items) == "ba"


def test_a_score_is_the_same_number_on_every_way(items: Items, scs: Wire) -> None:
    cases: list[float] = [0.1 + 0.2, -1e300, 5e-324, 2**53 + 2, 1 / 3, 123456789.123456789]
    for score in cases:
        put(items, a=score)
        scs.ask(
            "SortedSetPut",
            set_name=b"theirs",
            elements=[{"value": b"a", "score": score}],
            ttl_milliseconds=60_000,
        )

        assert stored(scs)[b"a"] == score
        for key in ("k", "theirs"):
            assert items.get("sorted-set", key=key)["elements"][0]["score"] == score


def test_scores_may_be_infinite_and_are_words_then(items: Items, scs: Wire) -> None:
    put(items, low="-inf", middle=0, high="inf")

    assert stored(scs) == {b"low": float("-inf"), b"middle": 0, b"high": float("inf")}
    scores = [each["score"] for each in items.get("sorted-set", key="k")["elements"]]
    assert scores == ["-inf", 0, "inf"]
    for wrong in ('"nan"', '"1"', "null", "true", "1e999", "NaN"):
        body = f'{{"elements":[{{"value":"a","score":{wrong}}}]}}'.encode()
        answer = items.ask("POST", "sorted-set", body, key="k", **MINUTE)
        assert refused(answer) == (400, "invalid_argument"), wrong


def test_a_part_is_chosen_by_rank_or_by_score(items: Items) -> None:
    cases: list[tuple[Query, str]] = [
        ({"start": 1}, "bcde"),
        ({"end": 2}, "ab"),
        ({"start": 1, "end": -1}, "bcd"),
        ({"start": -2}, "de"),
        ({"start": 5}, ""),
        ({"start": 0, "end": 2, "order": "desc"}, "ed"),
        ({"min": 0}, "bcde"),
        ({"max": 2}, "abcd"),
        ({"min": 0, "max": 2}, "bcd"),
        ({"min": 0, "min_exclusive": "true"}, "cde"),
        ({"max": 2, "max_exclusive": "true"}, "ab"),
        ({"min": "-inf", "max": "inf"}, "abcde"),
        ({"min": 0, "max": 10, "offset": 1, "count": 2}, "cd"),
        ({"min": 0, "order": "desc", "offset": 1}, "dcb"),
        ({"offset": 3}, "de"),
        ({"count": 2, "order": "desc"}, "ed"),
        ({"count": 0}, ""),
        ({"min": 3, "max": 4}, ""),
    ]
    put(items, **LADDER)

    for query, found in cases:
        assert order(items, **query) == found, (query, found)


def test_a_part_that_is_none_is_refused_by_name(items: Items) -> None:
    cases: list[tuple[Query, str]] = [
        ({"start": 0, "min": 0}, "not by both"),
        ({"end": 1, "count": 1}, "not by both"),
        ({"start": "x"}, "start"),
        ({"min": "x"}, "min"),
        ({"max": "nan"}, "max"),
        ({"min": 0, "min_exclusive": "yes"}, "min_exclusive"),
        ({"count": -1}, "count"),
        ({"offset": -1}, "offset"),
        ({"order": "up"}, "order"),
        ({"order": ["asc", "desc"]}, "order"),
    ]
    put(items, a=1)

    for query, names in cases:
        answer = items.ask("GET", "sorted-set", key="k", **query)

        assert refused(answer) == (400, "invalid_argument"), (query, names)
        assert names in answer.json()["message"], (query, names)


def test_members_are_counted_by_score(items: Items) -> None:
    cases: list[tuple[Query, int]] = [
        ({}, 5),
        ({"min": 0}, 4),
        ({"min": 0, "max": 2}, 3),
        ({"min": 0, "min_exclusive": "true", "max": 2, "max_exclusive": "true"}, 0),
        ({"max": "-inf"}, 0),
    ]
    put(items, **LADDER)

    for query, length in cases:
        assert items.get("sorted-set/length", key="k", **query) == {"length": length}, (
            query,
            length,
        )


def test_scores_are_read_in_the_order_of_the_question(items: Items) -> None:
    body = {"elements": [{"value": "a", "score": 1}, {"value": element(BINARY), "score": "inf"}]}
    items.post("sorted-set", body, key="k", **MINUTE)

    read = items.ask("GET", f"sorted-set/scores?key=k&value=x&value_base64={base64url(BINARY)}")

    assert read.json()["elements"] == [
        {"value": "x", "found": False},
        {"value": element(BINARY), "found": True, "score": "inf"},
    ]
    assert refused(items.ask("GET", "sorted-set/scores", key="k")) == (400, "invalid_argument")


def test_a_rank_is_how_many_come_before(items: Items) -> None:
    put(items, **LADDER)

    assert items.get("sorted-set/rank", key="k", value="c") == {"rank": 2}
    assert items.get("sorted-set/rank", key="k", value="c", order="desc") == {"rank": 2}
    assert items.get("sorted-set/rank", key="k", value="e", order="desc") == {"rank": 0}
    assert is_missing(items.ask("GET", "sorted-set/rank", key="k", value="x"))
    assert is_missing(items.ask("GET", "sorted-set/rank", key="missing", value="x"))


def test_members_are_removed_and_then_the_whole(items: Items, scs: Wire) -> None:
    put(items, **LADDER)

    items.delete("sorted-set", key="k", value=["a", "missing"], value_base64=base64url(b"b"))
    assert order(items) == "cde"
    for _ in range(2):
        items.delete("sorted-set", key="k")
    assert list(scs.ask("KeysExist", cache_keys=[b"k"]).exists) == [False]


def test_a_score_is_counted(items: Items, scs: Wire) -> None:
    def count(**query: Any) -> Any:
        return items.post("sorted-set/increment", key="k", value="a", **query, **MINUTE)["score"]

    assert [count(), count(amount=1.5), count(amount=-4)] == [1, 2.5, -1.5]
    assert stored(scs) == {b"a": -1.5}
    assert count(amount="inf") == "inf"
    no_sum = items.ask("POST", "sorted-set/increment", key="k", value="a", amount="-inf", **MINUTE)
    assert refused(no_sum) == (400, "invalid_argument")


def test_sets_are_made_one(items: Items, scs: Wire) -> None:
    put(items, "one", a=1, b=2)
    put(items, "two", b=3, c=4)
    sources = [{"key": "one"}, {"key": "two", "weight": 10}, {"key": "missing"}]

    for aggregate, b in ((None, 32), ("sum", 32), ("min", 2), ("max", 30)):
        body: Query = {"sources": sources} | ({"aggregate": aggregate} if aggregate else {})
        assert items.post("sorted-set/union", body, key="k", **MINUTE) == {"length": 3}
        assert stored(scs) == {b"a": 1, b"b": b, b"c": 40}

    empty = {"sources": [{"key": "missing"}]}
    assert items.post("sorted-set/union", empty, key="k", **MINUTE) == {"length": 0}
    assert is_missing(items.ask("GET", "sorted-set", key="k"))


def test_a_union_that_cannot_be_is_refused(items: Items) -> None:
    put(items, a=1)

    bodies: list[Query] = [
        {"sources": []},
        {"sources": [{"key": "k", "weight": 1e39}]},
        {"sources": [{"key": "k", "weight": "inf"}]},
        {"sources": [{"key": "k"}], "aggregate": "mean"},
        {"sources": [{"weight": 1}]},
    ]
    for body in bodies:
        answer = items.ask("POST", "sorted-set/union", body, key="k", **MINUTE)
        assert refused(answer) == (400, "invalid_argument"), body
    assert order(items) == "a"


def test_what_is_not_there_is_missing(items: Items) -> None:
    asked: dict[str, Query] = {
        "sorted-set": {},
        "sorted-set/length": {},
        "sorted-set/scores": {"value": "a"},
    }
    for below, query in asked.items():
        assert is_missing(items.ask("GET", below, key="missing", **query)), below
    assert is_missing(items.ask("GET", "sorted-set", key="missing", min=0))
    assert is_missing(items.ask("GET", "sorted-set/length", key="missing", min=0))


def test_another_type_is_refused(items: Items) -> None:
    items.put("k", b"1")
    member = {"elements": [{"value": "a", "score": 1}]}

    answers = [
        items.ask("GET", "sorted-set", key="k"),
        items.ask("GET", "sorted-set", key="k", min=0),
        items.ask("GET", "sorted-set/length", key="k"),
        items.ask("GET", "sorted-set/length", key="k", min=0),
        items.ask("GET", "sorted-set/scores", key="k", value="a"),
        items.ask("GET", "sorted-set/rank", key="k", value="a"),
        items.ask("POST", "sorted-set", member, key="k", **MINUTE),
        items.ask("POST", "sorted-set/increment", key="k", value="a", **MINUTE),
        items.ask("POST", "sorted-set/union", {"sources": [{"key": "k"}]}, key="x", **MINUTE),
        items.ask("DELETE", "sorted-set", key="k"),
        items.ask("DELETE", "sorted-set", key="k", value="a"),
    ]
    assert {refused(answer) for answer in answers} == {(400, "failed_precondition")}
    assert items.value("k") == b"1"


def test_an_element_has_a_limit(items: Items) -> None:
    put(items, **{"x" * ELEMENT: 1})

    body = {"elements": [{"value": "a", "score": 1}, {"value": "x" * (ELEMENT + 1), "score": 1}]}
    answer = items.ask("POST", "sorted-set", body, key="k", **MINUTE)

    assert refused(answer) == (413, "resource_exhausted")
    assert answer.json()["err"] == "element_size_limit_exceeded"
    assert items.get("sorted-set/length", key="k") == {"length": 1}
