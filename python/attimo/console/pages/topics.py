"""Topics: one is watched, and published to, by the script of the page."""

from dataclasses import replace

from starlette.responses import JSONResponse, Response

from attimo.api import tokens
from attimo.console import web
from attimo.console.web import Pages, Visit
from attimo.control import caches, disposable_tokens, permissions
from attimo.control.permissions import Permissions
from attimo.errors import PermissionDenied

LIFE = 10 * 60
"""In seconds, of the token with which the page uses a topic; it asks for the next one by itself."""

pages = Pages()


@pages.get("/topics")
def show(visit: Visit) -> Response:
    """A cache and a topic to choose; with both, what comes."""
    asked = visit.request.query_params
    cache, topic = asked.get("cache", "").strip(), asked.get("topic", "")
    may_watch = visit.may(disposable_tokens.MANAGE)
    return visit.page(
        "topics.html", caches=_caches(visit), cache=cache, topic=topic, may_watch=may_watch
    )


@pages.post("/topics/token")
def token(visit: Visit) -> Response:
    """A token for the script of the page: to subscribe to the topic, and to publish if they may."""
    both = _on_topic(visit, ["read", "write"])
    may_publish = visit.identity.permissions.covers(both)
    granted = both if may_publish else _on_topic(visit, ["read"])
    made = tokens.vend(visit.member, granted, LIFE, "")
    return JSONResponse({"token": made.token, "may_publish": may_publish}, headers=web.HEADERS)


def _on_topic(visit: Visit, verbs: list[str]) -> Permissions:
    """From the networks from which the member may, as a token has no more than its creator."""
    which = {"caches": {"name": visit.field("cache")}, "topics": {"name": visit.field("topic")}}
    found = permissions.read({"rules": [{"type": "topic", "permissions": verbs} | which]})
    return replace(found, networks=visit.identity.permissions.networks)


def _caches(visit: Visit) -> list[str]:
    """The names of caches to choose from; another one can be typed."""
    try:
        return [each.name for each in visit.perform(caches.list_page, web.MOST_ROWS).items]
    except PermissionDenied:
        return []
