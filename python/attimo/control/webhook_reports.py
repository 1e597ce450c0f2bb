"""What became of the deliveries of a webhook: its log, what was given up, and trying that again."""

import re
from dataclasses import dataclass

from attimo.control import audit, pages, webhook_storage, webhooks
from attimo.control.actions import reads, writes
from attimo.control.pages import Page
from attimo.control.tx import Tx
from attimo.control.webhook_queue import DELIVERED, Delivery
from attimo.control.webhook_storage import DIGITS, QUEUED, message_id
from attimo.errors import FailedPrecondition, InvalidArgument

LAST_ID = 2**63 - 1
_MESSAGE = re.compile(rf"(\d{{1,18}})-(\d{{1,18}})(?:-[0-9a-f]{{{DIGITS}}})?", re.ASCII)
"""The digest tells nothing new: a webhook has one topic."""

_LOG = """
SELECT id, at, message, attempt, status, error, milliseconds FROM webhook_deliveries
WHERE webhook_id = :webhook_id AND id < :before ORDER BY id DESC LIMIT :limit
"""
_DEAD = f"""
SELECT webhooks.account_id, caches.name, topic, page, number, published_at, dead_at, attempts,
    reason
FROM {QUEUED} JOIN caches ON caches.id = cache_id
WHERE webhook_id = :webhook_id AND dead_at IS NOT NULL AND (page, number) > (:page, :number)
ORDER BY page, number LIMIT :limit
"""  # noqa: S608
_CHOSEN = f"""
SELECT count(*), coalesce(sum(length(value)), 0)
FROM {QUEUED}
WHERE webhook_id = :webhook_id AND dead_at IS NOT NULL AND (page, number) >= (:page, :number)
"""  # noqa: S608
_AGAIN = """
UPDATE webhook_queue SET dead_at = NULL, reason = NULL
WHERE webhook_id = :webhook_id AND dead_at IS NOT NULL AND (page, number) >= (:page, :number)
"""
_WAITS = """
UPDATE webhooks SET waiting = waiting + :messages, waiting_bytes = waiting_bytes + :bytes,
next_attempt_at = 0 WHERE id = :webhook_id
"""


@dataclass(frozen=True, slots=True)
class Logged:
    """An attempt to deliver a message; `at` in milliseconds since 1970.

    Attributes:
        message: The ID of the message, or `test`.
        attempt: The number of the attempt for this message.
        status: The status of the answer; None if there was none.
        error: Why there was none.
    """

    id: int
    at: int
    message: str
    attempt: int
    status: int | None
    error: str
    milliseconds: int

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver has it."""
        return self.status in DELIVERED


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up; times in milliseconds since 1970."""

    account_id: int
    cache: str
    topic: str
    page: int
    number: int
    published_at: int
    dead_at: int
    attempts: int
    reason: str

    @property
    def message(self) -> str:
        """The ID of the message."""
        return message_id((self.account_id, self.cache, self.topic), self.page, self.number)


@reads("webhook.deliveries", webhooks.READ)
def deliveries(
    tx: Tx, account_id: int, cache: str, name: str, limit: int, next_token: str | None = None
) -> Page[Logged]:
    """Return up to `limit` attempts of a webhook, the newest first; the log has the newest 1,000.

    Raises:
        InvalidArgument: `next_token` was not returned by this function.
        NoSuchWebhook: The cache has no such webhook.
    """
    found = webhooks.get(tx, account_id, cache, name)
    before = pages.number_after(next_token, first=LAST_ID)
    rows = tx.db.all(Logged, _LOG, webhook_id=found.id, before=before, limit=limit + 1)
    return pages.cut([(str(each.id), each) for each in rows], limit)


@reads("webhook.dead-letters", webhooks.READ)
def dead_letters(
    tx: Tx, account_id: int, cache: str, name: str, limit: int, next_token: str | None = None
) -> Page[DeadLetter]:
    """Return up to `limit` messages that were given up, in their order.

    Raises:
        InvalidArgument: `next_token` was not returned by this function.
        NoSuchWebhook: The cache has no such webhook.
    """
    found = webhooks.get(tx, account_id, cache, name)
    page, number = _place(pages.after(next_token) or "0-0", "next_token")
    after = {"page": page, "number": number, "limit": limit + 1}
    rows = tx.db.all(DeadLetter, _DEAD, webhook_id=found.id, **after)
    return pages.cut([(each.message, each) for each in rows], limit)


@reads("webhook.test", webhooks.MANAGE)
def to_test(tx: Tx, account_id: int, cache: str, name: str) -> Delivery:
    """Return a message to try a webhook with; it is in no queue.

    Raises:
        NoSuchWebhook: The cache has no such webhook.
    """
    found, at = webhooks.find_to_manage(tx, account_id, cache, name), tx.now * 1000
    text = f"This is a test of the webhook {name}."
    return Delivery(
        webhook_id=found.id,
        account_id=account_id,
        url=found.url,
        secrets=webhooks.secrets_of(tx, account_id, found.id),
        cache=cache,
        topic=found.topic,
        page=0,
        number=0,
        published_at=at,
        taken_at=at,
        publisher="",
        is_text=True,
        value=text.encode(),
        attempts=0,
        failures=0,
    )


@writes("webhook.redeliver", webhooks.MANAGE)
def redeliver(tx: Tx, account_id: int, cache: str, name: str, since: str | None = None) -> int:
    """Deliver what was given up once more, before what waits; return how many messages these are.

    Those that are older than a day are sent until one of them fails; then all are given up again.

    Args:
        since: The ID of the first message; None for all.

    Raises:
        InvalidArgument: It is no ID of a message.
        FailedPrecondition: The webhook is disabled.
        NoSuchWebhook: The cache has no such webhook.
    """
    found = webhooks.find_to_manage(tx, account_id, cache, name)
    if found.disabled_at is not None:
        raise FailedPrecondition(f"The webhook {name} is disabled; set it again first")
    page, number = _place("0-0" if since is None else since, "from")
    place = {"webhook_id": found.id, "page": page, "number": number}
    [(messages, size)] = tx.db.rows(_CHOSEN, **place)
    if messages:
        tx.db.execute(_AGAIN, **place)
        webhook_storage.count_dead(tx, found.id)
        tx.db.execute(_WAITS, webhook_id=found.id, messages=messages, bytes=size)
        audit.note(tx, account_id, name, cache=cache, messages=messages)
    return int(messages)


def _place(message: str, field: str) -> tuple[int, int]:
    found = _MESSAGE.fullmatch(message)
    if found is None:
        raise InvalidArgument(
            f"{field} must be the ID of a message, such as 1764633600000000-17-0123456789ab"
        )
    return int(found[1]), int(found[2])
