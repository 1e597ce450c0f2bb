"""What waits for webhooks: messages are stored when a node hands them over, and leave when they are
delivered or given up.

Each webhook gets the messages of its topic in order, and the next one only after the one before is
delivered or given up. Nodes hand messages over in batches; a batch that is recorded twice adds
nothing, since a message is known by its page and number.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from attimo.control import audit, webhook_room, webhook_storage, webhooks
from attimo.control.actions import SERVER, writes
from attimo.control.tx import Tx
from attimo.control.webhook_room import Room
from attimo.control.webhook_storage import QUEUED
from attimo.store.connection import Value
from attimo.webhooks import retries

MOST_LOGGED = 1_000
"""Attempts of one webhook that its log has."""
MOST_ENDED = 100
"""Webhooks of deleted caches that one transaction deletes."""
GONE = 410
DELIVERED = range(200, 300)
"""The statuses by which a receiver confirms."""
_NEVER_AGAIN = "the receiver answered 410 Gone"
_TOO_OLD = "not delivered for 24 hours"

_OF_TOPIC = """
SELECT id FROM webhooks WHERE cache_id = :cache_id AND topic = :topic AND deleted_at IS NULL
"""
_STORE = """
INSERT INTO webhook_messages
(page, number, cache_id, topic, published_at, taken_at, publisher, is_text, value)
VALUES (:page, :number, :cache_id, :topic, :published_at, :taken_at, :publisher, :is_text, :value)
ON CONFLICT (page, number, cache_id, topic) DO NOTHING
"""
_ENQUEUE = """
INSERT INTO webhook_queue (webhook_id, page, number) VALUES (:id, :page, :number)
ON CONFLICT (webhook_id, page, number) DO NOTHING
"""
_COUNT = """
UPDATE webhooks SET waiting = waiting + :messages, waiting_bytes = waiting_bytes + :bytes,
dropped = dropped + :dropped WHERE id = :id
"""
_HEAD = f"""
SELECT webhooks.id, webhooks.account_id, url, secret,
    CASE WHEN old_secret_until > :now THEN old_secret END,
    caches.name, topic, page, number, published_at, taken_at, publisher, is_text, value, attempts,
    failures
FROM {QUEUED} JOIN caches ON caches.id = cache_id
WHERE webhook_id = :id AND dead_at IS NULL AND webhooks.deleted_at IS NULL AND disabled_at IS NULL
ORDER BY page, number LIMIT 1
"""  # noqa: S608
_LOG = """
INSERT INTO webhook_deliveries (webhook_id, id, at, message, attempt, status, error, milliseconds)
SELECT id, deliveries, :at, :message, :attempt, :status, :error, :milliseconds
FROM webhooks WHERE id = :id
"""
_TRIM_LOG = """
DELETE FROM webhook_deliveries WHERE webhook_id = :id
AND id <= (SELECT deliveries FROM webhooks WHERE id = :id) - :most
"""
_LEFT = """
UPDATE webhooks SET waiting = waiting - :messages, waiting_bytes = waiting_bytes - :bytes
WHERE id = :id
"""
_THE_OLD = f"FROM {QUEUED} WHERE webhook_id = :id AND dead_at IS NULL AND published_at <= :oldest"
_OLD = f"SELECT count(*), coalesce(sum(length(value)), 0) {_THE_OLD}"
_GIVE_UP_OLD = f"""
UPDATE webhook_queue SET dead_at = :at, reason = :reason
WHERE webhook_id = :id AND (page, number) IN (SELECT page, number {_THE_OLD})
"""  # noqa: S608
_END_OLD_SECRETS = """
UPDATE webhooks SET old_secret = NULL, old_secret_until = NULL WHERE old_secret_until <= :now
"""
# The newest ones that fit into both limits stay.
_DEAD_TOO_MANY = f"""
SELECT page, number FROM (
    SELECT page, number, row_number() OVER newest AS place, sum(length(value)) OVER newest AS bytes
    FROM {QUEUED}
    WHERE webhook_id = :id AND dead_at IS NOT NULL
    WINDOW newest AS (ORDER BY page DESC, number DESC)
) AS dead WHERE place > :most OR (bytes > :most_bytes AND place > 1)
"""  # noqa: S608


class Message(Protocol):
    """A message as a node hands it over; times in milliseconds since 1970."""

    @property
    def cache_id(self) -> int: ...  # noqa: D102
    @property
    def topic(self) -> str: ...  # noqa: D102
    @property
    def page(self) -> int: ...  # noqa: D102
    @property
    def number(self) -> int: ...  # noqa: D102
    @property
    def published_at(self) -> int: ...  # noqa: D102
    @property
    def publisher(self) -> str: ...  # noqa: D102
    @property
    def is_text(self) -> bool: ...  # noqa: D102
    @property
    def value(self) -> bytes: ...  # noqa: D102


class Batch(Protocol):
    """What a node hands over: messages, and how many of a topic it had to drop before these."""

    @property
    def messages(self) -> Sequence[Message]: ...  # noqa: D102
    @property
    def dropped(self) -> Sequence[tuple[int, str, int]]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to deliver, and to where; times in milliseconds since 1970.

    Attributes:
        secrets: Those that sign it, the newest first.
        attempts: How often it was tried before.
        failures: How many attempts of the webhook have failed in a row.
    """

    webhook_id: int
    account_id: int
    url: str
    secrets: tuple[str, ...]
    cache: str
    topic: str
    page: int
    number: int
    published_at: int
    taken_at: int
    publisher: str
    is_text: bool
    value: bytes
    attempts: int
    failures: int

    @property
    def message(self) -> str:
        """The ID of the message, which no message of another topic has."""
        topic = (self.account_id, self.cache, self.topic)
        return webhook_storage.message_id(topic, self.page, self.number)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to deliver a message.

    Attributes:
        at: When it began, in milliseconds since 1970.
        milliseconds: How long it took.
        status: The status of the answer; None if there was none.
        error: Why there was none.
        pause: How many milliseconds to wait from its end to the next one, after a failure.
    """

    delivery: Delivery
    at: int
    milliseconds: int
    status: int | None
    error: str = ""
    pause: int = 0

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver has it."""
        return self.status in DELIVERED


