"""Roles: what keys and members may. Three belong to the system; an account makes its own.

Who changes a role changes what everybody with it may: so it takes an actor who may all of that.
"""

import secrets
from typing import Any, Literal

from sqlalchemy import ColumnElement, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from attimo.control import audit, directory, pages, permissions, words
from attimo.control.pages import Page
from attimo.control.permissions import Permissions
from attimo.control.system_roles import SYSTEM, Role
from attimo.control.tx import Tx
from attimo.errors import Exhausted, NoSuchRole, RoleExists, RoleIsFixed
from attimo.store import tables

LONGEST_NAME = 64
MOST = 100
"""How many roles of its own an account may have."""


def create(tx: Tx, account_id: int, name: str, wanted: Permissions, description: str = "") -> Role:
    """Make a role of an account's own.

    Raises:
        InvalidArgument: The name or the description breaks its rule.
        PermissionDenied: It permits more than the actor may.
        RoleExists: The account has a role of that name, or the system has.
        Exhausted: The account has as many roles as it may.
    """
    _check(tx, name, description, wanted)
    if _count(tx, account_id) >= MOST:
        raise Exhausted(f"An account has at most {MOST} roles of its own")
    role = Role(secrets.token_hex(12), "custom", name, description, wanted, account_id, tx.now)
    _insert(tx, role)
    audit.note(tx, account_id, "role.create", role.id, name=name)
    return role


def create_of_key(tx: Tx, account_id: int, key_id: str, wanted: Permissions) -> Role:
    """Make the role of a single key, which goes with it; its id and name are the key's.

    Raises:
        PermissionDenied: It permits more than the actor may.
    """
    tx.actor.hand_out(wanted, "the key")
    role = Role(key_id, "key", key_id, "", wanted, account_id, tx.now)
    _insert(tx, role)
    return role


def get(tx: Tx, account_id: int, role_id: str) -> Role:
    """Return a role.

    Raises:
        NoSuchRole: Neither the system nor the account has one of that id.
    """
    if role_id in SYSTEM:
        return SYSTEM[role_id]
    row = tx.db.execute(select(tables.roles).where(*_living(account_id, role_id))).first()
    if row is None:
        raise NoSuchRole(role_id)
    return _role(row)


def permitted(tx: Tx, account_id: int, role_id: str) -> Permissions:
    """What whoever holds a role may: nothing, once it is deleted.

    Keys that have ended do not keep a role from being deleted, and are still listed.
    """
    try:
        return get(tx, account_id, role_id).permissions
    except NoSuchRole:
        return permissions.NOTHING


def given(tx: Tx, account_id: int, role_id: str, what: str) -> Role:
    """Return a role that is to be given to somebody or something.

    Args:
        what: What it is given to, in words.

    Raises:
        NoSuchRole: There is none of that id, or it belongs to one key alone.
        PermissionDenied: It permits more than the actor may.
    """
    role = get(tx, account_id, role_id)
    if role.type == "key":
        raise NoSuchRole(role_id)
    tx.actor.hand_out(role.permissions, what)
    return role


def list_page(
    tx: Tx,
    account_id: int,
    limit: int,
    next_token: str | None = None,
    type: Literal["system", "custom"] | None = None,
) -> Page[Role]:
    """Return up to `limit` roles that an account has, the system's first, then by id.

    Raises:
        InvalidArgument: `next_token` is not one that this returned.
    """
    marked = [(f"0{role.id}", role) for role in SYSTEM.values()] if type != "custom" else []
    if type != "system":
        roles = tables.roles.c
        query = select(tables.roles).where(
            roles.account_id == account_id, roles.kind == "custom", roles.deleted_at.is_(None)
        )
        marked += [(f"1{row.id}", _role(row)) for row in tx.db.execute(query)]
    after = pages.after(next_token)
    follow = sorted((found for found in marked if found[0] > after), key=lambda found: found[0])
    return pages.cut(follow[: limit + 1], limit)


