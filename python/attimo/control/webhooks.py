"""Webhooks: messages of a topic, posted to a URL of the account's choice.

Who creates one must be able to subscribe to the topic: a webhook is a subscription that goes on
without a client. It belongs to the account, not to who has created it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from attimo import names
from attimo.control import audit, directory, pages, webhook_storage
from attimo.control.actions import SERVER, reads, writes
from attimo.control.pages import Page
from attimo.control.permissions import Right, Rule
from attimo.control.selectors import Selector
from attimo.control.tx import Tx
from attimo.errors import Exhausted, InvalidArgument, NoSuchCache, NoSuchWebhook
from attimo.store.connection import Value
from attimo.webhooks import retries, signatures

MANAGE = Right("resource_management", "write", about=None)
READ = Right("resource_management", "read", about=None)

READ_EVENTS = Right("account_management", "read")
"""As for the audit log, which has the same."""

EVENTS = "$attimo.events"
"""The topic of the account's events, in each cache: only the server tells them."""

LONGEST_NAME = 128
LONGEST_TOPIC = 1024
"""In bytes."""
LONGEST_URL = 1024
MOST_OF_CACHE = 10
MOST_OF_ACCOUNT = 50
KEEP_OLD_SECONDS = 24 * 3600
"""How long an old secret signs beside a new one, by default."""
MOST_KEEP_OLD_SECONDS = 7 * 24 * 3600

_NAME = re.compile(rf"(?!\.{{1,2}}\Z)(?! )[ -.0-~]{{1,{LONGEST_NAME}}}(?<! )")
NAME_RULE = f"1 to {LONGEST_NAME} printable ASCII characters, no '/', no blank at either end"
URL_RULE = (
    f"an http:// or https:// URL of at most {LONGEST_URL} ASCII characters, without a user, a "
    "password or a fragment"
)

