"""Leaderboards by raw message; Momento's Python clients have no method for them."""

import math
from typing import Any

import grpc
import pytest

from conformance.leaderboard_messages import ASCENDING, DESCENDING
from conformance.wire import MINUTE, Wire, refusal

SCORES = {1: 10.0, 2: 20.0, 10: 20.0, 4: 20.0, 5: 50.5}
IN_ORDER = [1, 10, 2, 4, 5]
MOST = 8192
Ranked = list[tuple[int, int, float]]


def make(scs: Wire, scores: dict[int, float], name: str = "board") -> None:
    """Write ids with their scores."""
    elements = [{"id": id_, "score": score} for id_, score in scores.items()]
    scs.board("UpsertElements", leaderboard=name, elements=elements)


def ranked(scs: Wire, method: str, **fields: Any) -> Ranked:
    """What a call finds: id, rank and score of each."""
    reply = scs.board(method, leaderboard="board", **fields)
    return [(each.id, each.rank, each.score) for each in reply.elements]


def by_rank(scs: Wire, start: int, end: int, order: int = ASCENDING) -> Ranked:
    """The elements at these ranks."""
    range_ = {"start_inclusive": start, "end_exclusive": end}
    return ranked(scs, "GetByRank", rank_range=range_, order=order)


def ids(elements: Ranked) -> list[int]:
    """Only the ids."""
    return [id_ for id_, _, _ in elements]


def length(scs: Wire) -> int:
    """How many ids are on the board."""
    return int(scs.board("GetLeaderboardLength", leaderboard="board").count)


def test_ids_are_ranked_by_score_and_equal_scores_by_the_ids_as_text(scs: Wire) -> None:
    make(scs, SCORES)

    up, down = by_rank(scs, 0, 10), by_rank(scs, 0, 10, DESCENDING)

    assert up == [(id_, rank, SCORES[id_]) for rank, id_ in enumerate(IN_ORDER)]
    assert down == [(id_, rank, SCORES[id_]) for rank, id_ in enumerate(reversed(IN_ORDER))]


def test_ranks_are_those_of_the_whole_board(scs: Wire) -> None:
    make(scs, SCORES)

    assert by_rank(scs, 1, 3) == [(10, 1, 20.0), (2, 2, 20.0)]
    assert by_rank(scs, 4, 100) == [(5, 4, 50.5)]
    assert by_rank(scs, 5, 100) == []
    assert by_rank(scs, 3, 5, DESCENDING) == [(10, 3, 20.0), (1, 4, 10.0)]


@pytest.mark.parametrize(
    ("range_", "found"),
    [
        ({}, IN_ORDER),
        ({"unbounded_min": {}, "unbounded_max": {}}, IN_ORDER),
        ({"min_inclusive": 20.0}, [10, 2, 4, 5]),
        ({"max_exclusive": 20.0}, [1]),
        ({"min_inclusive": 10.0, "max_exclusive": 50.5}, [1, 10, 2, 4]),
        ({"min_inclusive": 20.0, "max_exclusive": 20.0}, []),
        ({"min_inclusive": 60.0}, []),
    ],
)
def test_a_range_of_scores_is_half_open(
    scs: Wire, range_: dict[str, Any], found: list[int]
) -> None:
    make(scs, SCORES)

    up = ranked(scs, "GetByScore", score_range=range_)
    down = ranked(scs, "GetByScore", score_range=range_, order=DESCENDING)

    assert up == [(id_, IN_ORDER.index(id_), SCORES[id_]) for id_ in found]
    assert down == [(id_, 4 - IN_ORDER.index(id_), SCORES[id_]) for id_ in reversed(found)]


def test_offset_and_limit_turn_the_pages_of_a_range(scs: Wire) -> None:
    make(scs, SCORES)
    range_ = {"min_inclusive": 20.0}

    first = ranked(scs, "GetByScore", score_range=range_, offset=0, limit_elements=3)
    second = ranked(scs, "GetByScore", score_range=range_, offset=3, limit_elements=3)
    third = ranked(scs, "GetByScore", score_range=range_, offset=6, limit_elements=3)

    assert first == [(10, 1, 20.0), (2, 2, 20.0), (4, 3, 20.0)]
    assert second == [(5, 4, 50.5)]
    assert third == []


def test_ranks_of_ids_come_in_the_order_asked_without_the_unknown(scs: Wire) -> None:
    make(scs, SCORES)

    up = ranked(scs, "GetRank", ids=[5, 999, 1, 4])
    down = ranked(scs, "GetRank", ids=[5, 999, 1, 4], order=DESCENDING)

    assert up == [(5, 4, 50.5), (1, 0, 10.0), (4, 3, 20.0)]
    assert down == [(5, 0, 50.5), (1, 4, 10.0), (4, 1, 20.0)]


