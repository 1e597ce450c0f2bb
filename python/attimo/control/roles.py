"""Roles: the permissions of keys and members. The system has three; accounts create their own.

Changing a role changes the permissions of everyone who has it, so the actor must have all of them.
"""

import secrets
from typing import Literal

from attimo.control import audit, directory, pages, permissions, text_rules
from attimo.control.actions import SERVER, reads, writes
from attimo.control.pages import Page
from attimo.control.permissions import Permissions, Right
from attimo.control.system_roles import SYSTEM, Role
from attimo.control.tx import Tx
from attimo.errors import Exhausted, NoSuchRole, RoleExists, RoleIsFixed
from attimo.store.connection import RowRefused

MANAGE = Right("auth_management", "write")

LONGEST_NAME = 64
MOST = 100
"""The most roles that an account can create."""

_SELECT = """
SELECT id, kind, name, description, permissions, account_id, created_at FROM roles
WHERE deleted_at IS NULL """
_COUNT = """
SELECT count(*) FROM roles
WHERE account_id = :account_id AND kind = 'custom' AND deleted_at IS NULL
"""
_CHANGE = """
UPDATE roles SET name = :name, description = :description, permissions = :permissions,
    revision = :revision
WHERE account_id = :account_id AND id = :id AND deleted_at IS NULL
"""
_DELETE = """
UPDATE roles SET deleted_at = :now, revision = :revision
WHERE account_id = :account_id AND id = :id AND deleted_at IS NULL
"""
_IS_HELD = """
SELECT EXISTS (
    SELECT 1 FROM api_keys
    WHERE role_id = :id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
)
OR EXISTS (SELECT 1 FROM members WHERE account_id = :account_id AND role_id = :id)
OR EXISTS (SELECT 1 FROM invitations WHERE role_id = :id AND expires_at > :now)
"""


@writes("role.create", MANAGE)
def create(tx: Tx, account_id: int, name: str, wanted: Permissions, description: str = "") -> Role:
    """Create a role.

    Raises:
        InvalidArgument: The name or the description is invalid.
        PermissionDenied: It has more permissions than the actor.
        RoleExists: The account or the system has a role with that name.
        Exhausted: The account has `MOST` roles.
    """
    _check(tx, name, description, wanted)
    if tx.db.scalar(_COUNT, account_id=account_id) >= MOST:
        raise Exhausted(f"An account has at most {MOST} roles of its own")
    role = Role(secrets.token_hex(12), "custom", name, description, wanted, account_id, tx.now)
    _insert(tx, role)
    audit.note(tx, account_id, role.id, name=name)
    return role


@writes("role.create", SERVER, audited=False)
def create_of_key(tx: Tx, account_id: int, key_id: str, wanted: Permissions) -> Role:
    """Create the role of a single key, which is deleted with it; its ID and name are the key's.

    Raises:
        PermissionDenied: It has more permissions than the actor.
    """
    tx.actor.hand_out(wanted, "the key")
    role = Role(key_id, "key", key_id, "", wanted, account_id, tx.now)
    _insert(tx, role)
    return role


@reads("role.read", Right("auth_management", "read"))
def get(tx: Tx, account_id: int, role_id: str) -> Role:
    """Return a role.

    Raises:
        NoSuchRole: Neither the system nor the account has it.
    """
    if role_id in SYSTEM:
        return SYSTEM[role_id].within(account_id)
    query = _SELECT + "AND account_id = :account_id AND id = :id"
    found = tx.db.first(_role, query, account_id=account_id, id=role_id)
    if found is None:
        raise NoSuchRole(role_id)
    return found


def permitted(tx: Tx, account_id: int, role_id: str) -> Permissions:
    """The permissions of a role: none once it is deleted.

    A role can be deleted while expired keys have it, which are still listed.
    """
    role = held(tx, account_id, role_id)
    return role.permissions if role else permissions.NOTHING


def held(tx: Tx, account_id: int, role_id: str) -> Role | None:
    """The role of a key; None if it is deleted."""
    try:
        return get(tx, account_id, role_id)
    except NoSuchRole:
        return None


def given(tx: Tx, account_id: int, role_id: str, what: str) -> Role:
    """Return a role that is about to be given to a member, a key or an invitation.

    Args:
        what: What it is given to, for the message.

    Raises:
        NoSuchRole: There is no such role, or it belongs to a single key.
        PermissionDenied: It has more permissions than the actor.
    """
    role = get(tx, account_id, role_id)
    if role.type == "key":
        raise NoSuchRole(role_id)
    tx.actor.hand_out(role.permissions, what)
    return role


