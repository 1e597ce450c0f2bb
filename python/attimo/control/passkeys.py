"""Passkeys (WebAuthn): public keys of users, whose authenticators verify who uses them.

A passkey alone signs its user in, so it needs no second factor. What a browser sends is verified in
`api/passkeys.py`.
"""

from dataclasses import dataclass, field

from attimo.control import sessions, text_rules, user_notes, users
from attimo.control.actions import PROOF, reads, writes
from attimo.control.sessions import NewSession
from attimo.control.tx import Tx
from attimo.errors import AlreadyExists, Exhausted, Unauthenticated
from attimo.store.connection import RowRefused

MOST = 20
"""The most passkeys of a user."""
LONGEST_NAME = 64

_SELECT = """
SELECT id, user_id, name, public_key, sign_count, created_at, last_used_at FROM passkeys WHERE """
# An authenticator that counts its uses counts up; one that goes back is a copy.
_USE = """
UPDATE passkeys SET sign_count = :count, last_used_at = :now
WHERE id = :id AND (sign_count < :count OR sign_count = 0 AND :count = 0)
RETURNING user_id
"""


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey; times in seconds since 1970.

    Attributes:
        id: Chosen by the authenticator.
        public_key: In the form of COSE.
        sign_count: How often the authenticator says that it was used; 0 if it does not count.
    """

    id: bytes
    user_id: int
    name: str
    public_key: bytes = field(repr=False)
    sign_count: int
    created_at: int
    last_used_at: int | None


@reads("user.read", PROOF)
def list_own(tx: Tx, user_id: int) -> list[Passkey]:
    """Return the passkeys of a user, oldest first."""
    return tx.db.all(Passkey, _SELECT + "user_id = :user_id ORDER BY rowid", user_id=user_id)


@reads("user.read", PROOF)
def of_id(tx: Tx, id: bytes) -> Passkey:
    """Return the passkey with this ID.

    Raises:
        Unauthenticated: There is none.
    """
    found = tx.db.first(Passkey, _SELECT + "id = :id", id=id)
    if found is None:
        raise Unauthenticated("This passkey was removed, or is of another server")
    return found


@writes("passkey.add", PROOF, audited=False)
def add(tx: Tx, user_id: int, name: str, id: bytes, public_key: bytes, sign_count: int) -> None:
    """Add a passkey that was verified.

    Raises:
        InvalidArgument: The name is invalid.
        Exhausted: The user has `MOST` passkeys.
        AlreadyExists: There is a passkey with this ID.
    """
    text_rules.check("name", name, LONGEST_NAME)
    if len(list_own(tx, user_id)) >= MOST:
        raise Exhausted(f"A user has at most {MOST} passkeys")
    try:
        tx.db.insert(
            "passkeys",
            id=id,
            user_id=user_id,
            name=name,
            public_key=public_key,
            sign_count=sign_count,
            created_at=tx.now,
        )
    except RowRefused as error:
        raise AlreadyExists("This passkey is there already") from error
    user_notes.note(tx, user_id, name=name)


@writes("passkey.remove", PROOF, audited=False)
def remove(tx: Tx, user_id: int, id: bytes) -> None:
    """Remove a passkey of a user; does nothing if there is none with this ID."""
    query = "DELETE FROM passkeys WHERE user_id = :user_id AND id = :id RETURNING name"
    for (name,) in tx.db.rows(query, user_id=user_id, id=id):
        user_notes.note(tx, user_id, name=name)


@writes("session.begin", PROOF)
def enter(tx: Tx, id: bytes, sign_count: int) -> NewSession:
    """Begin a session of the user of a passkey whose use was verified.

    Raises:
        Unauthenticated: It was removed meanwhile, or counts fewer uses than before: it was copied.
        AccountSuspended: All accounts of the user are suspended.
    """
    for (user_id,) in tx.db.rows(_USE, id=id, count=sign_count, now=tx.now):
        user = users.of_id(tx, int(str(user_id)))
        tx.actor = tx.actor.known_as(user.email)
        return sessions.create(tx, user)
    raise Unauthenticated("This passkey was removed, or used in a copy: sign in with the password")
