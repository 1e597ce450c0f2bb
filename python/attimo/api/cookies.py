"""Sessions of requests: by the cookie, or by the cookie's value as a token.

The cookie is HttpOnly and SameSite, and requests that change something also need a CSRF token, so
pages of other sites cannot act for a user. A browser adds no `authorization` by itself, so the
token needs nothing else.
"""

from contextlib import suppress
from hmac import compare_digest
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from attimo.control import sessions
from attimo.control.callers import Visitor
from attimo.control.sessions import NewSession, Session
from attimo.errors import NoToken, PermissionDenied, StoreUnavailable

SCHEME_HEADER = "attimo-scheme"
CSRF_HEADER = "x-csrf-token"
SESSION_HEADER = "attimo-session"
"""The SHA-256 of a session's token, which the data plane has verified, in hexadecimal digits."""

LOOKING: list[dict[str, list[str]]] = [{"session": []}]
CHANGING: list[dict[str, list[str]]] = [{"session": [], "csrf": []}]
"""For the API description: the security of operations that need a session."""

_PORTS = {"http": "80", "https": "443"}
_ONLY_LOOKING = ("GET", "HEAD", "OPTIONS")


def is_sent(request: Request) -> bool:
    """Whether a request has a session cookie."""
    return _name(request) in request.cookies


def token_of(request: Request) -> str | None:
    """Return the token in a request's session cookie, which need not be valid."""
    return request.cookies.get(_name(request))


def session_of(visitor: Visitor, request: Request, shown: str | None = None) -> Session:
    """Return the session of a request's token, otherwise of its cookie.

    Args:
        shown: The CSRF token of a form; otherwise it is in the header.

    Raises:
        Unauthenticated: There is none, or it has ended.
        PermissionDenied: The request fails the CSRF check.
    """
    digest = request.headers.get(SESSION_HEADER)
    if digest is not None:
        return _used(visitor, request, visitor.perform(sessions.of_hash, bytes.fromhex(digest)))
    token = token_of(request)
    if token is None:
        raise NoToken("This needs a session: sign in with POST /session")
    session = visitor.perform(sessions.of_token, token)
    if request.method not in _ONLY_LOOKING:
        _check_intent(request, session, shown)
    return _used(visitor, request, session)


def give(request: Request, response: Response, made: NewSession, seconds: int) -> None:
    """Set a session's cookie."""
    response.set_cookie(
        _name(request),
        made.token,
        max_age=seconds,
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="lax",
    )


def take_back(request: Request, response: Response) -> None:
    """Delete the cookie."""
    response.delete_cookie(
        _name(request), path="/", secure=_is_secure(request), httponly=True, samesite="lax"
    )


def check_origin(request: Request) -> None:
    """Refuse a form that no page of this server sent; for those that need no session.

    Raises:
        PermissionDenied: Its origin is another, or unknown; every browser sends it with a form.
    """
    origin = request.headers.get("origin", "null")
    if not _is_ours(request, origin):
        raise PermissionDenied(f"Forms from {origin} are not accepted here")


def _used(visitor: Visitor, request: Request, session: Session) -> Session:
    """Record the use of a session. What a page asks for by itself is none: an open page would keep
    its session for as long as it is open."""
    is_by_page = request.method == "GET" and "hx-request" in request.headers
    if session.is_prolonged and not is_by_page:
        with suppress(StoreUnavailable):  # it can be read nevertheless
            return visitor.perform(sessions.prolong, session)
    return session


def _check_intent(request: Request, session: Session, shown: str | None) -> None:
    message = "The form is that of another session: go back, reload the page and try again"
    if shown is None:
        shown = request.headers.get(CSRF_HEADER, "")
        message = f"The header {CSRF_HEADER} must hold the session's csrf_token"
    if not compare_digest(shown.encode(), session.csrf_token.encode()):
        raise PermissionDenied(message)
    origin = request.headers.get("origin")
    if origin is not None and not _is_ours(request, origin):
        raise PermissionDenied(f"Requests from {origin} may not use a session here")


def _is_ours(request: Request, origin: str) -> bool:
    """Whether an origin is this request's host, compared as in `front/cors.rs`.

    A proxy that terminates TLS hides the scheme, so both are accepted on a plaintext connection.
    """
    scheme, _, place = origin.partition("://")
    if scheme != "https" and (scheme != "http" or _is_secure(request)):
        return False
    return place != "" and _place(scheme, place) == _place(scheme, request.headers.get("host", ""))


def _place(scheme: str, authority: str) -> tuple[str, str]:
    """Return host and port, normalized (RFC 3986 §6.2)."""
    host, colon, port = authority.rpartition(":")
    if not colon or "]" in port:
        host, port = authority, ""
    return unquote(host).lower(), _PORTS[scheme] if port == "" else port.lstrip("0")


def _is_secure(request: Request) -> bool:
    return request.headers.get(SCHEME_HEADER) == "https"


def _name(request: Request) -> str:
    # Browsers accept a cookie with this name only for this host, and only over TLS.
    return "__Host-attimo_session" if _is_secure(request) else "attimo_session"
