"""The rows of sessions: nodes take a session's token, so they are told of whatever alters one.

A session that is over keeps its row until it would have ended by itself: a node that has not heard
of its end refuses it from then on all the same.
"""

from attimo.control import directory
from attimo.control.tx import Tx
from attimo.store.connection import Value

MOST = 100
"""How many sessions of a user go on at once. Nodes have all of them in memory."""

_TURN = """
UPDATE sessions SET account_id = :account_id, revision = :revision WHERE hash = :hash
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
    """Begin a session. The oldest ones of its user end if there would be too many."""
    _sweep(tx)
    tx.db.insert("sessions", user_id=user_id, **row, revision=directory.touch(tx))
    _write(tx, _END + _THE_OLDEST, user_id=user_id, most=MOST)


def turn(tx: Tx, hash: bytes, account_id: int) -> None:
    """Let a session be at another account."""
    _write(tx, _TURN, hash=hash, account_id=account_id)


def retell(tx: Tx, account_id: int, user_id: int) -> None:
    """Tell of a member's sessions anew: what they permit has changed."""
    _write(tx, _RETELL, account_id=account_id, user_id=user_id)


def end(tx: Tx, hash: bytes) -> None:
    """End a session."""
    _write(tx, _END + "AND hash = :hash", hash=hash)


def end_of_member(tx: Tx, account_id: int, user_id: int) -> None:
    """End a user's sessions at an account."""
    which = "AND account_id = :account_id AND user_id = :user_id"
    _write(tx, _END + which, account_id=account_id, user_id=user_id)


def end_of_user(tx: Tx, user_id: int) -> None:
    """End all sessions of a user."""
    _write(tx, _END + "AND user_id = :user_id", user_id=user_id)


def _sweep(tx: Tx) -> None:
    """End what has expired, so that nodes forget it; and delete what they were told of before."""
    query = "DELETE FROM sessions WHERE expires_at <= :now AND ended_at IS NOT NULL"
    tx.db.execute(query, now=tx.now)
    _write(tx, _END + "AND expires_at <= :now")


def _write(tx: Tx, query: str, **values: Value) -> None:
    tx.db.execute(query, now=tx.now, revision=directory.touch(tx), **values)
