"""Leaderboards: numbers with scores, up to millions of them, that never expire by themselves.

The name of one is text. One that is not there is an empty one.
"""

from attimo.api.description.data import NO_CONTENT, ORDER, items
from attimo.api.description.parts import (
    LARGEST_UNSIGNED,
    Operations,
    Parameter,
    array,
    integer,
    json_answer,
    json_body,
    object_schema,
    query,
)

TAG = "leaderboards"

MOST = 8_192
KEY = query(
    "key",
    {"type": "string", "minLength": 1},
    "The leaderboard's name; or, as `key_base64`, in base64.",
    required=True,
    example="week-7",
)
_ID = integer(0, 2**32 - 1)
_SCORE = {"type": "number"}
_RANKED = object_schema(elements=array(object_schema(id=_ID, score=_SCORE, rank=integer(0))))
_EXAMPLE = {"elements": [{"id": 7, "score": 99.5, "rank": 0}]}


def _ids(description: str, required: bool) -> Parameter:
    least = {"minItems": 1} if required else {}
    return query("id", array(_ID, maxItems=MOST, **least), description, required, [7])


OPERATIONS: Operations = {
    "GetByRank": items(
        "getLeaderboard",
        TAG,
        "Read a range of ranks or scores of a leaderboard",
        {200: json_answer("The entries in order.", _RANKED, _EXAMPLE)},
        description="By rank with `end`, or by score from `min` up to but excluding `max`. "
        f"At most {MOST:,} entries.",
        one_of=(),
        parameters=[
            KEY,
            ORDER,
            query("start", integer(0, 2**32 - 1, default=0), "First rank."),
            query("end", integer(0, 2**32 - 1), "End rank (exclusive); required with `start`."),
            query("min", _SCORE, "Lowest score (inclusive)."),
            query("max", _SCORE, "Only scores below this (exclusive)."),
            query(
                "offset",
                integer(0, LARGEST_UNSIGNED, default=0),
                "Number of entries to skip.",
            ),
            query("limit", integer(0, MOST, default=MOST), "Maximum number of entries."),
        ],
        groups=[["start", "end"], ["min", "max", "offset", "limit"]],
    ),
    "UpsertElements": items(
        "putLeaderboardEntries",
        TAG,
        "Add entries, or change their scores",
        {204: NO_CONTENT},
        one_of=(),
        parameters=[KEY],
        body=json_body(
            object_schema(elements=array(object_schema(id=_ID, score=_SCORE), maxItems=MOST)),
            {"elements": [{"id": 7, "score": 99.5}]},
        ),
    ),
    "DeleteLeaderboard": items(
        "deleteLeaderboardEntries",
        TAG,
        "Delete entries, or the whole leaderboard",
        {204: NO_CONTENT},
        one_of=(),
        parameters=[
            KEY,
            _ids("An entry to delete; can be repeated.", required=False),
        ],
    ),
    "GetLeaderboardLength": items(
        "getLeaderboardLength",
        TAG,
        "Count the entries",
        {
            200: json_answer(
                "The number of entries.", object_schema(length=integer(0)), {"length": 1}
            )
        },
        one_of=(),
        parameters=[KEY],
    ),
    "GetRank": items(
        "getLeaderboardRanks",
        TAG,
        "Read the ranks of entries",
        {200: json_answer("The entries that exist.", _RANKED, _EXAMPLE)},
        one_of=(),
        parameters=[
            KEY,
            _ids("An entry; can be repeated.", required=True),
            query(
                "order",
                {"type": "string", "enum": ["asc", "desc"]},
                "Order by score; default: `asc`, or `desc` with `competition`.",
            ),
            query(
                "competition",
                {"type": "boolean", "default": False},
                "Whether equal scores share a rank, as in sports.",
            ),
        ],
    ),
}