_COLUMNS = """
webhooks.id, caches.name, webhooks.name, topic, url, webhooks.created_at, disabled_at, failures,
next_attempt_at, waiting, dropped, dead,
CASE WHEN old_secret_until > :now THEN old_secret_until END
"""
_OF_ACCOUNT = """
FROM webhooks JOIN caches ON caches.id = cache_id
WHERE webhooks.account_id = :account_id AND webhooks.deleted_at IS NULL
AND caches.deleted_at IS NULL AND (caches.expires_at IS NULL OR caches.expires_at > :now)
"""
_FIND = f"SELECT {_COLUMNS} {_OF_ACCOUNT} AND caches.name = :cache AND webhooks.name = :name"
_SECRETS = f"""
SELECT secret, CASE WHEN old_secret_until > :now THEN old_secret END
{_OF_ACCOUNT} AND webhooks.id = :id
"""
_PAGE = f"""
SELECT {_COLUMNS} {_OF_ACCOUNT} AND webhooks.id > :after
AND (CAST(:cache AS TEXT) IS NULL OR caches.name = :cache) AND ({{listable}})
ORDER BY webhooks.id LIMIT :limit
"""
_CHOSEN = {
    "all": "TRUE",
    "exact": "caches.name = {0}",
    "prefix": "substr(caches.name, 1, length({0})) = {0}",
}
_CACHE = """
SELECT id FROM caches WHERE account_id = :account_id AND name = :cache AND deleted_at IS NULL
AND (expires_at IS NULL OR expires_at > :now)
"""
_COUNTS = f"SELECT count(*), count(*) FILTER (WHERE caches.name = :cache) {_OF_ACCOUNT}"
_UPDATE = """
UPDATE webhooks SET topic = :topic, url = :url, disabled_at = NULL, failures = 0,
next_attempt_at = 0, revision = :revision WHERE id = :id
"""
_NOTHING_WAITS = """
UPDATE webhooks SET waiting = 0, waiting_bytes = 0, dead = 0, dead_bytes = 0 WHERE id = :id
"""
_ROTATE = """
UPDATE webhooks SET old_secret = CASE WHEN :until > :now THEN secret END,
old_secret_until = CASE WHEN :until > :now THEN :until END, secret = :secret WHERE id = :id
"""
_DELETE = """
UPDATE webhooks SET deleted_at = :now, revision = :revision, secret = '', old_secret = NULL,
waiting = 0, waiting_bytes = 0, dead = 0, dead_bytes = 0 WHERE id = :id
"""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook; `created_at` and `disabled_at` in seconds since 1970.

    Attributes:
        failures: How many attempts have failed in a row.
        next_attempt_at: In milliseconds since 1970, after a failure.
        waiting: Messages that are not delivered yet.
        dropped: Messages that were not stored, since there were too many, or it was disabled.
        dead: Messages that were given up.
        old_secret_until: Until when the secret before this one signs, too.
    """

    id: int
    cache: str
    name: str
    topic: str
    url: str
    created_at: int
    disabled_at: int | None
    failures: int
    next_attempt_at: int
    waiting: int
    dropped: int
    dead: int
    old_secret_until: int | None

    @property
    def state(self) -> str:
        """`active`; `open` while its circuit is, after many failures in a row; `disabled`."""
        if self.disabled_at is not None:
            return "disabled"
        return "open" if self.failures >= retries.OPEN_AFTER else "active"


@dataclass(frozen=True, slots=True)
class Put:
    """A webhook that was created or changed, with its secret."""

    webhook: Webhook
    secret: str = field(repr=False)
    is_new: bool = True


@writes("webhook.put", MANAGE)
def put(tx: Tx, account_id: int, cache: str, name: str, topic: str, url: str) -> Put:
    """Create a webhook, or change its topic and URL; one that was disabled works again.

    The secret of one that exists stays. Messages that wait go to the new URL; with a new topic,
    they are deleted, and so are the dead letters.

    Raises:
        InvalidName, InvalidArgument: A field is invalid; the message names it.
        PermissionDenied: The actor may not change the cache, or not read the topic, old or new;
            for the topic of events, not the audit log.
        NoSuchCache: The account has no such cache.
        Exhausted: The cache or the account has as many webhooks as it may have.
    """
    _need_to_manage(tx, cache, name)
    _check(topic, url)
    _need_to_read(tx, cache, topic)
    before = _find(tx, account_id, cache, name)
    revision = directory.touch(tx)
    if before is None:
        _need_room(tx, account_id, cache)
        _insert(tx, account_id, cache, name=name, topic=topic, url=url, revision=revision)
    elif (before.topic, before.url, before.state) != (topic, url, "active"):
        _change(tx, before, cache, topic=topic, url=url, revision=revision)
    made = _existing(tx, account_id, cache, name)
    audit.note(tx, account_id, name, cache=cache, topic=topic, host=urlsplit(url).hostname)
    return Put(made, secrets_of(tx, account_id, made.id)[0], before is None)


@reads("webhook.get", READ)
def get(tx: Tx, account_id: int, cache: str, name: str) -> Webhook:
    """Return a webhook.

    Raises:
        PermissionDenied: The actor may not read what the cache has.
        NoSuchWebhook: The cache has no such webhook.
    """
    tx.actor.need(READ.on(cache))
    return _existing(tx, account_id, cache, name)


@reads("webhook.list", READ)
def list_page(
    tx: Tx, account_id: int, limit: int, next_token: str | None = None, cache: str | None = None
) -> Page[Webhook]:
    """Return up to `limit` webhooks of the caches that the actor may read, the oldest first.

    Args:
        cache: Only those of this cache.

    Raises:
        InvalidArgument: `next_token` was not returned by this function.
    """
    listable, values = _listable(tx)
    values |= {"account_id": account_id, "now": tx.now, "cache": cache, "limit": limit + 1}
    values["after"] = pages.number_after(next_token, first=0)
    found = tx.db.all(Webhook, _PAGE.format(listable=listable), **values)
    return pages.cut([(str(each.id), each) for each in found], limit)


@writes("webhook.delete", MANAGE)
def delete(tx: Tx, account_id: int, cache: str, name: str) -> None:
    """Delete a webhook, and what waits for it.

    Raises:
        PermissionDenied: The actor may not change the cache.
        NoSuchWebhook: The cache has no such webhook.
    """
    found = find_to_manage(tx, account_id, cache, name)
    end(tx, [found.id])
    audit.note(tx, account_id, name, cache=cache)


@reads("webhook.secret", MANAGE)
def secret(tx: Tx, account_id: int, cache: str, name: str) -> str:
    """Return the secret, as Momento's clients ask for it.

    Raises:
        PermissionDenied: The actor may not change the cache.
        NoSuchWebhook: The cache has no such webhook.
    """
    found = find_to_manage(tx, account_id, cache, name)
    return secrets_of(tx, account_id, found.id)[0]


@writes("webhook.rotate-secret", MANAGE)
def rotate(
    tx: Tx, account_id: int, cache: str, name: str, keep_old_seconds: int = KEEP_OLD_SECONDS
) -> Put:
    """Give a webhook a new secret.

    Args:
        keep_old_seconds: How long the old one signs, too, where a delivery can have two signatures.

    Raises:
        InvalidArgument: `keep_old_seconds` is out of its range.
        PermissionDenied: The actor may not change the cache.
        NoSuchWebhook: The cache has no such webhook.
    """
    if not 0 <= keep_old_seconds <= MOST_KEEP_OLD_SECONDS:
        raise InvalidArgument(f"keep_old_seconds must be 0 to {MOST_KEEP_OLD_SECONDS} (seven days)")
    found = find_to_manage(tx, account_id, cache, name)
    until = tx.now + keep_old_seconds
    tx.db.execute(_ROTATE, id=found.id, secret=signatures.new_secret(), until=until, now=tx.now)
    audit.note(tx, account_id, name, cache=cache, until=until)
    made = _existing(tx, account_id, cache, name)
    return Put(made, secrets_of(tx, account_id, found.id)[0], is_new=False)


def find_to_manage(tx: Tx, account_id: int, cache: str, name: str) -> Webhook:
    """Return a webhook that the actor may change.

    Raises:
        PermissionDenied: The actor may not change the cache.
        NoSuchWebhook: The cache has no such webhook.
    """
    _need_to_manage(tx, cache, name)
    return _existing(tx, account_id, cache, name)


@writes("webhook.end", SERVER, audited=False)
def end(tx: Tx, ids: Sequence[int]) -> None:
    """Delete webhooks with all that belongs to them; nodes learn of it."""
    revision = directory.touch(tx)
    for id in ids:
        tx.db.execute(_DELETE, id=id, now=tx.now, revision=revision)
        tx.db.execute("DELETE FROM webhook_deliveries WHERE webhook_id = :id", id=id)
        webhook_storage.empty(tx, id)


def _find(tx: Tx, account_id: int, cache: str, name: str) -> Webhook | None:
    which: dict[str, Value] = {"account_id": account_id, "cache": cache, "name": name}
    return tx.db.first(Webhook, _FIND, now=tx.now, **which)


def _existing(tx: Tx, account_id: int, cache: str, name: str) -> Webhook:
    found = _find(tx, account_id, cache, name)
    if found is None:
        raise NoSuchWebhook(cache, name)
    return found


def secrets_of(tx: Tx, account_id: int, id: int) -> tuple[str, ...]:
    """Return the secrets of a webhook that sign now, the newest first."""
    [found] = tx.db.rows(_SECRETS, account_id=account_id, id=id, now=tx.now)
    return tuple(each for each in found if each is not None)


def _insert(tx: Tx, account_id: int, cache: str, **row: Value) -> None:
    cache_id = tx.db.scalar(_CACHE, account_id=account_id, cache=cache, now=tx.now)
    if cache_id is None:
        raise NoSuchCache(cache)
    row |= {"secret": signatures.new_secret(), "created_at": tx.now}
    tx.db.insert("webhooks", account_id=account_id, cache_id=cache_id, **row)


def _change(tx: Tx, before: Webhook, cache: str, **row: Value) -> None:
    _need_to_read(tx, cache, before.topic)  # what waits is of this topic
    if row["topic"] != before.topic:
        webhook_storage.empty(tx, before.id)
        tx.db.execute(_NOTHING_WAITS, id=before.id)
    tx.db.execute(_UPDATE, id=before.id, **row)


def _need_room(tx: Tx, account_id: int, cache: str) -> None:
    [(all, of_cache)] = tx.db.rows(_COUNTS, account_id=account_id, cache=cache, now=tx.now)
    if of_cache >= MOST_OF_CACHE:
        raise Exhausted(f"Limit exceeded: a cache can have {MOST_OF_CACHE} webhooks")
    if all >= MOST_OF_ACCOUNT:
        raise Exhausted(f"Limit exceeded: an account can have {MOST_OF_ACCOUNT} webhooks")


def _need_to_manage(tx: Tx, cache: str, name: str) -> None:
    names.check_cache(cache)
    if not _NAME.fullmatch(name):
        raise InvalidArgument(f"name must be {NAME_RULE}")
    tx.actor.need(MANAGE.on(cache))


def _need_to_read(tx: Tx, cache: str, topic: str) -> None:
    if topic == EVENTS:
        tx.actor.need(READ_EVENTS)
    tx.actor.need_rule(Rule("topic", frozenset({"read"}), (_exactly(cache), _exactly(topic))))


def _check(topic: str, url: str) -> None:
    if not 1 <= len(topic.encode()) <= LONGEST_TOPIC:
        raise InvalidArgument(f"topic must have 1 to {LONGEST_TOPIC:,} bytes")
    if not _is_url(url):
        raise InvalidArgument(f"url must be {URL_RULE}")


def _is_url(url: str) -> bool:
    if len(url) > LONGEST_URL or not re.fullmatch(r"https?://[!-~]+", url):
        return False
    try:
        parts = urlsplit(url)
        is_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return bool(parts.hostname) and is_port and "@" not in parts.netloc and "#" not in url


def _exactly(name: str) -> Selector:
    return Selector("exact", name.encode())


def _listable(tx: Tx) -> tuple[str, dict[str, Value]]:
    """The condition in SQL for the caches that the actor may read, and its values."""
    conditions, values = ["FALSE"], dict[str, Value]()
    chosen = tx.actor.permissions.chosen("resource_management", "read")
    for number, selector in enumerate(chosen):
        conditions.append(_CHOSEN[selector.how].format(f":chosen_{number}"))
        values[f"chosen_{number}"] = selector.value.decode()
    return " OR ".join(conditions), values