@writes("webhook.queue", SERVER, audited=False)
def record(tx: Tx, batch: Batch, at: int) -> None:
    """Store messages for all webhooks of their topics.

    What is too much for a webhook, or comes while it is disabled, is counted and not stored.
    """
    # What clients publish to the topic of events is none: only the server tells these.
    store(tx, [each for each in batch.messages if each.topic != webhooks.EVENTS], at)
    for cache_id, topic, many in batch.dropped:
        for id in _webhooks(tx, cache_id, topic) if topic != webhooks.EVENTS else ():
            tx.db.execute(_COUNT, id=id, messages=0, bytes=0, dropped=many)


@writes("webhook.store", SERVER, audited=False)
def store(tx: Tx, batch: Iterable[Message], at: int) -> None:
    """Store messages for all webhooks of their topics, as `record` does."""
    of_topics: dict[tuple[int, str], list[Message]] = {}
    for message in batch:
        of_topics.setdefault((message.cache_id, message.topic), []).append(message)
    of_all = webhook_room.all_waiting(tx)
    for (cache_id, topic), messages in of_topics.items():
        for id in _webhooks(tx, cache_id, topic):
            room = webhook_room.to_wait(tx, id, of_all)
            _enqueue(tx, id, messages, room, at)
            of_all = room.of_all


def head(tx: Tx, webhook_id: int) -> Delivery | None:
    """Return the next message of a webhook; None if there is none."""
    for id, account_id, url, secret, old, *rest in tx.db.rows(_HEAD, id=webhook_id, now=tx.now):
        secrets = (secret, old) if old else (secret,)
        return Delivery(id, account_id, url, secrets, *rest)
    return None


def exist(tx: Tx) -> bool:
    """Whether there is a webhook."""
    return tx.db.scalar("SELECT 1 FROM webhooks WHERE deleted_at IS NULL LIMIT 1") is not None


@writes("webhook.deliver", SERVER, audited=False)
def settle(tx: Tx, attempts: Iterable[Attempt]) -> None:
    """Record what became of attempts.

    A delivered message leaves the queue. All that are too old after a failure are given up. A
    receiver that answers 410 is never asked again: its webhook is disabled, and all that waits is
    given up. Old secrets whose time is over are deleted, too.
    """
    tx.db.execute(_END_OLD_SECRETS, now=tx.now)
    for each in attempts:
        if not _log(tx, each):
            continue  # the webhook was deleted or has another topic meanwhile
        if each.is_delivered:
            _take_out(tx, each)
        elif not _has_same_url(tx, each.delivery):
            continue  # this tells nothing about its new receiver
        elif each.status == GONE:
            _disable(tx, each)
        else:
            _fail(tx, each)


@writes("webhook.log", SERVER, audited=False)
def log(tx: Tx, webhook_id: int, attempt: Attempt) -> None:
    """Record a test delivery, which changes nothing else."""
    _write_log(tx, webhook_id, "test", 1, attempt)


@writes("webhook.expire", SERVER)
def end_orphans(tx: Tx) -> bool:
    """Delete up to 100 webhooks of caches that are deleted; return whether there may be more."""
    query = """
        SELECT webhooks.id, webhooks.account_id, webhooks.name, caches.name
        FROM webhooks JOIN caches ON caches.id = cache_id
        WHERE webhooks.deleted_at IS NULL AND caches.deleted_at IS NOT NULL LIMIT :most"""
    found = tx.db.rows(query, most=MOST_ENDED)
    if found:
        webhooks.end(tx, [id for id, *_ in found])
    for _, account_id, name, cache in found:
        audit.note_of_system(tx, account_id, "webhook.expire", name, cache=cache)
    return len(found) == MOST_ENDED


def _webhooks(tx: Tx, cache_id: int, topic: str) -> list[int]:
    return [id for (id,) in tx.db.rows(_OF_TOPIC, cache_id=cache_id, topic=topic)]


