"""Shared parts of the descriptions of item requests: keys, elements and times."""

from collections.abc import Mapping, Sequence
from typing import Any

from attimo.api.description.parts import (
    BASE64,
    LARGEST,
    LARGEST_UNSIGNED,
    Operation,
    Parameter,
    Schema,
    array,
    integer,
    object_schema,
    operation,
    optional,
    query,
    ref,
)

ELEMENT = ref("Element")
NO_CONTENT = {"description": "Done."}
NOT_FOUND = {404: "Its `title` is `Key Not Found` or `Cache Not Found`."}
NO_CACHE = {404: "Its `title` is `Cache Not Found`."}

SCHEMAS: dict[str, Schema] = {
    "Element": {
        "description": "Bytes: as text if they are UTF-8; otherwise, or with `encoding=base64`, in "
        "base64 (a request may use the URL-safe alphabet, too).",
        "anyOf": [
            {"type": "string"},
            object_schema(base64={"type": "string", "pattern": BASE64}),
        ],
    },
    "Score": {
        "description": "A score: a number, or one of the two infinities.",
        "anyOf": [{"type": "number"}, {"type": "string", "enum": ["inf", "-inf"]}],
    },
}

CACHE: Parameter = {
    "name": "cache",
    "in": "path",
    "required": True,
    "description": "The cache's name.",
    "schema": {"type": "string", "minLength": 1},
    "example": "default-cache",
}
ENCODING = query(
    "encoding",
    {"type": "string", "enum": ["base64"]},
    "With `base64`, every element of the response is in base64.",
)
START = query("start", integer(-LARGEST - 1, LARGEST), "First index; negative counts from the end.")
END = query(
    "end",
    integer(-LARGEST - 1, LARGEST),
    "End index (exclusive); negative counts from the end.",
)
ORDER = query(
    "order", {"type": "string", "enum": ["asc", "desc"], "default": "asc"}, "Order by score."
)


EXAMPLES = {
    "key": "k",
    "prefix": "user:",
    "field": "name",
    "value": "ada",
    "element": "ada",
    "topic": "news",
}


def binary(
    name: str, description: str, required: bool = True, many: bool = False
) -> list[Parameter]:
    """A binary parameter: percent-encoded as `name`, or in base64 as `name_base64`.

    The base64 may be URL-safe or not, padded or not.
    """
    plain: Schema = {"type": "string"}
    coded: Schema = {"type": "string", "pattern": BASE64}
    need = "Exactly one" if required else "At most one"
    again = " It can be repeated." if many else ""
    both = "" if many else f" {need} of `{name}` and `{name}_base64`."
    if many and required:
        both = f" At least one of `{name}` and `{name}_base64`."
    said = f"{description}{again}{both}"
    wrapped = (array(plain), array(coded)) if many else (plain, coded)
    example = EXAMPLES[name]
    return [
        query(
            name,
            wrapped[0],
            f"{said} Any bytes, percent-encoded.",
            example=[example] if many else example,
        ),
        query(
            f"{name}_base64",
            wrapped[1],
            f"{description} In base64, URL-safe or not, padding optional.",
        ),
    ]


KEY = binary("key", "The item's key, which may be empty.")
_SECONDS = integer(1, LARGEST_UNSIGNED, format="uint64")
TTL = query("ttl_seconds", _SECONDS, "Time to live in seconds.", required=True, example=600)
SECONDS = optional(_SECONDS)
OPTIONAL_TTL = query("ttl_seconds", _SECONDS, "TTL of items that have no TTL of their own.")
LATER_TTL = query("ttl_seconds", _SECONDS, "New time to live in seconds, if it should change.")
REFRESH = query(
    "refresh_ttl",
    {"type": "boolean", "default": True},
    "Whether to reset the TTL if the collection already exists.",
)


def amount(description: str) -> Parameter:
    """The parameter `amount`, by which to increment."""
    return query("amount", integer(-LARGEST - 1, LARGEST, default=1), description)


def items(
    id: str,
    tag: str,
    summary: str,
    answers: Mapping[int, dict[str, Any]],
    *,
    parameters: Sequence[Parameter] = (),
    one_of: Sequence[str] = ("key",),
    some_of: Sequence[str] = (),
    groups: Sequence[Sequence[str]] = (),
    refused: Mapping[int, str] = NO_CACHE,
    **more: Any,
) -> Operation:
    """An operation on the items of a cache.

    Extensions express what OpenAPI cannot: `x-exactly-one-of` requires one name of each list,
    `x-at-least-one-of` one or more, `x-only-one-group-of` allows names of one group.

    Args:
        one_of: Names of required parameters that are given as they are or in base64.
        some_of: Names of repeatable parameters that are given as they are or in base64.
        groups: Groups of names that exclude each other.
    """
    found = operation(
        id,
        tag,
        summary,
        answers,
        parameters=[CACHE, *(KEY if "key" in one_of else ()), *parameters],
        refused=refused,
        **more,
    )
    rules = {
        "x-exactly-one-of": [_both(name) for name in one_of],
        "x-at-least-one-of": [_both(name) for name in some_of],
        "x-only-one-group-of": [list(group) for group in groups],
    }
    return found | {name: rule for name, rule in rules.items() if rule}


def _both(name: str) -> list[str]:
    return [name, f"{name}_base64"]
