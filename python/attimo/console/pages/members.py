"""Members: the list, invitations, a change of the role, and the end."""

from starlette.responses import Response

from attimo.api import invitations as invitations_api
from attimo.api import members as members_api
from attimo.console import web
from attimo.console.role_list import all_roles, titles
from attimo.console.web import Pages, Visit
from attimo.control import invitations, members, offboarding
from attimo.errors import AttimoError

pages = Pages()

_DONE = {
    "role": "The role is changed. What exceeds it, of what the member created, is revoked.",
    "removed": "The member is removed. What they created is revoked.",
    "revoked": "The invitation is revoked.",
}


@pages.get("/members")
def show_all(visit: Visit) -> Response:
    """The list."""
    return _list(visit)


@pages.post("/members/invite")
def invite(visit: Visit) -> Response:
    """Invite a person, and show the link of the e-mail, once."""
    count = visit.people.mail_limits.invite
    try:
        made = visit.perform(
            invitations.create, visit.field("email"), visit.field("role_id"), count
        )
    except AttimoError as error:
        return _list(visit, error)
    sent = invitations_api.send(visit.people, made, "You are invited to an account")
    return _list(visit, invited=sent)


@pages.post("/members/take-back")
def take_back(visit: Visit) -> Response:
    """Revoke an invitation."""
    try:
        visit.perform(invitations.take_back, visit.field("invitation_id"))
    except AttimoError as error:
        return _list(visit, error)
    return web.to("/members", done="revoked")


@pages.post("/members/role")
def change_role(visit: Visit) -> Response:
    """Change a member's role."""
    try:
        visit.perform(offboarding.change_role, visit.number("user_id"), visit.field("role_id"))
    except AttimoError as error:
        return _list(visit, error)
    return web.to("/members", done="role")


@pages.post("/members/remove")
def remove(visit: Visit) -> Response:
    """Remove a member, who may be the sender."""
    try:
        has_left = members_api.end(
            visit.member, visit.number("user_id"), bool(visit.field("keep_keys"))
        )
    except AttimoError as error:
        return _list(visit, error)
    return web.to("/sign-in", done="left") if has_left else web.to("/members", done="removed")


def _list(
    visit: Visit,
    error: AttimoError | None = None,
    invited: invitations_api.CreatedInvitation | None = None,
) -> Response:
    roles = all_roles(visit)
    return visit.page(
        "members.html",
        error=error,
        invited=invited,
        members=visit.perform(members.list_all),
        with_second_factor=members_api.with_second_factor(visit.member),
        invitations=visit.perform(invitations.list_all),
        roles=roles,
        role_options=[(each.id, each.name) for each in roles],
        titles=titles(roles),
        may_manage=visit.may(invitations.MANAGE),
        done=visit.done(_DONE),
    )
