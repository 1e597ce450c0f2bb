"""Users: people with an e-mail address and a password, who can be members of accounts."""

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
"""How long the token for a forgotten password is valid."""

_EMAIL = re.compile(r"[^\s@<>,;:\"'()\\]{1,64}@[^\s@<>,;:\"'()\\]+\.[^\s@<>,;:\"'()\\.]+")
SERVER_OWNER = "server owner"
"""In place of the address of the user that is the owner of the machine. No address is like it."""

_SELECT = "SELECT id, email, password_hash FROM users WHERE "


@dataclass(frozen=True, slots=True)
class User:
    """A person. The repr hides the password's hash."""

    id: int
    email: str
    password_hash: str = field(repr=False)


@writes("user.create", SERVER, audited=False)
def create(tx: Tx, email: str, password_hash: str) -> User:
    """Create a user, with the result of `passwords.hashed`.

    Raises:
        InvalidArgument: The address is invalid.
        UserExists: There is a user with that address.
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


@writes("user.create", SERVER, audited=False)
def server_owner(tx: Tx) -> User:
    """Return the user that is the owner of the machine, without a password; create it if needed."""
    query = "INSERT INTO users (email, password_hash, created_at) VALUES (:email, '', :now)"
    tx.db.execute(query + " ON CONFLICT DO NOTHING", email=SERVER_OWNER, now=tx.now)
    (found,) = tx.db.all(User, _SELECT + "email = :email", email=SERVER_OWNER)
    return found


@reads("user.read", PROOF)
def of_email(tx: Tx, email: str) -> User | None:
    """Return the user with an address, in upper or lower case."""
    return tx.db.first(User, _SELECT + "email = :email", email=email.strip().lower())


@reads("user.read", PROOF)
def of_id(tx: Tx, user_id: int) -> User:
    """Return a user who exists."""
    (found,) = tx.db.all(User, _SELECT + "id = :id", id=user_id)
    return found


@writes("user.password", PROOF, audited=False)
def change_password(tx: Tx, user: User, password_hash: str) -> None:
    """Change a user's password, and end all their sessions and resets."""
    tx.db.execute(
        "UPDATE users SET password_hash = :password_hash WHERE id = :id",
        password_hash=password_hash,
        id=user.id,
    )
    tx.db.execute("DELETE FROM password_resets WHERE user_id = :id", id=user.id)
    session_rows.end_of_user(tx, user.id)


@writes("user.password", PROOF, audited=False)
def begin_reset(tx: Tx, email: str) -> tuple[User, str] | None:
    """Create a token with which the user of an address, if there is one, can set a new password.

    It is valid for an hour, and must be sent to that address only.
    """
    user = of_email(tx, email)
    if user is None or not user.password_hash:
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
    """Set a new password for the holder of a reset token.

    Raises:
        Unauthenticated: The token is invalid, was used, or has expired.
    """
    change_password(tx, of_reset(tx, token), password_hash)


@reads("user.read", PROOF)
def of_reset(tx: Tx, token: str) -> User:
    """Return the user who can set a new password with this token.

    Raises:
        Unauthenticated: The token is invalid, was used, or has expired.
    """
    user_id = tx.db.scalar(
        "SELECT user_id FROM password_resets WHERE hash = :hash AND expires_at > :now",
        hash=digest(token),
        now=tx.now,
    )
    if user_id is None:
        raise Unauthenticated("Invalid or expired token: ask for a new one")
    return of_id(tx, user_id)


def address_of(email: str) -> str:
    """Normalize an e-mail address.

    Raises:
        InvalidArgument: It is invalid.
    """
    address = email.strip().lower()
    if len(address) > LONGEST_EMAIL or not address.isprintable() or not _EMAIL.fullmatch(address):
        raise InvalidArgument(f"email must be an address of at most {LONGEST_EMAIL} characters")
    return address


def digest(token: str) -> bytes:
    """The hash under which a secret token is stored."""
    return hashlib.sha256(token.encode(errors="replace")).digest()
