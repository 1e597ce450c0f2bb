"""Generates the OpenAPI description of the control API from its routes and models."""

from collections.abc import Iterable, Iterator
from inspect import cleandoc
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema, core_schema

from attimo.api.description import examples
from attimo.api.description.parts import (
    JSON,
    Operation,
    Parameter,
    Paths,
    Schema,
    json_body,
    operation,
)
from attimo.api.parameters import REQUIRED, Body, Part
from attimo.api.routing import Operation as Declared
from attimo.api.routing import Security

_REPLY = "return"
_Key = tuple[str, str]
_Input = tuple[_Key, Literal["validation", "serialization"], CoreSchema]
_Found = dict[_Key, Schema]


class _Schemas(GenerateJsonSchema):
    """Omits null defaults: null means the same as an absent field."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        found = super().default_schema(schema)
        if found.get("default", ...) is None:
            del found["default"]
        return found


def described(declared: Iterable[Declared], tokens: Security) -> tuple[Paths, dict[str, Schema]]:
    """Return the paths of operations with an `operation_id`, and their schemas.

    Args:
        tokens: The default security; a session is always an alternative to it.
    """
    named = {each.operation_id: each for each in declared if each.operation_id}
    makes = _Schemas(ref_template="#/components/schemas/{model}")
    inputs = [each for id, known in named.items() for each in _inputs(id, known)]
    found, schemas = makes.generate_definitions(inputs)
    by_key: _Found = {key: schema for (key, _), schema in found.items()}
    paths: Paths = {}
    for id, known in named.items():
        methods = paths.setdefault(known.path.replace(":path}", "}"), {})
        methods[known.method.lower()] = _operation(id, known, by_key, tokens)
    return paths, dict(sorted(schemas.items()))


def _inputs(id: str, known: Declared) -> Iterator[_Input]:
    for name, reader in known.readers.items():
        match reader:
            case Part(name=shown, type=type):
                yield (id, shown), "validation", TypeAdapter(type).core_schema
            case Body(model=model, is_optional=is_optional):
                sent: Any = model | None if is_optional else model
                yield (id, name), "validation", TypeAdapter(sent).core_schema
    if known.reply:
        yield (id, _REPLY), "serialization", TypeAdapter(known.reply).core_schema


def _operation(id: str, known: Declared, found: _Found, tokens: Security) -> Operation:
    summary, _, more = cleandoc(known.function.__doc__ or "").partition(".")
    parts = (each for each in known.readers.values() if isinstance(each, Part))
    csrf: dict[str, list[str]] = {} if known.method == "GET" else {"csrf": []}
    either: Security = [*tokens, {"session": []} | csrf]
    return operation(
        id,
        known.tag,
        summary,
        {known.status: _answer(known, found.get((id, _REPLY), {}))},
        description=more.strip(),
        parameters=[_parameter(each, found[id, each.name]) for each in parts],
        body=_body(id, known, found),
        refused=dict.fromkeys(known.refuses, ""),
        security=either if known.security is None else known.security,
    )


def _parameter(part: Part, schema: Schema) -> Parameter:
    known = {
        "description": schema.get("description"),
        "example": examples.PARAMETERS.get(part.name),
    }
    default = {} if part.default in (REQUIRED, None) else {"default": part.default}
    return {
        "name": part.name,
        "in": part.place,
        "required": part.default is REQUIRED,
        "schema": {**schema, **default, "title": _title(part.name)},
        **{name: value for name, value in known.items() if value is not None},
    }


def _body(id: str, known: Declared, found: _Found) -> dict[str, Any] | None:
    for name, reader in known.readers.items():
        if isinstance(reader, Body):
            schema = found[id, name]
            body = json_body(schema, examples.BODIES[id])
            return body if not reader.is_optional else {"content": body["content"]}
    return None


def _answer(known: Declared, reply: Schema) -> dict[str, Any]:
    if known.status == 204:
        return {"description": known.done}
    kinds = {kind: reply if kind == JSON else {"type": "string"} for kind in known.media_types}
    content = {kind: {"schema": schema} for kind, schema in kinds.items()}
    return {"description": known.done, "content": content}


def _title(name: str) -> str:
    return name.title().replace("_", " ")
