"""Users: people with an e-mail address and a password, who are members of accounts."""

import hashlib
import re
import secrets
from dataclasses import dataclass, field

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from attimo.control import session_rows
from attimo.control.tx import Tx
from attimo.errors import InvalidArgument, Unauthenticated, UserExists
from attimo.store import tables

LONGEST_EMAIL = 254
RESET_SECONDS = 60 * 60
"""How long a forgotten password can be replaced after that was asked for."""

_EMAIL = re.compile(r"[^\s@<>,;:\"'()\\]{1,64}@[^\s@<>,;:\"'()\\]+\.[^\s@<>,;:\"'()\\.]+")
_users = tables.users.c


@dataclass(frozen=True, slots=True)
class User:
    """A person. The repr hides what is kept of the password."""

    id: int
    email: str
    password_hash: str = field(repr=False)


def create(tx: Tx, email: str, password_hash: str) -> User:
    """Make a user, with what `passwords.hashed` made of the password.

    Raises:
        InvalidArgument: That is no address.
        UserExists: There is a user of that address.
    """
    address = address_of(email)
    row = {"email": address, "password_hash": password_hash, "created_at": tx.now}
    try:
        with tx.db.begin_nested():
            query = insert(tables.users).values(row).returning(_users.id)
            user_id = tx.db.execute(query).scalar_one()
    except IntegrityError as error:
        raise UserExists(address) from error
    return User(user_id, address, password_hash)


def of_email(tx: Tx, email: str) -> User | None:
    """The user of an address, however it is written."""
    query = select(_users.id, _users.email, _users.password_hash)
    row = tx.db.execute(query.where(_users.email == email.strip().lower())).first()
    return None if row is None else User(*row)


def of_id(tx: Tx, user_id: int) -> User:
    """A user who is there."""
    query = select(_users.id, _users.email, _users.password_hash).where(_users.id == user_id)
    return User(*tx.db.execute(query).one())


def change_password(tx: Tx, user: User, password_hash: str) -> None:
    """Give a user another password, and end all sessions and resets that were begun before."""
    mine = _users.id == user.id
    tx.db.execute(update(tables.users).where(mine).values(password_hash=password_hash))
    resets = tables.password_resets
    tx.db.execute(delete(resets).where(resets.c.user_id == user.id))
    session_rows.end_of_user(tx, user.id)


def begin_reset(tx: Tx, user: User) -> str:
    """Make the token with which a user who forgot the password can set another, for an hour."""
    token = secrets.token_urlsafe(32)
    row = {"hash": digest(token), "user_id": user.id, "expires_at": tx.now + RESET_SECONDS}
    resets = tables.password_resets
    tx.db.execute(delete(resets).where(resets.c.user_id == user.id))
    tx.db.execute(insert(resets).values(row))
    return token


def of_reset(tx: Tx, token: str) -> User:
    """The user who may set another password with this token.

    Raises:
        Unauthenticated: The token is none, was used, or has ended.
    """
    resets = tables.password_resets.c
    query = select(resets.user_id).where(resets.hash == digest(token), resets.expires_at > tx.now)
    user_id = tx.db.execute(query).scalar()
    if user_id is None:
        raise Unauthenticated("The token is not valid, or not any more: ask for a new one")
    return of_id(tx, user_id)


def address_of(email: str) -> str:
    """An e-mail address as it is kept.

    Raises:
        InvalidArgument: It is none.
    """
    address = email.strip().lower()
    if len(address) > LONGEST_EMAIL or not address.isprintable() or not _EMAIL.fullmatch(address):
        raise InvalidArgument(f"email must be an address of at most {LONGEST_EMAIL} characters")
    return address


def digest(token: str) -> bytes:
    """What is kept of a token that is as good as a password."""
    return hashlib.sha256(token.encode(errors="replace")).digest()
