"""Members: the users of an account, with their roles. One is always an owner."""

from dataclasses import dataclass

from attimo.control import audit, roles, session_rows
from attimo.control.actions import SERVER, reads, writes
from attimo.control.permissions import Right
from attimo.control.system_roles import OWNER
from attimo.control.tx import Tx
from attimo.control.users import User
from attimo.errors import FailedPrecondition, MemberExists, NoSuchMember
from attimo.store.connection import RowRefused

_OF_ACCOUNT = """
SELECT user_id, email, role_id, joined_at FROM members JOIN users ON users.id = user_id
WHERE account_id = :account_id ORDER BY joined_at, user_id
"""
_OF_USER = """
SELECT account_id, name, role_id, suspended_at IS NOT NULL
FROM members JOIN accounts ON accounts.id = account_id
WHERE user_id = :user_id ORDER BY joined_at, account_id
"""
_CHANGE_ROLE = """
UPDATE members SET role_id = :role_id WHERE account_id = :account_id AND user_id = :user_id
"""


@dataclass(frozen=True, slots=True)
class Member:
    """A user of an account; `joined_at` in seconds since 1970."""

    user_id: int
    email: str
    role_id: str
    joined_at: int


@dataclass(frozen=True, slots=True)
class Membership:
    """An account of a user."""

    account_id: int
    account_name: str
    role_id: str
    is_suspended: bool


@writes("member.join", SERVER)
def add(tx: Tx, account_id: int, user: User, role_id: str) -> None:
    """Make a user a member.

    Raises:
        NoSuchRole: The account has no such role.
        PermissionDenied: It has more permissions than the actor.
        MemberExists: The user is already a member.
    """
    roles.given(tx, account_id, role_id, "the member")
    try:
        tx.db.insert(
            "members",
            account_id=account_id,
            user_id=user.id,
            role_id=role_id,
            joined_at=tx.now,
        )
    except RowRefused as error:
        raise MemberExists(user.email) from error
    audit.note(tx, account_id, user.email, role=role_id)


@reads("member.list", Right("account_management", "list"))
def list_all(tx: Tx, account_id: int) -> list[Member]:
    """Return the members of an account, oldest first."""
    return tx.db.all(Member, _OF_ACCOUNT, account_id=account_id)


def accounts_of(tx: Tx, user_id: int) -> list[Membership]:
    """Return the accounts of a user, oldest membership first."""
    return tx.db.all(Membership, _OF_USER, user_id=user_id)


@writes("member.role", SERVER)
def change_role(tx: Tx, account_id: int, user_id: int, role_id: str) -> Member:
    """Change a member's role, immediately.

    Raises:
        NoSuchMember: The account has no such member.
        NoSuchRole: The account has no such role.
        PermissionDenied: Either role has more permissions than the actor.
        FailedPrecondition: It is the last owner.
    """
    member = get(tx, account_id, user_id)
    tx.actor.end(roles.get(tx, account_id, member.role_id).permissions, "the member's role")
    roles.given(tx, account_id, role_id, "the member")
    if role_id != OWNER.id:
        _keep_an_owner(tx, account_id, member)
    tx.db.execute(_CHANGE_ROLE, account_id=account_id, user_id=user_id, role_id=role_id)
    session_rows.retell(tx, account_id, user_id)
    audit.note(tx, account_id, member.email, role=role_id)
    return Member(member.user_id, member.email, role_id, member.joined_at)


@writes("member.remove", SERVER)
def remove(tx: Tx, account_id: int, user_id: int) -> None:
    """Remove a member from an account, with the sessions there.

    Raises:
        NoSuchMember: The account has no such member.
        FailedPrecondition: It is the last owner.
    """
    member = get(tx, account_id, user_id)
    _keep_an_owner(tx, account_id, member)
    query = "DELETE FROM members WHERE account_id = :account_id AND user_id = :user_id"
    tx.db.execute(query, account_id=account_id, user_id=user_id)
    session_rows.end_of_member(tx, account_id, user_id)
    audit.note(tx, account_id, member.email)


def get(tx: Tx, account_id: int, user_id: int) -> Member:
    """Return a member.

    Raises:
        NoSuchMember: The account has no such member.
    """
    for member in list_all(tx, account_id):
        if member.user_id == user_id:
            return member
    raise NoSuchMember(user_id)


def _keep_an_owner(tx: Tx, account_id: int, member: Member) -> None:
    query = "SELECT count(*) FROM members WHERE account_id = :account_id AND role_id = :owner"
    owners = tx.db.scalar(query, account_id=account_id, owner=OWNER.id)
    if member.role_id == OWNER.id and owners == 1:
        raise FailedPrecondition("The last owner of an account can neither leave nor lose the role")
