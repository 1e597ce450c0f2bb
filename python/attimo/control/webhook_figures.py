"""What waits for all webhooks, and what became of deliveries: for metrics."""

from dataclasses import dataclass

from attimo.control.tx import Tx
from attimo.webhooks import retries

_STORED = """
SELECT
    count(*) FILTER (WHERE disabled_at IS NULL AND failures < :many),
    count(*) FILTER (WHERE disabled_at IS NULL AND failures >= :many),
    count(*) FILTER (WHERE disabled_at IS NOT NULL),
    coalesce(sum(waiting), 0), coalesce(sum(waiting_bytes), 0), coalesce(sum(dead), 0)
FROM webhooks WHERE deleted_at IS NULL
"""
# The next message of a webhook is its oldest one.
_OLDEST = """
SELECT coalesce(min((
    SELECT published_at FROM webhook_queue AS queue JOIN webhook_messages AS message
        ON message.page = queue.page AND message.number = queue.number
        AND message.cache_id = webhooks.cache_id AND message.topic = webhooks.topic
    WHERE queue.webhook_id = webhooks.id AND dead_at IS NULL
    ORDER BY queue.page, queue.number LIMIT 1
)) / 1000, 0)
FROM webhooks JOIN accounts ON accounts.id = webhooks.account_id
WHERE waiting > 0 AND suspended_at IS NULL
"""


@dataclass(slots=True)
class Attempts:
    """How many attempts to deliver a message had which result, since the start.

    Attributes:
        delivered: The receiver has confirmed it.
        refused: It has answered otherwise.
        unanswered: There was no answer.
    """

    delivered: int = 0
    refused: int = 0
    unanswered: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of all webhooks.

    Attributes:
        active: Webhooks in this state.
        open: Those whose circuit is open.
        disabled: Those whose receiver is gone.
        delivered: Attempts; see `Attempts`.
        refused: The same.
        unanswered: The same.
        waiting: Messages that wait.
        waiting_bytes: How many bytes these have.
        oldest: When the oldest of these was published, in seconds since 1970; 0 if there is none.
            What waits for a suspended account does not count.
        dead: Messages that were given up, and can be delivered again.
        dropped: Messages that were not stored, since the start.
    """

    active: int
    open: int
    disabled: int
    waiting: int
    waiting_bytes: int
    dead: int
    oldest: int
    dropped: int
    delivered: int
    refused: int
    unanswered: int


def dropped(tx: Tx) -> int:
    """Return how many messages were ever not stored for a webhook."""
    found: int = tx.db.scalar("SELECT coalesce(sum(dropped), 0) FROM webhooks")
    return found


def measure(tx: Tx, attempts: Attempts, dropped_before: int) -> Figures:
    """Return the figures.

    Args:
        attempts: Those since the start.
        dropped_before: What `dropped` was at the start.
    """
    [(active, open, disabled, waiting, size, dead)] = tx.db.rows(_STORED, many=retries.OPEN_AFTER)
    oldest, lost = tx.db.scalar(_OLDEST), dropped(tx) - dropped_before
    states, stored = (active, open, disabled), (waiting, size, dead, oldest, lost)
    return Figures(*states, *stored, attempts.delivered, attempts.refused, attempts.unanswered)
