"""API keys: the list, a new one, which is shown once, and their end."""

from typing import Any

from starlette.responses import Response

from attimo.console import examples, web
from attimo.console.role_list import all_roles, titles
from attimo.console.web import Pages, Visit
from attimo.control import api_keys, joining, offboarding, text_rules
from attimo.control.key_uses import KeyUses
from attimo.errors import AttimoError, InvalidArgument

DAY = 86_400
LIVES = {"": "Never", "1": "In a day", "30": "In 30 days", "90": "In 90 days", "365": "In a year"}
"""When a new key expires, by days."""

pages = Pages()

_DONE = {"revoked": "The key is revoked; programs that use it are refused from now on."}


@pages.get("/keys")
def show_all(visit: Visit) -> Response:
    """The list."""
    return _list(visit)


@pages.post("/keys")
def create(visit: Visit) -> Response:
    """Create a key, and show it."""
    description = visit.field("description").strip()
    try:
        text_rules.check("description", description, text_rules.LONGEST_DESCRIPTION)
        ends = _end(visit, visit.field("life"))
        made = visit.perform(api_keys.create, description, ends, visit.field("role_id"))
    except AttimoError as error:
        return _list(visit, error)
    shown = examples.of_cache(visit.addresses, visit.request, joining.CACHE)
    return visit.page("key.html", key=made.key, token=made.token, url=shown.url)


@pages.post("/keys/revoke")
def revoke(visit: Visit) -> Response:
    """Revoke a key, and what was created with it if that is wanted."""
    key_id = visit.field("key_id")
    try:
        if visit.field("with_made"):
            visit.perform(offboarding.revoke_with_made, key_id)
        else:
            visit.perform(api_keys.revoke, key_id)
    except AttimoError as error:
        return _list(visit, error)
    return web.to("/keys", done="revoked")


def _list(visit: Visit, error: AttimoError | None = None) -> Response:
    after = visit.request.query_params.get("after")
    found = visit.perform(api_keys.list_page, web.MOST_ROWS, after)
    roles = all_roles(visit)
    names = titles(roles)
    return visit.page(
        "keys.html",
        error=error,
        keys=[_shown(visit, each, names) for each in found.items],
        after=after,
        next=found.next_token,
        roles=roles,
        role_options=[(each.id, each.name) for each in roles],
        lives=LIVES,
        may_manage=visit.may(api_keys.MANAGE),
        done=visit.done(_DONE),
    )


def _shown(visit: Visit, key: api_keys.ApiKey, roles: dict[str, str]) -> dict[str, Any]:
    uses: KeyUses = visit.request.app.state.control.uses
    used = max(uses.last(key.id) or 0, key.last_used_at or 0)
    has_own = key.role_id == key.id
    return {
        "key": key,
        "used_at": used or None,
        "role": "permissions of its own" if has_own else roles.get(key.role_id, "a deleted role"),
    }


def _end(visit: Visit, days: str) -> int | None:
    if days not in LIVES:
        raise InvalidArgument("life must be one of those offered")
    return visit.now + int(days) * DAY if days else None
