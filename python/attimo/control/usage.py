"""The ledger: usage per minute; each batch is counted once."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Protocol

from attimo.control import api_keys
from attimo.control.actions import SERVER, writes
from attimo.control.tx import Tx
from attimo.store.connection import Value

MINUTE = 60


class Used(Protocol):
    """What a key did with a cache by one method; `attimo._core.Used` is one."""

    @property
    def cache_id(self) -> int:
        """The cache, or 0 for requests without a known one."""

    @property
    def key_id(self) -> str:
        """The API key, `local`, `token`, `session`, or `server` for evictions."""

    @property
    def api(self) -> str:
        """The method's name, or `Evict`."""

    @property
    def counts(self) -> Mapping[str, int]:
        """The counts, by the names of `Totals`."""


class Batch(Protocol):
    """The counts of a node between two calls; `attimo._core.Batch` is one."""

    @property
    def node(self) -> str:
        """The node's name, new at every start."""

    @property
    def number(self) -> int:
        """1, 2, 3, … for each node name."""

    @property
    def used(self) -> Sequence[Used]:
        """The counts."""


def _count(meaning: str) -> int:
    return field(default=0, metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything that is counted, summed over a part of the ledger.

    This is Python's only list of counts. A new one needs a field here, a column of the table
    `usage`, and a line in `rust/server/src/meter.rs`.
    """

    requests: int = _count("Calls, failed ones included.")
    errors: int = _count("Calls answered with an error.")
    hits: int = _count("Items that reads found.")
    misses: int = _count("Items that reads did not find.")
    bytes_in: int = _count("Bytes of keys and values received.")
    bytes_out: int = _count("Bytes of values sent.")
    kib_in: int = _count("KiB received, each request rounded up.")
    kib_out: int = _count("KiB sent, each request rounded up.")
    evicted: int = _count("Items removed before their time because memory was full.")


MEANINGS: Mapping[str, str] = {each.name: each.metadata["meaning"] for each in fields(Totals)}
COUNTS = tuple(MEANINGS)
SUMS = ", ".join(f"coalesce(sum(usage.{name}), 0)" for name in COUNTS)
"""The columns that `Totals` takes."""

_BEGIN_BATCH = """
INSERT INTO batches (node, number, recorded_at) VALUES (:node, :number, :now)
ON CONFLICT DO NOTHING
"""
_ADD = """
INSERT INTO usage (minute, cache_id, key_id, api, {names})
VALUES (:minute, :cache_id, :key_id, :api, {values})
ON CONFLICT (minute, cache_id, key_id, api) DO UPDATE SET {added}
""".format(
    names=", ".join(COUNTS),
    values=", ".join(f":{name}" for name in COUNTS),
    added=", ".join(f"{name} = usage.{name} + excluded.{name}" for name in COUNTS),
)
"""Adds counts to the row of a minute, or inserts it."""

_WITHIN = {
    "cache_id": "usage.cache_id = :cache_id",
    "key_id": "usage.key_id = :key_id",
    "api": "usage.api = :api",
    "since": "usage.minute >= :since",
    "until": "usage.minute < :until",
    # By the account's caches, and by its keys for requests without a known cache.
    "account_id": """(
        usage.cache_id IN (SELECT id FROM caches WHERE account_id = :account_id)
        OR usage.key_id IN (SELECT id FROM api_keys WHERE account_id = :account_id)
        OR usage.key_id IN (SELECT kid FROM url_keys WHERE account_id = :account_id)
    )""",
}


@dataclass(frozen=True, slots=True)
class Of:
    """A part of the ledger; None does not restrict it.

    Attributes:
        since: Start in seconds since 1970, rounded down to a minute.
        until: End (exclusive), rounded down to a minute.
    """

    account_id: int | None = None
    cache_id: int | None = None
    key_id: str | None = None
    api: str | None = None
    since: int | None = None
    until: int | None = None


class By(StrEnum):
    """What to group by."""

    CACHE = "cache_id"
    KEY = "key_id"
    API = "api"
    MINUTE = "minute"


@writes("usage.record", SERVER, audited=False)
def record(tx: Tx, batch: Batch) -> bool:
    """Record a batch; return whether it was new.

    A batch that is already in the ledger is not counted again, however often and in whatever order
    batches are sent.
    """
    if not tx.db.execute(_BEGIN_BATCH, node=batch.node, number=batch.number, now=tx.now):
        return False
    minute = _minute(tx.now)
    tx.db.execute_each(_ADD, [_row(minute, used) for used in batch.used])
    api_keys.used(tx, {used.key_id for used in batch.used})
    return True


def total(tx: Tx, of: Of) -> Totals:
    """Return the sums over a part of the ledger."""
    query = " ".join(("SELECT", SUMS, "FROM usage WHERE", within(of)))
    (found,) = tx.db.all(Totals, query, **values(of))
    return found


def totals(tx: Tx, by: By, of: Of) -> dict[int | str, Totals]:
    """Return the sums over a part of the ledger for each cache, key, API or minute in it."""
    query = " ".join(
        ("SELECT", by, ",", SUMS, "FROM usage WHERE", within(of), "GROUP BY", by, "ORDER BY", by)
    )
    return {row[0]: Totals(*row[1:]) for row in tx.db.rows(query, **values(of))}


def within(of: Of) -> str:
    """The condition in SQL for a part of the ledger; its parameters are those of `values`."""
    narrowed = (sql for name, sql in _WITHIN.items() if getattr(of, name) is not None)
    return " AND ".join(narrowed) or "TRUE"


def values(of: Of) -> dict[str, Value]:
    """The parameters of `within`."""
    return asdict(of) | {"since": _minute(of.since), "until": _minute(of.until)}


def _row(minute: int, used: Used) -> dict[str, Value]:
    return {
        "minute": minute,
        "cache_id": used.cache_id,
        "key_id": used.key_id,
        "api": used.api,
        **asdict(Totals(**used.counts)),
    }


def _minute(moment: int | None) -> int:
    return 0 if moment is None else moment - moment % MINUTE
