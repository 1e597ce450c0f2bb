"""Roles: the list, a new one by choosing or in JSON, one of them, its change and its end."""

import json

from starlette.responses import Response

from attimo import grant_text
from attimo.console import chosen, role_check, web
from attimo.console.role_list import all_roles
from attimo.console.web import Pages, Visit, path_of
from attimo.control import offboarding, roles
from attimo.control.system_roles import Role
from attimo.errors import AttimoError, FailedPrecondition

pages = Pages()

_DONE = {
    "created": "The role can be given to keys and members.",
    "changed": "The role is changed, for everybody who has it.",
    "deleted": "The role is deleted.",
}


@pages.get("/roles")
def show_all(visit: Visit) -> Response:
    """The list."""
    return _list(visit)


@pages.post("/roles")
def create(visit: Visit) -> Response:
    """Create a role of what was chosen, or of JSON."""
    name, description = visit.field("name").strip(), visit.field("description").strip()
    try:
        made = visit.perform(roles.create, name, chosen.wanted(visit), description)
    except AttimoError as error:
        return _list(visit, error)
    return web.to(path_of("roles", made.id), done="created")


@pages.get("/roles/{role_id}")
def show(visit: Visit) -> Response:
    """A role."""
    return _role(visit)


@pages.post("/roles/{role_id}")
def change(visit: Visit) -> Response:
    """Change a role; what its holders created and could not create any more is revoked."""
    role_id = visit.segment("role_id")
    name, description = visit.field("name").strip(), visit.field("description").strip()
    try:
        wanted = chosen.parsed(visit.field("permissions"))
        visit.perform(offboarding.change_permissions, role_id, name, wanted, description)
    except AttimoError as error:
        return _role(visit, error)
    return web.to(path_of("roles", role_id), done="changed")


@pages.post("/roles/{role_id}/delete")
def delete(visit: Visit) -> Response:
    """Delete a role that nobody has."""
    try:
        holders = visit.perform(offboarding.delete_role, visit.segment("role_id"))
        if holders is not None:
            raise FailedPrecondition(_in_use(holders))
    except AttimoError as error:
        return _role(visit, error)
    return web.to("/roles", done="deleted")


def _list(visit: Visit, error: AttimoError | None = None) -> Response:
    found = [(role, _rules(role)) for role in all_roles(visit)]
    may_manage = visit.may(roles.MANAGE)
    return visit.page(
        "roles.html", error=error, roles=found, may_manage=may_manage, done=visit.done(_DONE)
    )


def _role(visit: Visit, error: AttimoError | None = None) -> Response:
    role: Role = visit.perform(roles.get, visit.segment("role_id"))
    check, answer = role_check.of_visit(visit), None
    try:
        answer = check.answer(role.permissions)
    except AttimoError as refusal:
        error = error or refusal
    return visit.page(
        "role.html",
        error=error,
        role=role,
        rules=_rules(role),
        text=visit.field("permissions") or json.dumps(role.permissions.dump(), indent=2),
        may_manage=role.type == "custom" and visit.may(roles.MANAGE),
        choices=role_check.CHOICES.items(),
        check=check,
        answer=answer,
        done=visit.done(_DONE),
    )


def _rules(role: Role) -> list[str]:
    """The rules of a role, each as the command line writes it."""
    return [grant_text.shown(rule) for rule in role.permissions.dump()["rules"]]


def _in_use(holders: offboarding.Holders) -> str:
    names = [f"member {each.email}" for each in holders.members]
    names += [f"the invitation of {each.email}" for each in holders.invitations]
    names += [f"key {each.description or each.id}" for each in holders.api_keys]
    return f"Role in use: give another role to {', '.join(names)}, or end these, first"
