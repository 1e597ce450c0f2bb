"""A request for a page: who sent it, what its form holds, and how it is answered.

A page is a plain function of a `Visit`. Whoever changes something needs the CSRF token of their
session, which each form holds; forms that need no session must come from a page of this server.
"""

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from attimo.api import caller, cookies, problems
from attimo.api.people import People
from attimo.console import rendering
from attimo.console.addresses import PREFIX, Addresses
from attimo.console.shared import Shared
from attimo.control import bills, caches, disposable_tokens, plans, sessions, webhooks, whoami
from attimo.control.actions import Action
from attimo.control.callers import SessionHolder, Visitor
from attimo.control.members import Membership
from attimo.control.permissions import Right
from attimo.control.sessions import Session
from attimo.control.whoami import Identity
from attimo.errors import AttimoError, InvalidArgument, Unauthenticated

log = logging.getLogger(__name__)

Args = ParamSpec("Args")
Result = TypeVar("Result")

HOME = f"{PREFIX}/"
SIGN_IN = f"{PREFIX}/sign-in"
MOST_FIELDS = 100
MOST_DIGITS = 18
"""Of a number: all that SQLite takes have at least as many."""
MOST_ROWS = 100
"""Of a list, on one page."""
PLACES = (
    (HOME, "Caches", caches.LIST),
    (f"{PREFIX}/topics", "Topics", disposable_tokens.MANAGE),
    (f"{PREFIX}/webhooks", "Webhooks", webhooks.READ),
    (f"{PREFIX}/keys", "Keys", Right("auth_management", "list")),
    (f"{PREFIX}/tokens", "Tokens", disposable_tokens.MANAGE),
    (f"{PREFIX}/roles", "Roles", Right("auth_management", "list")),
    (f"{PREFIX}/members", "Members", Right("account_management", "list")),
    (f"{PREFIX}/usage", "Usage", bills.READ),
    (f"{PREFIX}/audit", "Audit", Right("account_management", "read")),
    (f"{PREFIX}/server", "Server", plans.LIST),
)
"""The navigation: the path of each page, its title, and the permission to see it."""
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    # Not `no-referrer`: with it, browsers send forms with `Origin: null`.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "vary": "cookie, hx-request",
}