def change(
    tx: Tx,
    account_id: int,
    role_id: str,
    name: str,
    wanted: Permissions,
    description: str | None = None,
) -> Role:
    """Replace name and permissions of a role, and its description if one is given, at once.

    Raises:
        InvalidArgument: The name or the description breaks its rule.
        NoSuchRole: There is none of that id.
        RoleIsFixed: It belongs to the system.
        PermissionDenied: It permits, or permitted, more than the actor may.
        RoleExists: Another role has that name.
    """
    old = _own(tx, account_id, role_id)
    said = old.description if description is None else description
    _check(tx, name, said, wanted)
    values = {"name": name, "description": said, "permissions": wanted.text()}
    try:
        with tx.db.begin_nested():
            _write(tx, account_id, role_id, values)
    except IntegrityError as error:
        raise RoleExists(name) from error
    audit.note(tx, account_id, "role.change", role_id, name=name)
    return Role(role_id, "custom", name, said, wanted, account_id, old.created_at)


def delete(tx: Tx, account_id: int, role_id: str) -> bool:
    """Delete a role that nobody holds, and return True; else leave it.

    A key or an invitation that has ended holds nothing.

    Raises:
        NoSuchRole: There is none of that id.
        RoleIsFixed: It belongs to the system.
        PermissionDenied: It permits more than the actor may.
    """
    _own(tx, account_id, role_id)
    if _is_held(tx, account_id, role_id):
        return False
    _write(tx, account_id, role_id, {"deleted_at": tx.now})
    audit.note(tx, account_id, "role.delete", role_id)
    return True


def delete_of_key(tx: Tx, account_id: int, key_id: str) -> None:
    """Delete the role of a single key, if it has one of its own."""
    _write(tx, account_id, key_id, {"deleted_at": tx.now})


def _is_held(tx: Tx, account_id: int, role_id: str) -> bool:
    keys, members, invitations = tables.api_keys.c, tables.members.c, tables.invitations.c
    holders = (
        (
            keys.role_id == role_id,
            keys.revoked_at.is_(None),
            keys.expires_at.is_(None) | (keys.expires_at > tx.now),
        ),
        (members.account_id == account_id, members.role_id == role_id),
        (invitations.role_id == role_id, invitations.expires_at > tx.now),
    )
    return any(tx.db.execute(select(exists().where(*which))).scalar_one() for which in holders)


def _own(tx: Tx, account_id: int, role_id: str) -> Role:
    role = get(tx, account_id, role_id)
    if role.type == "system":
        raise RoleIsFixed(role.name)
    if role.type == "key":
        raise NoSuchRole(role_id)
    tx.actor.end(role.permissions, "the role")
    return role


def _check(tx: Tx, name: str, description: str, wanted: Permissions) -> None:
    words.check("role_name", name, LONGEST_NAME)
    words.check("description", description, words.LONGEST_DESCRIPTION, may_be_empty=True)
    if name.casefold() in {role.name.casefold() for role in SYSTEM.values()}:
        raise RoleExists(name)
    tx.actor.hand_out(wanted, "the role")


def _insert(tx: Tx, role: Role) -> None:
    row = {
        "id": role.id,
        "account_id": role.account_id,
        "kind": role.type,
        "name": role.name,
        "description": role.description,
        "permissions": role.permissions.text(),
        "created_at": role.created_at,
        "revision": directory.touch(tx),
    }
    try:
        with tx.db.begin_nested():
            tx.db.execute(insert(tables.roles).values(row))
    except IntegrityError as error:
        raise RoleExists(role.name) from error


def _write(tx: Tx, account_id: int, role_id: str, values: dict[str, Any]) -> None:
    query = update(tables.roles).where(*_living(account_id, role_id))
    tx.db.execute(query.values(revision=directory.touch(tx), **values))


def _count(tx: Tx, account_id: int) -> int:
    roles = tables.roles.c
    mine = (roles.account_id == account_id, roles.kind == "custom", roles.deleted_at.is_(None))
    return int(tx.db.execute(select(func.count()).where(*mine)).scalar_one())


def _living(account_id: int, role_id: str) -> tuple[ColumnElement[bool], ...]:
    roles = tables.roles.c
    return roles.account_id == account_id, roles.id == role_id, roles.deleted_at.is_(None)


def _role(row: Any) -> Role:
    return Role(
        row.id,
        row.kind,
        row.name,
        row.description,
        permissions.of_text(row.permissions),
        row.account_id,
        row.created_at,
    )
