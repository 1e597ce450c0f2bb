"""Turns errors into HTTP responses: a status, and JSON.

The JSON has the members of RFC 9457 beside `code` and `message`; its media type is
`application/json`, which clients of Momento's API expect.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Match, Route

from attimo.errors import (
    AttimoError,
    Exhausted,
    InvalidArgument,
    MethodNotAllowed,
    PathNotFound,
    Unimplemented,
)

log = logging.getLogger(__name__)


MEANINGS: Mapping[int, str] = {
    400: "The request is invalid; the message names the field.",
    401: "The token is missing, invalid or expired.",
    403: "The caller lacks the permission.",
    404: "The resource does not exist.",
    405: "The method is not allowed here, or not on this server.",
    408: "The request was sent too slowly.",
    409: "The name is already taken.",
    412: "A condition is not met; nothing was changed.",
    413: "The request, item or reply exceeds a limit; `err` says which.",
    414: "The URL is too long.",
    415: "The `Content-Type` or `Content-Encoding` of the body is not supported.",
    416: "The range is outside of the value.",
    429: "A limit is reached; `Retry-After`, if present, says when to retry.",
    431: "The headers are too large.",
    503: "The server cannot do this now or is not ready; try again.",
}
"""For the API description: the meaning of each error status."""


ALWAYS = (400, 401, 403, 408, 413, 414, 415, 429, 431, 503)
"""Statuses with which any request can fail."""


def install(app: Starlette) -> None:
    """Make the app use this form for every error."""
    for kind in (AttimoError, HTTPException, UnicodeEncodeError, OverflowError, Exception):
        app.add_exception_handler(kind, _refuse)


async def _refuse(request: Request, error: Exception) -> JSONResponse:
    """Answer an error; an unknown kind is an internal error, which the server logs."""
    if isinstance(error, HTTPException):  # from the router: not found, or method not allowed
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            return _not_on_this_path(request)
        return _answer(PathNotFound, _nothing_here(request))
    told = known(error)
    if told is error:
        log_if_ours(told)
    answer = _answer(type(told), str(told))
    answer.headers.update(headers(told))
    return answer


def known(error: Exception) -> AttimoError:
    """Return an error as its caller is told of it."""
    if isinstance(error, AttimoError):
        return error
    if isinstance(error, UnicodeEncodeError):
        # From a query or a path; nothing has been done yet.
        return InvalidArgument("A text contains half a surrogate pair, which is not a character")
    if isinstance(error, OverflowError):
        return InvalidArgument("A number is too large: at most 2^63 - 1 is allowed")
    return AttimoError("Internal server error; see the server log")


def headers(error: AttimoError) -> dict[str, str]:
    """Return the headers of an error: when to retry, if that is known."""
    if isinstance(error, Exhausted) and error.retry_after is not None:
        return {"retry-after": str(error.retry_after)}
    return {}


def _not_on_this_path(request: Request) -> JSONResponse:
    """Refuse a method, and list all that the path allows; each route has only its own."""
    matching = [
        route
        for route in request.app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
    ]
    # Of `/invitations/accept` and `/invitations/{invitation_id}`, the more specific one.
    path = min((route.path for route in matching), key=lambda path: (path.count("{"), -len(path)))
    allowed = {method for route in matching if route.path == path for method in route.methods or ()}
    message = f"{request.method} is not allowed here. Allowed: {', '.join(sorted(allowed))}"
    answer = _answer(MethodNotAllowed, message)
    answer.headers["allow"] = ", ".join(sorted(allowed))
    return answer


def _nothing_here(request: Request) -> str:
    """Return what is wrong with a path. There are no redirects: a URL from the client's scheme and
    host could lead to another server, or out of TLS."""
    path: str = request.scope["path"]
    if path != "/" and path.endswith("/"):
        return "Not Found: no path here ends with a slash"
    return "Not Found"


def log_if_ours(error: AttimoError) -> None:
    """Log an error for the operator if no change of the request would fix it."""
    if error.status >= 500 and not isinstance(error, Unimplemented):
        log.warning("%s", error)


def _answer(kind: type[AttimoError], message: str) -> JSONResponse:
    # JSON can express what UTF-8 cannot encode: lone surrogates.
    text = message.encode(errors="replace").decode()
    refusal = {
        "status": kind.status,
        "title": kind.title or HTTPStatus(kind.status).phrase,
        "detail": text,
        "code": kind.code,
        "message": text,
        "momento_code": _of_momento(kind.code),
        "err": kind.err,
    }
    return JSONResponse(refusal, kind.status)


def _of_momento(code: str) -> str:
    """Return the `code` of Momento's API of roles and keys.

    Its reference has those of 400, 403 and 404; the others are formed like the latter two.
    """
    if code == InvalidArgument.code:
        return "Bad Request"
    return "".join(word.capitalize() for word in code.split("_"))