@dataclass(frozen=True)
class Visit:
    """A request for a page.

    Attributes:
        request: As it came.
        visitor: Its sender, whoever that is.
        form: The fields of its body.
        session: That of its sender, if the page needs one.
    """

    request: Request
    visitor: Visitor
    form: Mapping[str, str]
    session: Session | None = field(default=None, repr=False)

    @property
    def people(self) -> People:
        """The services for people."""
        found: People = self.request.app.state.people
        return found

    @property
    def now(self) -> int:
        """The seconds since 1970 by the server's clock."""
        found: int = self.request.app.state.control.clock()
        return found

    @property
    def idle_seconds(self) -> int:
        """How long a session lasts without use."""
        found: int = self.request.app.state.control.policy.session_idle_seconds
        return found

    @property
    def addresses(self) -> Addresses:
        """Where programs reach the server."""
        found: Addresses = self.request.state.addresses
        return found

    @property
    def shared(self) -> Shared:
        """What was made for all who look at the same."""
        found: Shared = self.request.state.shared
        return found

    @property
    def member(self) -> SessionHolder:
        """The sender, who has signed in.

        Raises:
            Unauthenticated: They have not.
        """
        if self.session is None:
            raise Unauthenticated("Sign in first")
        return self.visitor.with_session(self.session)

    @cached_property
    def identity(self) -> Identity:
        """Who that is, in which account, and with which permissions."""
        return self.visitor.perform(whoami.of_session, self.member.session)

    @property
    def accounts(self) -> list[Membership]:
        """The accounts of the sender."""
        return self.visitor.perform(sessions.accounts_of, self.member.session)

    def perform(
        self, action: Action[Concatenate[int, Args], Result], /, *args: Args.args, **kw: Args.kwargs
    ) -> Result:
        """Perform an action on the account of the sender.

        Raises:
            Exception: Those of `Caller.perform`.
        """
        return self.member.perform(action, *args, **kw)

    def may(self, right: Right) -> bool:
        """Whether forms are shown that need a permission; the actions decide for themselves."""
        return self.identity.permissions.allows(right.type, right.verb, right.about)

    @property
    def places(self) -> list[tuple[str, str]]:
        """The path and the title of each page that the sender may see."""
        return [(path, title) for path, title, right in PLACES if self.may(right)]

    def done(self, texts: Mapping[str, str]) -> str | None:
        """The text for what the page before has done, if the address names that."""
        return texts.get(self.request.query_params.get("done", ""))

    def segment(self, name: str) -> str:
        """A named segment of the path."""
        found: str = self.request.path_params[name]
        return found

    def field(self, name: str) -> str:
        """The text of a field of the form; empty if it was not sent."""
        return self.form.get(name, "")

    def number(self, name: str) -> int:
        """The number in a field of the form.

        Raises:
            InvalidArgument: There is none, or it has more than 18 digits.
        """
        sent = self.field(name)
        if not (sent.isascii() and sent.isdecimal() and len(sent) <= MOST_DIGITS):
            raise InvalidArgument(f"{name} must be a number")
        return int(sent)

    def check_typed(self, name: str) -> None:
        """Check that a name was typed again, before what cannot be undone.

        Raises:
            InvalidArgument: It was not.
        """
        if self.field("typed").strip() != name:
            raise InvalidArgument("Nothing was done: type the name to confirm")

    def page(
        self,
        template: str,
        status: int = 200,
        error: AttimoError | None = None,
        background: BackgroundTask | None = None,
        **values: object,
    ) -> Response:
        """A page; with an error, it says so, and its status is that of the error."""
        headers = HEADERS
        if error is not None:
            problems.log_if_ours(error)
            status, headers = _status(error), HEADERS | problems.headers(error)
        shown = {"error": error, "form": self.form, "visit": self, "identity": None} | values
        if self.session is not None:
            shown["identity"] = self.identity
        text = rendering.render(template, shown)
        return HTMLResponse(text, status, headers=headers, background=background)


