"""Sessions of users who have signed in. Only a hash of the token is stored."""

import secrets
from dataclasses import dataclass, field

from attimo.control import (
    accounts,
    audit,
    members,
    roles,
    second_factors,
    session_rows,
    users,
)
from attimo.control.actions import PROOF, SERVER, reads, writes
from attimo.control.actor import Actor
from attimo.control.members import Membership
from attimo.control.tx import Tx
from attimo.control.users import User
from attimo.errors import AccountSuspended, NoSuchAccount, Unauthenticated

SECONDS = 7 * 24 * 60 * 60
"""How long a session lasts at most."""
_PARTS = 24
"""Of the time without use: a use is only recorded if it prolongs the session by such a part."""

_SELECT = """
SELECT user_id, email, account_id, csrf_token, expires_at, hash, ends_at,
    abs(CASE WHEN :now + :idle < ends_at THEN :now + :idle ELSE ends_at END - expires_at) * :parts
        >= :idle
FROM sessions JOIN users ON users.id = user_id
WHERE hash = :hash AND expires_at > :now AND ended_at IS NULL
"""

_OPEN = """
SELECT substr(hex(hash), 1, 16), name, sessions.created_at, expires_at, ends_at, hash = :hash
FROM sessions LEFT JOIN accounts ON accounts.id = account_id
WHERE user_id = :user_id AND expires_at > :now AND ended_at IS NULL
ORDER BY sessions.created_at DESC, hash
"""


@dataclass(frozen=True, slots=True)
class Session:
    """A session; times in seconds since 1970.

    Attributes:
        expires_at: When it ends, unless it is used before.
        account_id: The account that requests are about; 0 for a user without accounts.
        csrf_token: What requests that change something must send, besides the cookie.
        hash: The SHA-256 of the token, by which the data plane identifies the session.
        ends_at: When it ends in any case.
        is_prolonged: Whether this use prolongs it, which `prolong` records.
    """

    user_id: int
    email: str
    account_id: int
    csrf_token: str = field(repr=False)
    expires_at: int
    hash: bytes = field(repr=False)
    ends_at: int
    is_prolonged: bool = False


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session, as its user sees it in a list; times in seconds since 1970.

    Attributes:
        id: The first digits of its hash, with which nothing but its end can be asked for.
        account_name: The account that it is about; None for a user without accounts.
        expires_at: When it ends, unless it is used before.
        ends_at: When it ends in any case.
        is_current: Whether it is the one that asks.
    """

    id: str
    account_name: str | None
    created_at: int
    expires_at: int
    ends_at: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class NewSession:
    """A new session with its token, which is not stored. The repr hides it."""

    session: Session
    token: str = field(repr=False)


@writes("session.begin", SERVER)
def create(
    tx: Tx,
    user: User,
    account_id: int | None = None,
    key_id: str | None = None,
    until: int | None = None,
) -> NewSession:
    """Begin a session of a user, in this account or in the user's first one.

    Args:
        key_id: The API key with which it ends, if there is one.
        until: When that key expires, in seconds since 1970; None for never.

    Raises:
        AccountSuspended: All accounts of the user are suspended.
    """
    chosen = account_id or _first_account(tx, user)
    token, csrf_token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    hash = users.digest(token)
    ends_at = min(tx.now + SECONDS, until or tx.now + SECONDS)
    expires_at = _end_without_use(tx, ends_at)
    session = Session(user.id, user.email, chosen, csrf_token, expires_at, hash, ends_at)
    session_rows.add(
        tx,
        user.id,
        hash=hash,
        account_id=chosen,
        csrf_token=csrf_token,
        created_at=tx.now,
        expires_at=expires_at,
        ends_at=ends_at,
        made_by_key_id=key_id,
    )
    audit.note(tx, chosen, user.email)
    return NewSession(session, token)


@writes("session.begin", PROOF)
def sign_in(tx: Tx, user: User, code: str = "") -> NewSession:
    """Begin a session of a user whose password the caller has verified.

    Args:
        code: The code of a second factor, for a user who has one.

    Raises:
        Unauthenticated: The password was changed meanwhile.
        CodeNeeded: The user has a second factor, and there is no code.
        WrongCode: The code is wrong, or was used.
        AccountSuspended: All accounts of the user are suspended.
    """
    if users.of_id(tx, user.id) != user:
        raise Unauthenticated("The password was changed meanwhile: sign in again")
    second_factors.check(tx, user.id, code)
    tx.actor = tx.actor.known_as(user.email)
    return create(tx, user)


@reads("session.read", PROOF)
def accounts_of(tx: Tx, session: Session) -> list[Membership]:
    """Return the accounts of a session's user, oldest membership first."""
    return members.accounts_of(tx, session.user_id)


