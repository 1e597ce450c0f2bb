"""The building blocks of the OpenAPI description: schemas, parameters, responses."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attimo.api.problems import ALWAYS, MEANINGS

Schema = dict[str, Any]
Parameter = dict[str, Any]
Operation = dict[str, Any]
Operations = dict[str, Operation]
"""OpenAPI operations by data method; methods that share a route use the first in the table."""
Paths = dict[str, dict[str, Operation]]
DataRoutes = Mapping[str, Sequence[tuple[str, str]]]
"""The HTTP method and the path of each route, by data method."""

JSON = "application/json"
LARGEST = 2**63 - 1
LARGEST_UNSIGNED = 2**64 - 1

_64 = "[A-Za-z0-9+/]"
_64_URL = "[A-Za-z0-9_-]"
_TAIL = "(?:{0}[AQgw](?:==)?|{0}{{2}}[AEIMQUYcgkosw048]=?)?"
BASE64 = f"^(?:(?:{_64}{{4}})*{_TAIL.format(_64)}|(?:{_64_URL}{{4}})*{_TAIL.format(_64_URL)})$"


def ref(name: str) -> Schema:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def integer(least: int | None = None, most: int | None = None, **more: Any) -> Schema:
    """An integer from `least` to `most`; None is no limit."""
    limits = {"minimum": least, "maximum": most}
    kept = {name: limit for name, limit in limits.items() if limit is not None}
    return {"type": "integer", **kept, **more}


def optional(schema: Schema) -> Schema:
    """Make a schema nullable; null means the same as an absent field."""
    return {"anyOf": [schema, {"type": "null"}]}


def array(items: Schema, **more: Any) -> Schema:
    """A list."""
    return {"type": "array", "items": items, **more}


def object_schema(optional: Iterable[str] = (), **properties: Schema) -> Schema:
    """An object with these properties and no others; all that are not `optional` are required."""
    left_out = set(optional)
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in left_out],
        "additionalProperties": False,
    }


def query(
    name: str, schema: Schema, description: str, required: bool = False, example: Any = None
) -> Parameter:
    """A parameter in the query."""
    shown = {} if example is None else {"example": example}
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": description,
        "schema": schema,
        **shown,
    }


def json_body(schema: Schema, example: Any) -> dict[str, Any]:
    """A required JSON body."""
    return {"required": True, "content": {JSON: {"schema": schema, "example": example}}}


def json_answer(description: str, schema: Schema, example: Any = None) -> dict[str, Any]:
    """A JSON response."""
    shown = {} if example is None else {"example": example}
    return {"description": description, "content": {JSON: {"schema": schema, **shown}}}


def refusals(statuses: Iterable[int], said: Mapping[int, str] | None = None) -> dict[str, Any]:
    """Error responses; `said` overrides the default descriptions."""
    words = {**MEANINGS, **(said or {})}
    return {
        str(status): {
            "description": words[status],
            **({"headers": {"Retry-After": _RETRY_AFTER}} if status == 429 else {}),
            "content": {JSON: {"schema": ref("Refusal")}},
        }
        for status in sorted(statuses)
    }


_RETRY_AFTER = {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}}


def operation(
    id: str,
    tag: str,
    summary: str,
    answers: Mapping[int, dict[str, Any]],
    *,
    description: str = "",
    parameters: Sequence[Parameter] = (),
    body: dict[str, Any] | None = None,
    refused: Mapping[int, str] | None = None,
    security: list[dict[str, list[str]]] | None = None,
) -> Operation:
    """An operation for callers with a token.

    Args:
        refused: Error statuses beyond `ALWAYS`, with their descriptions; an empty one uses the
            default.
        security: Overrides the security of the document.
    """
    said = {status: words for status, words in (refused or {}).items() if words}
    statuses = {*ALWAYS, *(refused or {})}
    found: Operation = {"operationId": id, "tags": [tag], "summary": summary}
    if description:
        found["description"] = description
    if parameters:
        found["parameters"] = list(parameters)
    if body is not None:
        found["requestBody"] = body
    given = {str(status): answer for status, answer in answers.items()}
    found["responses"] = dict(sorted((given | refusals(statuses, said)).items()))
    if security is not None:
        found["security"] = security
    return found
