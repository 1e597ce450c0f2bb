"""Removing and demoting: revokes what a member or a key created and could not create any more.

That is: API keys that they created, directly or with other keys, with the tokens of these; URL
signing keys; open invitations.
"""

from dataclasses import dataclass, field, replace

from attimo.control import api_keys, invitations, members, roles, url_keys
from attimo.control.actions import PROOF, reads, writes
from attimo.control.api_keys import ApiKey
from attimo.control.invitations import Invitation
from attimo.control.makers import Makers
from attimo.control.members import Member
from attimo.control.permissions import NOTHING, Permissions, Right
from attimo.control.system_roles import OWNER, Role
from attimo.control.tx import Tx
from attimo.control.url_keys import ALL_DATA, UrlKey
from attimo.errors import PermissionDenied


@dataclass(frozen=True, slots=True)
class Made:
    """What somebody created that is still valid."""

    api_keys: list[ApiKey] = field(default_factory=list)
    url_keys: list[UrlKey] = field(default_factory=list)
    invitations: list[Invitation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Holders:
    """Everything that uses a role."""

    role: Role
    members: list[Member]
    invitations: list[Invitation]
    api_keys: list[ApiKey]


@reads("member.read", Right("account_management", "read"))
def member_with_made(tx: Tx, account_id: int, user_id: int) -> tuple[Member, Made]:
    """Return a member, and what they created that ends when they are removed.

    Raises:
        NoSuchMember: The account has no such member.
    """
    member = members.get(tx, account_id, user_id)
    return member, made_by(tx, account_id, Makers(frozenset({user_id})))


def made_by(tx: Tx, account_id: int, makers: Makers) -> Made:
    """Return everything valid that these created in an account, directly or with their keys."""
    keys = api_keys.made_by(tx, account_id, makers)
    makers = Makers(makers.user_ids, makers.key_ids | {key.id for key in keys})
    return Made(
        keys,
        url_keys.made_by(tx, account_id, makers),
        [
            each
            for each in invitations.list_all(tx, account_id)
            if makers.include(each.made_by_user_id, each.made_by_key_id)
        ],
    )


@writes("member.remove", invitations.MANAGE)
def remove(tx: Tx, account_id: int, user_id: int, keep_keys: bool = False) -> Made:
    """Remove a member from an account and revoke what they created; return that.

    Args:
        keep_keys: Whether API keys and URL signing keys stay valid. Tokens that the member
            requested while signed in, and open invitations, end in any case.

    Raises:
        NoSuchMember: The account has no such member.
        PermissionDenied: The member, or what ends with them, has more permissions than the actor.
        FailedPrecondition: It is the last owner.
    """
    member = members.get(tx, account_id, user_id)
    tx.actor.end(roles.get(tx, account_id, member.role_id).permissions, "the member's role")
    return _remove(tx, account_id, user_id, keep_keys)


@writes("member.remove", PROOF)
def leave(tx: Tx, account_id: int, keep_keys: bool = False) -> Made:
    """Let the member who has signed in leave the account, as in `remove`; return what was revoked.

    Raises:
        PermissionDenied: The actor is a key.
        FailedPrecondition: It is the last owner.
    """
    user_id = tx.actor.user_id
    if user_id is None or tx.actor.key_id is not None:
        raise PermissionDenied("Insufficient permissions: only a signed-in member can leave")
    # They can revoke what they created, whatever their role is now.
    tx.actor = replace(tx.actor, permissions=OWNER.permissions.within(account_id))
    return _remove(tx, account_id, user_id, keep_keys)


@writes("member.role", invitations.MANAGE)
def change_role(
    tx: Tx, account_id: int, user_id: int, role_id: str, keep_keys: bool = False
) -> tuple[Member, Made]:
    """Change a member's role and revoke what exceeds it; return that, too.

    Args:
        keep_keys: As in `remove`.

    Raises:
        NoSuchMember: The account has no such member.
        NoSuchRole: The account has no such role.
        PermissionDenied: Either role, or what would be revoked, has more permissions than the
            actor.
        FailedPrecondition: It is the last owner.
    """
    member = members.change_role(tx, account_id, user_id, role_id)
    permitted = roles.get(tx, account_id, role_id).permissions
    demoted = Makers(user_ids=frozenset({user_id}))
    return member, _demote(tx, account_id, demoted, permitted, keep_keys)


@writes("role.change", roles.MANAGE)
def change_permissions(
    tx: Tx,
    account_id: int,
    role_id: str,
    name: str,
    wanted: Permissions,
    description: str | None = None,
    keep_keys: bool = False,
) -> tuple[Role, Made]:
    """Change a role, and revoke what its members and keys could not create any more.

    Args:
        keep_keys: As in `remove`.

    Raises:
        Exception: Those of `roles.change`; PermissionDenied also if what would be revoked has more
            permissions than the actor.
    """
    before = roles.get(tx, account_id, role_id).permissions
    role = roles.change(tx, account_id, role_id, name, wanted, description)
    if wanted.covers(before):
        return role, Made()
    of_members = (each for each in members.list_all(tx, account_id) if each.role_id == role_id)
    demoted = Makers(
        frozenset(each.user_id for each in of_members),
        frozenset(key.id for key in api_keys.with_role(tx, account_id, role_id)),
    )
    return role, _demote(tx, account_id, demoted, wanted, keep_keys)


@writes("key.revoke", api_keys.MANAGE)
def revoke_with_made(tx: Tx, account_id: int, key_id: str, force: bool = False) -> Made:
    """Revoke a key and everything that was created with it; return the latter.

    Raises:
        Exception: Those of `api_keys.revoke`.
    """
    key = Makers(key_ids=frozenset({key_id}))
    made = made_by(tx, account_id, key)
    _end(tx, account_id, made, key, keep_keys=False)
    api_keys.revoke(tx, account_id, key_id, force)
    return made


@writes("role.delete", roles.MANAGE)
def delete_role(tx: Tx, account_id: int, role_id: str) -> Holders | None:
    """Delete a role that is not in use; otherwise keep it, and return what uses it.

    Raises:
        Exception: Those of `roles.delete`.
    """
    if roles.delete(tx, account_id, role_id):
        return None
    return Holders(
        roles.get(tx, account_id, role_id),
        [each for each in members.list_all(tx, account_id) if each.role_id == role_id],
        [each for each in invitations.list_all(tx, account_id) if each.role_id == role_id],
        [key for key in api_keys.with_role(tx, account_id, role_id) if not key.has_ended(tx.now)],
    )


def _remove(tx: Tx, account_id: int, user_id: int, keep_keys: bool) -> Made:
    member = Makers(user_ids=frozenset({user_id}))
    made = made_by(tx, account_id, member)
    members.remove(tx, account_id, user_id)
    return _end(tx, account_id, _beyond(tx, account_id, made, NOTHING), member, keep_keys)


def _demote(
    tx: Tx, account_id: int, demoted: Makers, permitted: Permissions, keep_keys: bool
) -> Made:
    made = _beyond(tx, account_id, made_by(tx, account_id, demoted), permitted)
    return _end(tx, account_id, made, demoted, keep_keys)


def _beyond(tx: Tx, account_id: int, made: Made, permitted: Permissions) -> Made:
    """What somebody with these permissions could not create."""

    def invitable(role_id: str) -> bool:
        return permitted.covers(roles.permitted(tx, account_id, role_id))

    invites = permitted.allows("account_management", "write")
    return Made(
        [key for key in made.api_keys if not permitted.covers(api_keys.permitted(tx, key))],
        [] if permitted.covers(ALL_DATA) else made.url_keys,
        [each for each in made.invitations if not (invites and invitable(each.role_id))],
    )


def _end(tx: Tx, account_id: int, made: Made, makers: Makers, keep_keys: bool) -> Made:
    if keep_keys:
        made = replace(made, api_keys=[], url_keys=[])
    for key in made.api_keys:
        api_keys.revoke(tx, account_id, key.id, force=True)
    for pair in made.url_keys:
        url_keys.revoke(tx, account_id, pair.kid)
    for invitation in made.invitations:
        invitations.take_back(tx, account_id, invitation.id)
    for user_id in makers.user_ids:
        api_keys.end_tokens_of_session(tx, account_id, user_id)
    return made
