"""The rows of sessions. Nodes verify a session's token, so every change is published to them.

The row of an ended session is kept until it would have expired: from then on, a node refuses it
even if it has not applied the change.
"""

from attimo.control import directory
from attimo.control.tx import Tx
from attimo.store.connection import Value

MOST = 100
"""The most sessions of a user. Nodes keep all of them in memory."""

_TURN = """
UPDATE sessions SET account_id = :account_id, revision = :revision WHERE hash = :hash
"""
_PROLONG = """
UPDATE sessions SET expires_at = :expires_at, revision = :revision WHERE hash = :hash
"""
_RETELL = """
UPDATE sessions SET revision = :revision WHERE account_id = :account_id AND user_id = :user_id
"""
_END = """
UPDATE sessions SET ended_at = :now, revision = :revision WHERE ended_at IS NULL """
_THE_OLDEST = """
AND user_id = :user_id AND hash NOT IN (
    SELECT hash FROM sessions WHERE user_id = :user_id AND ended_at IS NULL
    ORDER BY rowid DESC LIMIT :most
)
"""


def add(tx: Tx, user_id: int, **row: Value) -> None:
    """Add a session. The user's oldest ones end if there would be too many."""
    _sweep(tx)
    tx.db.insert("sessions", user_id=user_id, **row, revision=directory.touch(tx))
    _write(tx, _END + _THE_OLDEST, user_id=user_id, most=MOST)


def turn(tx: Tx, hash: bytes, account_id: int) -> None:
    """Switch a session to another account."""
    _write(tx, _TURN, hash=hash, account_id=account_id)


def prolong(tx: Tx, hash: bytes, expires_at: int) -> None:
    """Set when a session ends unless it is used before."""
    _write(tx, _PROLONG, hash=hash, expires_at=expires_at)


def retell(tx: Tx, account_id: int, user_id: int) -> None:
    """Publish a member's sessions again, because their permissions have changed."""
    _write(tx, _RETELL, account_id=account_id, user_id=user_id)


def end(tx: Tx, hash: bytes) -> None:
    """End a session."""
    _write(tx, _END + "AND hash = :hash", hash=hash)


def end_by_digits(tx: Tx, user_id: int, digits: str) -> None:
    """End the sessions of a user whose hash begins with hexadecimal digits in upper case."""
    which = "AND user_id = :user_id AND hex(hash) LIKE :digits || '%'"
    _write(tx, _END + which, user_id=user_id, digits=digits)


def end_but(tx: Tx, user_id: int, hash: bytes) -> None:
    """End all sessions of a user but one."""
    _write(tx, _END + "AND user_id = :user_id AND hash <> :hash", user_id=user_id, hash=hash)


def end_of_member(tx: Tx, account_id: int, user_id: int) -> None:
    """End a user's sessions in an account."""
    which = "AND account_id = :account_id AND user_id = :user_id"
    _write(tx, _END + which, account_id=account_id, user_id=user_id)


def end_of_key(tx: Tx, key_id: str) -> None:
    """End the sessions that the owner of the machine has begun with a key."""
    _write(tx, _END + "AND made_by_key_id = :key_id", key_id=key_id)


def end_of_account(tx: Tx, account_id: int) -> None:
    """End all sessions in an account."""
    _write(tx, _END + "AND account_id = :account_id", account_id=account_id)


def end_of_user(tx: Tx, user_id: int) -> None:
    """End all sessions of a user."""
    _write(tx, _END + "AND user_id = :user_id", user_id=user_id)


def _sweep(tx: Tx) -> None:
    """Mark expired sessions as ended, so that nodes drop them; delete those marked before."""
    query = "DELETE FROM sessions WHERE expires_at <= :now AND ended_at IS NOT NULL"
    tx.db.execute(query, now=tx.now)
    _write(tx, _END + "AND expires_at <= :now")


def _write(tx: Tx, query: str, **values: Value) -> None:
    tx.db.execute(query, now=tx.now, revision=directory.touch(tx), **values)
