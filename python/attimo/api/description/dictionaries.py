"""Dictionaries: fields with values, under one key."""

from attimo.api.description.data import (
    ELEMENT,
    ENCODING,
    NO_CONTENT,
    NOT_FOUND,
    REFRESH,
    TTL,
    amount,
    binary,
    items,
)
from attimo.api.description.parts import (
    LARGEST,
    Operations,
    array,
    integer,
    json_answer,
    json_body,
    object_schema,
)

TAG = "dictionaries"

_FIELD = object_schema(field=ELEMENT, value=ELEMENT)
_FOUND = object_schema(["value"], field=ELEMENT, found={"type": "boolean"}, value=ELEMENT)
_FIELDS = {"fields": [{"field": "name", "value": "Ada"}]}

OPERATIONS: Operations = {
    "DictionaryGet": items(
        "getDictionary",
        TAG,
        "Read a dictionary, or some of its fields",
        {
            200: json_answer(
                "All fields; or the requested fields in their order, each with whether it was "
                "found.",
                object_schema(fields=array({"anyOf": [_FIELD, _FOUND]})),
                _FIELDS,
            )
        },
        parameters=[*binary("field", "A field to read.", required=False, many=True), ENCODING],
        refused=NOT_FOUND,
    ),
    "DictionarySet": items(
        "setDictionaryFields",
        TAG,
        "Add or replace fields",
        {204: NO_CONTENT},
        parameters=[TTL, REFRESH],
        body=json_body(object_schema(fields=array(_FIELD)), _FIELDS),
    ),
    "DictionaryDelete": items(
        "deleteDictionaryFields",
        TAG,
        "Delete fields, or the whole dictionary",
        {204: NO_CONTENT},
        parameters=binary("field", "A field to delete.", required=False, many=True),
    ),
    "DictionaryLength": items(
        "getDictionaryLength",
        TAG,
        "Count the fields",
        {
            200: json_answer(
                "The number of fields.", object_schema(length=integer(0)), {"length": 1}
            )
        },
        refused=NOT_FOUND,
    ),
    "DictionaryIncrement": items(
        "incrementDictionaryField",
        TAG,
        "Add to a number in a field",
        {
            200: json_answer(
                "The new number.", object_schema(value=integer(-LARGEST - 1, LARGEST)), {"value": 1}
            )
        },
        parameters=[
            *binary("field", "The field."),
            amount("What to add."),
            TTL,
            REFRESH,
        ],
        one_of=("key", "field"),
    ),
}
