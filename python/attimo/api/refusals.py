"""How an error becomes an HTTP answer: a status, and JSON.

The JSON has the members of RFC 9457 beside a code and a message of our own; its media type stays
`application/json`, which clients of the reference test for.
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
    Busy,
    InvalidArgument,
    NotFound,
    TooManyAttempts,
    Unimplemented,
)

log = logging.getLogger(__name__)


WORDS: Mapping[int, str] = {
    400: "The request breaks a rule; the message names the field.",
    401: "The token is missing, not valid here, or has ended.",
    403: "The caller may not do this.",
    404: "There is no such thing.",
    405: "Not by this method, or not on this server.",
    408: "The request came too slowly.",
    409: "There is one of that name already.",
    412: "A condition does not hold; nothing was changed.",
    413: "The request, the item or the reply is larger than a limit; `err` says which.",
    414: "The URL is longer than a limit.",
    415: "The body is declared to be something else than can be read here.",
    416: "The value has no such part.",
    429: "A limit is reached; `Retry-After` says when to come again, if that helps.",
    431: "The headers are longer than a limit.",
    503: "The server cannot do this now, or is not ready; try again.",
}
"""For the description of the API: what a refusal of each status means."""


ALWAYS = (400, 401, 403, 408, 413, 414, 415, 431, 503)
"""How every request may be refused."""


def teach(app: Starlette) -> None:
    """Let the app answer every error in this one form."""
    for kind in (AttimoError, HTTPException, UnicodeEncodeError, OverflowError, Exception):
        app.add_exception_handler(kind, _refuse)


async def _refuse(request: Request, error: Exception) -> JSONResponse:
    """Answer; what is none of the known kinds is a mistake of ours, and is logged by the server."""
    if isinstance(error, UnicodeEncodeError):
        # A query or a path can say it, too; nothing that it was meant for has been done.
        error = InvalidArgument("A text holds half a surrogate pair, which is no character")
    if isinstance(error, OverflowError):
        error = InvalidArgument("A number is larger than any that is kept here: at most 2^63 - 1")
    if isinstance(error, AttimoError):
        log_if_ours(error)
        answer = _answer(error.status, error.code, str(error), error.title)
        if isinstance(error, TooManyAttempts | Busy):
            answer.headers["retry-after"] = str(error.retry_after)
        return answer
    if isinstance(error, HTTPException):  # of the router, which knows these two
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            return _not_on_this_path(request)
        return _answer(HTTPStatus.NOT_FOUND, NotFound.code, _nothing_here(request))
    return _answer(500, AttimoError.code, "The server made a mistake; its log says which")


def _not_on_this_path(request: Request) -> JSONResponse:
    """Refuse a method, and name all that this path has: each route knows only its own."""
    matching = [
        route
        for route in request.app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
    ]
    # Of `/invitations/accept` and `/invitations/{invitation_id}`, the one that says more.
    path = min((route.path for route in matching), key=lambda path: (path.count("{"), -len(path)))
    allowed = {method for route in matching if route.path == path for method in route.methods or ()}
    message = f"{request.method} is not for this path: {', '.join(sorted(allowed))}"
    answer = _answer(HTTPStatus.METHOD_NOT_ALLOWED, Unimplemented.code, message)
    answer.headers["allow"] = ", ".join(sorted(allowed))
    return answer


def _nothing_here(request: Request) -> str:
    """Say what is wrong with a path. Nobody is sent elsewhere: a URL would be made of the client's
    scheme and host, which may lead to somebody else or out of TLS."""
    path: str = request.scope["path"]
    if path != "/" and path.endswith("/"):
        return "Not Found: no path here ends with a slash"
    return "Not Found"


def log_if_ours(error: AttimoError) -> None:
    """Let the operator know of what no change of the request would mend."""
    if error.status >= 500 and not isinstance(error, Unimplemented):
        log.warning("%s", error)


def _answer(status: int, code: str, message: str, title: str = "") -> JSONResponse:
    # JSON can name what no text can hold: half a surrogate pair.
    text = message.encode(errors="replace").decode()
    title = title or HTTPStatus(status).phrase
    refusal = {
        "status": status,
        "title": title,
        "detail": text,
        "code": code,
        "message": text,
        "momento_code": _of_momento(code),
    }
    return JSONResponse(refusal, status)


def _of_momento(code: str) -> str:
    """What Momento's API of roles and keys has in `code` where we have this.

    Its reference shows the words for 400, 403 and 404; the others are formed as the latter two are.
    """
    if code == InvalidArgument.code:
        return "Bad Request"
    return "".join(word.capitalize() for word in code.split("_"))
