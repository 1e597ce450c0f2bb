"""Values whose key stands in the path, like a file's name: `/cache/{cache}/{key}`."""

from attimo.api.description.data import TTL, items
from attimo.api.description.parts import Operations, Parameter
from attimo.api.description.scalars import (
    ANY_BYTES,
    CONDITIONS_OF_GET,
    CONDITIONS_OF_PUT,
    NOT_MODIFIED,
    PART,
    REFUSED_GET,
    REFUSED_PUT,
    TAG,
    VALUE,
    WHOLE,
    WRITTEN,
)

KEY: Parameter = {
    "name": "key",
    "in": "path",
    "required": True,
    "description": "The item's key: any bytes, percent-encoded; slashes need no encoding.",
    "schema": {"type": "string", "minLength": 1},
    "example": "live/playlist.m3u8",
}
_SIGNED = (
    "The token can be that of a signed URL, which is valid for one key, its methods and, for "
    "writes, its `ttl_seconds`."
)

OPERATIONS: Operations = {
    "Get": items(
        "getFile",
        TAG,
        "Read a value by its path",
        {
            200: {
                "description": "The value; its `Content-Type` depends on the key's extension.",
                "headers": WHOLE,
                "content": ANY_BYTES,
            },
            206: {**PART, "content": ANY_BYTES},
            304: NOT_MODIFIED,
        },
        description="A `GET`, `HEAD`, `PUT` or `DELETE` without `key` and `key_base64` "
        f"takes the key from the path, even if a route has the same name. {_SIGNED}",
        parameters=[KEY, *CONDITIONS_OF_GET],
        one_of=(),
        refused=REFUSED_GET,
    ),
    "Set": items(
        "putFile",
        TAG,
        "Write a value by its path",
        {204: WRITTEN},
        description=f"Like `PUT /cache/{{cache}}`. {_SIGNED} With it, `POST` does the same.",
        parameters=[KEY, TTL, *CONDITIONS_OF_PUT],
        one_of=(),
        groups=[["If-None-Match"], ["If-Match"]],
        body=VALUE,
        refused=REFUSED_PUT,
    ),
    "Delete": items(
        "deleteFile",
        TAG,
        "Delete an item by its path",
        {204: {"description": "Deleted, or did not exist."}},
        description="An item of any type.",
        parameters=[KEY],
        one_of=(),
    ),
}
