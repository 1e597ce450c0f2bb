"""Caches: create, extend, list, find, flush, delete, expire.

From the second at which it expires, a cache does not exist for any request, here and in the data
plane. Its row is marked as deleted a little later, or when its name is used again.
"""

from dataclasses import dataclass

from attimo import names
from attimo.control import audit, directory, pages, quota
from attimo.control.actions import SERVER, reads, writes
from attimo.control.pages import Page
from attimo.control.permissions import Right, Rule
from attimo.control.selectors import ALL, Selector
from attimo.control.tx import Tx
from attimo.errors import CacheExists, InvalidArgument, NoSuchAccount, NoSuchCache
from attimo.store.connection import RowRefused, Value

LONGEST_LIFE = 10 * 365 * 24 * 60 * 60
"""The longest time to live of a cache in seconds: ten years."""

MANAGE = Right("resource_management", "write", about=None)
LIST = Right("cache", "list", about=None)
READ = Right("cache", "read", about=None)

MOST_AT_ONCE = 500
"""How many caches expire in one transaction, so that it stays short."""

_CREATE = """
INSERT INTO caches (account_id, name, namespace, created_at, revision, expires_at)
VALUES (:account_id, :name, :namespace, :now, :revision, :expires_at)
ON CONFLICT (account_id, name) WHERE deleted_at IS NULL DO NOTHING
RETURNING id, name, created_at, expires_at
"""
_PAGE = """
SELECT id, name, created_at, expires_at FROM caches
WHERE account_id = :account_id AND deleted_at IS NULL
AND (expires_at IS NULL OR expires_at > :now) AND name > :after AND ({listable})
ORDER BY name LIMIT :limit
"""
_FIND = """
SELECT id, name, created_at, expires_at FROM caches
WHERE account_id = :account_id AND name = :name AND deleted_at IS NULL
AND (expires_at IS NULL OR expires_at > :now)
"""
_CHOSEN = {"all": "TRUE", "exact": "name = {0}", "prefix": "substr(name, 1, length({0})) = {0}"}
"""The condition in SQL for each kind of selector; `{0}` is its value."""

