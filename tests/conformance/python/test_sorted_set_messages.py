"""Sorted sets by raw message: what the Python clients have no method for."""

import dataclasses
import math
from typing import Any

import grpc
import pytest
from momento_wire_types import cacheclient_pb2 as pb

from conformance.wire import MINUTE, Wire, plaintext, refusal
from harness import Server

SCORES = {b"a": 1.0, b"b": 2.0, b"c": 2.0, b"d": 3.5, b"e": 10.0}
SUM, MIN, MAX = (
    pb._SortedSetUnionStoreRequest.SUM,
    pb._SortedSetUnionStoreRequest.MIN,
    pb._SortedSetUnionStoreRequest.MAX,
)


def make(scs: Wire, name: bytes, scores: dict[bytes, float]) -> None:
    """A sorted set of these values."""
    elements = [{"value": value, "score": score} for value, score in scores.items()]
    scs.ask("SortedSetPut", set_name=name, elements=elements, ttl_milliseconds=MINUTE)


def pairs(scs: Wire, name: bytes = b"ranking", **range_: Any) -> list[tuple[bytes, float]] | None:
    """Values with their scores, or None for a miss."""
    reply = scs.ask("SortedSetFetch", set_name=name, with_scores=True, **range_)
    if reply.WhichOneof("sorted_set") == "missing":
        return None
    assert reply.found.WhichOneof("elements") == "values_with_scores"
    return [(each.value, each.score) for each in reply.found.values_with_scores.elements]


def values(scs: Wire, **by_score: Any) -> bytes:
    """The values with these scores in a row."""
    reply = scs.ask("SortedSetFetch", set_name=b"ranking", by_score={"count": -1, **by_score})
    assert reply.found.WhichOneof("elements") == "values"
    return b"".join(reply.found.values.values)


def length(scs: Wire, method: str = "SortedSetLength", **fields: Any) -> int | None:
    """How many values there are, or None for a miss."""
    reply = scs.ask(method, set_name=b"ranking", **fields)
    if reply.WhichOneof("sorted_set") == "missing":
        return None
    assert reply.WhichOneof("sorted_set") == "found"
    return int(reply.found.length)


def unite(scs: Wire, *sources: tuple[bytes, float], aggregate: int = SUM) -> int:
    """Store the union of weighted sets in `target`; its length."""
    asked = [{"set_name": name, "weight": weight} for name, weight in sources]
    reply = scs.ask(
        "SortedSetUnionStore",
        set_name=b"target",
        sources=asked,
        aggregate=aggregate,
        ttl_milliseconds=MINUTE,
    )
    return int(reply.length)


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        ({"score": 2}, {"score": 3.5}, b"bcd"),
        ({"score": 2, "exclusive": True}, {"score": 3.5}, b"d"),
        ({"score": 2}, {"score": 3.5, "exclusive": True}, b"bc"),
        ({"score": 2, "exclusive": True}, {"score": 3.5, "exclusive": True}, b""),
        ({"score": 2, "exclusive": True}, {"score": 2, "exclusive": True}, b""),
        ({"score": -math.inf, "exclusive": True}, {"score": math.inf, "exclusive": True}, b"abcde"),
    ],
)
def test_an_end_of_a_range_may_be_left_out(
    scs: Wire, low: dict[str, Any], high: dict[str, Any], found: bytes
) -> None:
    make(scs, b"ranking", SCORES)

    assert values(scs, min_score=low, max_score=high) == found


def test_ends_that_are_not_said_are_unbounded(scs: Wire) -> None:
    make(scs, b"ranking", SCORES)

    assert values(scs) == b"abcde"
    assert values(scs, unbounded_min={}, unbounded_max={}) == b"abcde"
    assert pairs(scs, by_index={}) == pairs(scs) == list(SCORES.items())


@pytest.mark.parametrize(("count", "found"), [(0, b""), (1, b"b"), (-1, b"bcde"), (-9, b"bcde")])
def test_a_negative_count_is_all_and_zero_is_none(scs: Wire, count: int, found: bytes) -> None:
    make(scs, b"ranking", SCORES)

    assert values(scs, offset=1, count=count) == found


def test_the_length_is_the_number_of_values(scs: Wire) -> None:
    assert length(scs) is None

    make(scs, b"ranking", SCORES)
    make(scs, b"ranking", {b"a": 9.0, b"z": 1.0})

    assert length(scs) == 6


@pytest.mark.parametrize(
    ("ends", "counted"),
    [
        ({}, 5),
        ({"unbounded_min": {}, "unbounded_max": {}}, 5),
        ({"inclusive_min": 2.0}, 4),
        ({"exclusive_min": 2.0}, 2),
        ({"inclusive_max": 2.0}, 3),
        ({"exclusive_max": 2.0}, 1),
        ({"inclusive_min": 2.0, "inclusive_max": 2.0}, 2),
        ({"exclusive_min": 2.0, "exclusive_max": 2.0}, 0),
        ({"inclusive_min": 5.0, "inclusive_max": 1.0}, 0),
        ({"inclusive_min": -math.inf, "inclusive_max": math.inf}, 5),
    ],
)
def test_values_are_counted_by_their_scores(scs: Wire, ends: dict[str, Any], counted: int) -> None:
    assert length(scs, "SortedSetLengthByScore", **ends) is None

    make(scs, b"ranking", SCORES)

    assert length(scs, "SortedSetLengthByScore", **ends) == counted


