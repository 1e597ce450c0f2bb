"""Who asks with a session: by its cookie, or by the cookie's value as a token.

The cookie is out of reach for scripts, stays on its own site, and needs a token of its own from
whoever asks for more than to look: so no page of somebody else can act for a user. A browser adds
no `authorization` by itself, so there the value needs nothing beside it.
"""

from hmac import compare_digest
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from attimo.control import sessions
from attimo.control.callers import Visitor
from attimo.control.sessions import NewSession, Session
from attimo.errors import PermissionDenied, Unauthenticated

SCHEME_HEADER = "attimo-scheme"
CSRF_HEADER = "x-csrf-token"
SESSION_HEADER = "attimo-session"
"""The SHA-256 of the token by which the data plane has known a session, in hexadecimal digits."""

LOOKING: list[dict[str, list[str]]] = [{"session": []}]
CHANGING: list[dict[str, list[str]]] = [{"session": [], "csrf": []}]
"""For the description of the API: what a request needs that only a session can make."""

_PORTS = {"http": "80", "https": "443"}
_ONLY_LOOKING = ("GET", "HEAD", "OPTIONS")


def is_sent(request: Request) -> bool:
    """Whether a request bears the cookie of a session."""
    return _name(request) in request.cookies


def session_of(visitor: Visitor, request: Request) -> Session:
    """The session of a request: that of its token, else that of its cookie.

    Raises:
        Unauthenticated: There is none, or it has ended.
        PermissionDenied: The cookie changes something, and nothing shows that the user wants that.
    """
    digest = request.headers.get(SESSION_HEADER)
    if digest is not None:
        return visitor.perform(sessions.of_hash, bytes.fromhex(digest))
    token = request.cookies.get(_name(request))
    if token is None:
        raise Unauthenticated("This needs a session: sign in with POST /session")
    session = visitor.perform(sessions.of_token, token)
    if request.method not in _ONLY_LOOKING:
        _check_intent(request, session)
    return session


def give(request: Request, response: Response, made: NewSession, seconds: int) -> None:
    """Hand a session's cookie out."""
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
    """Let the browser forget the cookie."""
    response.delete_cookie(
        _name(request), path="/", secure=_is_secure(request), httponly=True, samesite="lax"
    )


def _check_intent(request: Request, session: Session) -> None:
    shown = request.headers.get(CSRF_HEADER, "")
    if not compare_digest(shown.encode(), session.csrf_token.encode()):
        raise PermissionDenied(f"The header {CSRF_HEADER} must hold the session's csrf_token")
    origin = request.headers.get("origin")
    if origin is not None and not _is_ours(request, origin):
        raise PermissionDenied(f"Requests from {origin} may not use a session here")


def _is_ours(request: Request, origin: str) -> bool:
    """Whether an origin is where this request went, as `front/cors.rs` compares the two.

    What ends TLS before us hides the scheme, so on a connection without TLS either will do.
    """
    scheme, _, place = origin.partition("://")
    if scheme != "https" and (scheme != "http" or _is_secure(request)):
        return False
    return place != "" and _place(scheme, place) == _place(scheme, request.headers.get("host", ""))


def _place(scheme: str, authority: str) -> tuple[str, str]:
    """Host and port, the same for all ways of writing them (RFC 3986 §6.2)."""
    host, colon, port = authority.rpartition(":")
    if not colon or "]" in port:
        host, port = authority, ""
    return unquote(host).lower(), _PORTS[scheme] if port == "" else port.lstrip("0")


def _is_secure(request: Request) -> bool:
    return request.headers.get(SCHEME_HEADER) == "https"


def _name(request: Request) -> str:
    # A browser takes a cookie of this name only for this host, and only over TLS.
    return "__Host-attimo_session" if _is_secure(request) else "attimo_session"
