"""Events of an account, for the webhooks on its topic of events and for its subscribers.

Some entries of the audit log are events. They are stored for webhooks in the transaction that
writes the entry, so neither exists without the other, and a restart loses none. Subscribers are
told after the commit. Their form is CloudEvents 1.0, structured, in JSON (cloudevents.io).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from attimo.control import webhook_queue, webhooks
from attimo.control.actions import SERVER, writes
from attimo.control.tx import Tx

TYPES: Mapping[str, str] = {
    "allowance.reach": "attimo.allowance.reached",
    "cache.delete": "attimo.cache.deleted",
    "cache.expire": "attimo.cache.expired",
    "eviction.begin": "attimo.cache.evictions-began",
    "key.revoke": "attimo.key.revoked",
}
"""The types of events, by the action in the audit log."""
TOPIC = webhooks.EVENTS
"""The topic of events, in each cache."""
PAGE = 1
"""Of all events: their numbers are IDs of the audit log, which go on over restarts."""

_NEWEST = """
SELECT id, account_id, at, actor, action, subject, details FROM audit ORDER BY id DESC LIMIT :limit
"""
_CACHES = """
SELECT DISTINCT cache_id FROM webhooks
WHERE account_id = :account_id AND topic = :topic AND deleted_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Message:
    """An event as a message; see `attimo.control.webhook_queue.Message`."""

    cache_id: int
    number: int
    published_at: int
    value: bytes
    topic: str = TOPIC
    page: int = PAGE
    publisher: str = ""
    is_text: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the audit log that has just been written; `details` is JSON."""

    id: int
    account_id: int
    at: int
    actor: str
    action: str
    subject: str
    details: str

    def event(self) -> dict[str, Any]:
        """Return it as an event; its ID is that of the entry."""
        return {
            "specversion": "1.0",
            "id": str(self.id),
            "source": f"/accounts/{self.account_id}",
            "type": TYPES[self.action],
            "subject": self.subject,
            "time": datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "datacontenttype": "application/json",
            "data": {"actor": self.actor} | json.loads(self.details),
        }

    @property
    def text(self) -> str:
        """The event in JSON."""
        return json.dumps(self.event(), ensure_ascii=False, separators=(",", ":"))


@writes("event.tell", SERVER, audited=False)
def tell(tx: Tx) -> list[Entry]:
    """Store the events among the audit entries of this transaction, for all webhooks on them.

    Returns:
        These entries, in their order: subscribers are told once they are committed.
    """
    newest = tx.db.all(Entry, _NEWEST, limit=tx.entries)
    events = [entry for entry in reversed(newest) if entry.action in TYPES]
    for entry in events:
        _store(tx, entry)
    return events


def _store(tx: Tx, entry: Entry) -> None:
    caches = tx.db.rows(_CACHES, account_id=entry.account_id, topic=TOPIC)
    for (cache_id,) in caches:
        message = Message(cache_id, entry.id, entry.at * 1000, entry.text.encode())
        webhook_queue.store(tx, [message], tx.now * 1000)
