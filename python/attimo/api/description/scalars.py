"""Single values: `/cache/{cache}`, and what can be asked of any item."""

from typing import Any

from attimo.api.description.data import (
    ELEMENT,
    ENCODING,
    NO_CACHE,
    NOT_FOUND,
    OPTIONAL_TTL,
    SECONDS,
    TTL,
    amount,
    binary,
    items,
)
from attimo.api.description.parts import (
    LARGEST,
    Operations,
    Parameter,
    Schema,
    array,
    integer,
    json_answer,
    json_body,
    object_schema,
    query,
)

TAG = "items"

_OF_LISTING = """\
Lists items of every type, without leaderboards. The caller must be allowed to read every key with
this prefix; permissions for single keys do not suffice.

With `details=true`, the page has `items` in place of `keys`, leaderboards among them: the `type` of
each, its `bytes` (of the key and the content), the `length` of a collection, and the remaining TTL
of what expires. They are as of the moment at which the page was made.

A page may have fewer keys than `limit`, or none, and still have a `next_token`: it ends after 1 MiB
of keys, and after the server has visited 8,192 places for items, of all caches. A longer key is
alone in its page, in base64. An item that exists throughout a listing is in exactly one of its
pages, whatever is written meanwhile; one that is created or deleted meanwhile may be missing. A
`next_token` is valid for the same cache and prefix, until the cache is flushed or the server
restarts. Listing is not a use of an item: it does not keep it from being evicted.

Without `prefix` in the query, the path is that of the item `keys`.
"""

ANY_BYTES = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_ETAG = {
    "ETag": {
        "description": "The XXH3-128 hash of the value, in hexadecimal digits and quotes.",
        "schema": {"type": "string", "pattern": '^"[0-9a-f]{32}"$'},
    }
}
_CONDITION: Schema = {
    "anyOf": [{"const": "*"}, {"type": "string", "pattern": '^(?:W/)?"[!#-~]*"$'}],
}


def _header(name: str, schema: Schema, description: str) -> Parameter:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": schema,
    }


_FOUND = {
    "oneOf": [
        object_schema(key=ELEMENT, found={"const": True}, value=ELEMENT),
        object_schema(key=ELEMENT, found={"const": False}),
    ]
}
_TYPES = ["scalar", "dictionary", "list", "set", "sorted-set"]
_KEYS = json_body(object_schema(keys=array(ELEMENT)), {"keys": ["a", {"base64": "/w=="}]})
_PUT = object_schema(["ttl_seconds"], key=ELEMENT, value=ELEMENT, ttl_seconds=SECONDS)
_TOKEN: Schema = {"type": "string"}
_LISTED = object_schema(
    ["length", "ttl_milliseconds"],
    key=ELEMENT,
    type={"enum": [*_TYPES, "leaderboard"]},
    bytes=integer(0),
    length=integer(0),
    ttl_milliseconds=integer(0),
)
_PAGE = {
    "oneOf": [
        object_schema(["next_token"], keys=array(ELEMENT), next_token=_TOKEN),
        object_schema(["next_token"], items=array(_LISTED), next_token=_TOKEN),
    ]
}
_SEVERAL = binary("key", "The key of an item to delete.", many=True)

WHOLE = {**_ETAG, "Accept-Ranges": {"description": "`bytes`.", "schema": {"const": "bytes"}}}
PART: dict[str, Any] = {
    "description": "The parts requested by `Range`: one, with `Content-Range`, or several, as "
    "`multipart/byteranges`.",
    "headers": WHOLE,
}
NOT_MODIFIED = {"description": "The client already has this value.", "headers": _ETAG}
REFUSED_GET = {
    **NOT_FOUND,
    412: "The value does not match `If-Match`.",
    416: "The range is outside of the value; `Content-Range` gives its length.",
}
CONDITIONS_OF_GET = [
    _header("If-None-Match", {"type": "string"}, "`*`, or ETags of values not to send again."),
    _header("If-Match", {"type": "string"}, "`*`, or ETags of which the value must have one."),
    _header(
        "Range", {"type": "string"}, "Parts of the value, in bytes (RFC 9110 §14.2): at most 16."
    ),
    _header(
        "If-Range", {"type": "string"}, "The ETag that the value must have for `Range` to apply."
    ),
]
CONDITIONS_OF_PUT = [
    _header("If-None-Match", _CONDITION, "`*`: only if absent; an ETag: unless the value has it."),
    _header("If-Match", _CONDITION, "`*`: only if present; an ETag: only if the value has it."),
]
WRITTEN = {
    "description": "Written. A conditional write returns the `ETag`.",
    "headers": {"ETag": {**_ETAG["ETag"], "required": False}},
}
VALUE = {
    "required": False,
    "description": "The value; any bytes, with any or no content type.",
    "content": _BYTES,
}
REFUSED_PUT = {**NO_CACHE, 412: "The condition is not met; the value was not written."}

