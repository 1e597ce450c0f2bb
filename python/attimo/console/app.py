"""The list of pages, and how a request finds its own."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from attimo.console import web
from attimo.console.addresses import PREFIX
from attimo.console.pages import (
    audit,
    caches,
    entering,
    item,
    items,
    keys,
    members,
    passwords,
    roles,
    security,
    server,
    sessions,
    static,
    tokens,
    topics,
    usage,
    webhooks,
)
from attimo.errors import MethodNotAllowed, PathNotFound

_FILES = (
    *(
        entering,
        passwords,
        security,
        sessions,
        caches,
        items,
        item,
        topics,
        webhooks,
        keys,
        tokens,
        roles,
        members,
    ),
    *(usage, audit, server, static),
)
PAGES = [page for each in _FILES for page in each.pages.all]
_ROUTES = [Route(PREFIX + page.path, page, methods=[page.method]) for page in PAGES]


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request: by its page, or by one that says that there is none."""
    allowed = set[str]()
    for route in _ROUTES:
        match, found = route.matches(scope)
        if match is Match.FULL:
            scope.update(found)
            await route.handle(scope, receive, send)
            return
        if match is Match.PARTIAL:
            allowed |= route.methods or set()
    await _no_page(Request(scope, receive), sorted(allowed))(scope, receive, send)


def _no_page(request: Request, allowed: list[str]) -> Response:
    if request.url.path == PREFIX:
        return web.to("/")
    if not allowed:
        return web.refusal(request, PathNotFound("There is no such page"))
    error = MethodNotAllowed(f"{request.method} is not allowed here")
    return web.refusal(request, error, {"allow": ", ".join(allowed)})
