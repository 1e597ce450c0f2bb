"""Users: people with an e-mail address and a password, who are members of accounts."""

import hashlib
import re
import secrets
from dataclasses import dataclass, field

from attimo.control import session_rows
from attimo.control.actions import PROOF, SERVER, reads, writes
from attimo.control.tx import Tx
from attimo.errors import InvalidArgument, Unauthenticated, UserExists
from attimo.store.connection import RowRefused

LONGEST_EMAIL = 254
RESET_SECONDS = 60 * 60
"""How long a forgotten password can be replaced after that was asked for."""

_EMAIL = re.compile(r"[^\s@<>,;:\"'()\\]{1,64}@[^\s@<>,;:\"'()\\]+\.[^\s@<>,;:\"'()\\.]+")
_SELECT = "SELECT id, email, password_hash FROM users WHERE "


@dataclass(frozen=True, slots=True)
class User:
    """A person. The repr hides what is kept of the password."""

    id: int
    email: str
    password_hash: str = field(repr=False)


@writes("user.create", SERVER, audited=False)
def create(tx: Tx, email: str, password_hash: str) -> User:
    """Make a user, with what `passwords.hashed` made of the password.

    Raises:
        InvalidArgument: That is no address.
        UserExists: There is a user of that address.
    """
    address = address_of(email)
    try:
        user_id = tx.db.scalar(
            "INSERT INTO users (email, password_hash, created_at)"
            " VALUES (:email, :password_hash, :now) RETURNING id",
            email=address,
            password_hash=password_hash,
            now=tx.now,
        )
    except RowRefused as error:
        raise UserExists(address) from error
    return User(user_id, address, password_hash)


@reads("user.read", PROOF)
def of_email(tx: Tx, email: str) -> User | None:
    """The user of an address, however it is written."""
    return tx.db.first(User, _SELECT + "email = :email", email=email.strip().lower())


@reads("user.read", PROOF)
def of_id(tx: Tx, user_id: int) -> User:
    """A user who is there."""
    (found,) = tx.db.all(User, _SELECT + "id = :id", id=user_id)
    return found


@writes("user.password", PROOF, audited=False)
def change_password(tx: Tx, user: User, password_hash: str) -> None:
    """Give a user another password, and end all sessions and resets that were begun before."""
    tx.db.execute(
        "UPDATE users SET password_hash = :password_hash WHERE id = :id",
        password_hash=password_hash,
        id=user.id,
    )
    tx.db.execute("DELETE FROM password_resets WHERE user_id = :id", id=user.id)
    session_rows.end_of_user(tx, user.id)


@writes("user.password", PROOF, audited=False)
def begin_reset(tx: Tx, email: str) -> tuple[User, str] | None:
    """Make a token with which the user of an address, if there is one, can set another password.

    It is good for an hour, and is to be sent to that address.
    """
    user = of_email(tx, email)
    if user is None:
        return None
    token = secrets.token_urlsafe(32)
    tx.db.execute("DELETE FROM password_resets WHERE user_id = :id", id=user.id)
    tx.db.insert(
        "password_resets",
        hash=digest(token),
        user_id=user.id,
        expires_at=tx.now + RESET_SECONDS,
    )
    return user, token


@writes("user.password", PROOF, audited=False)
def reset_password(tx: Tx, token: str, password_hash: str) -> None:
    """Give the user who shows the token of a reset another password.

    Raises:
        Unauthenticated: The token is none, was used, or has ended.
    """
    change_password(tx, of_reset(tx, token), password_hash)


@reads("user.read", PROOF)
def of_reset(tx: Tx, token: str) -> User:
    """The user who may set another password with this token.

    Raises:
        Unauthenticated: The token is none, was used, or has ended.
    """
    user_id = tx.db.scalar(
        "SELECT user_id FROM password_resets WHERE hash = :hash AND expires_at > :now",
        hash=digest(token),
        now=tx.now,
    )
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
