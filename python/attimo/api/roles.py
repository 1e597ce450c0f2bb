"""Roles over HTTP, as in Momento's own API."""

from typing import Annotated, Any, Literal

from attimo.api import api_keys as api_keys_api
from attimo.api.caller import Authenticated
from attimo.api.members import KeepKeys
from attimo.api.paging import MOST, Limit, NextToken
from attimo.api.routing import Router
from attimo.api.schemas import Id, Model, StrictModel, text
from attimo.control import offboarding, permissions, roles
from attimo.control.offboarding import Holders
from attimo.control.system_roles import Role
from attimo.control.text_rules import LONGEST_DESCRIPTION

router = Router("/roles", "roles")


class RoleDefinition(StrictModel):
    """A role to create or replace; `permissions` has `rules` and optional `conditions`."""

    role_name: Annotated[str, text(roles.LONGEST_NAME, least=1)]
    description: Annotated[str | None, text(LONGEST_DESCRIPTION)] = None
    permissions: dict[str, Any]


class RoleInfo(Model):
    """A role. Without `description` it has none; `role_type` is Momento's field, `type` Attimo's.

    The system's have no `created_at_epoch_seconds`.
    """

    role_id: str
    role_name: str
    role_type: Literal["system", "custom"]
    description: str | None = None
    type: Literal["system", "custom", "key"]
    permissions: dict[str, Any]
    created_at_epoch_seconds: int | None = None


class ChangedRole(RoleInfo):
    """A role after a change, and the ids of the API keys that the change revoked, if any."""

    ended_api_keys: list[str] | None = None


class RolePage(Model):
    """A page of roles; the last one has no `next_token`."""

    roles: list[RoleInfo]
    next_token: str | None = None


class RoleHolder(Model):
    """A member with the role; `user_name` is the e-mail address."""

    user_name: str
    role_id: str
    role_name: str


class InvitedRoleHolder(Model):
    """An open invitation to a role."""

    id: str
    account_member: RoleHolder


class DeletedRole(Model):
    """`deleted`; or `blocked`, with everything that uses the role, which is kept."""

    status: Literal["deleted", "blocked"]
    account_members: list[RoleHolder] | None = None
    invitations: list[InvitedRoleHolder] | None = None
    api_keys: list[api_keys_api.ApiKeyInfo] | None = None


@router.post(operation_id="createRole", refuses=(409,))
def create(caller: Authenticated, body: RoleDefinition) -> RoleInfo:
    """Create a role. It can't have more permissions than the caller."""
    asked = permissions.read(body.permissions)
    made = caller.perform(roles.create, body.role_name, asked, body.description or "")
    return _info(made)


@router.get(operation_id="listRoles")
def list_page(
    caller: Authenticated,
    limit: Limit = MOST,
    next_token: NextToken = None,
    type: Literal["system", "custom"] | None = None,
) -> RolePage:
    """List the system's roles and the account's own."""
    page = caller.perform(roles.list_page, limit, next_token, type)
    return RolePage(roles=[_info(role) for role in page.items], next_token=page.next_token)


@router.get("/{role_id}", operation_id="getRole", refuses=(404,))
def get(caller: Authenticated, role_id: Id) -> RoleInfo:
    """Show a role, or the permissions of a key that has its own, by the key's id."""
    return _info(caller.perform(roles.get, role_id))


@router.put(
    "/{role_id}",
    operation_id="changeRole",
    refuses=(404, 409, 412),
)
def change(
    caller: Authenticated, role_id: Id, body: RoleDefinition, keep_keys: KeepKeys = False
) -> ChangedRole:
    """Replace the name and permissions of a role, immediately for everyone who has it.

    If it has fewer permissions than before, what its members and keys created and could no longer
    create is revoked, as when a member is demoted; `ended_api_keys` has the ids of the keys.
    """
    asked = permissions.read(body.permissions)
    changed, ended = caller.perform(
        offboarding.change_permissions,
        role_id,
        body.role_name,
        asked,
        body.description,
        keep_keys,
    )
    ids = [key.id for key in ended.api_keys]
    return ChangedRole(**_info(changed).model_dump(), ended_api_keys=ids or None)


@router.delete(
    "/{role_id}",
    operation_id="deleteRole",
    refuses=(404, 412),
)
def delete(caller: Authenticated, role_id: Id) -> DeletedRole:
    """Delete a role that is not in use. Expired keys and invitations do not count."""
    holders = caller.perform(offboarding.delete_role, role_id)
    return DeletedRole(status="deleted") if holders is None else _blocked(holders)


def _blocked(by: Holders) -> DeletedRole:
    def holder(email: str) -> RoleHolder:
        return RoleHolder(user_name=email, role_id=by.role.id, role_name=by.role.name)

    return DeletedRole(
        status="blocked",
        account_members=[holder(each.email) for each in by.members],
        invitations=[
            InvitedRoleHolder(id=each.id, account_member=holder(each.email))
            for each in by.invitations
        ],
        api_keys=[api_keys_api.info(key) for key in by.api_keys],
    )


def _info(role: Role) -> RoleInfo:
    return RoleInfo(
        role_id=role.id,
        role_name=role.name,
        role_type="system" if role.type == "system" else "custom",
        description=role.description or None,
        type=role.type,
        permissions=role.permissions.dump(),
        created_at_epoch_seconds=role.created_at or None,
    )
