"""The parameters of handlers: each is read from the request, and validated.

Its annotation decides where it comes from. `Given` computes it from the request, a model is the
body, a name in the path is a part of it, anything else is in the query. `Request` is the request
itself; the cookies of a `Response` are added to the response.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from attimo.api.bodies import NOTHING
from attimo.errors import InvalidArgument

REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Given:
    """Marks a parameter that a function or coroutine computes from the request."""

    make: Callable[[Request], Any]

    async def read(self, request: Request, _: object) -> object:
        """Make it."""
        made = self.make(request)
        return await made if inspect.isawaitable(made) else made


@dataclass(frozen=True)
class Part:
    """A parameter in the path or in the query."""

    name: str
    place: Literal["path", "query"]
    type: Any
    default: Any

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """Its validator, created on first use."""
        return TypeAdapter(self.type)

    async def read(self, request: Request, _: object) -> object:
        """Read it.

        Raises:
            InvalidArgument: It is invalid, or required and missing.
        """
        sent = self._sent(request)
        if not sent:
            if self.default is REQUIRED:
                raise InvalidArgument(f"{self.name}: Field required")
            return self.default
        if len(sent) > 1:
            raise InvalidArgument(f"{self.name} is given twice")
        try:
            return self.adapter.validate_python(sent[0])
        except ValidationError as error:
            raise _refusal(error, self.name) from error

    def _sent(self, request: Request) -> list[Any]:
        if self.place == "path":
            return [request.path_params[self.name]]
        return request.query_params.getlist(self.name)


@dataclass(frozen=True, slots=True)
class Body:
    """The body, in JSON; None for an optional one that was left out."""

    model: type[BaseModel]
    is_optional: bool

    async def read(self, _: Request, body: object) -> object:
        """Read it.

        Raises:
            InvalidArgument: It is invalid, or required and missing.
        """
        if self.is_optional and (body is NOTHING or body is None):
            return None
        if body is NOTHING:
            raise InvalidArgument("body: Field required")
        if not isinstance(body, dict):
            raise InvalidArgument("body: must be a JSON object")
        try:
            return self.model.model_validate(body)
        except ValidationError as error:
            raise _refusal(error) from error


Reader = Given | Part | Body


def of(function: Callable[..., Any], path: str) -> dict[str, Reader]:
    """Return the parameters of a path's handler, in the order in which they are read."""
    hints = get_type_hints(function, include_extras=True)
    declared = inspect.signature(function).parameters.items()
    found = {name: _reader(name, hints[name], each.default, path) for name, each in declared}
    return dict(sorted(found.items(), key=lambda pair: _order(pair[1])))


def model_in(hint: object) -> type[BaseModel] | None:
    """Return the model in an annotation, alone or in a union."""
    for each in (hint, *get_args(hint)):
        if inspect.isclass(each) and issubclass(each, BaseModel):
            return each
    return None


def _reader(name: str, hint: Any, default: object, path: str) -> Reader:
    if hint is Request:
        return Given(lambda request: request)
    if hint is Response:
        return Given(lambda request: request.state.response)
    for each in getattr(hint, "__metadata__", ()):
        if isinstance(each, Given):
            return each
    if model := model_in(hint):
        return Body(model, is_optional=default is not REQUIRED)
    is_in_path = any(f"{{{name}{end}" in path for end in ("}", ":"))
    # `from` is a word of Python, so its parameter is `from_`.
    shown = name.removesuffix("_")
    return Part(shown, "path" if is_in_path else "query", hint, default)


def _order(reader: Reader) -> int:
    """Order parameters: authentication errors first, then others from left to right."""
    match reader:
        case Given():
            return 0
        case Part(place="path"):
            return 1
        case Part():
            return 2
        case Body():
            return 3


def _refusal(error: ValidationError, name: str = "") -> InvalidArgument:
    """Return a message about the first invalid field."""
    found = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in ([name] if name else []) + list(found["loc"]))
    return InvalidArgument(f"{field or 'body'}: {found['msg']}")
