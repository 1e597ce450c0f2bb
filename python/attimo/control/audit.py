"""The audit log: who did what, when and from where.

An entry is written in the transaction of its action, so neither exists without the other. The
table is append-only.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from attimo.control import chosen_accounts, pages
from attimo.control.actions import reads
from attimo.control.actor import SYSTEM, Actor
from attimo.control.chosen_accounts import Chosen
from attimo.control.pages import Page
from attimo.control.permissions import Right
from attimo.control.tx import Tx

LAST_ID = 2**63 - 1

# The empty noun matches every action.
_PAGE = """
SELECT audit.id, at, actor, peer, action, subject, details, account_id, name
FROM audit LEFT JOIN accounts ON accounts.id = account_id
WHERE {accounts} AND audit.id < :before AND at >= :since
AND (action = :action OR substr(action, 1, length(:noun)) = :noun)
ORDER BY audit.id DESC LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """An action that was performed; `at` in seconds since 1970 (UTC).

    Attributes:
        actor: `key …`, `member …`, `local`, or `system`.
        peer: The client's address; empty for the server itself.
        action: A noun and a verb, such as `cache.create`.
        subject: The name or ID of what it was performed on.
        details: Further facts; never a secret.
        account_id: The account, or 0 for a user without one.
        account: The account's name, if there is one.
    """

    id: int
    at: int
    actor: str
    peer: str
    action: str
    subject: str
    details: dict[str, Any] = field(default_factory=dict)
    account_id: int = 0
    account: str | None = None


def note(tx: Tx, account_id: int, subject: str, **details: object) -> None:
    """Record that the actor performs the current action."""
    _write(tx, tx.actor, account_id, tx.action, subject, details)


def note_of_system(tx: Tx, account_id: int, action: str, subject: str, **details: object) -> None:
    """Record what the server does by itself in this transaction, whoever the actor is."""
    _write(tx, SYSTEM, account_id, action, subject, details)


def _write(
    tx: Tx, actor: Actor, account_id: int, action: str, subject: str, details: dict[str, object]
) -> None:
    tx.db.insert(
        "audit",
        account_id=account_id,
        at=tx.now,
        actor=actor.name,
        peer=actor.peer,
        action=action,
        subject=subject,
        details=json.dumps(details),
    )
    tx.entries += 1


@reads("audit.list", Right("account_management", "read"))
def list_page(
    tx: Tx,
    account_id: int,
    limit: int,
    next_token: str | None = None,
    action: str | None = None,
    since: int | None = None,
) -> Page[Entry]:
    """Return up to `limit` entries of an account, newest first.

    Args:
        action: Only entries of this action or noun (`cache` matches `cache.create`).
        since: Only entries at or after this second.

    Raises:
        InvalidArgument: `next_token` was not returned by this function.
    """
    return _page(tx, Chosen([account_id]), limit, next_token, action, since)


@reads("audit.list-all", chosen_accounts.READ)
def list_page_of(
    tx: Tx,
    _: int,
    chosen: Chosen,
    limit: int,
    next_token: str | None = None,
    action: str | None = None,
    since: int | None = None,
) -> Page[Entry]:
    """Return up to `limit` entries of several accounts of the server, as `list_page` does.

    Raises:
        InvalidArgument: `next_token` was not returned by this function.
    """
    return _page(tx, chosen, limit, next_token, action, since)


def _page(
    tx: Tx,
    chosen: Chosen,
    limit: int,
    next_token: str | None,
    action: str | None,
    since: int | None,
) -> Page[Entry]:
    found = tx.db.all(
        _entry,
        _PAGE.format(accounts=chosen.condition("account_id")),
        **chosen.values(),
        before=pages.number_after(next_token, first=LAST_ID),
        since=since or 0,
        action=action,
        noun=f"{action}." if action else "",
        limit=limit + 1,
    )
    return pages.cut([(str(entry.id), entry) for entry in found], limit)


def _entry(
    id: int, at: int, actor: str, peer: str, action: str, subject: str, details: str, *of: Any
) -> Entry:
    return Entry(id, at, actor, peer, action, subject, json.loads(details), *of)