@reads("role.list", Right("auth_management", "list"))
def list_page(
    tx: Tx,
    account_id: int,
    limit: int,
    next_token: str | None = None,
    type: Literal["system", "custom"] | None = None,
) -> Page[Role]:
    """Return up to `limit` roles of an account, the system's first, then by ID.

    Raises:
        InvalidArgument: `next_token` was not returned by this function.
    """
    system = [role.within(account_id) for role in SYSTEM.values()]
    marked = [(f"0{role.id}", role) for role in system] if type != "custom" else []
    if type != "system":
        query = _SELECT + "AND account_id = :account_id AND kind = 'custom'"
        own = tx.db.all(_role, query, account_id=account_id)
        marked += [(f"1{role.id}", role) for role in own]
    after = pages.after(next_token)
    follow = sorted((found for found in marked if found[0] > after), key=lambda found: found[0])
    return pages.cut(follow[: limit + 1], limit)


@writes("role.change", SERVER)
def change(
    tx: Tx,
    account_id: int,
    role_id: str,
    name: str,
    wanted: Permissions,
    description: str | None = None,
) -> Role:
    """Replace the name and permissions of a role, and its description if given, immediately.

    Raises:
        InvalidArgument: The name or the description is invalid.
        NoSuchRole: There is no such role.
        RoleIsFixed: It belongs to the system.
        PermissionDenied: It has, or had, more permissions than the actor.
        RoleExists: Another role has that name.
    """
    old = _own(tx, account_id, role_id)
    said = old.description if description is None else description
    _check(tx, name, said, wanted)
    try:
        tx.db.execute(
            _CHANGE,
            account_id=account_id,
            id=role_id,
            name=name,
            description=said,
            permissions=wanted.text(),
            revision=directory.touch(tx),
        )
    except RowRefused as error:
        raise RoleExists(name) from error
    audit.note(tx, account_id, role_id, name=name)
    return Role(role_id, "custom", name, said, wanted, account_id, old.created_at)


@writes("role.delete", SERVER)
def delete(tx: Tx, account_id: int, role_id: str) -> bool:
    """Delete a role that is not in use, and return True; otherwise keep it.

    Expired keys and invitations do not count as use.

    Raises:
        NoSuchRole: There is no such role.
        RoleIsFixed: It belongs to the system.
        PermissionDenied: It has more permissions than the actor.
    """
    _own(tx, account_id, role_id)
    if _is_held(tx, account_id, role_id):
        return False
    _delete(tx, account_id, role_id)
    audit.note(tx, account_id, role_id)
    return True


@writes("role.delete", SERVER, audited=False)
def delete_of_key(tx: Tx, account_id: int, key_id: str) -> None:
    """Delete the role of a single key, if it has one."""
    _delete(tx, account_id, key_id)


def _is_held(tx: Tx, account_id: int, role_id: str) -> bool:
    return bool(tx.db.scalar(_IS_HELD, account_id=account_id, id=role_id, now=tx.now))


def _own(tx: Tx, account_id: int, role_id: str) -> Role:
    role = get(tx, account_id, role_id)
    if role.type == "system":
        raise RoleIsFixed(role.name)
    if role.type == "key":
        raise NoSuchRole(role_id)
    tx.actor.end(role.permissions, "the role")
    return role


def _check(tx: Tx, name: str, description: str, wanted: Permissions) -> None:
    text_rules.check("role_name", name, LONGEST_NAME)
    text_rules.check("description", description, text_rules.LONGEST_DESCRIPTION, may_be_empty=True)
    if name.casefold() in {role.name.casefold() for role in SYSTEM.values()}:
        raise RoleExists(name)
    tx.actor.hand_out(wanted, "the role")


def _insert(tx: Tx, role: Role) -> None:
    try:
        tx.db.insert(
            "roles",
            id=role.id,
            account_id=role.account_id,
            kind=role.type,
            name=role.name,
            description=role.description,
            permissions=role.permissions.text(),
            created_at=role.created_at,
            revision=directory.touch(tx),
        )
    except RowRefused as error:
        raise RoleExists(role.name) from error


def _delete(tx: Tx, account_id: int, role_id: str) -> None:
    revision = directory.touch(tx)
    tx.db.execute(_DELETE, account_id=account_id, id=role_id, now=tx.now, revision=revision)


def _role(
    id: str,
    kind: Literal["custom", "key"],
    name: str,
    description: str,
    permitted: str,
    account_id: int,
    created_at: int,
) -> Role:
    permits = permissions.of_text(permitted).within(account_id)
    return Role(id, kind, name, description, permits, account_id, created_at)
