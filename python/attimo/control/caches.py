"""Caches: create, list, flush, delete.

A name is 1 to 255 printable ASCII characters, because it travels in an HTTP header, and neither `/`
nor a name that a URL path would swallow (`.` and `..`). Blanks may stand inside, not at the ends.
"""

import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.exc import IntegrityError

from attimo.control import audit, directory, pages
from attimo.control.pages import Page
from attimo.control.tx import Tx
from attimo.errors import CacheExists, InvalidName, NoSuchAccount, NoSuchCache
from attimo.store import tables

NAME_RULE = (
    "1 to 255 printable ASCII characters, no '/', no blank at either end, and neither '.' nor '..'"
)
_NAME = re.compile(r"(?!\.{1,2}\Z)(?! )[ -.0-~]{1,255}(?<! )")


@dataclass(frozen=True, slots=True)
class Cache:
    """A cache of an account; `created_at` in seconds since 1970."""

    id: int
    name: str
    created_at: int


def create(tx: Tx, account_id: int, name: str) -> Cache:
    """Make an empty cache called `name` for an account.

    Names are the account's own: two accounts may both have a `sessions`.

    Raises:
        InvalidName: `name` breaks the rule above.
        NoSuchAccount: There is no such account.
        CacheExists: The account has a cache of that name.
    """
    _check(name)
    row = {
        "account_id": account_id,
        "name": name,
        "namespace": directory.fresh_namespace(tx),
        "created_at": tx.now,
        "revision": directory.touch(tx),
    }
    try:
        with tx.db.begin_nested():
            query = insert(tables.caches).values(row).returning(tables.caches.c.id)
            cache_id = tx.db.execute(query).scalar_one()
    except IntegrityError as error:
        if _exists(tx, account_id, name):
            raise CacheExists(name) from error
        raise NoSuchAccount(account_id) from error
    audit.note(tx, account_id, "cache.create", name)
    return Cache(cache_id, name, tx.now)


def list_page(tx: Tx, account_id: int, limit: int, next_token: str | None = None) -> Page[Cache]:
    """Return up to `limit` caches of an account, by name.

    Raises:
        InvalidArgument: `next_token` is not one that this returned.
    """
    caches = tables.caches.c
    query = (
        select(caches.id, caches.name, caches.created_at)
        .where(caches.account_id == account_id, caches.deleted_at.is_(None))
        .where(caches.name > pages.after(next_token))
        .order_by(caches.name)
        .limit(limit + 1)
    )
    rows = tx.db.execute(query)
    return pages.cut([(row.name, Cache(row.id, row.name, row.created_at)) for row in rows], limit)


def flush(tx: Tx, account_id: int, name: str) -> None:
    """Take every item out of a cache: it gets a new namespace, and the old one is forgotten.

    Raises:
        InvalidName: `name` breaks the rule above.
        NoSuchCache: The account has no cache of that name.
    """
    _write(tx, account_id, name, {"namespace": directory.fresh_namespace(tx)})
    audit.note(tx, account_id, "cache.flush", name)


def delete(tx: Tx, account_id: int, name: str) -> None:
    """Delete a cache and its items; the name is free again.

    Raises:
        InvalidName: `name` breaks the rule above.
        NoSuchCache: The account has no cache of that name.
    """
    _write(tx, account_id, name, {"deleted_at": tx.now})
    audit.note(tx, account_id, "cache.delete", name)


def _write(tx: Tx, account_id: int, name: str, values: dict[str, int]) -> None:
    _check(name)
    query = update(tables.caches).where(*_living(account_id, name))
    written = tx.db.execute(query.values(revision=directory.touch(tx), **values))
    if written.rowcount == 0:
        raise NoSuchCache(name)


def _exists(tx: Tx, account_id: int, name: str) -> bool:
    query = select(tables.caches.c.id).where(*_living(account_id, name))
    return tx.db.execute(query).first() is not None


def _living(account_id: int, name: str) -> tuple[ColumnElement[bool], ...]:
    caches = tables.caches.c
    return caches.account_id == account_id, caches.name == name, caches.deleted_at.is_(None)


def _check(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidName(name, NAME_RULE)
