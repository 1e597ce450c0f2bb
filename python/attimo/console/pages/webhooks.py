"""Webhooks: the list, a new one, and one of them with what became of its deliveries."""

import asyncio

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from attimo.api.webhooks import Deliveries
from attimo.console import web
from attimo.console.addresses import PREFIX
from attimo.console.web import Pages, Visit, path_of
from attimo.control import webhook_reports, webhooks
from attimo.control.webhooks import Put, Webhook
from attimo.errors import AttimoError

pages = Pages()

_DONE = {
    "changed": "The webhook is changed, and works.",
    "deleted": "The webhook is deleted, with what waited for it.",
    "tested": "A test was sent; what became of it is the newest delivery below.",
    "redelivered": "What was given up is delivered once more.",
}


@pages.get("/webhooks")
def show_all(visit: Visit) -> Response:
    """The list."""
    return _list(visit)


@pages.post("/webhooks")
def create(visit: Visit) -> Response:
    """Create a webhook, and show its secret; one that exists is changed, as by the API."""
    cache, name = visit.field("cache").strip(), visit.field("name").strip()
    try:
        made = _put(visit, cache, name)
    except AttimoError as error:
        return _list(visit, error)
    return _secret(visit, made) if made.is_new else web.to(_place(cache, name), done="changed")


@pages.get("/webhooks/{cache}/{name}")
def show(visit: Visit) -> Response:
    """A webhook."""
    return _webhook(visit)


@pages.post("/webhooks/{cache}/{name}")
def change(visit: Visit) -> Response:
    """Change its topic and URL; one that was disabled works again."""
    cache, name = _named(visit)
    try:
        _put(visit, cache, name)
    except AttimoError as error:
        return _webhook(visit, error)
    return web.to(_place(cache, name), done="changed")


@pages.post("/webhooks/{cache}/{name}/test")
async def test(visit: Visit) -> Response:
    """Deliver a message now, whatever waits."""
    named = _named(visit)
    try:
        delivery = await run_in_threadpool(lambda: visit.perform(webhook_reports.to_test, *named))
        await asyncio.wrap_future(_deliveries(visit).test(delivery))
    except AttimoError as error:
        return await run_in_threadpool(_webhook, visit, error)
    return web.to(_place(*named), done="tested")


@pages.post("/webhooks/{cache}/{name}/redeliver")
def redeliver(visit: Visit) -> Response:
    """Deliver what was given up once more: all of it, or from a message on."""
    named = _named(visit)
    try:
        visit.perform(webhook_reports.redeliver, *named, visit.field("from") or None)
    except AttimoError as error:
        return _webhook(visit, error)
    _deliveries(visit).wake()
    return web.to(_place(*named), done="redelivered")


@pages.post("/webhooks/{cache}/{name}/rotate")
def rotate(visit: Visit) -> Response:
    """Give it a new secret, and show that; the old one signs, too, for a day."""
    try:
        made = visit.perform(webhooks.rotate, *_named(visit))
    except AttimoError as error:
        return _webhook(visit, error)
    return _secret(visit, made)


@pages.post("/webhooks/{cache}/{name}/delete")
def delete(visit: Visit) -> Response:
    """Delete it, if its name was typed again."""
    cache, name = _named(visit)
    try:
        visit.check_typed(name)
        visit.perform(webhooks.delete, cache, name)
    except AttimoError as error:
        return _webhook(visit, error)
    return web.to("/webhooks", done="deleted")


def _list(visit: Visit, error: AttimoError | None = None) -> Response:
    after = visit.request.query_params.get("after")
    found = visit.perform(webhooks.list_page, web.MOST_ROWS, after)
    return visit.page(
        "webhooks.html",
        error=error,
        webhooks=found.items,
        after=after,
        next=found.next_token,
        may_manage=visit.may(webhooks.MANAGE),
        done=visit.done(_DONE),
    )


def _webhook(visit: Visit, error: AttimoError | None = None) -> Response:
    asked, (cache, name) = visit.request.query_params, _named(visit)
    before, after = asked.get("before"), asked.get("after")
    found: Webhook = visit.perform(webhooks.get, cache, name)
    tried = visit.perform(webhook_reports.deliveries, cache, name, web.MOST_ROWS, before)
    dead = visit.perform(webhook_reports.dead_letters, cache, name, web.MOST_ROWS, after)
    return visit.page(
        "webhook.html",
        error=error,
        webhook=found,
        place=f"{PREFIX}{_place(cache, name)}",
        deliveries=tried.items,
        older=tried.next_token,
        dead=dead.items,
        later=dead.next_token,
        may_manage=visit.may(webhooks.MANAGE.on(cache)),
        done=visit.done(_DONE),
    )


def _secret(visit: Visit, made: Put) -> Response:
    place = f"{PREFIX}{_place(made.webhook.cache, made.webhook.name)}"
    return visit.page("webhook-secret.html", webhook=made.webhook, secret=made.secret, place=place)


def _put(visit: Visit, cache: str, name: str) -> Put:
    topic, url = visit.field("topic"), visit.field("url").strip()
    return visit.perform(webhooks.put, cache, name, topic, url)


def _named(visit: Visit) -> tuple[str, str]:
    return visit.segment("cache"), visit.segment("name")


def _place(cache: str, name: str) -> str:
    return path_of("webhooks", cache, name)


def _deliveries(visit: Visit) -> Deliveries:
    found: Deliveries = visit.request.app.state.deliveries
    return found