GET = items(
    "getItem",
    TAG,
    "Read a value",
    {
        200: {"description": "The value, unchanged.", "headers": WHOLE, "content": _BYTES},
        206: {**PART, "content": ANY_BYTES},
        304: NOT_MODIFIED,
    },
    parameters=CONDITIONS_OF_GET,
    refused=REFUSED_GET,
)

PUT = items(
    "putItem",
    TAG,
    "Write a value",
    {204: WRITTEN},
    description="Replaces an existing item of any type. At most one of the two headers makes the "
    "write conditional.",
    parameters=[TTL, *CONDITIONS_OF_PUT],
    groups=[["If-None-Match"], ["If-Match"]],
    body=VALUE,
    refused=REFUSED_PUT,
)

OPERATIONS: Operations = {
    "Get": GET,
    "Set": PUT,
    "Delete": items(
        "deleteItems",
        TAG,
        "Delete items",
        {204: {"description": "Deleted, or did not exist."}},
        description="Deletes items of any type: all, or none if the caller lacks a permission.",
        parameters=_SEVERAL,
        one_of=(),
        some_of=("key",),
    ),
    "GetBatch": items(
        "getItems",
        TAG,
        "Read several values",
        {
            200: json_answer(
                "The values, in the order of the keys.",
                object_schema(items=array(_FOUND)),
                {"items": [{"key": "a", "found": True, "value": "1"}]},
            )
        },
        parameters=[ENCODING],
        one_of=(),
        body=_KEYS,
    ),
    "SetBatch": items(
        "putItems",
        TAG,
        "Write several values",
        {204: {"description": "All were written."}},
        description="All are checked before the first is written. Items without `ttl_seconds` "
        "get the TTL of the query.",
        parameters=[OPTIONAL_TTL],
        one_of=(),
        body=json_body(
            object_schema(items=array(_PUT)),
            {"items": [{"key": "a", "value": "1", "ttl_seconds": 600}]},
        ),
    ),
    "KeysExist": items(
        "itemsExist",
        TAG,
        "Check which items exist",
        {
            200: json_answer(
                "Whether each exists, in the order of the keys.",
                object_schema(exists=array({"type": "boolean"})),
                {"exists": [True, False]},
            )
        },
        one_of=(),
        body=_KEYS,
    ),
    "ListKeys": items(
        "listKeys",
        TAG,
        "List the keys that start with a prefix",
        {
            200: json_answer(
                "A page, in no particular order. The last page has no `next_token`.",
                _PAGE,
                {"keys": ["user:1", {"base64": "dXNlcjr/"}]},
            )
        },
        description=_OF_LISTING,
        parameters=[
            *binary("prefix", "What the keys start with; empty for all keys."),
            query("limit", integer(1, 10_000, default=1_000), "Maximum number of keys per page."),
            query("next_token", _TOKEN, "`next_token` of the previous page."),
            query(
                "details",
                {"type": "boolean", "default": False},
                "Describe each item, instead of its key alone.",
            ),
            ENCODING,
        ],
        one_of=("prefix",),
    ),
    "Increment": items(
        "incrementItem",
        TAG,
        "Add to a number",
        {
            200: json_answer(
                "The new number.", object_schema(value=integer(-LARGEST - 1, LARGEST)), {"value": 1}
            )
        },
        description="The value is an integer as decimal text; a missing item counts as 0.",
        parameters=[amount("Amount to add."), TTL],
    ),
    "ItemGetTtl": items(
        "getItemTtl",
        TAG,
        "Get the TTL of an item",
        {
            200: json_answer(
                "The remaining TTL.",
                object_schema(ttl_milliseconds=integer(0)),
                {"ttl_milliseconds": 599_123},
            )
        },
        refused=NOT_FOUND,
    ),
    "UpdateTtl": items(
        "setItemTtl",
        TAG,
        "Change the TTL of an item",
        {
            200: json_answer(
                "Whether it was changed.",
                object_schema(updated={"type": "boolean"}),
                {"updated": True},
            )
        },
        parameters=[
            TTL,
            query(
                "only",
                {"type": "string", "enum": ["longer", "shorter"]},
                "Change the TTL only if the new one is longer, or shorter.",
            ),
        ],
        refused=NOT_FOUND,
    ),
    "ItemGetType": items(
        "getItemType",
        TAG,
        "Get the type of an item",
        {200: json_answer("Its type.", object_schema(type={"enum": _TYPES}), {"type": "scalar"})},
        refused=NOT_FOUND,
    ),
}