def test_all_values_are_removed_at_once(scs: Wire) -> None:
    make(scs, b"ranking", SCORES)

    for _ in range(2):
        scs.ask("SortedSetRemove", set_name=b"ranking", all={})

    assert pairs(scs) is None
    assert list(scs.ask("KeysExist", cache_keys=[b"ranking"]).exists) == [False]


def test_a_value_that_is_not_there_misses_in_the_way_each_client_understands(
    scs: Wire, server: Server
) -> None:
    """Java's client takes any `element_rank` for a hit; Python's takes `missing` for an error."""
    make(scs, b"ranking", SCORES)
    asked = {"set_name": b"ranking", "value": b"never there"}

    python = scs.ask("SortedSetGetRank", **asked)
    with plaintext(server.http_address, user_agent="grpc-java-netty/1.57.2") as channel:
        java = dataclasses.replace(scs, channel=channel).ask("SortedSetGetRank", **asked)

    assert python.element_rank.result == pb.Miss
    assert java.WhichOneof("rank") == "missing"


def test_putting_nothing_makes_no_set(scs: Wire) -> None:
    make(scs, b"ranking", {})

    assert pairs(scs) is None


@pytest.mark.parametrize(
    ("aggregate", "united"),
    [
        (SUM, [(b"a", 1.0), (b"c", 30.0), (b"b", 22.0)]),
        (MIN, [(b"a", 1.0), (b"b", 2.0), (b"c", 30.0)]),
        (MAX, [(b"a", 1.0), (b"b", 20.0), (b"c", 30.0)]),
    ],
)
def test_sets_are_united(scs: Wire, aggregate: int, united: list[tuple[bytes, float]]) -> None:
    make(scs, b"one", {b"a": 1.0, b"b": 2.0})
    make(scs, b"two", {b"b": 20.0, b"c": 30.0})

    assert unite(scs, (b"one", 1), (b"two", 1), aggregate=aggregate) == 3

    assert pairs(scs, b"target") == sorted(united, key=lambda pair: pair[1])


@pytest.mark.parametrize(
    ("weights", "united"),
    [
        ((1.0, 1.0), {b"a": 1.0, b"b": 22.0, b"c": 30.0}),
        ((2.0, 0.5), {b"a": 2.0, b"b": 14.0, b"c": 15.0}),
        ((0.0, 1.0), {b"a": 0.0, b"b": 20.0, b"c": 30.0}),
        ((-1.0, -2.0), {b"a": -1.0, b"b": -42.0, b"c": -60.0}),
        ((0.0, 0.0), {b"a": 0.0, b"b": 0.0, b"c": 0.0}),
    ],
)
def test_scores_are_weighed(
    scs: Wire, weights: tuple[float, float], united: dict[bytes, float]
) -> None:
    make(scs, b"one", {b"a": 1.0, b"b": 2.0})
    make(scs, b"two", {b"b": 20.0, b"c": 30.0})

    assert unite(scs, (b"one", weights[0]), (b"two", weights[1])) == 3

    assert pairs(scs, b"target") == sorted(united.items(), key=lambda pair: (pair[1], pair[0]))


def test_one_set_may_be_united_with_itself(scs: Wire) -> None:
    make(scs, b"target", {b"a": 1.0, b"b": 2.0})

    assert unite(scs, (b"target", 1), (b"target", 10)) == 2

    assert pairs(scs, b"target") == [(b"a", 11.0), (b"b", 22.0)]


def test_a_union_takes_the_place_of_what_was_there(scs: Wire) -> None:
    make(scs, b"one", {b"a": 1.0})
    make(scs, b"target", {b"old": 1.0})

    assert unite(scs, (b"one", 1), (b"never there", 1)) == 1

    assert pairs(scs, b"target") == [(b"a", 1.0)]


def test_an_empty_union_takes_away_what_was_there(scs: Wire) -> None:
    make(scs, b"target", {b"old": 1.0})

    assert unite(scs, (b"never there", 1)) == 0

    assert pairs(scs, b"target") is None


def test_a_union_of_nothing_is_refused(scs: Wire) -> None:
    make(scs, b"target", {b"old": 1.0})

    assert refusal(lambda: unite(scs)).code is grpc.StatusCode.INVALID_ARGUMENT
    assert pairs(scs, b"target") == [(b"old", 1.0)]


def test_a_union_has_no_score_that_is_not_a_number(scs: Wire) -> None:
    """Infinity less infinity, and infinity without weight, count for nothing."""
    make(scs, b"one", {b"a": math.inf, b"b": math.inf})
    make(scs, b"two", {b"a": -math.inf})

    assert unite(scs, (b"one", 1), (b"two", 1)) == 2
    assert pairs(scs, b"target") == [(b"a", 0.0), (b"b", math.inf)]
    assert unite(scs, (b"one", 0)) == 2
    assert pairs(scs, b"target") == [(b"a", 0.0), (b"b", 0.0)]
