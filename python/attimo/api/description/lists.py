"""Lists: elements in an order, under one key."""

from attimo.api.description.data import (
    ELEMENT,
    ENCODING,
    END,
    LATER_TTL,
    NO_CONTENT,
    NOT_FOUND,
    REFRESH,
    START,
    TTL,
    binary,
    items,
)
from attimo.api.description.parts import (
    Operation,
    Operations,
    Schema,
    array,
    integer,
    json_answer,
    json_body,
    object_schema,
    query,
)

TAG = "lists"

_VALUES = object_schema(values=array(ELEMENT))
_EXAMPLE = {"values": ["a", "b"]}
_LENGTH = json_answer("The new length.", object_schema(length=integer(0)), {"length": 2})


def _push(where: str) -> Operation:
    other = "front" if where == "back" else "back"
    return items(
        f"pushList{where.title()}",
        TAG,
        f"Add elements at the {where}",
        {200: _LENGTH},
        description="They keep the order of the request.",
        parameters=[
            TTL,
            REFRESH,
            query(
                "truncate_to",
                integer(0, 2**32 - 1, default=0),
                f"Keep at most this many elements, dropping from the {other}; 0 means no limit.",
            ),
        ],
        body=json_body(_VALUES, _EXAMPLE),
    )


def _beside(given: str, other: str) -> Schema:
    """A body that names the element before or after which to insert."""
    return object_schema([other], value=ELEMENT, **{given: ELEMENT, other: {"type": "null"}})


def _pop(where: str) -> Operation:
    return items(
        f"popList{where.title()}",
        TAG,
        f"Remove and return the element at the {where}",
        {
            200: json_answer(
                "The element, and the new length.",
                object_schema(value=ELEMENT, length=integer(0)),
                {"value": "a", "length": 1},
            )
        },
        parameters=[ENCODING],
        refused=NOT_FOUND,
    )


OPERATIONS: Operations = {
    "ListFetch": items(
        "getList",
        TAG,
        "Read a list or a part of it",
        {200: json_answer("The elements.", _VALUES, _EXAMPLE)},
        parameters=[START, END, ENCODING],
        refused=NOT_FOUND,
    ),
    "ListErase": items(
        "deleteListElements",
        TAG,
        "Delete all elements equal to a value, or the whole list",
        {204: NO_CONTENT},
        parameters=binary("value", "The value to delete.", required=False),
        groups=[["value"], ["value_base64"]],
    ),
    "ListLength": items(
        "getListLength",
        TAG,
        "Count the elements",
        {200: json_answer("The length.", object_schema(length=integer(0)), {"length": 2})},
        refused=NOT_FOUND,
    ),
    "ListConcatenateBack": _push("back"),
    "ListConcatenateFront": _push("front"),
    "ListPopBack": _pop("back"),
    "ListPopFront": _pop("front"),
    "ListInsert": items(
        "insertListElement",
        TAG,
        "Insert an element before or after another one",
        {200: _LENGTH},
        description="`before` or `after` is equal to an element of the list; if several are, the "
        "first one counts.",
        parameters=[LATER_TTL, REFRESH],
        body=json_body(
            {"anyOf": [_beside("before", "after"), _beside("after", "before")]},
            {"value": "b", "before": "a"},
        ),
        refused={
            **NOT_FOUND,
            412: "No element is equal to `before` or `after`; nothing was inserted.",
        },
    ),
    "ListRetain": items(
        "retainList",
        TAG,
        "Keep a part of a list and delete the rest",
        {200: _LENGTH},
        parameters=[START, END, LATER_TTL, REFRESH],
        refused=NOT_FOUND,
    ),
}
