"""Sessions: a user who has signed in, at one of the accounts. Only a hash of the token is kept."""

import secrets
from dataclasses import dataclass, field

from sqlalchemy import delete, insert, select, update

from attimo.control import audit, members, roles, users
from attimo.control.actor import Actor
from attimo.control.tx import Tx
from attimo.control.users import User
from attimo.errors import NoSuchAccount, Unauthenticated
from attimo.store import tables

SECONDS = 7 * 24 * 60 * 60
"""How long a session lasts."""

_sessions = tables.sessions.c


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has signed in; `expires_at` in seconds since 1970.

    Attributes:
        account_id: The account that is meant at this moment; 0 for a user who has none.
        csrf_token: What every request with the cookie has to say that does not only look.
    """

    user_id: int
    email: str
    account_id: int
    csrf_token: str = field(repr=False)
    expires_at: int
    token: str = field(repr=False)


def create(tx: Tx, user: User, account_id: int | None = None) -> Session:
    """Begin a session of a user, at the first of the user's accounts unless one is said."""
    mine = [each.account_id for each in members.accounts_of(tx, user.id)]
    chosen = account_id or next(iter(mine), 0)
    token, csrf_token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    session = Session(user.id, user.email, chosen, csrf_token, tx.now + SECONDS, token)
    row = {
        "hash": users.digest(token),
        "user_id": user.id,
        "account_id": chosen,
        "csrf_token": csrf_token,
        "created_at": tx.now,
        "expires_at": session.expires_at,
    }
    tx.db.execute(delete(tables.sessions).where(_sessions.expires_at <= tx.now))
    tx.db.execute(insert(tables.sessions).values(row))
    audit.note(tx, chosen, "session.begin", user.email)
    return session


def of_token(tx: Tx, token: str) -> Session:
    """The session whose token this is.

    Raises:
        Unauthenticated: It is none, or has ended.
    """
    query = (
        select(
            _sessions.user_id,
            tables.users.c.email,
            _sessions.account_id,
            _sessions.csrf_token,
            _sessions.expires_at,
        )
        .join_from(tables.sessions, tables.users)
        .where(_sessions.hash == users.digest(token), _sessions.expires_at > tx.now)
    )
    row = tx.db.execute(query).first()
    if row is None:
        raise Unauthenticated("The session has ended: sign in again")
    return Session(*row, token=token)


def actor(tx: Tx, session: Session, peer: str) -> Actor:
    """The member of a session's account, with the permissions of its role at this moment.

    Raises:
        Unauthenticated: The user is no member of that account any more.
        PermissionDenied: The member's role is not for this address.
    """
    for each in members.accounts_of(tx, session.user_id):
        if each.account_id == session.account_id:
            permissions = roles.get(tx, each.account_id, each.role_id).permissions
            permissions.admit(peer)
            name = f"member {session.email}"
            return Actor(name, peer, permissions, user_id=session.user_id)
    raise Unauthenticated("You are no member of this account any more")


def switch(tx: Tx, session: Session, account_id: int) -> None:
    """Let a session mean another of the user's accounts.

    Raises:
        NoSuchAccount: The user is no member of it.
    """
    if account_id not in {each.account_id for each in members.accounts_of(tx, session.user_id)}:
        raise NoSuchAccount(account_id)
    mine = _sessions.hash == users.digest(session.token)
    tx.db.execute(update(tables.sessions).where(mine).values(account_id=account_id))


def end(tx: Tx, session: Session) -> None:
    """Sign out."""
    tx.db.execute(delete(tables.sessions).where(_sessions.hash == users.digest(session.token)))


def end_all(tx: Tx, user_id: int) -> None:
    """Sign a user out everywhere."""
    tx.db.execute(delete(tables.sessions).where(_sessions.user_id == user_id))
