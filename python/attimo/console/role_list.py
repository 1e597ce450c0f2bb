"""The roles of an account, for pages of keys, roles and members."""

from collections.abc import Sequence

from attimo.console.web import Visit
from attimo.control import roles
from attimo.control.system_roles import Role
from attimo.errors import PermissionDenied

MOST_ROLES = 1_000
"""More than an account can have."""


def all_roles(visit: Visit) -> Sequence[Role]:
    """The system's roles and those of the account; none if the member must not see them."""
    try:
        return visit.perform(roles.list_page, MOST_ROLES).items
    except PermissionDenied:
        return ()


def titles(found: Sequence[Role]) -> dict[str, str]:
    """The names of roles by their IDs."""
    return {each.id: each.name for each in found}
