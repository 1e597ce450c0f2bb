"""The ledger: what was used, by the minute, each batch counted once."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Protocol

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.sqlite import Insert, insert

from attimo.control import api_keys
from attimo.control.tx import Tx
from attimo.store import tables

MINUTE = 60


class Used(Protocol):
    """What a key did with a cache through an API; `attimo._core.Used` is one."""

    @property
    def cache_id(self) -> int:
        """The cache, or 0 for requests that named none of the account's."""

    @property
    def key_id(self) -> str:
        """The API key, `local`, `token`, `session`, or `server` for evictions."""

    @property
    def api(self) -> str:
        """The method's name on the wire, or `Evict`."""

    @property
    def requests(self) -> int:
        """Calls, failed ones included."""

    @property
    def errors(self) -> int:
        """Calls answered with an error."""

    @property
    def hits(self) -> int:
        """Items found by reads."""

    @property
    def misses(self) -> int:
        """Items looked for and not found."""

    @property
    def bytes_in(self) -> int:
        """Bytes of keys and values received."""

    @property
    def bytes_out(self) -> int:
        """Bytes of values sent."""

    @property
    def kib_in(self) -> int:
        """Billed KiB received: each request rounded up."""

    @property
    def kib_out(self) -> int:
        """Billed KiB sent: each request rounded up."""

    @property
    def evicted(self) -> int:
        """Items that left before their time, to make room."""


class Batch(Protocol):
    """What a node counted between two calls; `attimo._core.Batch` is one."""

    @property
    def node(self) -> str:
        """A name that is new at every start of a node."""

    @property
    def number(self) -> int:
        """1, 2, 3, … within that name."""

    @property
    def used(self) -> Sequence[Used]:
        """The counts."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the ledger; the meaning of each is that of `Used`."""

    requests: int = 0
    errors: int = 0
    hits: int = 0
    misses: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    kib_in: int = 0
    kib_out: int = 0
    evicted: int = 0


COUNTS = tuple(field.name for field in fields(Totals))


@dataclass(frozen=True, slots=True)
class Of:
    """Which part of the ledger: what is None does not narrow it.

    Attributes:
        since: The first moment (seconds since 1970), taken down to its minute.
        until: The first moment after, taken down to its minute.
    """

    account_id: int | None = None
    cache_id: int | None = None
    key_id: str | None = None
    api: str | None = None
    since: int | None = None
    until: int | None = None


class By(StrEnum):
    """What to sum apart."""

    CACHE = "cache_id"
    KEY = "key_id"
    API = "api"
    MINUTE = "minute"


def record(tx: Tx, batch: Batch) -> bool:
    """Write a batch to the ledger; return whether it was new.

    A collector that heard no answer hands the same batch over again; a batch that is in the ledger
    is not counted twice, however often and in whatever order batches come.
    """
    key = {"node": batch.node, "number": batch.number, "recorded_at": tx.now}
    seen = insert(tables.batches).values(key).on_conflict_do_nothing()
    if tx.db.execute(seen).rowcount == 0:
        return False
    minute = _minute(tx.now)
    rows = [
        {"minute": minute, "cache_id": used.cache_id, "key_id": used.key_id, "api": used.api}
        | {name: getattr(used, name) for name in COUNTS}
        for used in batch.used
    ]
    if rows:
        tx.db.execute(_ADD, rows)
        api_keys.used(tx, {used.key_id for used in batch.used})
    return True


def total(tx: Tx, of: Of) -> Totals:
    """Return the sums over a part of the ledger."""
    sums = (func.coalesce(func.sum(tables.usage.c[name]), 0) for name in COUNTS)
    return Totals(*tx.db.execute(select(*sums).where(*within(of))).one())


def totals(tx: Tx, by: By, of: Of) -> dict[int | str, Totals]:
    """Return the sums over a part of the ledger for each cache, key, API or minute in it."""
    apart = tables.usage.c[by.value]
    sums = (func.sum(tables.usage.c[name]) for name in COUNTS)
    query = select(apart, *sums).where(*within(of)).group_by(apart).order_by(apart)
    return {row[0]: Totals(*row[1:]) for row in tx.db.execute(query)}


def _add() -> Insert:
    """Make the statement that adds counts to the row of a minute, or begins it."""
    begun = insert(tables.usage)
    counts = {name: tables.usage.c[name] + begun.excluded[name] for name in COUNTS}
    return begun.on_conflict_do_update(index_elements=tables.usage.primary_key, set_=counts)


_ADD = _add()


def within(of: Of) -> list[ColumnElement[bool]]:
    """The conditions for a part of the ledger."""
    usage = tables.usage.c
    narrowed = [
        (of.cache_id, usage.cache_id == of.cache_id),
        (of.key_id, usage.key_id == of.key_id),
        (of.api, usage.api == of.api),
        (of.since, usage.minute >= _minute(of.since)),
        (of.until, usage.minute < _minute(of.until)),
        (of.account_id, _of_account(of.account_id)),
    ]
    return [condition for value, condition in narrowed if value is not None]


def _of_account(account_id: int | None) -> ColumnElement[bool]:
    """Tell an account's rows by its caches, and by its keys where no known cache was named."""
    caches = select(tables.caches.c.id).where(tables.caches.c.account_id == account_id)
    keys = select(tables.api_keys.c.id).where(tables.api_keys.c.account_id == account_id)
    signing = select(tables.url_keys.c.kid).where(tables.url_keys.c.account_id == account_id)
    of_keys = tables.usage.c.key_id.in_(keys) | tables.usage.c.key_id.in_(signing)
    return tables.usage.c.cache_id.in_(caches) | of_keys


def _minute(moment: int | None) -> int:
    return 0 if moment is None else moment - moment % MINUTE
