"""Handles gRPC calls: the path and bytes of a message in, a status and the bytes of a reply out.

The data plane removes and adds the frames, so this is plain HTTP with gRPC's headers. Other
statuses than 0 have a percent-encoded message, as gRPC requires.
"""

import logging
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from attimo.api import caller
from attimo.api.problems import log_if_ours
from attimo.control import Control
from attimo.errors import AccountSuspended, AttimoError

log = logging.getLogger(__name__)

NUMBERS = {
    "invalid_argument": 3,
    "not_found": 5,
    "already_exists": 6,
    "permission_denied": 7,
    "resource_exhausted": 8,
    "failed_precondition": 9,
    "unimplemented": 12,
    "internal": 13,
    "misconfigured": 13,
    "unavailable": 14,
    "unauthenticated": 16,
}
"""gRPC's number for each of our codes."""

MEDIA_TYPE = "application/grpc"
_PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")


class GrpcHandler:
    """Middleware that answers gRPC calls, and passes other requests on."""

    def __init__(self, app: ASGIApp, control: Control, endpoint: str) -> None:
        self._app = app
        self._control = control
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not caller.is_grpc(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        message = await request.body()
        response = await run_in_threadpool(self._answer, request, message)
        await response(scope, receive, send)

    def _answer(self, request: Request, message: bytes) -> Response:
        path: str = request.scope["path"]
        try:
            return _ok(self._reply(path, request, message))
        except AttimoError as error:
            log_if_ours(error)
            return _refused(NUMBERS[error.code], str(error), _trailer(error))
        except Exception:
            log.exception("Internal error while answering %s", path)
            return _refused(NUMBERS["internal"], "Internal server error; see the server log")

    def _reply(self, path: str, request: Request, message: bytes) -> bytes:
        from attimo.api import grpc_call, services

        is_known = caller.is_known(request.headers)
        call = grpc_call.GrpcCall(
            caller.visitor(self._control, request),
            caller.of_request(self._control, request) if is_known else None,
            self._endpoint,
            message,
        )
        return services.reply(path, call)


def _ok(reply: bytes) -> Response:
    return Response(reply, headers={"grpc-status": "0"}, media_type=MEDIA_TYPE)


def _trailer(error: AttimoError) -> str | None:
    """The word for the trailer `err`, by the data plane's rule (`Cause::trailer`): official clients
    read it as the name of a limit."""
    has_trailer = error.err.endswith("_limit_exceeded") or isinstance(error, AccountSuspended)
    return error.err if has_trailer else None


def _refused(number: int, message: str, err: str | None = None) -> Response:
    headers = {"grpc-status": str(number), "grpc-message": quote(message, safe=_PRINTABLE)}
    headers |= {"err": err} if err else {}
    return Response(headers=headers, media_type=MEDIA_TYPE)