Function = Callable[[Visit], Response] | Callable[[Visit], Awaitable[Response]]
Declared = TypeVar("Declared", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class Page:
    """A method of a page's path, as an ASGI app."""

    method: str
    path: str
    function: Function
    is_public: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; an error becomes a page that says so."""
        request = Request(scope, receive)
        body = await request.body()  # there is no page for a client that has gone
        try:
            answer = await self._answer(request, body)
        except Exception as error:
            answer = await run_in_threadpool(_failed, request, error)
        await answer(scope, receive, send)

    async def _answer(self, request: Request, body: bytes) -> Response:
        form = _fields(body)
        visit = await run_in_threadpool(self._visit, request, form)
        if visit.session is None and not self.is_public:
            return _to_sign_in(request)
        if inspect.iscoroutinefunction(self.function):
            made: Response = await self.function(visit)
            return made
        return await run_in_threadpool(self.function, visit)  # type: ignore[arg-type]

    def _visit(self, request: Request, form: Mapping[str, str]) -> Visit:
        visitor = caller.visitor(request.app.state.control, request)
        if self.is_public:
            if self.method == "POST":
                cookies.check_origin(request)
            return Visit(request, visitor, form)
        try:
            session = cookies.session_of(visitor, request, form.get("csrf", ""))
        except Unauthenticated:
            return Visit(request, visitor, form)
        visit = Visit(request, visitor, form, session)
        request.state.session = visit.member  # for the access log
        request.app.state.calls.call(session.account_id, visit.member.limits)
        request.state.visit = visit  # for the page of an error
        return visit


@dataclass(frozen=True, slots=True)
class Pages:
    """Collects the pages of a file."""

    all: list[Page] = field(default_factory=list)

    def get(self, path: str, is_public: bool = False) -> Callable[[Declared], Declared]:
        """Declare what shows a page."""
        return self._declare("GET", path, is_public)

    def post(self, path: str, is_public: bool = False) -> Callable[[Declared], Declared]:
        """Declare what a form of a page does."""
        return self._declare("POST", path, is_public)

    def _declare(self, method: str, path: str, is_public: bool) -> Callable[[Declared], Declared]:
        def declare(function: Declared) -> Declared:
            self.all.append(Page(method, path, function, is_public))
            return function

        return declare


def as_json(make: Callable[[], Mapping[str, object]]) -> Response:
    """What a script of a page has asked for, or the error in words."""
    try:
        return JSONResponse(make(), headers=HEADERS)
    except AttimoError as error:
        problems.log_if_ours(error)
        headers = HEADERS | problems.headers(error)
        return JSONResponse({"message": str(error)}, _status(error), headers=headers)


def to(path: str, done: str = "") -> Response:
    """Send a browser to another page of the console, which says what was done."""
    return _elsewhere(PREFIX + path + (f"?{urlencode({'done': done})}" if done else ""))


def back(visit: Visit) -> Response:
    """Send a browser to the page that it asked for before it signed in."""
    wanted = visit.field("next")
    return _elsewhere(wanted if wanted.startswith(HOME) else HOME)


def path_of(*parts: str) -> str:
    """A path below the console's, of segments that can hold any character."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


def refusal(
    request: Request, error: AttimoError, headers: Mapping[str, str] = MappingProxyType({})
) -> Response:
    """The page for an error that no page shows by itself.

    Whoever has signed in can switch the account and sign out there: of one that is suspended, or
    that they have left, there is no other page.
    """
    title = HTTPStatus(_status(error)).phrase
    # While the database cannot be read, neither can the list of their accounts.
    visit = getattr(request.state, "visit", None) if error.status < 500 else None
    text = rendering.render("error.html", {"error": error, "title": title, "visit": visit})
    all_headers = {**HEADERS, **problems.headers(error), **headers}
    return HTMLResponse(text, _status(error), headers=all_headers)


def _failed(request: Request, error: Exception) -> Response:
    """The page for an error; an unknown kind is an internal error, which is logged."""
    known = problems.known(error)
    if known is error:
        problems.log_if_ours(known)
    elif known.status >= 500:
        log.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
    return refusal(request, known)


def _status(error: AttimoError) -> int:
    """Not 401: to that, the data plane adds a header for which browsers ask for a password."""
    return 403 if error.status == 401 else error.status


def _elsewhere(path: str) -> Response:
    headers = HEADERS | {"location": quote(path, safe="/%#?=&:@!$'()*+,;~[]")}
    return Response(status_code=303, headers=headers)


def _to_sign_in(request: Request) -> Response:
    if "hx-request" in request.headers:  # htmx would put the page of a redirect into this one
        return Response(headers=HEADERS | {"hx-redirect": SIGN_IN})
    wanted = HOME
    if request.method == "GET":
        query = request.url.query
        wanted = quote(request.scope["path"]) + (f"?{query}" if query else "")
    asked = "" if wanted == HOME else f"?{urlencode({'next': wanted})}"
    return _elsewhere(SIGN_IN + asked)


def _fields(body: bytes) -> dict[str, str]:
    """The fields of a form, whose content type the data plane has checked.

    Raises:
        InvalidArgument: It is not UTF-8, has too many fields, or one of them twice.
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:  # UnicodeDecodeError is one
        raise InvalidArgument(f"A form is UTF-8 and has at most {MOST_FIELDS} fields") from error
    form = dict(pairs)
    if len(form) < len(pairs):
        raise InvalidArgument("A field of the form is there twice")
    return form