@reads("session.read", PROOF)
def of_token(tx: Tx, token: str) -> Session:
    """Return the session with this token.

    Raises:
        Unauthenticated: There is none, or it has ended.
    """
    return of_hash(tx, users.digest(token))


@reads("session.read", PROOF)
def of_hash(tx: Tx, hash: bytes) -> Session:
    """Return the session whose token has this SHA-256.

    Raises:
        Unauthenticated: There is none, or it has ended.
    """
    idle = tx.policy.session_idle_seconds
    session = tx.db.first(Session, _SELECT, hash=hash, now=tx.now, idle=idle, parts=_PARTS)
    if session is None:
        raise Unauthenticated("The session has expired: sign in again")
    return session


@writes("session.use", PROOF, audited=False)
def prolong(tx: Tx, session: Session) -> Session:
    """Record that a session is used, which puts off its end; return it as it is then.

    Raises:
        Unauthenticated: It has ended.
    """
    found = of_hash(tx, session.hash)
    session_rows.prolong(tx, found.hash, _end_without_use(tx, found.ends_at))
    return of_hash(tx, found.hash)


def actor(tx: Tx, session: Session, peer: str) -> Actor:
    """Return the actor of a session, with the current permissions of the member's role.

    Raises:
        Unauthenticated: The session has ended, or the user is not a member of the account any more.
        PermissionDenied: The role does not allow this address.
        AccountSuspended: The account is suspended.
    """
    of_hash(tx, session.hash)
    for each in members.accounts_of(tx, session.user_id):
        if each.account_id == session.account_id:
            if each.is_suspended:
                raise AccountSuspended
            role = roles.get(tx, each.account_id, each.role_id)
            role.permissions.admit(peer)
            name = f"member {session.email}"
            user_id = session.user_id
            return Actor(name, peer, role.permissions, user_id=user_id, role=role.title)
    raise Unauthenticated("You are not a member of this account any more")


@writes("session.switch", PROOF, audited=False)
def switch(tx: Tx, session: Session, account_id: int) -> Session:
    """Switch a session to another of the user's accounts; return the changed session.

    Raises:
        NoSuchAccount: The user is not a member of it.
        AccountSuspended: It is suspended.
    """
    if account_id not in {each.account_id for each in members.accounts_of(tx, session.user_id)}:
        raise NoSuchAccount(account_id)
    accounts.need_active(tx, account_id)
    session_rows.turn(tx, session.hash, account_id)
    return of_hash(tx, session.hash)


@writes("session.end", PROOF, audited=False)
def end(tx: Tx, session: Session) -> None:
    """Sign out."""
    session_rows.end(tx, session.hash)


@reads("session.read", PROOF)
def list_own(tx: Tx, session: Session) -> list[OpenSession]:
    """Return the open sessions of a session's user, newest first."""
    return tx.db.all(OpenSession, _OPEN, user_id=session.user_id, hash=session.hash, now=tx.now)


@writes("session.end", PROOF, audited=False)
def end_own(tx: Tx, session: Session, id: str) -> None:
    """End an open session of a session's user; does nothing if there is none with this ID."""
    if id in {each.id for each in list_own(tx, session)}:
        session_rows.end_by_digits(tx, session.user_id, id)


@writes("session.end", PROOF, audited=False)
def end_others(tx: Tx, session: Session) -> None:
    """End all sessions of a session's user but this one."""
    session_rows.end_but(tx, session.user_id, session.hash)


@writes("session.end", PROOF, audited=False)
def end_all(tx: Tx, session: Session) -> None:
    """End all sessions of a session's user."""
    session_rows.end_of_user(tx, session.user_id)


def _end_without_use(tx: Tx, ends_at: int) -> int:
    return min(tx.now + tx.policy.session_idle_seconds, ends_at)


def _first_account(tx: Tx, user: User) -> int:
    """The first account of a user that is not suspended; 0 for a user without accounts."""
    mine = members.accounts_of(tx, user.id)
    active = [each.account_id for each in mine if not each.is_suspended]
    if mine and not active:
        raise AccountSuspended
    return next(iter(active), 0)
