"""Invitations: a token, sent by e-mail, with which its recipient becomes a member."""

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from attimo.control import audit, members, roles, users
from attimo.control.actions import PROOF, SERVER, reads, writes
from attimo.control.permissions import Right
from attimo.control.system_roles import VIEWER
from attimo.control.tx import Tx
from attimo.control.users import User
from attimo.errors import Exhausted, NoSuchInvitation, Unauthenticated

MANAGE = Right("account_management", "write")

SECONDS = 7 * 24 * 60 * 60
"""How long an invitation is valid."""
MOST = 100
"""The most open invitations of an account."""

_SELECT = """
SELECT id, account_id, email, role_id, created_at, expires_at, made_by_user_id, made_by_key_id,
    founds_account
FROM invitations WHERE """

# Reads the log backwards, as far as the moment.
_SENT = """
SELECT account_id, subject, at FROM audit WHERE action = 'invitation.create' AND id > coalesce(
(SELECT id FROM audit WHERE at <= :moment ORDER BY id DESC LIMIT 1), 0) ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation without its token; times in seconds since 1970.

    With one that founds an account, the operator has invited its first owner.
    """

    id: str
    account_id: int
    email: str
    role_id: str
    created_at: int
    expires_at: int
    made_by_user_id: int | None = None
    made_by_key_id: str | None = None
    founds_account: bool = False


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """A new invitation with its token, which is not stored."""

    invitation: Invitation
    token: str = field(repr=False)


@writes("invitation.create", MANAGE)
def create(
    tx: Tx,
    account_id: int,
    email: str,
    role_id: str = VIEWER.id,
    count: Callable[[int, str], None] = lambda _account_id, _address: None,
    founds_account: bool = False,
) -> NewInvitation:
    """Invite a person; an older invitation of the same address is revoked.

    It is valid for a week, and no longer than the key that creates it.

    Args:
        count: Counts the e-mail to come, by account and address; an error undoes the invitation.
        founds_account: Whether the operator invites the account's first owner.

    Raises:
        InvalidArgument: The address is invalid.
        NoSuchRole: The account has no such role.
        PermissionDenied: The role, or that of an older invitation, has more permissions than the
            actor.
        Exhausted: The account has `MOST` open invitations.
    """
    address = users.address_of(email)
    roles.given(tx, account_id, role_id, "the invitation")
    tx.db.execute("DELETE FROM invitations WHERE expires_at <= :now", now=tx.now)
    for older in list_all(tx, account_id):
        if older.email == address:
            _end(tx, older)
    if len(list_all(tx, account_id)) >= MOST:
        raise Exhausted(f"An account has at most {MOST} open invitations")
    token = secrets.token_urlsafe(32)
    made = Invitation(
        secrets.token_hex(12),
        account_id,
        address,
        role_id,
        tx.now,
        min(tx.now + SECONDS, tx.actor.ends_at or tx.now + SECONDS),
        tx.actor.user_id,
        tx.actor.key_id,
        founds_account,
    )
    tx.db.insert("invitations", **asdict(made), hash=users.digest(token))
    audit.note(tx, account_id, address, role=role_id)
    # Last, so that only what would be sent counts.
    count(account_id, address)
    return NewInvitation(made, token)


def sent_after(tx: Tx, moment: int) -> list[tuple[int, str, int]]:
    """Return the account, address and time of each invitation after a moment, oldest first."""
    return [(row[0], row[1], row[2]) for row in tx.db.rows(_SENT, moment=moment)]


@reads("invitation.list", Right("account_management", "list"))
def list_all(tx: Tx, account_id: int) -> list[Invitation]:
    """Return the open invitations of an account, oldest first."""
    query = _SELECT + "account_id = :account_id AND expires_at > :now ORDER BY created_at, id"
    return tx.db.all(Invitation, query, account_id=account_id, now=tx.now)


@reads("invitation.read", PROOF)
def of_token(tx: Tx, token: str) -> Invitation:
    """Return the invitation with this token.

    Raises:
        Unauthenticated: There is none: it was used, revoked, or has expired.
    """
    query = _SELECT + "hash = :hash AND expires_at > :now"
    found = tx.db.first(Invitation, query, hash=users.digest(token), now=tx.now)
    if found is None:
        raise Unauthenticated("Invalid or expired invitation: ask for a new one")
    return found


@writes("member.join", SERVER)
def accept(tx: Tx, invitation: Invitation, user: User) -> None:
    """Make the user a member, and delete the invitation.

    Raises:
        NoSuchRole: The role was deleted.
        MemberExists: The user is a member already.
    """
    members.add(tx, invitation.account_id, user, invitation.role_id)
    _delete(tx, invitation)


@writes("invitation.take-back", MANAGE)
def take_back(tx: Tx, account_id: int, invitation_id: str) -> None:
    """Revoke an invitation.

    Raises:
        NoSuchInvitation: The account has no such open invitation.
        PermissionDenied: Its role has more permissions than the actor.
    """
    query = _SELECT + "account_id = :account_id AND id = :id AND expires_at > :now"
    invitation = tx.db.first(Invitation, query, account_id=account_id, id=invitation_id, now=tx.now)
    if invitation is None:
        raise NoSuchInvitation(invitation_id)
    _end(tx, invitation)
    audit.note(tx, account_id, invitation.email)


def _end(tx: Tx, invitation: Invitation) -> None:
    role = roles.get(tx, invitation.account_id, invitation.role_id)
    tx.actor.end(role.permissions, "the invitation")
    _delete(tx, invitation)


def _delete(tx: Tx, invitation: Invitation) -> None:
    tx.db.execute("DELETE FROM invitations WHERE id = :id", id=invitation.id)
