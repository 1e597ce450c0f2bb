"""Sorted sets: elements with scores, in the order of these, under one key."""

from attimo.api.description.data import (
    ELEMENT,
    ENCODING,
    END,
    NO_CONTENT,
    NOT_FOUND,
    ORDER,
    REFRESH,
    START,
    TTL,
    binary,
    items,
)
from attimo.api.description.parts import (
    LARGEST_UNSIGNED,
    Operations,
    Parameter,
    array,
    integer,
    json_answer,
    json_body,
    object_schema,
    optional,
    query,
    ref,
)

TAG = "sorted sets"

SCORE = ref("Score")
_SCORED = object_schema(elements=array(object_schema(value=ELEMENT, score=SCORE)))
_EXAMPLE = {"elements": [{"value": "ada", "score": 3.5}]}
_FOUND = {
    "oneOf": [
        object_schema(value=ELEMENT, found={"const": True}, score=SCORE),
        object_schema(value=ELEMENT, found={"const": False}),
    ]
}
_LENGTH = json_answer("The number of elements.", object_schema(length=integer(0)), {"length": 1})
_LARGEST_WEIGHT = 3.4028235677973362e38
"""The largest double whose nearest number of 32 bits is finite."""
_WEIGHT = {
    "type": "number",
    "minimum": -_LARGEST_WEIGHT,
    "maximum": _LARGEST_WEIGHT,
    "default": 1,
}
_SOURCE = object_schema(["weight"], key=ELEMENT, weight=optional(_WEIGHT))


def _bound(name: str, description: str) -> list[Parameter]:
    return [
        query(name, SCORE, f"{description} (inclusive)."),
        query(
            f"{name}_exclusive",
            {"type": "boolean", "default": False},
            f"Make `{name}` exclusive.",
        ),
    ]


BOUNDS = [*_bound("min", "The lowest score"), *_bound("max", "The highest score")]
_BY_SCORE = ["min", "max", "min_exclusive", "max_exclusive", "offset", "count"]

OPERATIONS: Operations = {
    "SortedSetFetch": items(
        "getSortedSet",
        TAG,
        "Read a sorted set, or a range of ranks or scores",
        {200: json_answer("The elements in order.", _SCORED, _EXAMPLE)},
        description="By rank (`start`, `end`) or by score (`min` to `count`), not both.",
        parameters=[
            ORDER,
            START,
            END,
            *BOUNDS,
            query(
                "offset",
                integer(0, LARGEST_UNSIGNED, default=0),
                "Number of elements to skip.",
            ),
            query("count", integer(0, LARGEST_UNSIGNED), "Maximum number of elements."),
            ENCODING,
        ],
        groups=[["start", "end"], _BY_SCORE],
        refused=NOT_FOUND,
    ),
    "SortedSetPut": items(
        "putSortedSetElements",
        TAG,
        "Add elements, or change their scores",
        {204: NO_CONTENT},
        parameters=[TTL, REFRESH],
        body=json_body(_SCORED, _EXAMPLE),
    ),
    "SortedSetRemove": items(
        "deleteSortedSetElements",
        TAG,
        "Delete elements, or the whole sorted set",
        {204: NO_CONTENT},
        parameters=binary("value", "An element to delete.", required=False, many=True),
    ),
    "SortedSetGetScore": items(
        "getSortedSetScores",
        TAG,
        "Read the scores of elements",
        {200: json_answer("In the order of the request.", object_schema(elements=array(_FOUND)))},
        parameters=[*binary("value", "An element.", many=True), ENCODING],
        some_of=("value",),
        refused=NOT_FOUND,
    ),
    "SortedSetGetRank": items(
        "getSortedSetRank",
        TAG,
        "Get the rank of an element",
        {
            200: json_answer(
                "Its rank; the first is 0.", object_schema(rank=integer(0)), {"rank": 0}
            )
        },
        parameters=[*binary("value", "The element."), ORDER],
        one_of=("key", "value"),
        refused=NOT_FOUND,
    ),
    "SortedSetLength": items(
        "getSortedSetLength",
        TAG,
        "Count all elements, or those in a range of scores",
        {200: _LENGTH},
        parameters=BOUNDS,
        refused=NOT_FOUND,
    ),
    "SortedSetIncrement": items(
        "incrementSortedSetScore",
        TAG,
        "Add to the score of an element",
        {200: json_answer("The new score.", object_schema(score=SCORE), {"score": 4.5})},
        description="A missing element counts as score 0.",
        parameters=[
            *binary("value", "The element."),
            query("amount", {"type": "number", "default": 1}, "What to add."),
            TTL,
            REFRESH,
        ],
        one_of=("key", "value"),
    ),
    "SortedSetUnionStore": items(
        "uniteSortedSets",
        TAG,
        "Store the union of sorted sets",
        {200: _LENGTH},
        description="It replaces the item at `key`. Missing sources count as empty.",
        parameters=[TTL],
        body=json_body(
            object_schema(
                ["aggregate"],
                sources=array(_SOURCE, minItems=1),
                aggregate={"enum": ["sum", "min", "max"], "default": "sum"},
            ),
            {"sources": [{"key": "monday"}, {"key": "tuesday", "weight": 2}]},
        ),
    ),
}