def _enqueue(tx: Tx, id: int, messages: Sequence[Message], room: Room, at: int) -> None:
    before, added, dropped = room.own, 0, 0
    for each in messages:
        if not room.has(len(each.value)):
            dropped += 1
            continue
        tx.db.execute(_STORE, **_row(each, at))
        if tx.db.execute(_ENQUEUE, id=id, page=each.page, number=each.number):
            room.take(len(each.value))
            added += 1
    tx.db.execute(_COUNT, id=id, messages=added, bytes=room.own - before, dropped=dropped)


def _row(message: Message, at: int) -> dict[str, Value]:
    return {
        "page": message.page,
        "number": message.number,
        "cache_id": message.cache_id,
        "topic": message.topic,
        "published_at": message.published_at,
        "taken_at": at,
        "publisher": message.publisher,
        "is_text": message.is_text,
        "value": message.value,
    }


def _log(tx: Tx, attempt: Attempt) -> bool:
    delivery = attempt.delivery
    place = {"id": delivery.webhook_id, "page": delivery.page, "number": delivery.number}
    query = """
        UPDATE webhook_queue SET attempts = attempts + 1
        WHERE webhook_id = :id AND page = :page AND number = :number AND dead_at IS NULL
        AND (SELECT topic FROM webhooks WHERE id = :id) = :topic"""
    is_there = bool(tx.db.execute(query, topic=delivery.topic, **place))
    if is_there:
        _write_log(tx, delivery.webhook_id, delivery.message, delivery.attempts + 1, attempt)
    return is_there


def _has_same_url(tx: Tx, delivery: Delivery) -> bool:
    url = tx.db.scalar("SELECT url FROM webhooks WHERE id = :id", id=delivery.webhook_id)
    return bool(url == delivery.url)


def _write_log(tx: Tx, webhook_id: int, message: str, number: int, attempt: Attempt) -> None:
    tx.db.execute("UPDATE webhooks SET deliveries = deliveries + 1 WHERE id = :id", id=webhook_id)
    tx.db.execute(
        _LOG,
        id=webhook_id,
        at=attempt.at,
        message=message,
        attempt=number,
        status=attempt.status,
        error=attempt.error,
        milliseconds=attempt.milliseconds,
    )
    tx.db.execute(_TRIM_LOG, id=webhook_id, most=MOST_LOGGED)


def _take_out(tx: Tx, attempt: Attempt) -> None:
    delivery = attempt.delivery
    webhook_storage.take_out(tx, delivery.webhook_id, delivery.page, delivery.number)
    _leave(tx, delivery.webhook_id, 1, len(delivery.value))
    query = "UPDATE webhooks SET failures = 0, next_attempt_at = 0 WHERE id = :id AND failures > 0"
    tx.db.execute(query, id=delivery.webhook_id)


def _fail(tx: Tx, attempt: Attempt) -> None:
    delivery, ended = attempt.delivery, attempt.at + attempt.milliseconds
    query = """
        UPDATE webhooks SET failures = failures + 1, next_attempt_at = :next WHERE id = :id"""
    tx.db.execute(query, id=delivery.webhook_id, next=ended + attempt.pause)
    if delivery.published_at <= attempt.at - retries.GIVE_UP_SECONDS * 1000:
        _give_up_old(tx, delivery.webhook_id, attempt.at)


def _give_up_old(tx: Tx, id: int, at: int) -> None:
    oldest = at - retries.GIVE_UP_SECONDS * 1000
    [(messages, size)] = tx.db.rows(_OLD, id=id, oldest=oldest)
    tx.db.execute(_GIVE_UP_OLD, id=id, oldest=oldest, at=at, reason=_TOO_OLD)
    _leave(tx, id, messages, size)
    _trim_dead(tx, id)


def _disable(tx: Tx, attempt: Attempt) -> None:
    id = attempt.delivery.webhook_id
    query = """
        UPDATE webhooks SET disabled_at = :now, waiting = 0, waiting_bytes = 0
        WHERE id = :id RETURNING account_id, name"""
    [(account_id, name)] = tx.db.rows(query, id=id, now=tx.now)
    query = """
        UPDATE webhook_queue SET dead_at = :at, reason = :reason
        WHERE webhook_id = :id AND dead_at IS NULL"""
    tx.db.execute(query, id=id, at=attempt.at, reason=_NEVER_AGAIN)
    _trim_dead(tx, id)
    details = {"cache": attempt.delivery.cache, "reason": _NEVER_AGAIN}
    audit.note_of_system(tx, account_id, "webhook.disable", name, **details)


def _leave(tx: Tx, id: int, messages: int, size: int) -> None:
    tx.db.execute(_LEFT, id=id, messages=messages, bytes=size)


def _trim_dead(tx: Tx, id: int) -> None:
    room = webhook_room.for_dead(tx, id)
    for page, number in tx.db.rows(_DEAD_TOO_MANY, id=id, most=room.places, most_bytes=room.bytes):
        webhook_storage.take_out(tx, id, page, number)
    webhook_storage.count_dead(tx, id)
