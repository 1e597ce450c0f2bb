"""Leaderboards by plain HTTP."""

from typing import Any

import pytest

from conformance.http.items import Items, is_missing, refused
from conformance.http.route import READS, WRITES, Route
from conformance.wire import Wire

MOST = 8_192
BOARD = {1: 10.0, 2: 20.5, 10: 20.5, 3: -1.0, 2**32 - 1: 30.0}
"""Of equal scores, ids are in the order of their text: 10 before 2."""

Query = dict[str, Any]

RANKED = {"elements": [{"id": 1, "score": 1}]}
ROUTES = [
    Route("UpsertElements", WRITES, "POST", "leaderboard", {}, RANKED),
    Route("GetByScore", READS, "GET", "leaderboard"),
    Route("GetByRank", READS, "GET", "leaderboard", {"end": 1}),
    Route("GetLeaderboardLength", READS, "GET", "leaderboard/length"),
    Route("GetRank", READS, "GET", "leaderboard/ranks", {"id": 1}),
    Route(
        "GetCompetitionRank", READS, "GET", "leaderboard/ranks", {"id": 1, "competition": "true"}
    ),
    Route("RemoveElements", WRITES, "DELETE", "leaderboard", {"id": 1}),
    Route("DeleteLeaderboard", WRITES, "DELETE", "leaderboard"),
]


def put(items: Items, scores: dict[int, float], key: str = "board") -> None:
    """Write ids with scores."""
    body = {"elements": [{"id": id, "score": score} for id, score in scores.items()]}
    assert items.post("leaderboard", body, key=key) is None


def ranked(items: Items, below: str = "leaderboard", **query: Any) -> list[tuple[int, int]]:
    """Ids with their ranks."""
    found = items.get(below, key="board", **query)["elements"]
    return [(each["id"], each["rank"]) for each in found]


@pytest.fixture
def board(items: Items) -> Items:
    put(items, BOARD)
    return items


def test_ids_are_ranked_by_their_scores(board: Items, scs: Wire) -> None:
    found = board.get("leaderboard", key="board")["elements"]

    assert [each["id"] for each in found] == [3, 1, 10, 2, 2**32 - 1]
    assert [each["score"] for each in found] == [-1.0, 10.0, 20.5, 20.5, 30.0]
    assert [each["rank"] for each in found] == [0, 1, 2, 3, 4]
    assert board.get("leaderboard/length", key="board") == {"length": 5}
    theirs = scs.board("GetByScore", leaderboard="board").elements
    assert [(each.id, each.rank) for each in theirs] == ranked(board)


def test_a_part_is_chosen_by_rank_or_by_score(board: Items) -> None:
    cases: list[tuple[Query, list[tuple[int, int]]]] = [
        ({"start": 0, "end": 2}, [(3, 0), (1, 1)]),
        ({"end": 1}, [(3, 0)]),
        ({"start": 3, "end": 99}, [(2, 3), (2**32 - 1, 4)]),
        ({"start": 0, "end": 1, "order": "desc"}, [(2**32 - 1, 0)]),
        ({"start": 99, "end": 100}, []),
        ({"min": 10, "max": 20.5}, [(1, 1)]),
        ({"min": 20.5}, [(10, 2), (2, 3), (2**32 - 1, 4)]),
        ({"max": 10}, [(3, 0)]),
        ({"offset": 1, "limit": 2}, [(1, 1), (10, 2)]),
        ({"order": "desc", "limit": 2}, [(2**32 - 1, 0), (2, 1)]),
    ]
    for query, found in cases:
        assert ranked(board, **query) == found, (query, found)


def test_a_part_that_is_none_is_refused_by_name(board: Items) -> None:
    cases: list[tuple[Query, str]] = [
        ({"start": 0}, "end"),
        ({"start": 0, "end": 0}, "end"),
        ({"start": 4, "end": 3}, "end"),
        ({"start": 0, "end": MOST + 1}, str(MOST)),
        ({"start": -1, "end": 1}, "start"),
        ({"end": 2**32}, "end"),
        ({"limit": MOST + 1}, str(MOST)),
        ({"limit": -1}, "limit"),
        ({"min": "nan"}, "min"),
        ({"end": 1, "min": 0}, "not by both"),
    ]
    for query, names in cases:
        answer = board.ask("GET", "leaderboard", key="board", **query)

        assert refused(answer) == (400, "invalid_argument"), (query, names)
        assert names in answer.json()["message"], (query, names)


