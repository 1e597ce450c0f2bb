"""Roles over HTTP, in the words of Momento's own API."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from attimo.api.caller import Asking, Plane, act, look
from attimo.api.paging import MOST, Limit, NextToken
from attimo.api.refusals import RESPONSES, refused
from attimo.api.schemas import text
from attimo.control import permissions, roles
from attimo.control.system_roles import Role
from attimo.control.words import LONGEST_DESCRIPTION

router = APIRouter(prefix="/roles", tags=["roles"], responses=RESPONSES)


class Wanted(BaseModel):
    """A role as it is to be; `permissions` has `rules` and, if need be, `conditions`."""

    model_config = ConfigDict(extra="forbid")

    role_name: Annotated[str, text(roles.LONGEST_NAME, least=1)]
    description: Annotated[str | None, text(LONGEST_DESCRIPTION)] = None
    permissions: dict[str, Any]


class Shown(BaseModel):
    """A role; `created_at_epoch_seconds` is missing for those of the system."""

    role_id: str
    role_name: str
    description: str
    type: Literal["system", "custom", "key"]
    permissions: dict[str, Any]
    created_at_epoch_seconds: int | None = None


class Listed(BaseModel):
    """A page of roles; without `next_token` it is the last."""

    roles: list[Shown]
    next_token: str | None = None


class Deleted(BaseModel):
    """`deleted`; or `blocked`, with how many hold the role, which stays then."""

    status: Literal["deleted", "blocked"]
    account_members: int | None = None
    invitations: int | None = None
    api_keys: int | None = None


@router.post(
    "", response_model_exclude_none=True, operation_id="createRole", responses=refused(409, 429)
)
def create(plane: Plane, caller: Asking, wanted: Wanted) -> Shown:
    """Create a role. It may not permit more than the caller may."""
    asked = permissions.read(wanted.permissions)
    with act(plane, caller, "auth_management", "write") as tx:
        made = roles.create(
            tx, caller.account_id, wanted.role_name, asked, wanted.description or ""
        )
    return _shown(made)


@router.get("", response_model_exclude_none=True, operation_id="listRoles")
def list_page(
    plane: Plane,
    caller: Asking,
    limit: Limit = MOST,
    next_token: NextToken = None,
    type: Literal["system", "custom"] | None = None,
) -> Listed:
    """List the system's roles and the account's own."""
    with look(plane, caller, "auth_management", "list") as tx:
        page = roles.list_page(tx, caller.account_id, limit, next_token, type)
    return Listed(roles=[_shown(role) for role in page.items], next_token=page.next_token)


@router.get(
    "/{role_id}", response_model_exclude_none=True, operation_id="getRole", responses=refused(404)
)
def get(plane: Plane, caller: Asking, role_id: str) -> Shown:
    """Show a role; also that of a key with permissions of its own, by the key's id."""
    with look(plane, caller, "auth_management", "read") as tx:
        return _shown(roles.get(tx, caller.account_id, role_id))


@router.put(
    "/{role_id}",
    response_model_exclude_none=True,
    operation_id="changeRole",
    responses=refused(404, 409, 412),
)
def change(plane: Plane, caller: Asking, role_id: str, wanted: Wanted) -> Shown:
    """Replace name and permissions of a role, at once for all who hold it."""
    asked = permissions.read(wanted.permissions)
    with act(plane, caller, "auth_management", "write") as tx:
        changed = roles.change(
            tx, caller.account_id, role_id, wanted.role_name, asked, wanted.description
        )
    return _shown(changed)


@router.delete(
    "/{role_id}",
    response_model_exclude_none=True,
    operation_id="deleteRole",
    responses=refused(404, 412),
)
def delete(plane: Plane, caller: Asking, role_id: str) -> Deleted:
    """Delete a role that nobody holds."""
    with act(plane, caller, "auth_management", "write") as tx:
        in_use = roles.delete(tx, caller.account_id, role_id)
    if in_use is None:
        return Deleted(status="deleted")
    return Deleted(
        status="blocked",
        account_members=in_use.account_members,
        invitations=in_use.invitations,
        api_keys=in_use.api_keys,
    )


def _shown(role: Role) -> Shown:
    return Shown(
        role_id=role.id,
        role_name=role.name,
        description=role.description,
        type=role.type,
        permissions=role.permissions.dump(),
        created_at_epoch_seconds=role.created_at or None,
    )
