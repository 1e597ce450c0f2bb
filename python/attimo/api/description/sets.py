"""Sets: elements without an order, each once, under one key."""

from attimo.api.description.data import (
    ELEMENT,
    ENCODING,
    NO_CONTENT,
    NOT_FOUND,
    REFRESH,
    TTL,
    binary,
    items,
)
from attimo.api.description.parts import (
    LARGEST_UNSIGNED,
    Operations,
    array,
    integer,
    json_answer,
    json_body,
    object_schema,
    query,
)

TAG = "sets"

_ELEMENTS = object_schema(elements=array(ELEMENT))
_EXAMPLE = {"elements": ["a", "b"]}

OPERATIONS: Operations = {
    "SetFetch": items(
        "getSet",
        TAG,
        "Read a set",
        {200: json_answer("The elements, in any order.", _ELEMENTS, _EXAMPLE)},
        parameters=[ENCODING],
        refused=NOT_FOUND,
    ),
    "SetUnion": items(
        "addSetElements",
        TAG,
        "Add elements",
        {204: NO_CONTENT},
        parameters=[TTL, REFRESH],
        body=json_body(_ELEMENTS, _EXAMPLE),
    ),
    "SetDifference": items(
        "deleteSetElements",
        TAG,
        "Delete elements, or the whole set",
        {204: NO_CONTENT},
        parameters=binary("element", "An element to delete.", required=False, many=True),
    ),
    "SetLength": items(
        "getSetLength",
        TAG,
        "Count the elements",
        {
            200: json_answer(
                "The number of elements.", object_schema(length=integer(0)), {"length": 2}
            )
        },
        refused=NOT_FOUND,
    ),
    "SetContains": items(
        "setContains",
        TAG,
        "Check which elements a set contains",
        {
            200: json_answer(
                "Whether each is in the set, in the order of the request.",
                object_schema(contains=array({"type": "boolean"})),
                {"contains": [True]},
            )
        },
        parameters=binary("element", "An element to look for.", many=True),
        some_of=("element",),
        refused=NOT_FOUND,
    ),
    "SetSample": items(
        "sampleSet",
        TAG,
        "Read random elements",
        {200: json_answer("The elements, each once.", _ELEMENTS, _EXAMPLE)},
        parameters=[
            query(
                "limit",
                integer(0, LARGEST_UNSIGNED),
                "Maximum number of elements.",
                required=True,
                example=2,
            ),
            ENCODING,
        ],
        refused=NOT_FOUND,
    ),
    "SetPop": items(
        "popSet",
        TAG,
        "Remove and return random elements",
        {200: json_answer("The removed elements.", _ELEMENTS, _EXAMPLE)},
        parameters=[
            query("count", integer(0, LARGEST_UNSIGNED, default=1), "Maximum number of elements."),
            ENCODING,
        ],
        refused=NOT_FOUND,
    ),
}
