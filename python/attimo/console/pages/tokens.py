"""Disposable tokens: a new one, shown once, as text and as a QR code. None is stored."""

from starlette.responses import Response

from attimo.api import tokens as tokens_api
from attimo.console import chosen, codes
from attimo.console.web import Pages, Visit
from attimo.control import disposable_tokens
from attimo.errors import AttimoError, InvalidArgument

LIVES = {"900": "In 15 minutes", "3600": "In an hour", "28800": "In 8 hours", "86400": "In a day"}
"""When a new token expires, by seconds."""

pages = Pages()


@pages.get("/tokens")
def show(visit: Visit) -> Response:
    """The form for a new one."""
    return _form(visit)


@pages.post("/tokens")
def create(visit: Visit) -> Response:
    """Create a token, and show it."""
    try:
        granted, seconds = chosen.wanted(visit), _seconds(visit.field("life"))
        name = visit.field("token_id").strip()
        made = tokens_api.vend(visit.member, granted, seconds, name)
    except AttimoError as error:
        return _form(visit, error)
    from attimo.control import tokens

    return visit.page(
        "token.html",
        token=made.token,
        wrapped=tokens.v1_token(visit.people.endpoint, made.token),
        code=codes.picture(made.token),
        expires_at=made.expires_at,
        seconds=made.expires_at - visit.now,
    )


def _form(visit: Visit, error: AttimoError | None = None) -> Response:
    may_manage = visit.may(disposable_tokens.MANAGE)
    return visit.page("tokens.html", error=error, lives=LIVES, may_manage=may_manage)


def _seconds(life: str) -> int:
    if life not in LIVES:
        raise InvalidArgument("life must be one of those offered")
    return int(life)