_FLUSH = """
UPDATE caches SET namespace = :namespace, revision = :revision
WHERE account_id = :account_id AND name = :name AND deleted_at IS NULL
AND (expires_at IS NULL OR expires_at > :now)
"""
_FLUSH_ONE = "UPDATE caches SET namespace = :namespace, revision = :revision WHERE id = :id"
_EXTEND = """
UPDATE caches SET revision = :revision,
expires_at = CASE WHEN expires_at < :expires_at THEN :expires_at ELSE expires_at END
WHERE account_id = :account_id AND name = :name AND deleted_at IS NULL
AND (expires_at IS NULL OR expires_at > :now)
RETURNING id, name, created_at, expires_at
"""
_DELETE = """
UPDATE caches SET deleted_at = :now, revision = :revision
WHERE account_id = :account_id AND name = :name AND deleted_at IS NULL
AND (expires_at IS NULL OR expires_at > :now)
"""
_END_OF_NAME = """
UPDATE caches SET deleted_at = :now, revision = :revision
WHERE account_id = :account_id AND name = :name AND deleted_at IS NULL AND expires_at <= :now
RETURNING account_id, name, expires_at
"""
# The condition is that of the index, so that SQLite uses it.
_END_DUE = """
UPDATE caches SET deleted_at = :now, revision = :revision
WHERE id IN (
    SELECT id FROM caches
    WHERE expires_at IS NOT NULL AND expires_at <= :now AND deleted_at IS NULL
    ORDER BY expires_at LIMIT :limit
)
RETURNING account_id, name, expires_at
"""
_NEXT_END = """
SELECT min(expires_at) FROM caches WHERE expires_at IS NOT NULL AND deleted_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Cache:
    """A cache of an account; times in seconds since 1970, None for never."""

    id: int
    name: str
    created_at: int
    expires_at: int | None = None


@writes("cache.create", MANAGE)
def create(tx: Tx, account_id: int, name: str, expires_in: int | None = None) -> Cache:
    """Create an empty cache; its name is unique within the account.

    Args:
        expires_in: Time to live in seconds; None for no expiry.

    Raises:
        InvalidName: The name is invalid.
        InvalidArgument: `expires_in` is out of its range.
        PermissionDenied: The actor may not create a cache of that name.
        NoSuchAccount: There is no such account.
        CacheExists: The account has a cache of that name.
        Exhausted: It has as many caches as its plan allows.
    """
    _need_to_write(tx, name)
    expires_at = _moment(tx, expires_in)
    _end(tx, _END_OF_NAME, account_id=account_id, name=name)
    cache = _insert(tx, account_id, name, expires_at)
    quota.need_room(tx, account_id, quota.CACHES)
    until = {} if expires_at is None else {"until": expires_at}
    audit.note(tx, account_id, name, **until)
    return cache


@writes("cache.extend", MANAGE)
def extend(tx: Tx, account_id: int, name: str, expires_in: int) -> Cache:
    """Let a cache live for at least so many seconds from now; one that never expires stays so.

    Raises:
        InvalidName: The name is invalid.
        InvalidArgument: `expires_in` is out of its range.
        PermissionDenied: The actor is not allowed to do that to a cache of this name.
        NoSuchCache: The account has no cache of that name.
    """
    _need_to_write(tx, name)
    cache = tx.db.first(
        Cache,
        _EXTEND,
        account_id=account_id,
        name=name,
        now=tx.now,
        revision=directory.touch(tx),
        expires_at=_moment(tx, expires_in),
    )
    if cache is None:
        raise NoSuchCache(name)
    until = {} if cache.expires_at is None else {"until": cache.expires_at}
    audit.note(tx, account_id, name, **until)
    return cache


@reads("cache.list", LIST)
def list_page(tx: Tx, account_id: int, limit: int, next_token: str | None = None) -> Page[Cache]:
    """Return up to `limit` caches that the actor is allowed to list, by name.

    Raises:
        InvalidArgument: `next_token` was not returned by this function.
    """
    listable, values = _listable(tx)
    found = tx.db.all(
        Cache,
        _PAGE.format(listable=listable),
        account_id=account_id,
        now=tx.now,
        after=pages.after(next_token),
        limit=limit + 1,
        **values,
    )
    return pages.cut([(cache.name, cache) for cache in found], limit)


@reads("cache.read", READ)
def find(tx: Tx, account_id: int, name: str) -> Cache:
    """Return a cache all of whose items the actor is allowed to read.

    Raises:
        InvalidName: The name is invalid.
        PermissionDenied: The actor is not allowed to read all items of a cache of this name.
        NoSuchCache: The account has no cache of that name.
    """
    names.check_cache(name)
    tx.actor.need_rule(reading(name))
    cache = tx.db.first(Cache, _FIND, account_id=account_id, name=name, now=tx.now)
    if cache is None:
        raise NoSuchCache(name)
    return cache


@writes("cache.flush", MANAGE)
def flush(tx: Tx, account_id: int, name: str) -> None:
    """Delete all items of a cache, by giving it a new namespace.

    Raises:
        InvalidName: The name is invalid.
        PermissionDenied: The actor is not allowed to do that to a cache of this name.
        NoSuchCache: The account has no cache of that name.
    """
    _need_to_write(tx, name)
    _write(tx, _FLUSH, account_id, name, namespace=directory.fresh_namespace(tx))
    audit.note(tx, account_id, name)


@writes("cache.flush-all", SERVER)
def flush_all(tx: Tx) -> None:
    """Delete the items of all caches of all accounts, which are out of date."""
    found = tx.db.rows("SELECT id, account_id, name FROM caches WHERE deleted_at IS NULL")
    revision = directory.touch(tx)
    for id, account_id, name in found:
        tx.db.execute(_FLUSH_ONE, id=id, namespace=directory.fresh_namespace(tx), revision=revision)
        audit.note_of_system(tx, account_id, "cache.flush", name, reason="out of date")


@writes("cache.delete", MANAGE)
def delete(tx: Tx, account_id: int, name: str) -> None:
    """Delete a cache and its items; its name can be used again.

    Raises:
        InvalidName: The name is invalid.
        PermissionDenied: The actor is not allowed to do that to a cache of this name.
        NoSuchCache: The account has no cache of that name.
    """
    _need_to_write(tx, name)
    _write(tx, _DELETE, account_id, name)
    audit.note(tx, account_id, name)


@writes("cache.expire", SERVER)
def end_due(tx: Tx) -> None:
    """Delete up to `MOST_AT_ONCE` expired caches of any account."""
    first = next_end(tx)
    if first is not None and first <= tx.now:
        _end(tx, _END_DUE, limit=MOST_AT_ONCE)


def reading(name: str) -> Rule:
    """Return the rule that grants reading all items of a cache."""
    return Rule("cache", frozenset({"read"}), (Selector("exact", name.encode()), ALL))


def next_end(tx: Tx) -> int | None:
    """When the next cache expires, in seconds since 1970; None if none does."""
    first: int | None = tx.db.scalar(_NEXT_END)
    return first


def _insert(tx: Tx, account_id: int, name: str, expires_at: int | None) -> Cache:
    try:
        made = tx.db.first(
            Cache,
            _CREATE,
            account_id=account_id,
            name=name,
            namespace=directory.fresh_namespace(tx),
            now=tx.now,
            revision=directory.touch(tx),
            expires_at=expires_at,
        )
    except RowRefused as error:
        raise NoSuchAccount(account_id) from error
    if made is None:
        raise CacheExists(name)
    return made


def _end(tx: Tx, query: str, **which: Value) -> None:
    ended = tx.db.rows(query, now=tx.now, revision=directory.touch(tx), **which)
    for account_id, name, until in ended:
        audit.note_of_system(tx, account_id, "cache.expire", name, until=until)


def _write(tx: Tx, query: str, account_id: int, name: str, **values: Value) -> None:
    values |= {"account_id": account_id, "name": name}
    if not tx.db.execute(query, now=tx.now, revision=directory.touch(tx), **values):
        raise NoSuchCache(name)


def _need_to_write(tx: Tx, name: str) -> None:
    names.check_cache(name)
    tx.actor.need(MANAGE.on(name))


def _listable(tx: Tx) -> tuple[str, dict[str, Value]]:
    """The condition in SQL for the caches that the actor is allowed to list, and its values."""
    conditions, values = ["FALSE"], dict[str, Value]()
    for number, selector in enumerate(tx.actor.permissions.chosen("cache", "list")):
        conditions.append(_CHOSEN[selector.how].format(f":chosen_{number}"))
        values[f"chosen_{number}"] = selector.value.decode()
    return " OR ".join(conditions), values


def _moment(tx: Tx, expires_in: int | None) -> int | None:
    if expires_in is None:
        return None
    if not 1 <= expires_in <= LONGEST_LIFE:
        raise InvalidArgument(f"expires_in must be 1 to {LONGEST_LIFE} seconds (ten years)")
    return tx.now + expires_in