def test_equal_scores_share_a_competition_rank_and_the_highest_is_first(scs: Wire) -> None:
    make(scs, SCORES)
    asked = [1, 2, 4, 5, 10, 999]

    unsaid = ranked(scs, "GetCompetitionRank", ids=asked)
    down = ranked(scs, "GetCompetitionRank", ids=asked, order=DESCENDING)
    up = ranked(scs, "GetCompetitionRank", ids=asked, order=ASCENDING)

    assert unsaid == down
    assert [(id_, rank) for id_, rank, _ in down] == [(1, 4), (2, 1), (4, 1), (5, 0), (10, 1)]
    assert [(id_, rank) for id_, rank, _ in up] == [(1, 0), (2, 1), (4, 1), (5, 4), (10, 1)]


def test_an_id_that_is_written_again_moves(scs: Wire) -> None:
    make(scs, SCORES)

    make(scs, {1: 100.0, 6: -1.0})

    assert ids(by_rank(scs, 0, 10)) == [6, 10, 2, 4, 5, 1]
    assert length(scs) == 6


def test_the_greatest_id_and_the_greatest_scores_come_back(scs: Wire) -> None:
    scores = {0: -1.7e308, 2**32 - 1: 1.7e308, 7: 0.1}
    make(scs, scores)

    assert by_rank(scs, 0, 3) == [(0, 0, -1.7e308), (7, 1, 0.1), (2**32 - 1, 2, 1.7e308)]


def test_removed_ids_are_gone(scs: Wire) -> None:
    make(scs, SCORES)

    scs.board("RemoveElements", leaderboard="board", ids=[1, 4, 999])

    assert ids(by_rank(scs, 0, 10)) == [10, 2, 5]


def test_a_deleted_board_is_empty(scs: Wire) -> None:
    make(scs, SCORES)

    for _ in range(2):
        scs.board("DeleteLeaderboard", leaderboard="board")

    assert length(scs) == 0


def test_a_board_that_is_not_there_is_an_empty_one(scs: Wire) -> None:
    assert length(scs) == 0
    assert by_rank(scs, 0, 10) == []
    assert ranked(scs, "GetByScore") == []
    assert ranked(scs, "GetRank", ids=[1]) == []
    assert ranked(scs, "GetCompetitionRank", ids=[1]) == []
    scs.board("RemoveElements", leaderboard="board", ids=[1])


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_finite_number_refuses_them_all(scs: Wire, score: float) -> None:
    make(scs, SCORES)

    refused = refusal(lambda: make(scs, {1: 99.0, 77: score, 78: 1.0}))

    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert ids(by_rank(scs, 0, 10)) == IN_ORDER
    assert by_rank(scs, 0, 1) == [(1, 0, 10.0)]


def test_a_call_takes_8192_elements(scs: Wire) -> None:
    many = {id_: float(id_) for id_ in range(MOST)}
    make(scs, many)

    assert length(scs) == MOST
    assert ids(by_rank(scs, 0, MOST)) == list(many)
    assert ids(ranked(scs, "GetByScore", limit_elements=MOST)) == list(many)
    assert ids(ranked(scs, "GetRank", ids=many)) == list(many)
    assert ids(ranked(scs, "GetCompetitionRank", ids=many)) == list(many)
    scs.board("RemoveElements", leaderboard="board", ids=many)
    assert length(scs) == 0


def test_a_call_takes_no_more_elements(scs: Wire) -> None:
    make(scs, SCORES)
    many = range(100, 100 + MOST + 1)
    one_more: dict[str, dict[str, Any]] = {
        "UpsertElements": {"elements": [{"id": id_, "score": 1.0} for id_ in many]},
        "RemoveElements": {"ids": [1, *many]},
        "GetByRank": {"rank_range": {"start_inclusive": 0, "end_exclusive": MOST + 1}},
        "GetByScore": {"limit_elements": MOST + 1},
        "GetRank": {"ids": many},
        "GetCompetitionRank": {"ids": many},
    }

    for method, fields in one_more.items():
        refused = refusal(lambda m=method, f=fields: scs.board(m, leaderboard="board", **f))  # type: ignore[misc]
        assert refused.code is grpc.StatusCode.INVALID_ARGUMENT, method
    assert length(scs) == 5


@pytest.mark.parametrize(("start", "end"), [(0, 0), (4, 3)])
def test_a_range_of_no_rank_is_refused(scs: Wire, start: int, end: int) -> None:
    refused = refusal(lambda: by_rank(scs, start, end))

    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT


def test_pages_of_scores_without_a_limit_hold_8192(scs: Wire) -> None:
    for start in (0, MOST):
        make(scs, {id_: float(id_) for id_ in range(start, start + MOST)})

    assert len(ranked(scs, "GetByScore")) == MOST
    assert ids(ranked(scs, "GetByScore", offset=MOST)) == list(range(MOST, 2 * MOST))


def test_boards_and_items_of_one_name_never_meet(scs: Wire) -> None:
    make(scs, SCORES)
    scs.set(b"board", b"value")
    make(scs, {1: 1.0}, name="other")

    scs.ask("Delete", cache_key=b"board")

    assert length(scs) == 5


def test_a_flushed_cache_has_no_boards(owner: Wire, scs: Wire, cache: str) -> None:
    make(scs, SCORES)

    owner.flush_cache(cache)

    assert length(scs) == 0
    scs.set(b"key", b"value", ttl_milliseconds=MINUTE)
