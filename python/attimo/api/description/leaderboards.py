"""Leaderboards: numbers with scores, up to millions of them, that never expire by themselves."""

from attimo.api.description.data import GONE, NO_CONTENT, ORDER, items
from attimo.api.description.parts import (
    Parameter,
    Paths,
    array,
    integer,
    json_answer,
    json_body,
    query,
    thing,
)

TAG = "leaderboards"

MOST = 8_192
_ID = integer(0, 2**32 - 1)
_SCORE = {"type": "number"}
_RANKED = thing(elements=array(thing(id=_ID, score=_SCORE, rank=integer(0))))
_EXAMPLE = {"elements": [{"id": 7, "score": 99.5, "rank": 0}]}


def _ids(description: str, required: bool) -> Parameter:
    least = {"minItems": 1} if required else {}
    return query("id", array(_ID, maxItems=MOST, **least), description, required, [7])


PATHS: Paths = {
    "/cache/{cache}/leaderboard": {
        "get": items(
            "getLeaderboard",
            TAG,
            "Read a part of a leaderboard, by rank or by score",
            {200: json_answer("The entries in their order.", _RANKED, _EXAMPLE)},
            description="By rank with both `start` and `end`; else by score, from `min` on and "
            f"below `max`. {MOST:,} entries at most.",
            parameters=[
                ORDER,
                query("start", integer(0, 2**32 - 1), "The first rank."),
                query("end", integer(0, 2**32 - 1), "The rank after the last."),
                query("min", _SCORE, "The lowest score."),
                query("max", _SCORE, "The first score that is too high."),
                query("offset", integer(0, 2**32 - 1, default=0), "How many to leave out first."),
                query("limit", integer(1, MOST, default=MOST), "How many to read, at most."),
            ],
            groups=[["start", "end"], ["min", "max", "offset", "limit"]],
            refused=GONE,
        ),
        "post": items(
            "putLeaderboardEntries",
            TAG,
            "Add entries, or give them other scores",
            {204: NO_CONTENT},
            body=json_body(
                thing(elements=array(thing(id=_ID, score=_SCORE), minItems=1, maxItems=MOST)),
                {"elements": [{"id": 7, "score": 99.5}]},
            ),
        ),
        "delete": items(
            "deleteLeaderboardEntries",
            TAG,
            "Delete entries, or the whole leaderboard",
            {204: NO_CONTENT},
            parameters=[_ids("An entry to delete; it may be given several times.", required=False)],
        ),
    },
    "/cache/{cache}/leaderboard/length": {
        "get": items(
            "getLeaderboardLength",
            TAG,
            "Count the entries",
            {200: json_answer("How many there are.", thing(length=integer(0)), {"length": 1})},
            refused=GONE,
        )
    },
    "/cache/{cache}/leaderboard/ranks": {
        "get": items(
            "getLeaderboardRanks",
            TAG,
            "Read the ranks of entries",
            {200: json_answer("Those that are there.", _RANKED, _EXAMPLE)},
            parameters=[
                _ids("An entry; it may be given several times.", required=True),
                ORDER,
                query(
                    "competition",
                    {"type": "boolean", "default": False},
                    "Whether equal scores share a rank, as in sports.",
                ),
            ],
            refused=GONE,
        )
    },
}
