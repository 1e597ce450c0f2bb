"""Declares HTTP operations: functions with a method, a path and a description.

A declaration determines how a request is parsed (`parameters`), how it is answered, and the API
description. A function returns the model of its reply, nothing, or a whole response. It runs in a
thread, unless it is a coroutine.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypedDict, TypeVar, Unpack, get_type_hints

from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from attimo.api import bodies, parameters
from attimo.api.parameters import Body, Reader

JSON = "application/json"

Security = list[dict[str, list[str]]]
Function = TypeVar("Function", bound=Callable[..., Any])


class Said(TypedDict, total=False):
    """The options of an operation beside its method and path; see `Operation`."""

    operation_id: str
    status: int
    refuses: tuple[int, ...]
    security: Security
    done: str
    media_types: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Operation:
    """A method of a path, as an ASGI app.

    Attributes:
        method: In upper case.
        path: With `{name}` for a segment, `{name:path}` for one that can contain slashes.
        function: The handler.
        tag: Its section in the description.
        operation_id: Its name in the description; without one it is not described.
        status: The status of a successful response.
        refuses: Its error statuses beside those of every operation.
        security: Its security, if it is not the default.
        done: The description of a successful response.
        media_types: The media types of a successful response.
    """

    method: str
    path: str
    function: Callable[..., Any]
    tag: str
    operation_id: str | None = None
    status: int = 200
    refuses: tuple[int, ...] = ()
    security: Security | None = None
    done: str = "Done."
    media_types: tuple[str, ...] = (JSON,)

    @cached_property
    def readers(self) -> dict[str, Reader]:
        """The reader of each parameter, in order."""
        return parameters.of(self.function, self.path)

    @cached_property
    def reply(self) -> type[BaseModel] | None:
        """The model of its reply, if there is one."""
        return parameters.model_in(get_type_hints(self.function).get("return"))

    @property
    def takes_body(self) -> bool:
        """Whether it takes a body."""
        return any(isinstance(each, Body) for each in self.readers.values())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            AttimoError: The request is refused.
        """
        request = Request(scope, receive)
        answer = await self._answer(request)
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        request.state.response = beside = Response()
        body = await bodies.read(request, self.takes_body)
        given = {name: await each.read(request, body) for name, each in self.readers.items()}
        if inspect.iscoroutinefunction(self.function):
            found = await self.function(**given)
        else:
            found = await run_in_threadpool(self.function, **given)
        if isinstance(found, Response):
            return found
        text = None if found is None else found.model_dump_json(exclude_none=True)
        answer = Response(text, self.status, media_type=JSON)
        answer.raw_headers += _cookies(beside)
        return answer


@dataclass(frozen=True, slots=True)
class Router:
    """Collects operations with the same path prefix and tag."""

    prefix: str = ""
    tag: str = ""
    operations: list[Operation] = field(default_factory=list)

    def get(self, path: str = "", **said: Unpack[Said]) -> Callable[[Function], Function]:
        """Declare a GET operation."""
        return self._declare("GET", path, said)

    def post(self, path: str = "", **said: Unpack[Said]) -> Callable[[Function], Function]:
        """Declare a POST operation."""
        return self._declare("POST", path, said)

    def put(self, path: str = "", **said: Unpack[Said]) -> Callable[[Function], Function]:
        """Declare a PUT operation."""
        return self._declare("PUT", path, said)

    def delete(self, path: str = "", **said: Unpack[Said]) -> Callable[[Function], Function]:
        """Declare a DELETE operation."""
        return self._declare("DELETE", path, said)

    def _declare(self, method: str, path: str, said: Said) -> Callable[[Function], Function]:
        def declare(function: Function) -> Function:
            made = Operation(method, self.prefix + path, function, self.tag, **said)
            self.operations.append(made)
            return function

        return declare


def _cookies(beside: Response) -> list[tuple[bytes, bytes]]:
    return [header for header in beside.raw_headers if header[0] == b"set-cookie"]
