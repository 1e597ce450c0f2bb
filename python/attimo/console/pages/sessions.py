"""The sessions of the user, and their end."""

from starlette.responses import Response

from attimo.console import web
from attimo.console.web import Pages, Visit
from attimo.control import sessions

pages = Pages()

_DONE = {"ended": "The session has ended.", "others": "All other sessions have ended."}


@pages.get("/sessions")
def show(visit: Visit) -> Response:
    """The list."""
    found = visit.visitor.perform(sessions.list_own, visit.member.session)
    idle = visit.idle_seconds
    return visit.page("sessions.html", sessions=found, idle_seconds=idle, done=visit.done(_DONE))


@pages.post("/sessions/end")
def end(visit: Visit) -> Response:
    """End another one."""
    visit.visitor.perform(sessions.end_own, visit.member.session, visit.field("id"))
    return web.to("/sessions", done="ended")


@pages.post("/sessions/end-others")
def end_others(visit: Visit) -> Response:
    """End all but this one."""
    visit.visitor.perform(sessions.end_others, visit.member.session)
    return web.to("/sessions", done="others")
