"""The page about the HTTP API, written from its own OpenAPI document."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from attimo.api import description
from attimo.api.app import OPERATIONS
from attimo.node.local import data_routes

_WHERE = {"path": "path", "query": "query", "header": "header"}
_KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "object": "object",
}


def lines(note: str) -> Iterator[str]:
    """The page, line by line."""
    document = _document()
    yield from ("# The HTTP API", "", note, "")
    yield "A running server serves this page at `/docs`, and its OpenAPI 3.1 document at"
    yield "`/openapi.json`. In the examples, `$ATTIMO_URL` is the server address, such as"
    yield "`http://127.0.0.1:8080`, and `$ATTIMO_TOKEN` an API key."
    yield ""
    yield from document["info"]["description"].strip().splitlines()
    for tag in document["tags"]:
        yield from ("", f"## {_title(tag['name'])}", "", tag["description"])
        for method, path, operation in _operations(document):
            if tag["name"] in operation["tags"]:
                yield from _operation(document, method, path, operation)
    yield from _schemas(document)
    yield from _statuses(document)


def _document() -> dict[str, Any]:
    return description.document(OPERATIONS, data_routes())


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, known in document["paths"].items():
        for method, operation in known.items():
            yield method.upper(), path, operation


def _title(name: str) -> str:
    return name[0].upper() + name[1:]


def _operation(
    document: dict[str, Any], method: str, path: str, operation: dict[str, Any]
) -> Iterator[str]:
    yield from ("", f"### `{method} {path}`", "", f"{operation['summary']}.")
    if "description" in operation:
        yield from ("", *operation["description"].splitlines())
    yield from _parameters(operation)
    yield from _body(document, operation)
    yield from ("", "| answer | |", "|---|---|")
    for status, answer in operation["responses"].items():
        if status not in description.COMMON or answer["description"] != description.usual(status):
            yield f"| {status} | {answer['description']}{_shape(document, answer)} |"
    yield from ("", "```sh", _curl(document, method, path, operation), "```")


def _parameters(operation: dict[str, Any]) -> Iterator[str]:
    # That {cache} is a cache's name goes without saying, forty times.
    parameters = [
        each
        for each in operation.get("parameters", [])
        if (each["name"], each["in"]) != ("cache", "path")
    ]
    if not parameters:
        return
    yield from ("", "| parameter | in | kind | description |", "|---|---|---|---|")
    for each in parameters:
        need = ", needed" if each["required"] and each["in"] != "path" else ""
        kind = _kind(each["schema"])
        said = each.get("description", "")
        yield f"| `{each['name']}` | {_WHERE[each['in']]}{need} | {kind} | {said} |"


def _body(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[str]:
    body = operation.get("requestBody")
    if body is None:
        return
    ((media_type, content),) = body["content"].items()
    yield ""
    if media_type == "application/json":
        need = "" if body.get("required") else " (optional)"
        yield f"Body{need}: {_shown(document, content['schema'])}"
    else:
        yield f"Body: {body['description']}"


def _shown(document: dict[str, Any], schema: dict[str, Any]) -> str:
    """A schema as JSON; one that has a name with that, and with what it is made of."""
    kept = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    if len(kept) == 1 and "$ref" in kept[0]:
        named = document["components"]["schemas"][kept[0]["$ref"].rsplit("/", 1)[1]]
        return f"{_link(kept[0])} `{_json(named)}`"
    return f"`{_json(schema)}`"


def _shape(document: dict[str, Any], answer: dict[str, Any]) -> str:
    shapes = []
    for media_type, content in answer.get("content", {}).items():
        schema = content.get("schema", {})
        if media_type == "application/json" and schema.get("$ref", "").endswith("/Refusal"):
            continue
        is_json = media_type.endswith("json")
        shapes.append(_shown(document, schema) if is_json else f"`{media_type}`")
    return f" {' or '.join(shapes)}" if shapes else ""


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "anyOf" in schema:
        kinds = [_kind(each) for each in schema["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "$ref" in schema:
        return _link(schema)
    if "enum" in schema or "const" in schema:
        found = " or ".join(f"`{each}`" for each in schema.get("enum", [schema.get("const")]))
    elif schema.get("type") == "array":
        found = f"{_kind(schema['items'])}, repeatable"
    else:
        found = _KINDS[schema["type"]] + _limits(schema)
    default = schema.get("default")
    said = default if isinstance(default, str) else json.dumps(default)
    return found if default is None else f"{found}; default `{said}`"


def _limits(schema: dict[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if most is not None and most >= 2**53:  # as good as none
        return f" from {least}" if least is not None and least >= 0 else ""
    if least is not None and most is not None:
        return f" {least} to {most}"
    return f" from {least}" if least is not None else ""


def _link(schema: dict[str, Any]) -> str:
    name = schema["$ref"].rsplit("/", 1)[1]
    return f"[{name}](#{name.lower()})"


def _json(schema: dict[str, Any]) -> str:
    """A schema as JSON with names of schemas and kinds in place of values."""
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[1])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            kept = [each for each in schema[several] if each.get("type") != "null"]
            return " or ".join(dict.fromkeys(_json(each) for each in kept))
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " or ".join(json.dumps(each) for each in schema["enum"])
    if schema.get("type") == "array":
        return f"[{_json(schema['items'])}]"
    if schema.get("type") == "object" and "properties" in schema:
        needed = schema.get("required", [])
        members = (
            f'"{name}"{"" if name in needed else "?"}: {_json(each)}'
            for name, each in schema["properties"].items()
        )
        return f"{{{', '.join(members)}}}"
    return _KINDS.get(schema.get("type", ""), "anything")


def _curl(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    words = ["curl"]
    if method not in ("GET", "POST") or (method == "POST" and "requestBody" not in operation):
        words += ["-X", method]
    if operation.get("security", document["security"]):
        words.append('-H "Authorization: $ATTIMO_TOKEN"')
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        example = json.dumps(content["application/json"]["example"], ensure_ascii=False)
        words += ["--json", "'" + example.replace("'", "'\\''") + "'"]
    elif content:
        words.append("--data-binary v")
    words.append(f'"$ATTIMO_URL{_target(path, operation)}"')
    return " ".join(words)


def _target(path: str, operation: dict[str, Any]) -> str:
    query: list[tuple[str, Any]] = []
    chosen = {names[0] for names in operation.get("x-exactly-one-of", [])}
    chosen |= {names[0] for names in operation.get("x-at-least-one-of", [])}
    for each in operation.get("parameters", []):
        example = each.get("example")
        value = example[0] if isinstance(example, list) else example
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", str(value))
        elif each["in"] == "query" and (each["required"] or each["name"] in chosen):
            query.append((each["name"], value))
    return f"{path}?{urlencode(query)}" if query else path


def _schemas(document: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## Schemas")
    for name, schema in document["components"]["schemas"].items():
        yield from ("", f"### {name}", "")
        if "description" in schema:
            yield from (*schema["description"].splitlines(), "")
        if "properties" not in schema:
            ways = schema.get("anyOf", [schema])
            yield from (f"* `{_json(each)}`" for each in ways)
            continue
        yield from ("| field | kind | description |", "|---|---|---|")
        needed = schema.get("required", [])
        for field, each in schema["properties"].items():
            optional = "" if field in needed else " (optional)"
            yield f"| `{field}` | `{_json(each)}`{optional} | {each.get('description', '')} |"


def _statuses(document: dict[str, Any]) -> Iterator[str]:
    yield from (
        "",
        "## Errors",
        "",
        "The meaning of each status, unless an endpoint says otherwise:",
        "",
    )
    yield from ("| status | |", "|---|---|")
    for status in description.COMMON:
        yield f"| {status} | {description.usual(status)} |"
