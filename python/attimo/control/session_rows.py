"""The rows of sessions: nodes take a session's token, so they are told of whatever alters one.

A session that is over keeps its row until it would have ended by itself: a node that has not heard
of its end refuses it from then on all the same.
"""

from sqlalchemy import ColumnElement, delete, insert, select, text, update

from attimo.control import directory
from attimo.control.tx import Tx
from attimo.store import tables

MOST = 100
"""How many sessions of a user go on at once. Nodes have all of them in memory."""

_sessions = tables.sessions.c


def add(tx: Tx, row: dict[str, object]) -> None:
    """Begin a session. The oldest ones of its user end if there would be too many."""
    _sweep(tx)
    tx.db.execute(insert(tables.sessions).values(row | {"revision": directory.touch(tx)}))
    mine = (_sessions.user_id == row["user_id"], _sessions.ended_at.is_(None))
    newest = select(_sessions.hash).where(*mine).order_by(text("rowid DESC")).limit(MOST)
    _end(tx, *mine, _sessions.hash.not_in(newest))


def turn(tx: Tx, hash: bytes, account_id: int) -> None:
    """Let a session be at another account."""
    _write(tx, {"account_id": account_id}, _sessions.hash == hash)


def retell(tx: Tx, account_id: int, user_id: int) -> None:
    """Tell of a member's sessions anew: what they permit has changed."""
    _write(tx, {}, *_of_member(account_id, user_id))


def end(tx: Tx, hash: bytes) -> None:
    """End a session."""
    _end(tx, _sessions.hash == hash)


def end_of_member(tx: Tx, account_id: int, user_id: int) -> None:
    """End a user's sessions at an account."""
    _end(tx, *_of_member(account_id, user_id))


def end_of_user(tx: Tx, user_id: int) -> None:
    """End all sessions of a user."""
    _end(tx, _sessions.user_id == user_id)


def _sweep(tx: Tx) -> None:
    """End what has expired, so that nodes forget it; and delete what they were told of before."""
    is_over = _sessions.expires_at <= tx.now
    tx.db.execute(delete(tables.sessions).where(is_over, _sessions.ended_at.is_not(None)))
    _end(tx, is_over)


def _end(tx: Tx, *which: ColumnElement[bool]) -> None:
    _write(tx, {"ended_at": tx.now}, *which, _sessions.ended_at.is_(None))


def _write(tx: Tx, values: dict[str, object], *which: ColumnElement[bool]) -> None:
    query = update(tables.sessions).where(*which)
    tx.db.execute(query.values(revision=directory.touch(tx), **values))


def _of_member(account_id: int, user_id: int) -> tuple[ColumnElement[bool], ...]:
    return _sessions.account_id == account_id, _sessions.user_id == user_id
