"""A forgotten password, and a new one."""

from starlette.responses import Response

from attimo.api import password
from attimo.api.pool import apart
from attimo.console import web
from attimo.console.web import Pages, Visit
from attimo.errors import AttimoError

pages = Pages()


@pages.get("/forgotten", is_public=True)
def show_forgotten(visit: Visit) -> Response:
    """The form to ask for a link."""
    return visit.page("forgotten.html", is_sent=False)


@pages.post("/forgotten", is_public=True)
@apart
def forgotten(visit: Visit) -> Response:
    """Send a link, if the address has a user; the page does not tell."""
    try:
        later = password.send_reset(visit.visitor, visit.people, visit.field("email"))
    except AttimoError as error:
        return visit.page("forgotten.html", error=error, is_sent=False)
    return visit.page("forgotten.html", background=later, is_sent=True)


@pages.get("/reset", is_public=True)
def show_reset(visit: Visit) -> Response:
    """The form for a new password; the token of the e-mail is behind the `#` of its link."""
    return visit.page("reset.html")


@pages.post("/reset", is_public=True)
@apart
def reset(visit: Visit) -> Response:
    """Set the new password."""
    token, new = visit.field("token"), visit.field("password")
    try:
        password.set_password(visit.visitor, visit.people, token, new)
    except AttimoError as error:
        return visit.page("reset.html", error=error)
    return web.to("/sign-in", done="password")
