"""The audit trail: who did what, when and from where.

A note is written in the transaction of what it tells, so there is neither one without the other.
The table takes new rows only.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select

from attimo.control import pages
from attimo.control.actor import SYSTEM, Actor
from attimo.control.pages import Page
from attimo.control.tx import Tx
from attimo.errors import InvalidArgument
from attimo.store import tables


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done; `at` in seconds since 1970 (UTC).

    Attributes:
        actor: `key …`, `member …`, `local`, or `system`.
        peer: The address from which it was asked for; empty for the server itself.
        action: A noun and a verb, such as `cache.create`.
        subject: The name or id of what it was done to.
        details: What else is worth knowing; never a secret.
    """

    id: int
    at: int
    actor: str
    peer: str
    action: str
    subject: str
    details: dict[str, Any] = field(default_factory=dict)


def note(tx: Tx, account_id: int, action: str, subject: str, **details: object) -> None:
    """Write down what the actor of this transaction does in it."""
    _write(tx, tx.actor, account_id, action, subject, details)


def note_of_system(tx: Tx, account_id: int, action: str, subject: str, **details: object) -> None:
    """Write down what the server does by itself in this transaction, whoever acts in it."""
    _write(tx, SYSTEM, account_id, action, subject, details)


def _write(
    tx: Tx, actor: Actor, account_id: int, action: str, subject: str, details: dict[str, object]
) -> None:
    row = {
        "account_id": account_id,
        "at": tx.now,
        "actor": actor.name,
        "peer": actor.peer,
        "action": action,
        "subject": subject,
        "details": json.dumps(details),
    }
    tx.db.execute(insert(tables.audit).values(row))


def list_page(
    tx: Tx,
    account_id: int,
    limit: int,
    next_token: str | None = None,
    action: str | None = None,
    since: int | None = None,
) -> Page[Entry]:
    """Return up to `limit` entries of an account, the newest first.

    Args:
        action: Only those of this action, or of this noun (`cache` is all of `cache.…`).
        since: Only those at or after this moment.

    Raises:
        InvalidArgument: `next_token` is not one that this returned.
    """
    entries = tables.audit.c
    query = select(tables.audit).where(entries.account_id == account_id)
    if next_token:
        query = query.where(entries.id < _id(pages.after(next_token)))
    if action:
        query = query.where(
            (entries.action == action) | entries.action.startswith(f"{action}.", autoescape=True)
        )
    if since is not None:
        query = query.where(entries.at >= since)
    rows = tx.db.execute(query.order_by(entries.id.desc()).limit(limit + 1))
    return pages.cut([(str(row.id), _entry(row)) for row in rows], limit)


def _entry(row: Any) -> Entry:
    details = json.loads(row.details)
    return Entry(row.id, row.at, row.actor, row.peer, row.action, row.subject, details)


def _id(mark: str) -> int:
    if not mark.isdecimal() or len(mark) > 18:
        raise InvalidArgument("next_token must be one that a list has returned")
    return int(mark)
