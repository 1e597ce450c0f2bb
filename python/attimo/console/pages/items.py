"""The items of a cache: found by their keys, listed by a prefix, and a new one."""

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response

from attimo.console import data, item_changes, items, web
from attimo.console.items import Listed
from attimo.console.web import Pages, Visit, path_of
from attimo.errors import AttimoError

pages = Pages()

_DONE = {"deleted": "The item is deleted."}


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the list.

    Attributes:
        next: The token of where it goes on; None if this is the end.
    """

    items: list[Listed]
    next: str | None


@pages.get("/caches/{name}/items")
def show(visit: Visit) -> Response:
    """Some items whose keys start with a prefix."""
    return _list(visit)


@pages.post("/caches/{name}/items")
def create(visit: Visit) -> Response:
    """Write a new item, and show it."""
    name = visit.segment("name")
    try:
        key, type = visit.field("key").encode(), item_changes.type_of(visit.field("type"))
        items.decoded(items.coded(key))  # refuses one that no page can show
        seconds = item_changes.life(visit.field("life"), visit.field("unit"))
        with data.of_cache(visit, name) as cache:
            if type == "scalar":
                content = item_changes.value(visit.field("value"), visit.field("form"))
                item_changes.put_value(cache, key, content, seconds, etag="")
            else:
                item_changes.put_element(cache, key, type, visit.form, seconds)
    except AttimoError as error:
        return _list(visit, error)
    asked = {"key_base64": items.coded(key), "done": "written"}
    asked |= {"of": type} if type == "leaderboard" else {}
    return web.to(f"{path_of('caches', name, 'item')}?{urlencode(asked)}")


def _list(visit: Visit, error: AttimoError | None = None) -> Response:
    name, asked = visit.segment("name"), visit.request.query_params
    prefix, part = asked.get("prefix", ""), None
    try:
        with data.of_cache(visit, name) as cache:
            part = _Part(*items.listed(cache, prefix, asked.get("after")))
    except AttimoError as refusal:
        if refusal.err == "cache_not_found":
            raise
        error = error or refusal
    return visit.page(
        "items.html",
        error=error,
        cache=name,
        prefix=prefix,
        after=asked.get("after"),
        part=part,
        types=items.TYPES,
        forms=item_changes.FORMS,
        units=item_changes.UNITS,
        done=visit.done(_DONE),
    )
