"""Caches: create, list, flush, delete; and those that end by themselves.

From the second at which it ends, a cache is gone for everybody who asks, here and in the data
plane. Its row is deleted a little later, or when its name is wanted again.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, false, func, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from attimo import names
from attimo.control import audit, directory, pages
from attimo.control.pages import Page
from attimo.control.selectors import Selector
from attimo.control.tx import Tx
from attimo.errors import CacheExists, InvalidArgument, NoSuchAccount, NoSuchCache
from attimo.store import tables

LONGEST_LIFE = 10 * 365 * 24 * 60 * 60
"""In seconds: ten years, for a cache that ends by itself."""

MOST_AT_ONCE = 500
"""How many caches one transaction ends, so that nobody waits long for it."""


@dataclass(frozen=True, slots=True)
class Cache:
    """A cache of an account; times in seconds since 1970, and None is never."""

    id: int
    name: str
    created_at: int
    expires_at: int | None = None


def create(tx: Tx, account_id: int, name: str, expires_in: int | None = None) -> Cache:
    """Make an empty cache called `name` for an account.

    Names are the account's own: two accounts may both have a `sessions`.

    Args:
        expires_in: After how many seconds it ends by itself; None is never.

    Raises:
        InvalidName: `name` breaks the rule above.
        InvalidArgument: `expires_in` is out of its range.
        PermissionDenied: The actor may not make a cache of that name.
        NoSuchAccount: There is no such account.
        CacheExists: The account has a cache of that name.
    """
    names.check_cache(name)
    _need_to_write(tx, name)
    expires_at = _moment(tx, expires_in)
    _end(tx, _is_due(tx), *_named(account_id, name))
    row = {
        "account_id": account_id,
        "name": name,
        "namespace": directory.fresh_namespace(tx),
        "created_at": tx.now,
        "revision": directory.touch(tx),
        "expires_at": expires_at,
    }
    try:
        with tx.db.begin_nested():
            query = insert(tables.caches).values(row).returning(tables.caches.c.id)
            cache_id = tx.db.execute(query).scalar_one()
    except IntegrityError as error:
        if _exists(tx, account_id, name):
            raise CacheExists(name) from error
        raise NoSuchAccount(account_id) from error
    until = {} if expires_at is None else {"until": expires_at}
    audit.note(tx, account_id, "cache.create", name, **until)
    return Cache(cache_id, name, tx.now, expires_at)


def list_page(tx: Tx, account_id: int, limit: int, next_token: str | None = None) -> Page[Cache]:
    """Return up to `limit` caches of an account that the actor may list, by name.

    Raises:
        InvalidArgument: `next_token` is not one that this returned.
    """
    caches = tables.caches.c
    query = (
        select(caches.id, caches.name, caches.created_at, caches.expires_at)
        .where(caches.account_id == account_id, *_lives(tx))
        .where(caches.name > pages.after(next_token), _listable(tx))
        .order_by(caches.name)
        .limit(limit + 1)
    )
    rows = tx.db.execute(query)
    return pages.cut([(row.name, Cache(*row)) for row in rows], limit)


def flush(tx: Tx, account_id: int, name: str) -> None:
    """Take every item out of a cache: it gets a new namespace, and the old one is forgotten.

    Raises:
        InvalidName: `name` breaks the rule above.
        PermissionDenied: The actor may not do that to a cache of this name.
        NoSuchCache: The account has no cache of that name.
    """
    _write(tx, account_id, name, {"namespace": directory.fresh_namespace(tx)})
    audit.note(tx, account_id, "cache.flush", name)


def delete(tx: Tx, account_id: int, name: str) -> None:
    """Delete a cache and its items; the name is free again.

    Raises:
        InvalidName: `name` breaks the rule above.
        PermissionDenied: The actor may not do that to a cache of this name.
        NoSuchCache: The account has no cache of that name.
    """
    _write(tx, account_id, name, {"deleted_at": tx.now})
    audit.note(tx, account_id, "cache.delete", name)


def end_due(tx: Tx) -> None:
    """Delete caches of any account whose time has come, the first `MOST_AT_ONCE` of them."""
    caches = tables.caches.c
    first = select(caches.id).where(_is_due(tx)).order_by(caches.expires_at).limit(MOST_AT_ONCE)
    _end(tx, caches.id.in_(first))


def next_end(tx: Tx) -> int | None:
    """When the next cache ends, in seconds since 1970; None if none does."""
    caches = tables.caches.c
    query = select(func.min(caches.expires_at))
    return tx.db.execute(
        query.where(caches.expires_at.is_not(None), caches.deleted_at.is_(None))
    ).scalar()


def _end(tx: Tx, *which: ColumnElement[bool]) -> None:
    caches = tables.caches.c
    query = update(tables.caches).where(*which)
    ended = query.values(deleted_at=tx.now, revision=directory.touch(tx)).returning(
        caches.account_id, caches.name, caches.expires_at
    )
    for account_id, name, until in tx.db.execute(ended).all():
        audit.note_of_system(tx, account_id, "cache.expire", name, until=until)


def _write(tx: Tx, account_id: int, name: str, values: dict[str, int]) -> None:
    names.check_cache(name)
    _need_to_write(tx, name)
    query = update(tables.caches).where(*_named(account_id, name), *_lives(tx))
    written = tx.db.execute(query.values(revision=directory.touch(tx), **values))
    if written.rowcount == 0:
        raise NoSuchCache(name)


def _exists(tx: Tx, account_id: int, name: str) -> bool:
    query = select(tables.caches.c.id).where(*_named(account_id, name), *_lives(tx))
    return tx.db.execute(query).first() is not None


def _named(account_id: int, name: str) -> tuple[ColumnElement[bool], ...]:
    return tables.caches.c.account_id == account_id, tables.caches.c.name == name


def _need_to_write(tx: Tx, name: str) -> None:
    tx.actor.need("resource_management", "write", Selector("exact", name.encode()))


def _listable(tx: Tx) -> ColumnElement[bool]:
    return or_(false(), *map(_is_chosen, tx.actor.permissions.chosen("cache", "list")))


def _is_chosen(selector: Selector) -> ColumnElement[bool]:
    name, value = tables.caches.c.name, selector.value.decode()
    match selector.how:
        case "all":
            return true()
        case "exact":
            return name == value
        case "prefix":
            return func.substr(name, 1, len(value)) == value


def _lives(tx: Tx) -> tuple[ColumnElement[bool], ...]:
    caches = tables.caches.c
    return caches.deleted_at.is_(None), caches.expires_at.is_(None) | (caches.expires_at > tx.now)


def _is_due(tx: Tx) -> ColumnElement[bool]:
    # Worded as the index is, so that it is used.
    caches = tables.caches.c
    due = caches.expires_at.is_not(None) & (caches.expires_at <= tx.now)
    return due & caches.deleted_at.is_(None)


def _moment(tx: Tx, expires_in: int | None) -> int | None:
    if expires_in is None:
        return None
    if not 1 <= expires_in <= LONGEST_LIFE:
        raise InvalidArgument(f"expires_in must be 1 to {LONGEST_LIFE} seconds (ten years)")
    return tx.now + expires_in
