"""Sorted sets, through Momento's own Python clients: scores, ranks and ranges."""

import math
from collections.abc import Mapping

import pytest
from momento.errors import MomentoErrorCode
from momento.requests import SortOrder
from momento.responses import (
    CacheSortedSetFetch,
    CacheSortedSetGetRank,
    CacheSortedSetGetScore,
    CacheSortedSetGetScores,
    CacheSortedSetIncrementScore,
    CacheSortedSetPutElement,
    CacheSortedSetPutElements,
    CacheSortedSetRemoveElement,
    CacheSortedSetRemoveElements,
)

from conformance.python.clients import Client, error_of, expect

UP, DOWN = SortOrder.ASCENDING, SortOrder.DESCENDING
SCORES = {"a": 1.0, "b": 2.0, "c": 2.0, "d": 3.5, "e": 10.0}
ENDS = [None, -100, -6, -5, -4, -1, 0, 1, 3, 4, 5, 6, 100]
Pairs = list[tuple[str, float]]


def make(client: Client, cache: str, scores: Mapping[str, float] = SCORES) -> None:
    """A sorted set of these values."""
    elements = {value: float(score) for value, score in scores.items()}
    made = client.sorted_set_put_elements(cache, "ranking", elements)
    expect(made, CacheSortedSetPutElements.Success)


def by_rank(
    client: Client,
    cache: str,
    start: int | None = None,
    end: int | None = None,
    order: SortOrder = UP,
) -> Pairs | None:
    """The values at these ranks, or None for a miss."""
    fetched = client.sorted_set_fetch_by_rank(cache, "ranking", start, end, order)
    if isinstance(fetched, CacheSortedSetFetch.Miss):
        return None
    return expect(fetched, CacheSortedSetFetch.Hit).value_list_string


def by_score(
    client: Client,
    cache: str,
    low: float | None = None,
    high: float | None = None,
    order: SortOrder = UP,
    offset: int | None = None,
    count: int | None = None,
) -> str | None:
    """The values with these scores in a row, or None for a miss."""
    fetched = client.sorted_set_fetch_by_score(cache, "ranking", low, high, order, offset, count)
    if isinstance(fetched, CacheSortedSetFetch.Miss):
        return None
    hit = expect(fetched, CacheSortedSetFetch.Hit)
    return "".join(value for value, _ in hit.value_list_string)


def rank(client: Client, cache: str, value: str, order: SortOrder = UP) -> int | None:
    """The rank of a value, or None for a miss."""
    got = client.sorted_set_get_rank(cache, "ranking", value, order)
    if isinstance(got, CacheSortedSetGetRank.Miss):
        return None
    return int(expect(got, CacheSortedSetGetRank.Hit).rank)


def test_values_come_in_the_order_of_their_scores(client: Client, cache: str) -> None:
    make(client, cache, {"last": 3, "first": -1.5, "middle": 2e-300})

    assert by_rank(client, cache) == [("first", -1.5), ("middle", 2e-300), ("last", 3.0)]


def test_equal_scores_are_ordered_by_the_bytes_of_the_values(client: Client, cache: str) -> None:
    values = [b"", b"\x00", b"B", b"a", b"aa", b"ab", b"\x7f", b"\xc3\xa4", b"\xff"]
    client.sorted_set_put_elements(cache, "ranking", dict.fromkeys(reversed(values), 7.0))

    up = client.sorted_set_fetch_by_rank(cache, "ranking")
    down = client.sorted_set_fetch_by_rank(cache, "ranking", sort_order=DOWN)

    in_order = [(value, 7.0) for value in sorted(values)]
    assert expect(up, CacheSortedSetFetch.Hit).value_list_bytes == in_order
    assert expect(down, CacheSortedSetFetch.Hit).value_list_bytes == in_order[::-1]


def test_a_value_that_is_put_again_moves(client: Client, cache: str) -> None:
    make(client, cache)

    moved = client.sorted_set_put_element(cache, "ranking", "a", 5.0)

    expect(moved, CacheSortedSetPutElement.Success)
    assert by_score(client, cache) == "bcdae"


def test_infinite_scores_stand_at_the_ends(client: Client, cache: str) -> None:
    make(client, cache, {"top": math.inf, "most": 1.7e308, "least": -1.7e308, "low": -math.inf})

    assert by_rank(client, cache) == [
        ("low", -math.inf),
        ("least", -1.7e308),
        ("most", 1.7e308),
        ("top", math.inf),
    ]
    assert by_score(client, cache, math.inf, math.inf) == "top"
    assert by_score(client, cache, -math.inf, -math.inf) == "low"
    assert rank(client, cache, "top") == 3


def test_no_score_is_not_a_number(client: Client, cache: str) -> None:
    make(client, cache)

    one = client.sorted_set_put_element(cache, "ranking", "a", math.nan)
    several = client.sorted_set_put_elements(cache, "ranking", {"new": 1.0, "nan": math.nan})
    bound = client.sorted_set_fetch_by_score(cache, "ranking", min_score=math.nan)

    for refused in (one, several, bound):
        assert error_of(refused) is MomentoErrorCode.INVALID_ARGUMENT_ERROR
    assert by_rank(client, cache) == list(SCORES.items())


@pytest.mark.parametrize("order", [UP, DOWN])
@pytest.mark.parametrize("start", ENDS)
def test_a_range_of_ranks_is_a_slice_after_ordering(
    client: Client, cache: str, start: int | None, order: SortOrder
) -> None:
    make(client, cache)
    in_order = list(SCORES.items())[:: 1 if order is UP else -1]

    fetched = [by_rank(client, cache, start, end, order) for end in ENDS]

    assert fetched == [in_order[start:end] for end in ENDS]


