"""Caches: the list, a new one, one of them, its flush and its end."""

import hashlib
from typing import Any

from starlette.responses import Response

from attimo.console import activity, examples, figures, rendering, web
from attimo.console.web import Pages, Visit, path_of
from attimo.control import caches
from attimo.control.caches import Cache
from attimo.errors import AttimoError

pages = Pages()

REFRESH_SECONDS = 5
"""How often the rows of the list are asked for, and made anew."""

_DONE = {
    "joined": "You are a member of this account now.",
    "deleted": "The cache is deleted, with all its items.",
    "created": "The cache is ready to use.",
    "flushed": "All items are deleted.",
}


@pages.get("/")
def show_all(visit: Visit) -> Response:
    """The list."""
    return _list(visit)


@pages.get("/figures")
def show_figures(visit: Visit) -> Response:
    """The rows of the list, again and again; nothing if they are as the page has them.

    Whoever has the same permissions sees the same rows, so these are made once for all of them. A
    page asks only after a whole period, so it never gets rows older than those that it has.
    """
    after = visit.request.query_params.get("after")
    key = (visit.member.account_id, visit.identity.permissions, after)
    rows = visit.shared.get(key, visit.now // REFRESH_SECONDS, lambda: _listed(visit)["rows"])
    if visit.request.query_params.get("seen") == _version(rows):
        return Response(status_code=204, headers=web.HEADERS)
    return visit.page("parts/cache-body.html", **_body(rows, after))


@pages.post("/caches")
def create(visit: Visit) -> Response:
    """Create a cache by its name."""
    name = visit.field("name").strip()
    try:
        visit.perform(caches.create, name)
    except AttimoError as error:
        return _list(visit, error)
    return web.to(path_of("caches", name), done="created")


@pages.get("/caches/{name}")
def show(visit: Visit) -> Response:
    """A cache."""
    return _cache(visit)


@pages.post("/caches/{name}/flush")
def flush(visit: Visit) -> Response:
    """Delete its items, if its name was typed again."""
    name = visit.segment("name")
    try:
        visit.check_typed(name)
        visit.perform(caches.flush, name)
    except AttimoError as error:
        return _cache(visit, error)
    return web.to(path_of("caches", name), done="flushed")


@pages.post("/caches/{name}/delete")
def delete(visit: Visit) -> Response:
    """Delete it, if its name was typed again."""
    name = visit.segment("name")
    try:
        visit.check_typed(name)
        visit.perform(caches.delete, name)
    except AttimoError as error:
        return _cache(visit, error)
    return web.to("/", done="deleted")


def _list(visit: Visit, error: AttimoError | None = None) -> Response:
    values = _listed(visit) | {"may_create": visit.may(caches.MANAGE)}
    return visit.page("caches.html", error=error, **values)


def _listed(visit: Visit) -> dict[str, Any]:
    after = visit.request.query_params.get("after")
    found = visit.perform(caches.list_page, web.MOST_ROWS, after)
    rows = rendering.render(
        "parts/cache-rows.html", {"caches": figures.of_caches(visit, found.items)}
    )
    return _body(rows, after) | {"next": found.next_token, "done": visit.done(_DONE)}


def _body(rows: str, after: str | None) -> dict[str, Any]:
    """The rows as a part of the table, which asks for others than these."""
    return {
        "rows": rows,
        "seen": _version(rows),
        "after": after,
        "seconds": REFRESH_SECONDS,
    }


def _version(rows: str) -> str:
    return hashlib.sha256(rows.encode()).hexdigest()[:12]


def _cache(visit: Visit, error: AttimoError | None = None) -> Response:
    name = visit.segment("name")
    cache: Cache = visit.perform(caches.find, name)
    (shown,) = figures.of_caches(visit, [cache])
    return visit.page(
        "cache.html",
        error=error,
        shown=shown,
        activity=activity.of_cache(visit, name),
        ranges=activity.RANGES,
        limits=figures.limits(visit, name),
        examples=examples.of_cache(visit.addresses, visit.request, name),
        may_manage=visit.may(caches.MANAGE.on(name)),
        done=visit.done(_DONE),
    )