def test_ranks_are_told_of_those_that_are_there(board: Items) -> None:
    assert ranked(board, "leaderboard/ranks", id=[2, 99, 1]) == [(2, 3), (1, 1)]
    assert ranked(board, "leaderboard/ranks", id=3, order="desc") == [(3, 4)]
    for query in ({}, {"id": -1}, {"id": 2**32}, {"id": "x"}, {"id": 1, "competition": "yes"}):
        answer = board.ask("GET", "leaderboard/ranks", key="board", **query)
        assert refused(answer) == (400, "invalid_argument"), query


def test_in_a_competition_equal_scores_share_a_rank_and_the_highest_is_best(board: Items) -> None:
    query: Query = {"id": [1, 2, 10, 3], "competition": "true"}

    assert ranked(board, "leaderboard/ranks", **query) == [(1, 3), (2, 1), (10, 1), (3, 4)]
    ascending = ranked(board, "leaderboard/ranks", order="asc", **query)
    assert ascending == [(1, 1), (2, 2), (10, 2), (3, 0)]


def test_ids_are_removed_and_then_the_whole(board: Items) -> None:
    board.delete("leaderboard", key="board", id=[1, 2, 99])
    assert [id for id, _ in ranked(board)] == [3, 10, 2**32 - 1]

    refusal = board.ask("DELETE", "leaderboard", key="board", ids=3)
    assert refused(refusal) == (400, "invalid_argument")
    for _ in range(2):
        board.delete("leaderboard", key="board")
    assert ranked(board) == []


def test_a_board_that_is_not_there_is_an_empty_one(items: Items) -> None:
    assert items.get("leaderboard", key="board") == {"elements": []}
    assert items.get("leaderboard", key="board", end=1) == {"elements": []}
    assert items.get("leaderboard/length", key="board") == {"length": 0}
    assert items.get("leaderboard/ranks", key="board", id=1) == {"elements": []}


def test_a_board_is_no_item(board: Items) -> None:
    board.put("board", b"value")

    assert board.value("board") == b"value"
    assert len(ranked(board)) == 5
    board.delete(key="board")
    assert len(ranked(board)) == 5
    assert is_missing(board.ask("GET", "type", key="board"))


def test_all_is_written_or_nothing(items: Items) -> None:
    cases: list[str] = [
        '{"id":-1,"score":1}',
        f'{{"id":{2**32},"score":1}}',
        '{"id":1.5,"score":1}',
        '{"id":2,"score":"inf"}',
        '{"id":2,"score":1e999}',
        '{"id":2}',
        '{"id":2,"score":1,"rank":0}',
    ]
    for element in cases:
        body = f'{{"elements":[{{"id":1,"score":1}},{element}]}}'.encode()

        answer = items.ask("POST", "leaderboard", body, key="board")

        assert refused(answer) == (400, "invalid_argument"), element
        assert "elements[1]" in answer.json()["message"], element
        assert ranked(items) == [], element


def test_a_request_is_about_8192_ids_at_most(items: Items) -> None:
    put(items, dict.fromkeys(range(MOST), 1.0))
    assert items.get("leaderboard/length", key="board") == {"length": MOST}
    assert len(ranked(items)) == MOST

    more = {"elements": [{"id": id, "score": 2.0} for id in range(MOST + 1)]}
    answer = items.ask("POST", "leaderboard", more, key="board")

    assert refused(answer) == (400, "invalid_argument")
    assert str(MOST) in answer.json()["message"]


def test_a_name_is_text(items: Items) -> None:
    for name in [{"key": ""}, {"key_base64": "_w"}]:
        body = {"elements": [{"id": 1, "score": 1.0}]}

        assert refused(items.ask("POST", "leaderboard", body, **name)) == (
            400,
            "invalid_argument",
        ), name
        assert refused(items.ask("GET", "leaderboard/length", **name)) == (
            400,
            "invalid_argument",
        ), name
