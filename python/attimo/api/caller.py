"""The caller of a request, as the data plane has authenticated it.

The data plane removes these headers from clients' requests, and the app listens on a private socket
only, so they can be trusted. A handler gets a caller, whose `perform` is its only way to the
actions, each of which checks its permission and writes its audit entry.
"""

from collections.abc import Mapping
from typing import Annotated

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from attimo.api import cookies
from attimo.api.parameters import Given
from attimo.api.throttle import Throttle
from attimo.control import Control, access
from attimo.control.callers import Caller, Visitor
from attimo.errors import NoToken

ACCOUNT_HEADER = "attimo-account"
KEY_HEADER = "attimo-key"
TOKEN_HEADER = "attimo-token"  # noqa: S105  (the name of a header)
"""The claims of a disposable token that the data plane has verified, for `GET /whoami` only."""
PEER_HEADER = "attimo-peer"
PROTOCOL_HEADER = "attimo-protocol"


def is_grpc(headers: Mapping[str, str]) -> bool:
    """Whether the data plane received the request by gRPC."""
    return headers.get(PROTOCOL_HEADER) == "grpc"


def is_known(headers: Mapping[str, str]) -> bool:
    """Whether the data plane has authenticated the caller."""
    return ACCOUNT_HEADER in headers


def visitor(control: Control, request: Request) -> Visitor:
    """Return the unauthenticated sender of a request."""
    return Visitor(control, request.headers.get(PEER_HEADER, ""))


def of_request(control: Control, request: Request) -> Caller:
    """Return the caller, authenticated by a token or by a cookie.

    Raises:
        Unauthenticated: There is no token, or the session has expired.
        PermissionDenied: A request with a cookie fails the CSRF check.
        Busy: The account has sent as many requests in this second as its plan allows.
    """
    found = _authenticated(control, request)
    calls: Throttle = request.app.state.calls
    calls.call(found.account_id, found.limits)
    return found


def _authenticated(control: Control, request: Request) -> Caller:
    sender = visitor(control, request)
    if _is_by_session(request):
        holder = sender.with_session(cookies.session_of(sender, request))
        request.state.session = holder  # for the access log
        return holder
    if not is_known(request.headers):
        raise NoToken("This needs an API key in the header authorization")
    account_id = int(request.headers[ACCOUNT_HEADER])
    return sender.with_key(account_id, request.headers.get(KEY_HEADER, ""))


def _is_by_session(request: Request) -> bool:
    if cookies.SESSION_HEADER in request.headers:
        return True
    # A session takes precedence, even on a server that needs no token.
    is_open = request.headers.get(KEY_HEADER, access.LOCAL) == access.LOCAL
    return is_open and cookies.is_sent(request)


async def _caller(request: Request) -> Caller:
    control: Control = request.app.state.control
    if _is_by_session(request):
        return await run_in_threadpool(of_request, control, request)
    return of_request(control, request)


async def _visitor(request: Request) -> Visitor:
    return visitor(request.app.state.control, request)


Authenticated = Annotated[Caller, Given(_caller)]
Anyone = Annotated[Visitor, Given(_visitor)]
