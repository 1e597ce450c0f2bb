"""The messages that are stored for webhooks: one for all webhooks of its topic."""

import hashlib

from attimo.control.actions import SERVER, writes
from attimo.control.tx import Tx
from attimo.store.connection import Value

# A page may have the same number in two topics, so that alone does not tell whose a message is.
QUEUED = """
webhook_queue JOIN webhooks ON webhooks.id = webhook_queue.webhook_id
JOIN webhook_messages USING (page, number, cache_id, topic)
"""
DIGITS = 12
"""Of the digest in the ID of a message."""
_FORGET = """
DELETE FROM webhook_messages WHERE rowid IN (
    SELECT webhook_messages.rowid FROM {queued} WHERE webhook_id = :id AND {which}
) AND NOT EXISTS (
    SELECT 1 FROM webhook_queue AS other JOIN webhooks ON webhooks.id = other.webhook_id
    WHERE other.page = webhook_messages.page AND other.number = webhook_messages.number
    AND webhooks.cache_id = webhook_messages.cache_id AND webhooks.topic = webhook_messages.topic
    AND other.webhook_id <> :id
)
"""
_COUNT_DEAD = f"""
UPDATE webhooks SET (dead, dead_bytes) = (
    SELECT count(*), coalesce(sum(length(value)), 0) FROM {QUEUED}
    WHERE webhook_id = :id AND dead_at IS NOT NULL
) WHERE id = :id
"""  # noqa: S608
_TAKE_OUT = "DELETE FROM webhook_queue WHERE webhook_id = :id AND {which}"
_ONE = "page = :page AND number = :number"


def message_id(topic: tuple[int, str, str], page: int, number: int) -> str:
    """Return the ID of a message: its page, its number, and a digest of whose topic it is.

    Args:
        topic: The ID of the account, the name of the cache, and that of the topic.
    """
    account_id, cache, name = topic
    digest = hashlib.sha256(f"{account_id}\0{cache}\0{name}".encode()).hexdigest()
    return f"{page}-{number}-{digest[:DIGITS]}"


def take_out(tx: Tx, webhook_id: int, page: int, number: int) -> None:
    """Delete a message of a webhook, unless another one needs it, from the queue of this one."""
    _remove(tx, _ONE, id=webhook_id, page=page, number=number)


@writes("webhook.count-dead", SERVER, audited=False)
def count_dead(tx: Tx, webhook_id: int) -> None:
    """Note how many messages of a webhook were given up, after some were, or are no longer."""
    tx.db.execute(_COUNT_DEAD, id=webhook_id)


def empty(tx: Tx, webhook_id: int) -> None:
    """Delete what waits for a webhook and what was given up; its topic is still that of these."""
    _remove(tx, "TRUE", id=webhook_id)


def _remove(tx: Tx, which: str, **values: Value) -> None:
    tx.db.execute(_FORGET.format(queued=QUEUED, which=which), **values)
    tx.db.execute(_TAKE_OUT.format(which=which), **values)