def test_an_empty_range_is_a_hit_and_no_set_a_miss(client: Client, cache: str) -> None:
    assert by_rank(client, cache, 0, 1) is None
    assert by_score(client, cache, 0, 1) is None

    make(client, cache)

    assert by_rank(client, cache, 100, 200) == []
    assert by_rank(client, cache, 3, 3) == []
    assert by_score(client, cache, 100, 200) == ""
    assert by_score(client, cache, 3, 1) == ""


@pytest.mark.parametrize(
    ("low", "high", "values"),
    [
        (None, None, "abcde"),
        (2, None, "bcde"),
        (None, 2, "abc"),
        (2, 2, "bc"),
        (1.5, 3.5, "bcd"),
        (-math.inf, math.inf, "abcde"),
        (10.1, None, ""),
    ],
)
def test_a_range_of_scores_holds_both_its_ends(
    client: Client, cache: str, low: float | None, high: float | None, values: str
) -> None:
    make(client, cache)

    assert by_score(client, cache, low, high) == values
    assert by_score(client, cache, low, high, DOWN) == values[::-1]


@pytest.mark.parametrize(
    ("offset", "count", "values"),
    [(0, -1, "abcde"), (1, -1, "bcde"), (0, 2, "ab"), (3, 5, "de"), (5, 1, ""), (99, -1, "")],
)
def test_offset_and_count_come_after_ordering(
    client: Client, cache: str, offset: int, count: int, values: str
) -> None:
    make(client, cache)
    backwards = "edcba"[offset:] if count < 0 else "edcba"[offset : offset + count]

    assert by_score(client, cache, offset=offset, count=count) == values
    assert by_score(client, cache, order=DOWN, offset=offset, count=count) == backwards


def test_a_rank_is_counted_from_the_side_that_is_asked_for(client: Client, cache: str) -> None:
    make(client, cache)

    assert [rank(client, cache, value) for value in "abcde"] == [0, 1, 2, 3, 4]
    assert [rank(client, cache, value, DOWN) for value in "abcde"] == [4, 3, 2, 1, 0]


def test_what_is_not_there_has_no_rank_and_no_score(client: Client, cache: str) -> None:
    assert rank(client, cache, "a") is None
    expect(client.sorted_set_get_score(cache, "ranking", "a"), CacheSortedSetGetScore.Miss)
    expect(client.sorted_set_get_scores(cache, "ranking", ["a"]), CacheSortedSetGetScores.Miss)

    make(client, cache)

    assert rank(client, cache, "never there") is None
    score = client.sorted_set_get_score(cache, "ranking", "never there")
    expect(score, CacheSortedSetGetScore.Miss)


def test_scores_stand_where_they_were_asked_for(client: Client, cache: str) -> None:
    make(client, cache)

    asked = client.sorted_set_get_scores(cache, "ranking", ["d", "never there", "a", "d"])
    one = client.sorted_set_get_score(cache, "ranking", "d")

    responses = expect(asked, CacheSortedSetGetScores.Hit).responses
    assert [getattr(each, "score", None) for each in responses] == [3.5, None, 1.0, 3.5]
    expect(responses[1], CacheSortedSetGetScore.Miss)
    assert expect(one, CacheSortedSetGetScore.Hit).score == 3.5


def test_increment_counts_from_nothing_and_moves_the_value(client: Client, cache: str) -> None:
    make(client, cache)

    scores = [
        expect(
            client.sorted_set_increment_score(cache, "ranking", value, amount),
            CacheSortedSetIncrementScore.Success,
        ).score
        for value, amount in (("new", 1.25), ("new", -10.0), ("a", 100.0), ("b", 0.0))
    ]

    assert scores == [1.25, -8.75, 101.0, 2.0]
    assert by_rank(client, cache) == [
        ("new", -8.75),
        ("b", 2.0),
        ("c", 2.0),
        ("d", 3.5),
        ("e", 10.0),
        ("a", 101.0),
    ]


def test_increment_makes_no_score_that_is_not_a_number(client: Client, cache: str) -> None:
    make(client, cache, {"top": math.inf})

    refused = client.sorted_set_increment_score(cache, "ranking", "top", -math.inf)

    assert error_of(refused) is MomentoErrorCode.INVALID_ARGUMENT_ERROR
    assert by_rank(client, cache) == [("top", math.inf)]


def test_removed_values_are_gone(client: Client, cache: str) -> None:
    make(client, cache)

    one = client.sorted_set_remove_element(cache, "ranking", "a")
    several = client.sorted_set_remove_elements(cache, "ranking", ["b", "d", "never there"])

    expect(one, CacheSortedSetRemoveElement.Success)
    expect(several, CacheSortedSetRemoveElements.Success)
    assert by_score(client, cache) == "ce"
    assert rank(client, cache, "e") == 1


def test_removing_from_nothing_succeeds(client: Client, cache: str) -> None:
    removed = client.sorted_set_remove_element(cache, "ranking", "a")

    expect(removed, CacheSortedSetRemoveElement.Success)
    assert by_rank(client, cache) is None


def test_a_set_without_values_is_gone(client: Client, cache: str) -> None:
    make(client, cache)

    client.sorted_set_remove_elements(cache, "ranking", list(SCORES))

    assert by_rank(client, cache) is None


def test_many_values_keep_their_order(client: Client, cache: str) -> None:
    scores = {f"value {i}": float(i * 7919 % 5000) for i in range(5000)}
    make(client, cache, scores)

    fetched = by_rank(client, cache, 2400, 2600)

    assert fetched == sorted(scores.items(), key=lambda pair: pair[1])[2400:2600]
