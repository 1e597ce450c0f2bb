"""Which webhooks are due: those whose next message may be tried."""

import json
from collections.abc import Iterable

from attimo.control.tx import Tx

_DUE = """
SELECT webhooks.id, webhooks.account_id FROM webhooks
JOIN caches ON caches.id = cache_id JOIN accounts ON accounts.id = webhooks.account_id
WHERE waiting > 0 AND next_attempt_at <= :at AND disabled_at IS NULL
AND webhooks.deleted_at IS NULL AND caches.deleted_at IS NULL
AND (caches.expires_at IS NULL OR caches.expires_at > :now) AND suspended_at IS NULL
AND webhooks.id > :after
AND webhooks.id NOT IN (SELECT CAST(value AS BIGINT) FROM json_each(:busy))
AND webhooks.account_id NOT IN (SELECT CAST(value AS BIGINT) FROM json_each(:full))
ORDER BY webhooks.id LIMIT :limit
"""
_NEXT_DUE = """
SELECT min(next_attempt_at) FROM webhooks
WHERE waiting > 0 AND next_attempt_at > :at AND disabled_at IS NULL
"""


def due(
    tx: Tx,
    at: int,
    limit: int,
    after: int = 0,
    busy: Iterable[int] = (),
    full: Iterable[int] = (),
) -> list[tuple[int, int]]:
    """Return up to `limit` webhooks whose next message is due, with their accounts, by ID.

    Args:
        at: The time, in milliseconds since 1970.
        after: Only those with a higher ID.
        busy: Not these webhooks.
        full: None of these accounts.
    """
    without = {"busy": json.dumps(list(busy)), "full": json.dumps(list(full))}
    rows = tx.db.rows(_DUE, at=at, now=tx.now, after=after, limit=limit, **without)
    return [(id, account) for id, account in rows]


def next_due(tx: Tx, at: int) -> int | None:
    """When the next one is due that is not yet, in milliseconds since 1970."""
    first: int | None = tx.db.scalar(_NEXT_DUE, at=at)
    return first
