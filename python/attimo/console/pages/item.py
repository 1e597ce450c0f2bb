"""One item: what it holds, a page at a time, and changes of it."""

from collections.abc import Callable
from urllib.parse import urlencode

from starlette.responses import Response

from attimo.console import data, item_changes, items, web
from attimo.console.data import CacheData
from attimo.console.items import Item, Type
from attimo.console.web import Pages, Visit, path_of
from attimo.errors import AttimoError, InvalidArgument

pages = Pages()

MOST_DIGITS = 7
"""Of the number of a page: leaderboards have ranks of 32 bits."""
DOWNLOADED = {
    "content-disposition": 'attachment; filename="value.bin"',
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
}
"""A browser saves what was downloaded, and neither shows nor runs it."""

_DONE = {
    "written": "It is written.",
    "removed": "It is deleted.",
    "life": "The life is changed.",
}


@pages.get("/caches/{name}/item")
def show(visit: Visit) -> Response:
    """The item with a key."""
    return _show(visit, _asked_key(visit), visit.request.query_params.get("of", ""))


@pages.get("/caches/{name}/item/content")
def download(visit: Visit) -> Response:
    """The whole value, as a file."""
    query = {"key_base64": items.coded(_asked_key(visit))}
    with data.of_cache(visit, visit.segment("name")) as cache:
        found = cache.ask("GET", "", query)
    headers = web.HEADERS | DOWNLOADED
    return Response(found.content, headers=headers, media_type="application/octet-stream")


@pages.post("/caches/{name}/item")
def write(visit: Visit) -> Response:
    """Write another value in place of the one that the page has shown."""

    def change(cache: CacheData, key: bytes, _: Type) -> None:
        content = item_changes.value(visit.field("value"), visit.field("form"))
        seconds = item_changes.life(visit.field("life"), visit.field("unit"))
        if not visit.field("etag"):
            raise InvalidArgument("The form has no ETag: go back, and reload the page")
        item_changes.put_value(cache, key, content, seconds, visit.field("etag"))

    return _changed(visit, change, "written")


@pages.post("/caches/{name}/item/put")
def put(visit: Visit) -> Response:
    """Write an element of a collection that exists, which keeps its life."""

    def change(cache: CacheData, key: bytes, type: Type) -> None:
        kind, life = items.look(cache, key, type)
        item_changes.put_element(cache, key, kind, visit.form, life)

    return _changed(visit, change, "written")


@pages.post("/caches/{name}/item/remove")
def remove(visit: Visit) -> Response:
    """Delete an element of a collection."""

    def change(cache: CacheData, key: bytes, type: Type) -> None:
        item_changes.remove_element(cache, key, type, items.decoded(visit.field("element")))

    return _changed(visit, change, "removed")


@pages.post("/caches/{name}/item/life")
def change_life(visit: Visit) -> Response:
    """Change the life of an item."""

    def change(cache: CacheData, key: bytes, _: Type) -> None:
        seconds = item_changes.life(visit.field("life"), visit.field("unit"))
        item_changes.set_life(cache, key, seconds)

    return _changed(visit, change, "life")


@pages.post("/caches/{name}/item/delete")
def delete(visit: Visit) -> Response:
    """Delete an item."""
    name, key, type = visit.segment("name"), _sent_key(visit), _sent_type(visit)
    try:
        with data.of_cache(visit, name) as cache:
            item_changes.delete(cache, key, type)
    except AttimoError as error:
        return _show(visit, key, type, error)
    return web.to(path_of("caches", name, "items"), done="deleted")


def _changed(visit: Visit, change: Callable[[CacheData, bytes, Type], None], done: str) -> Response:
    """Make a change, and show the item."""
    name, key, type = visit.segment("name"), _sent_key(visit), _sent_type(visit)
    try:
        with data.of_cache(visit, name) as cache:
            change(cache, key, type)
    except AttimoError as error:
        return _show(visit, key, type, error)
    asked = {"key_base64": items.coded(key), "done": done}
    asked |= {"of": type} if type == "leaderboard" else {}
    return web.to(f"{path_of('caches', name, 'item')}?{urlencode(asked)}")


def _show(visit: Visit, key: bytes, type: str, error: AttimoError | None = None) -> Response:
    name, asked = visit.segment("name"), visit.request.query_params
    page = _page(asked.get("page", ""))
    item: Item | None = None
    try:
        with data.of_cache(visit, name) as cache:
            item = items.find(cache, key, type, asked.get("as", ""), page, asked.get("sought", ""))
    except AttimoError as refusal:
        if refusal.err == "cache_not_found":
            raise
        error = error or refusal
    return visit.page(
        "item.html",
        error=error,
        cache=name,
        key=items.named(key),
        code=items.coded(key),
        of=type if type == "leaderboard" else "",
        item=item,
        types=items.TYPES,
        page=page,
        sought=asked.get("sought", ""),
        most=items.MOST_ELEMENTS,
        editable=item_changes.editable(item) if item else None,
        forms=item_changes.FORMS,
        units=item_changes.UNITS,
        done=visit.done(_DONE),
    )


def _asked_key(visit: Visit) -> bytes:
    """The key in the address: as it was typed, or in base64."""
    asked = visit.request.query_params
    code = asked.get("key_base64")
    return items.decoded(items.coded(asked.get("key", "").encode()) if code is None else code)


def _sent_key(visit: Visit) -> bytes:
    return items.decoded(visit.field("key"))


def _sent_type(visit: Visit) -> Type:
    return item_changes.type_of(visit.field("type"))


def _page(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else 0
